package scenario_test

import (
	"fmt"
	"testing"

	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/report/reporttest"
	"github.com/trueup/trueup/internal/scenario"
	"github.com/trueup/trueup/internal/scenario/scenariotest"
)

// What a lens has at hand is what a fresh look derives, after every fact of
// every case, whatever it is: one that is retracted, an enrolment that comes
// late, a change of the rules.
func TestLensIsAFreshLook(t *testing.T) {
	for _, c := range scenariotest.All(t, "../../domain/testdata/scenario") {
		t.Run(c.Name, func(t *testing.T) {
			p, arrivals := reporttest.Given(t, c)
			played, err := scenario.Start("default", plan.Set{p}, 0)
			if err != nil {
				t.Fatal(err)
			}
			lens := tenant.NewLens("default", plan.Set{p}, planfile.Parse, 0)
			played.Watch(func(_ *tenant.Timer, c *tenant.Changes) error {
				for _, f := range c.Facts {
					lens.Take(f.Event)
				}
				return nil
			})
			for i, a := range arrivals {
				if err := played.Arrive(a); err != nil {
					t.Fatal(err)
				}
				if a.Rejected == nil {
					sameLook(t, i, played, lens)
				}
			}
			if n := len(arrivals); n > 0 {
				if err := played.Finish(arrivals[n-1].Arrived.AddDate(0, 4, 0)); err != nil { // the calendar alone
					t.Fatal(err)
				}
				sameLook(t, n, played, lens)
			}
		})
	}
}

func sameLook(t *testing.T, i int, p *scenario.Played, lens *tenant.Lens) {
	t.Helper()
	set := p.Setting
	set.State = p.Engine.State()
	look, err := lens.At(p, set.State)
	if err != nil {
		t.Fatal(err)
	}
	through := set
	through.Look = &look
	ask := func(set report.Setting) string {
		doc, err := report.Build(set, p, report.Filter{})
		out := fmt.Sprintf("%+v %v\n", doc, err)
		ids, err := p.Accounts("", "", 100)
		for _, id := range ids {
			line, err := report.BuildTimeline(set, p, id)
			out += fmt.Sprintf("%+v %v\n", line, err)
			for _, d := range line.Deals {
				deal, err := report.BuildDeal(set, p, "opp-1", id)
				out += fmt.Sprintf("%s %+v %v\n", d.OpportunityID, deal, err)
			}
		}
		return fmt.Sprint(out, err)
	}
	if got, want := ask(through), ask(set); got != want {
		t.Fatalf("after arrival %d, through the lens:\n%s\nafresh:\n%s", i, got, want)
	}
}
