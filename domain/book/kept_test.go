package book

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/plan"
)

// What is kept gives the steps that working all out anew does, whatever moves
// and in whatever order it is settled.
func TestKeptAcceleratorsAreAsWorkedOutAnew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		over := rapid.SampledFrom([]string{"quarter", "ytd"})
		churns := map[int]string{} // of deals' accounts
		accelerated, retained := over.Draw(t, "window"), over.Draw(t, "retention's window")
		p := person(accelerating(func(c *plan.Component, p *plan.Plan) {
			c.Window, p.Components[0].Window = accelerated, retained
			p.Clawback.Basis = rapid.SampledFrom([]string{"recompute", "as_paid"}).Draw(t, "basis")
		}), enrolled("2027-01-01"))
		deals := []deal{{"2027-02-01", 200_000_00}, {"2027-05-01", 100_000_00}, {"2027-08-01", 240_000_00}, {"2028-02-01", 300_000_00}}
		books := &shelf{all: map[window]account.Retention{}, measures: map[civil.Quarter]account.Paid{}, credited: credited(t, nil, churns, deals...)}
		var kept Kept
		as := func(s ledger.Step) string { return fmt.Sprint(s.Key, s.Minor, s.Causes) }
		day := day("2027-04-01")
		posted := false
		var got []string
		for round := range 16 {
			steps, same, err := p.DueOf(nil, day.End(time.UTC), books, &kept)
			if err != nil {
				t.Fatalf("DueOf(%s): %v", day, err)
			}
			if same && !posted {
				t.Fatalf("on %s what is due is posted, and was not", day)
			}
			anew, err := p.Due(day.End(time.UTC), books)
			if err != nil {
				t.Fatalf("Due(%s): %v", day, err)
			}
			var want []string
			for i := range anew {
				want = append(want, as(anew[i]))
			}
			if !same {
				got = nil
				for i := range steps {
					got = append(got, as(steps[i]))
				}
			}
			if !slices.Equal(got, want) {
				t.Fatalf("on %s kept %q (all of it: %v), anew %q", day, got, same, want)
			}
			if posted = posted && same || rapid.Bool().Draw(t, "posted"); posted {
				kept.Posted()
			}
			switch q := quarterNamed("2027-Q1") + civil.Quarter(rapid.IntRange(0, 4).Draw(t, "quarter")); rapid.IntRange(0, 6).Draw(t, "what") {
			case 0:
				books.measures[q] = account.Paid{ReviewScope: 10, ReviewsDone: rapid.SampledFrom([]int{7, 9}).Draw(t, "reviewed")}
			case 1:
				i := rapid.IntRange(0, len(deals)-1).Draw(t, "deal")
				deals[i].arr = rapid.SampledFrom([]int64{50_000_00, 200_000_00, 400_000_00}).Draw(t, "arr")
				books.credited = credited(t, nil, churns, deals...)
				kept.Moved(civil.Calendar{}.QuarterOf(dayOf(deals[i])), credited(t, nil, churns, deals...)[i].Deal.Opportunity, account.CreditsMoved)
			case 2:
				was := day
				day = day.Add(rapid.IntRange(0, 50).Draw(t, "days"))
				for i, on := range churns {
					if on := dayNamed(on); was < on && on <= day {
						kept.Moved(civil.Calendar{}.QuarterOf(dayOf(deals[i])), books.credited[i].Deal.Opportunity, account.CreditsMoved)
					}
				}
			case 3:
				lost := rapid.SampledFrom([]int64{0, 50_000_00, 90_000_00, 300_000_00}).Draw(t, "lost")
				for w := range account.Window(3) {
					books.all[window{w, q}] = retaining(1_000_000_00, lost)
				}
			case 5: // what becomes of a deal later, which does not touch what is credited yet
				i := rapid.IntRange(0, len(deals)-1).Draw(t, "deal")
				first, last := max(day, dayOf(deals[i]))+1, dayOf(deals[i])+100 // ten days more than take it back
				if on, ok := churns[i]; ok && dayNamed(on) <= day || first > last {
					break
				}
				if churns[i] = first.Add(rapid.IntRange(0, last.Sub(first)).Draw(t, "churns in")).String(); rapid.Bool().Draw(t, "stays") {
					delete(churns, i)
				}
				books.credited = credited(t, nil, churns, deals...)
				kept.Moved(civil.Calendar{}.QuarterOf(dayOf(deals[i])), books.credited[i].Deal.Opportunity, account.FatesMoved)
			case 6:
				kept.Explain(steps)
			case 4:
				p.Add(event.SpifAwarded{
					Header: event.Header{Identity: event.Identity{ID: fmt.Sprint(round)}}, Spif: fmt.Sprint(round), Effective: day.Add(rapid.IntRange(-9, 9).Draw(t, "later")),
					Amount: usd(100_00),
				})
			}
		}
	})
}

func dayOf(d deal) civil.Date { return day(d.on) }

// dayNamed is day, where that is a variable.
func dayNamed(s string) civil.Date { return day(s) }

// An accelerator that pays nothing is not looked at again for when its deals
// are released; one that pays is.
func TestWhatPaysNothingIsNotLookedAtAgain(t *testing.T) {
	q := quarterNamed("2027-Q1")
	for _, tt := range []struct {
		arr  int64
		how  account.Moved
		want bool
	}{
		{100_000_00, account.Still, false},
		{100_000_00, account.StepsTurned, false},
		{100_000_00, account.FatesMoved, false},
		{100_000_00, account.CreditsMoved, true},
		{200_000_00, account.Still, false},
		{200_000_00, account.StepsTurned, true},
		{200_000_00, account.FatesMoved, true},
		{200_000_00, account.CreditsMoved, true},
	} {
		var kept Kept
		books := &shelf{credited: credited(t, nil, nil, deal{"2027-02-01", tt.arr})}
		if _, _, err := person(accelerating(nil), enrolled("2027-01-01")).DueOf(nil, day("2027-04-01").End(time.UTC), books, &kept); err != nil {
			t.Fatal(err)
		}
		if got := kept.Moved(q, "", tt.how); got != tt.want {
			t.Errorf("a deal of %d: Moved(%s, %d) = %v, want %v", tt.arr, q, tt.how, got, tt.want)
		}
		if kept.Moved(q-4, "", account.CreditsMoved) {
			t.Errorf("the year before has no accelerator, and moves")
		}
	}
}

// What moves of a quarter's credits has its own accelerator worked out again,
// and where they are cumulative all of the year's, the others of which look at it.
func TestOnlyAcceleratorsThatLookAtAQuarterMoveWithIt(t *testing.T) {
	for window, want := range map[string]int{"quarter": 2, "ytd": 0} {
		var kept Kept
		p := person(accelerating(func(c *plan.Component, _ *plan.Plan) { c.Window = window }), enrolled("2027-01-01"))
		books := &shelf{credited: credited(t, nil, nil, deal{"2027-02-01", 200_000_00}, deal{"2027-05-01", 300_000_00})}
		if _, _, err := p.DueOf(nil, day("2027-10-01").End(time.UTC), books, &kept); err != nil {
			t.Fatal(err)
		}
		if !kept.Moved(quarterNamed("2027-Q2"), "", account.CreditsMoved) || len(kept.uplifts) != want {
			t.Errorf("%s: %d of three quarters are kept after the second moved, want %d", window, len(kept.uplifts), want)
		}
	}
}

// retaining is a book that lost so much of its opening.
func retaining(opening, lost int64) account.Retention { return kept(opening, lost) }
