// Package scenariotest reads the worked cases in domain/testdata/scenario and
// holds statement documents against what they want.
package scenariotest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/trueup/trueup/internal/report"
)

// Case is one worked case.
type Case struct {
	Name   string
	Plan   []byte
	Events []byte // NDJSON
	Want   Want
}

// Want is what the case is about; what it does not name may be anything.
type Want struct {
	AsOf   string `json:"as_of"`
	Payees map[string]struct {
		Balances map[string]string
		Lines    []map[string]any
		Exact    bool
	}
	NoLines         []map[string]any             `json:"no_lines"`
	ComponentTotals map[string]map[string]string `json:"component_totals"`
	Credits         []map[string]any
	SLA             []map[string]any
	Flags           []map[string]any
	Rejected        []map[string]any
}

// All reads every case below a directory.
func All(t testing.TB, dir string) []Case {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios in %s: %v", dir, err)
	}
	var out []Case
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".txtar")
		out = append(out, read(t, f, name))
	}
	return out
}

func read(t testing.TB, file, name string) Case {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c := Case{Name: name}
	for _, f := range txtar.Parse(b).Files {
		switch f.Name {
		case "plan.yaml":
			c.Plan = f.Data
		case "events.ndjson":
			c.Events = f.Data
		case "want.json":
			d := json.NewDecoder(bytes.NewReader(f.Data))
			d.DisallowUnknownFields()
			if err := d.Decode(&c.Want); err != nil {
				t.Fatalf("%s: want.json: %v", name, err)
			}
		}
	}
	return c
}

// Balances is the final balances of every payee, for comparing two runs.
func Balances(doc *report.Document) map[string]report.Balances {
	out := map[string]report.Balances{}
	for _, p := range doc.Payees {
		out[p.ID] = p.Balances
	}
	return out
}

// Check holds a document against the case; with periods false it does not
// look at the period a line is posted in, which depends on arrival.
func (c Case) Check(t testing.TB, doc *report.Document, periods bool) {
	t.Helper()
	lines := map[string][]map[string]any{}
	for _, p := range doc.Payees {
		for _, period := range p.Periods {
			for _, l := range period.Lines {
				m := generic(t, l)
				m["period"] = period.Period
				lines[p.ID] = append(lines[p.ID], m)
			}
		}
	}
	for id, want := range c.Want.Payees {
		c.checkPayee(t, doc, id, want.Balances, want.Lines, want.Exact, lines[id], periods)
	}
	for _, w := range c.Want.NoLines {
		for id, all := range lines {
			if n := count(all, w); n > 0 {
				t.Errorf("%s: %s has %d lines like %v, want none", c.Name, id, n, w)
			}
		}
	}
	c.checkTotals(t, lines)
	c.checkLists(t, doc)
}

func (c Case) checkPayee(t testing.TB, doc *report.Document, id string, balances map[string]string, want []map[string]any, exact bool, lines []map[string]any, periods bool) {
	t.Helper()
	have := report.Balances{Held: "0.00", Payable: "0.00", Paid: "0.00"}
	if i := slices.IndexFunc(doc.Payees, func(p report.Payee) bool { return p.ID == id }); i >= 0 {
		have = doc.Payees[i].Balances
	}
	got := generic(t, have)
	for bucket, amount := range balances {
		if got[bucket] != amount {
			t.Errorf("%s: %s has %s %v, want %s; lines:\n%s", c.Name, id, bucket, got[bucket], amount, list(lines))
		}
	}
	for _, w := range want {
		if !periods {
			w = without(w, "period", "applies_to")
		}
		if n := count(lines, w); n != 1 {
			t.Errorf("%s: %s has %d lines like %v, want 1; lines:\n%s", c.Name, id, n, w, list(lines))
		}
	}
	if exact && len(lines) != len(want) {
		t.Errorf("%s: %s has %d lines, want exactly %d:\n%s", c.Name, id, len(lines), len(want), list(lines))
	}
}

func (c Case) checkTotals(t testing.TB, lines map[string][]map[string]any) {
	t.Helper()
	for id, components := range c.Want.ComponentTotals {
		for component, want := range components {
			var cents int64
			for _, l := range lines[id] {
				if l["component"] == component && l["kind"] != "release" && l["kind"] != "payout" {
					cents += parseCents(t, l["amount"].(string))
				}
			}
			if cents != parseCents(t, want) {
				t.Errorf("%s: %s's %s comes to %d cents, want %s", c.Name, id, component, cents, want)
			}
		}
	}
}

func (c Case) checkLists(t testing.TB, doc *report.Document) {
	t.Helper()
	for _, l := range []struct {
		name string
		want []map[string]any
		got  any
	}{{"credits", c.Want.Credits, doc.Credits}, {"sla", c.Want.SLA, doc.SLA}, {"flags", c.Want.Flags, doc.Flags}, {"rejected", c.Want.Rejected, doc.Rejected}} {
		got := generics(t, l.got)
		for _, w := range l.want {
			if n := count(got, w); n != 1 && w["credited_arr"] != "0.00" {
				t.Errorf("%s: %d %s like %v, want 1:\n%s", c.Name, n, l.name, w, list(got))
			}
		}
	}
}

func parseCents(t testing.TB, s string) int64 {
	t.Helper()
	var n int64
	if _, err := fmt.Sscan(strings.Replace(s, ".", "", 1), &n); err != nil {
		t.Fatalf("amount %q: %v", s, err)
	}
	return n
}

func count(all []map[string]any, want map[string]any) int {
	n := 0
	for _, m := range all {
		matches := true
		for k, v := range want {
			matches = matches && fmt.Sprint(m[k]) == fmt.Sprint(v)
		}
		if matches {
			n++
		}
	}
	return n
}

func without(m map[string]any, keys ...string) map[string]any {
	out := map[string]any{}
	for k, v := range m {
		if !slices.Contains(keys, k) {
			out[k] = v
		}
	}
	return out
}

func list(all []map[string]any) string {
	var b strings.Builder
	for _, m := range all {
		j, _ := json.Marshal(m)
		fmt.Fprintf(&b, "  %s\n", j)
	}
	return b.String()
}

func generic(t testing.TB, v any) map[string]any {
	t.Helper()
	var out map[string]any
	roundTrip(t, v, &out)
	return out
}

func generics(t testing.TB, v any) []map[string]any {
	t.Helper()
	var out []map[string]any
	roundTrip(t, v, &out)
	return out
}

func roundTrip(t testing.TB, v, out any) {
	t.Helper()
	b, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(b, out)
	}
	if err != nil {
		t.Fatal(err)
	}
}
