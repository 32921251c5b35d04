package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// entry is an entry with all there is to know of it.
func (p *printer) entry(e *Entry) {
	p.line(plainText(e.Explanation))
	p.line("")
	recoverable := ""
	if e.Recoverable {
		recoverable = "yes: an advance that a rule may still take back"
	}
	p.pairs(
		"entry", e.EntryID,
		"payee", e.PayeeID,
		"amount", grouped(e.Amount)+" "+e.Currency+", "+e.From+" → "+e.To,
		"kind", e.Kind,
		"reason", e.Reason,
		"component", e.Component,
		"account", e.AccountID,
		"opportunity", e.OpportunityID,
		"effective on", e.EffectiveOn,
		"posted", stamp(e.PostedAt)+" in "+e.Period+priorPeriod(e),
		"plan", e.Plan,
		"recoverable", recoverable,
		"afterwards", balances(e.After),
		"chain", fmt.Sprintf("entry %d of %s, sha256 %s", e.Seq, e.PayeeID, e.Hash),
	)
	p.line("")
	if e.Detail != nil {
		p.detail(e.Detail, e.Amount, e.Currency)
		p.line("")
	}
	p.facts(e)
}

func priorPeriod(e *Entry) string {
	if e.AppliesTo == e.Period {
		return ""
	}
	return ", about " + e.AppliesTo
}

// facts lists the facts behind an entry, and the causes that are no facts:
// the clock, for one.
func (p *printer) facts(e *Entry) {
	if len(e.CausedBy) == 0 && len(e.Facts) == 0 {
		p.line("No single fact is behind it.")
		return
	}
	p.line("Behind it")
	told := map[Cause]bool{}
	for _, f := range e.Facts {
		var ev struct {
			Type   string          `json:"type"`
			Source string          `json:"source"`
			ID     string          `json:"id"`
			Time   string          `json:"time"`
			Data   json.RawMessage `json:"data"`
		}
		if err := json.Unmarshal(f.Event, &ev); err != nil {
			p.line("  " + plainText(string(f.Event)))
			continue
		}
		told[Cause{ev.Source, ev.ID}] = true
		p.linef("  %s %s/%s of %s, arrived %s", plainText(ev.Type), plainText(ev.Source), plainText(ev.ID), plainText(ev.Time), stamp(f.ArrivedAt))
		var data bytes.Buffer
		if json.Compact(&data, ev.Data) != nil { // an event without data
			continue
		}
		p.line("    " + plainText(data.String()))
	}
	for _, c := range e.CausedBy {
		if !told[c] {
			p.linef("  %s/%s", plainText(c.Source), plainText(c.ID))
		}
	}
}

// parked is a parked input with its bytes.
func (p *printer) parked(x *Parked) {
	p.line(plainText(x.Reason))
	p.line("")
	p.pairs(
		"parked as", x.ParkedID,
		"state", x.State,
		"code", x.Code,
		"source", x.Source,
		"id", x.ID,
		"subject", x.Subject,
		"since", stamp(x.At),
		"tries", fmt.Sprint(x.Tries),
		"by", x.By,
		"note", x.Note,
		"size", some(x.Bytes, "byte"),
	)
	if len(x.Header) > 0 {
		p.line("\nHeader")
		g := newGrid("  ")
		for _, name := range slices.Sorted(maps.Keys(x.Header)) {
			for _, value := range x.Header[name] {
				g.row(name, value)
			}
		}
		g.writeTo(p)
	}
	if len(x.Body) > 0 {
		p.line("\nBody")
		p.body(x.Body)
	}
}

// body is bytes from outside as far as they are text.
func (p *printer) body(b []byte) {
	if !utf8.Valid(b) {
		p.linef("  %d bytes that are not UTF-8; --format json has them in base64", len(b))
		return
	}
	var indented bytes.Buffer
	if shallow(b) && json.Indent(&indented, b, "", "  ") == nil {
		b = indented.Bytes()
	}
	for line := range strings.SplitSeq(strings.TrimRight(string(b), "\r\n"), "\n") {
		p.line("  " + plainText(strings.ReplaceAll(strings.TrimRight(line, "\r"), "\t", "    ")))
	}
}

// shallow reports whether b can be indented without growing beyond measure:
// what is parked may be nested to do harm.
func shallow(b []byte) bool {
	const most = 100
	return bytes.Count(b, []byte{'['})+bytes.Count(b, []byte{'{'}) <= most
}

func (p *printer) status(s *Status) {
	kind := "file of a stopped worker"
	if s.Running {
		kind = "running worker"
	}
	p.linef("Tenant %s: %s, %s", plainText(s.Tenant), kind, summary(s))
	p.pairs(
		"version", s.Version,
		"as of", second(s.AsOf),
		"plans", strings.Join(s.PlanVersions, ", "),
		"position", position(s.Position),
		"pending", pending(s),
		"outbox", count(s.Outbox)+" of "+count(s.Outputs),
		"parked", count(s.Parked),
		"timers", timers(s),
		"facts", count(s.Facts),
		"entries", count(s.Entries)+" of "+some(s.Payees, "payee"),
		"file", some(s.FileBytes, "byte"),
		"broker", s.Broker,
	)
	for _, a := range s.Alarms {
		p.line("  " + p.paint("ALARM", bad) + ": " + plainText(a))
	}
}

// pending is empty for a file: only the broker knows what is still to come.
func pending(s *Status) string {
	if !s.Running {
		return ""
	}
	return count(s.Pending)
}

// summary is what a person wants to know first.
func summary(s *Status) string {
	switch {
	case len(s.Alarms) > 0:
		return "needs a person"
	case !s.Running:
		return some(s.Outbox, "output") + " not confirmed"
	case s.Pending == 0 && s.Outbox == 0:
		return "everything published so far is applied and out"
	}
	return "at work"
}

func position(p Position) string {
	if p.Sequence == 0 {
		return "before the first input"
	}
	return fmt.Sprintf("input %s of %s, in the stream made %s", count(p.Sequence), second(p.Time), second(p.StreamCreated))
}

func timers(s *Status) string {
	if s.Timers == 0 || s.NextTimer.IsZero() {
		return count(s.Timers)
	}
	return count(s.Timers) + ", the next due " + due(s.NextTimer, s.AsOf)
}

// due is an instant, and how far it is from another.
func due(t, now time.Time) string {
	if d := t.Sub(now).Round(time.Second); !now.IsZero() && d > 0 {
		return fmt.Sprintf("%s (in %s)", second(t), d)
	}
	return second(t)
}

// second is an instant to the second, where more would only be noise.
func second(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
