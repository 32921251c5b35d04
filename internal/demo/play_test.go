package demo

import (
	"strings"
	"testing"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/report/reporttest"
	"github.com/trueup/trueup/internal/scenario"
	"github.com/trueup/trueup/internal/wire"
)

// arrivals are what comes to a company.
func arrivals(t *testing.T, c Company) []scenario.Arrival {
	t.Helper()
	var out []scenario.Arrival
	for a := range c.Events() {
		line, err := Line(a)
		if err != nil {
			t.Fatal(err)
		}
		in, err := wire.DecodeLine(line, "default")
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, scenario.Arrival{Input: tenant.Input{Event: in.Event, Canonical: in.Canonical, Sum: in.Sum, Arrived: in.Recorded}})
	}
	return out
}

// played is a company at the end of its last day.
func played(t *testing.T, c Company) *scenario.Played {
	t.Helper()
	plans := c.Plans()
	p, err := scenario.Play("default", plans, arrivals(t, c), c.Until.End(plans[0].Zone))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// play is the document of a company at the end of its last day.
func play(t *testing.T, c Company) *report.Document {
	t.Helper()
	doc, err := played(t, c).Document()
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// The overview and the payees of the whole demo are what its statements say.
func TestListsOfTheDemoAddUp(t *testing.T) {
	if testing.Short() {
		t.Skip("plays a year of 2,500 accounts")
	}
	p := played(t, Default())
	e, err := tenant.New("default", p.Setting.Plans, p.Setting.Parse, p.Setting.State, 0)
	if err != nil {
		t.Fatal(err)
	}
	look, err := e.LookAt(p)
	if err != nil {
		t.Fatal(err)
	}
	p.Setting.Look = &look // one for all, since it takes long
	reporttest.ListsAddUp(t, reporttest.Reader{Played: p})
}

// What a lock would freeze is what it freezes, while everything waits to be
// settled, of quarters that have ended and of the one that runs.
func TestPreviewOfTheDemoHolds(t *testing.T) {
	c := small()
	c.Accounts, c.Until = 400, civil.On(2027, time.July, 6)
	plans := c.Plans()
	p, err := scenario.Start("default", plans, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range arrivals(t, c) {
		if err := p.Arrive(a); err != nil {
			t.Fatal(err)
		}
	}
	p.Setting.State = p.Engine.State()
	q := plans[0].Periods.Calendar.QuarterOf(civil.On(2027, time.June, 30))
	for _, csm := range []event.PayeeID{"csm-001", "csm-003", "csm-004"} { // told late: what it adds to the objectives waits for the lock
		accounts, err := p.AccountsOf(csm)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range accounts {
			held := event.ReviewHeld{
				Header:  event.Header{Identity: event.Identity{Source: "test", ID: "review-" + string(id)}, Type: "crm.review.held.v1", Time: p.Setting.State.AsOf},
				Account: id, Review: "late-" + string(id), On: civil.On(2027, time.June, 20), Kind: "qbr",
			}
			if err := p.Arrive(scenario.Arrival{Input: tenant.Input{Event: held, Sum: tenant.Sum{2}, Arrived: p.Setting.State.AsOf}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	preview := reporttest.PreviewHolds(t, p, q)
	if len(preview.Rows) < 6 || preview.Posts == 0 || preview.Totals.RequestedOf == 0 || len(preview.Warnings) == 0 {
		t.Errorf("the preview of %s shows too little: %d lines to post, %+v", q, preview.Posts, preview.Totals)
	}
	if running := reporttest.PreviewHolds(t, p, q+1); len(running.Blockers) != 1 {
		t.Errorf("%s runs, and its blockers are %+v", q+1, running.Blockers)
	}
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
