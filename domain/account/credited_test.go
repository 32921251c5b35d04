package account

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
)

// What an accelerator sees of deals changes no more than Settling says, whether
// a fact or the calendar changed it. Accelerators are of quarters that have
// ended; as one ends all of it is looked at.
func TestSettlingTellsWhatMoved(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := genSetting(t)
		s := New("acct-1", set)
		none := func() ledger.Explanation { return ledger.Explanation{} }
		type seen struct{ credits, turned, fates string }
		look := func(day civil.Date) map[event.OpportunityID]seen {
			out := map[event.OpportunityID]seen{}
			for _, d := range s.Deals() {
				at := out[d.Opportunity]
				for i := range d.derived.shares {
					c := &d.derived.shares[i]
					if !c.counted() || set.Calendar.Last(set.Calendar.QuarterOf(d.Booked)) >= day {
						continue
					}
					credit, err := c.CreditBy(day)
					if err != nil {
						t.Fatalf("CreditBy(%s): %v", day, err)
					}
					last := set.Calendar.Last(set.Calendar.QuarterOf(d.Booked))
					left, err := c.Left(1000, Ever, min(last, day), Basis{Known: day})
					if err != nil {
						t.Fatalf("Left: %v", err)
					}
					at.credits += fmt.Sprintln(d.Part, d.Origin, c.payee, credit, left)
					if credit == 0 { // an accelerator splits nothing to it
						continue
					}
					steps, err := c.Uplift(nil, 1000, last, Basis{Known: last, AsPaid: true}, set.Plans[0], none)
					if err != nil {
						t.Fatalf("Uplift: %v", err)
					}
					for _, st := range steps {
						line := fmt.Sprintln(st.Key, st.Minor, st.Causes)
						if at.fates += line; st.Effective <= day {
							at.turned += line
						}
					}
				}
				out[d.Opportunity] = at
			}
			return out
		}
		day := civil.In(horizon, set.Zone).Add(-900)
		before := look(day)
		for _, e := range genFacts.Draw(t, "events") {
			if _, err := s.Add(e); err != nil {
				t.Fatalf("Add: %v", err)
			}
			was := set.Calendar.QuarterOf(day)
			day = day.Add(rapid.IntRange(0, 60).Draw(t, "days"))
			ended := set.Calendar.QuarterOf(day) != was
			settled, err := s.Settling(day)
			if err != nil {
				t.Fatalf("Settling(%s): %v", day, err)
			}
			moved := map[event.OpportunityID]Moved{}
			for _, st := range settled {
				moved[st.Opportunity] = st.Moved
			}
			after := look(day)
			for id := range before {
				if _, stays := after[id]; !stays {
					after[id] = seen{}
				}
			}
			for id, now := range after {
				if ended {
					break
				}
				was, least := before[id], Still
				switch {
				case was.credits != now.credits:
					least = CreditsMoved
				case was.fates != now.fates:
					least = FatesMoved
				case was.turned != now.turned:
					least = StepsTurned
				}
				if moved[id] < least {
					t.Fatalf("after %T %+v, on %s: Settling says %d of %s, which was\n%+v and is\n%+v", e, e, day, moved[id], id, was, now)
				}
			}
			before = after
		}
	})
}
