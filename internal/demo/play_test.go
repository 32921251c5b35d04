package demo

import (
	"strings"
	"testing"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/scenario"
	"github.com/trueup/trueup/internal/wire"
)

// play is the document of a company at the end of its last day.
func play(t *testing.T, c Company) *report.Document {
	t.Helper()
	var arrivals []scenario.Arrival
	for a := range c.Events() {
		line, err := Line(a)
		if err != nil {
			t.Fatal(err)
		}
		in, err := wire.DecodeLine(line, "default")
		if err != nil {
			t.Fatal(err)
		}
		arrivals = append(arrivals, scenario.Arrival{Input: tenant.Input{Event: in.Event, Canonical: in.Canonical, Sum: in.Sum, Arrived: in.Recorded}})
	}
	plans := c.Plans()
	played, err := scenario.Play("default", plans, arrivals, c.Until.End(plans[0].Zone))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := played.Document()
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// lines counts the lines of a document by what they show.
func lines(doc *report.Document) map[string]int {
	n := map[string]int{}
	for _, p := range doc.Payees {
		role, _, _ := strings.Cut(p.ID, "-")
		for _, q := range p.Periods {
			for _, l := range q.Lines {
				n[role+" "+l.Kind]++
				n[l.Kind+" "+l.Reason]++
				if l.AppliesTo != q.Period {
					n["late "+l.Kind]++
				}
			}
		}
	}
	for _, e := range doc.SLA {
		n["episode "+e.Status]++
	}
	for _, c := range doc.Credits {
		n["credit "+c.Why]++
	}
	return n
}

// A small company shows everything that a demo is to show.
func TestSmallCompanyShowsEverything(t *testing.T) {
	doc := play(t, small())
	n := lines(doc)
	for _, what := range []string{
		"csm earning", "csm release", "csm forfeiture", "csm clawback", "csm true_up", "ae earning", "ae clawback",
		"clawback churn_within_window", "forfeiture churn_within_window", "forfeiture renewal_missed", "forfeiture expansion_cancelled",
		"late true_up", "late earning",
		"episode met", "episode breached", "episode resolved", "episode closed",
		"credit ", "credit health_gate_failed", "credit expansion_cancelled", "credit churn_within_window",
	} {
		if n[what] == 0 {
			t.Errorf("there is no line of: %s", what)
		}
	}
	if len(doc.Rejected) != 2 {
		t.Errorf("rejected are %+v, want two", doc.Rejected)
	}
	for _, r := range doc.Rejected {
		if !strings.Contains(r.Reason, "other content") {
			t.Errorf("rejected for %q, want other content under a known id", r.Reason)
		}
	}
}

// Pay and retention look like those of a company, quarter by quarter.
func TestSmallCompanyIsBelievable(t *testing.T) {
	c := small()
	doc := play(t, c)
	quarters := map[string]int{}
	for _, p := range doc.Payees {
		for _, q := range p.Periods {
			period, err := civil.ParseQuarter(q.Period)
			if err != nil {
				t.Fatal(err)
			}
			if period.Year() != c.From.Year() {
				continue
			}
			if grr, ok := q.Measures["grr"]; ok && strings.HasPrefix(p.ID, "csm") {
				quarters[q.Period]++
				if grr < "0.75" || grr > "1.000000" {
					t.Errorf("%s keeps %s of their book in %s", p.ID, grr, q.Period)
				}
			}
		}
	}
	for q, n := range quarters {
		if n < 4 {
			t.Errorf("only %d CSMs have a book in %s", n, q)
		}
	}
	if len(quarters) != 4 {
		t.Errorf("CSMs have books in %v, want four quarters", quarters)
	}
}
