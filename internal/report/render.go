package report

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// The formats of Render.
const (
	Table = "table" // for people
	JSON  = "json"
	CSV   = "csv" // one row per line, entry or item
)

// Formats are the formats of Render, the default first.
func Formats() []string { return []string{Table, JSON, CSV} }

// CheckFormat reports whether Render knows a format.
func CheckFormat(format string) error {
	if !slices.Contains(Formats(), format) {
		return fmt.Errorf("format %q is not one of %s", format, strings.Join(Formats(), ", "))
	}
	return nil
}

// Render writes an answer of a Reader, or what is said of plans, in a format.
// A value of any other type is a bug in this repository.
func Render(w io.Writer, format string, v any) error { return render(w, format, false, v) }

// RenderColoured is Render with tables in the colours of a terminal.
func RenderColoured(w io.Writer, format string, v any) error { return render(w, format, true, v) }

func render(w io.Writer, format string, colour bool, v any) error {
	if err := CheckFormat(format); err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	var err error
	switch format {
	case JSON:
		err = renderJSON(out, v)
	case CSV:
		err = renderCSV(out, v)
	default:
		err = renderTable(out, colour, v)
	}
	if err != nil {
		return err
	}
	return out.Flush()
}

func renderJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(whole(v))
}

// whole is v without lists that are null in JSON. Build makes documents so.
func whole(v any) any {
	switch v := v.(type) {
	case []Episode:
		return list(v)
	case []Parked:
		return list(v)
	case []Flag:
		return list(v)
	case []Figure:
		return list(v)
	case []PlanChecked:
		c := list(slices.Clone(v))
		for i := range c {
			c[i].Lints = list(c[i].Lints)
		}
		return c
	case *Entry:
		c := *v
		c.CausedBy, c.Facts = list(c.CausedBy), list(c.Facts)
		if c.Detail != nil {
			d := *c.Detail
			d.Figures = list(d.Figures)
			c.Detail = &d
		}
		return c
	case *Status:
		c := *v
		c.PlanVersions, c.Alarms = list(c.PlanVersions), list(c.Alarms)
		return c
	case *Verification:
		c := *v
		c.Problems = list(c.Problems)
		return c
	case *Replay:
		c := *v
		c.Differences = list(c.Differences)
		return c
	}
	return v
}

func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}

// PlanChecked is a plan version that can be paid by, and what is worth a look
// in it.
type PlanChecked struct {
	Plan          string     `json:"plan"`
	Hash          string     `json:"hash"` // SHA-256 of the canonical form
	EffectiveFrom string     `json:"effective_from"`
	Lints         []PlanLint `json:"lints"`
}

// PlanLint is one such thing.
type PlanLint struct {
	Lint      string `json:"lint"`
	Path      string `json:"path"`
	Figure    string `json:"figure"`
	Threshold string `json:"threshold"`
	Text      string `json:"text"`
}

func unknown(v any) error { return fmt.Errorf("report: %T is not rendered", v) }
