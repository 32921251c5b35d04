package account

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// glancesOn is what a day's flags may look at of the account, in the quarter that runs
// and in the one before.
func glancesOn(s *State, on civil.Date) (out []Glance) {
	q := s.set.Calendar.QuarterOf(on)
	for _, payee := range []event.PayeeID{"csm-1", "csm-2", "csm-3", "ae-1"} {
		out = append(out, s.Glance(Holders{{payee, event.CSM}}, q, on), s.Glance(Holders{{payee, event.CSM}}, q-1, s.set.Calendar.Last(q-1)))
	}
	return out
}

// A fact that no glance sees moves none, on no day; and one that none will see does
// not move the day that the calendar moves one on.
func TestWhatNoGlanceSeesMovesNone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := state(t, genSetting(t))
		for _, e := range genFacts.Draw(t, "facts") {
			on := genDate.Draw(t, "today")
			now, later := s.Glanced(e, s.set.SpanOf(on))
			glances, turns := glancesOn(s, on), s.Turns(on)
			touched, err := s.Add(e)
			if err != nil {
				t.Fatalf("Add(%+v): %v", e, err)
			}
			if moved := !slices.Equal(glancesOn(s, on), glances); moved && !now && (!later || touched.Measures > on) {
				t.Fatalf("on %s, %+v moves what is glanced at from %+v to %+v, Glanced says %v, %v and Add %s", on, e, glances, glancesOn(s, on), now, later, touched.Measures)
			}
			if s.Turns(on) != turns && !now && !later {
				t.Fatalf("on %s, %+v moves the next turn from %s to %s", on, e, turns, s.Turns(on))
			}
		}
	})
}

// settledAt settles all that an account asks for at an instant, as an engine does,
// and gives what there is to settle and when it is to be looked at next.
func settledAt(t *rapid.T, s *State, at time.Time) (news string, next time.Time) {
	today := civil.In(at, s.set.Zone)
	list, err := s.Settling(today)
	if err != nil {
		t.Fatalf("Settling(%s): %v", today, err)
	}
	for _, st := range list {
		news += fmt.Sprintf("%s moved; ", st.Opportunity)
	}
	episodes := s.Episodes()
	if s.Rederived() {
		news += "episodes are derived again; "
	}
	for _, e := range episodes {
		turns, _ := s.Transitions(e, at)
		news += fmt.Sprintf("%s of %s %s: %v; ", e.SLA, e.Start, e.Payee, turns)
	}
	news += fmt.Sprint(len(s.FallenDue(today)), " notices")
	if _, changed := s.FlagFigures(today); changed {
		news += "; flags"
	}
	day, next := s.Wake(at)
	if day = min(day, s.NextNotice(today)); day != civil.Never && (next.IsZero() || day.Start(s.set.Zone).Before(next)) {
		next = day.Start(s.set.Zone)
	}
	return news, next
}

// Where an account rests until it is to be looked at, there is nothing to settle
// but what there was.
func TestAnAccountThatRestsHasNothingToSettle(t *testing.T) {
	rested := 0
	rapid.Check(t, func(t *rapid.T) {
		s := state(t, genSetting(t))
		at := noon("2026-12-01")
		facts := genFacts.Draw(t, "facts")
		var next time.Time
		for i := range 4 * len(facts) {
			if i%4 == 0 {
				if _, err := s.Add(facts[i/4]); err != nil {
					t.Fatalf("Add(%+v): %v", facts[i/4], err)
				}
			}
			at = at.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 20, 24 * 40}).Draw(t, "hours")) * time.Hour)
			rests := (next.IsZero() || at.Before(next)) && s.Rests(civil.In(at, s.set.Zone))
			news, then := settledAt(t, s, at)
			if rests {
				rested++
				if again, _ := settledAt(t, s, at); news != again || !then.Equal(next) {
					t.Fatalf("at %s the account rests until %s, but %s is to be settled, where %s is once it is, until %s", at, next, news, again, then)
				}
			}
			next = then
		}
	})
	if rested == 0 {
		t.Error("no account ever rests")
	}
}
