package account

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/plan"
)

// genFacts draws a history with deals, scores and interventions in it.
var genFacts = rapid.Custom(func(t *rapid.T) []event.Event {
	var facts []fact
	for range rapid.IntRange(1, 14).Draw(t, "facts") {
		at := rapid.SampledFrom([]string{
			"2027-02-27T12:00:00Z", "2027-03-01T00:00:00Z", "2027-03-01T12:00:00Z", "2027-03-03T00:00:00Z", "2027-03-08T12:00:00Z", "2027-06-01T00:00:00Z",
		}).Draw(t, "at")
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			facts = append(facts, measured(at, rapid.SampledFrom([]int64{10, 64, 65, 90}).Draw(t, "score")))
		case 1:
			facts = append(facts, intervenes(rapid.SampledFrom([]string{"i1", "i2"}).Draw(t, "intervention"), at))
		default:
			facts = append(facts, genMove(t))
		}
	}
	return shuffledTimes(t, facts)
})

var horizon = time.Date(2030, time.January, 1, 0, 0, 0, 0, time.UTC)

// everything is all a state makes of its facts.
func everything(t *rapid.T, s *State) string {
	var b strings.Builder
	for d := day("2026-05-01"); d < day("2029-06-01"); d++ {
		if arr := s.arr.At(d); arr != s.arr.At(d-1) {
			fmt.Fprintf(&b, "ARR from %s: %d\n", d, arr)
		}
	}
	s.PayeesChanged()
	if _, err := s.Settling(civil.In(horizon, time.UTC)); err != nil {
		t.Fatalf("Settling: %v", err)
	}
	for _, d := range s.Deals() {
		fmt.Fprintf(&b, "deal %s %s %s left %s\n", d.Opportunity, d.Booked, d.ARR, d.Left)
		for _, st := range d.Due(civil.In(horizon, time.UTC)) {
			fmt.Fprintf(&b, "  %+v %d %v %s\n", st.Key, st.Minor, st.Causes, st.Explain())
		}
		fmt.Fprintf(&b, "  %+v\n", d.CreditsOn(civil.In(horizon, time.UTC)))
	}
	shares := s.Shares(0)
	var seats []string
	for seat, sh := range shares {
		seats = append(seats, fmt.Sprintf("%+v: %+v", seat, sh))
	}
	slices.Sort(seats)
	fmt.Fprintln(&b, strings.Join(seats, "\n"))
	s.risk.stale()
	for _, e := range s.Episodes() {
		done, next := s.Transitions(e, horizon)
		fmt.Fprintln(&b, "episode", e.Opened.MeasuredAt, e.Payee, done, next)
	}
	fmt.Fprintln(&b, s.Referred())
	return b.String()
}

// A state is a function of the set of its facts: any order, the same answer.
func TestOrderLeavesNoTrace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := setting(func(p *plan.Plan) {
			p.Gates.HealthMissing = rapid.SampledFrom([]string{"hold", "pass", "fail"}).Draw(t, "missing")
			p.Payability.Renewal = rapid.SampledFrom([]string{"hold", "advance", "off"}).Draw(t, "renewal")
			p.Evidence.Expansion = rapid.SampledFrom([]string{"any", "crm"}).Draw(t, "evidence")
		})
		events := genFacts.Draw(t, "events")
		a := everything(t, state(t, set, events...))
		b := everything(t, state(t, set, rapid.Permutation(events).Draw(t, "arrived")...))
		if a != b {
			t.Fatalf("told\n%s\nor in another order\n%s", a, b)
		}
	})
}

// Asking after every fact, as the engine does, ends where asking once does:
// what Settling lists is all that has changed, and no episode that something
// newer changed is passed over.
func TestAskingAfterEveryFactLeavesNoTrace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := setting(nil)
		events := genFacts.Draw(t, "events")
		today := civil.In(horizon, time.UTC)
		lived := New("acct-1", set)
		deals := map[event.OpportunityID]string{}
		episodes := map[time.Time]string{}
		for _, e := range events {
			if _, err := lived.Add(e); err != nil {
				t.Fatalf("Add: %v", err)
			}
			settled, err := lived.Settling(today)
			if err != nil {
				t.Fatalf("Settling: %v", err)
			}
			for _, d := range settled {
				deals[d.Opportunity] = duePlainly(d, today)
			}
			open := lived.Episodes()
			if lived.Rederived() {
				for at := range episodes {
					if !lived.HasEpisode(at) {
						delete(episodes, at)
					}
				}
			}
			for _, ep := range open {
				done, _ := lived.Transitions(ep, horizon)
				episodes[ep.Opened.MeasuredAt] = fmt.Sprint(ep.Payee, done)
			}
		}

		once := state(t, set, events...)
		if _, err := once.Settling(today); err != nil {
			t.Fatalf("Settling: %v", err)
		}
		if len(deals) != len(once.Deals()) {
			t.Fatalf("%d deals, want %d", len(deals), len(once.Deals()))
		}
		for _, d := range once.Deals() {
			if got, want := deals[d.Opportunity], duePlainly(d, today); got != want {
				t.Fatalf("deal %s was last settled as\n%s\nbut is\n%s", d.Opportunity, got, want)
			}
		}
		open := once.Episodes()
		if len(open) != len(episodes) {
			t.Fatalf("episodes %v, want %d", episodes, len(open))
		}
		for _, ep := range open {
			done, _ := once.Transitions(ep, horizon)
			if got, want := episodes[ep.Opened.MeasuredAt], fmt.Sprint(ep.Payee, done); got != want {
				t.Fatalf("episode of %s was last %s, but is %s", ep.Opened.MeasuredAt, got, want)
			}
		}
	})
}

func duePlainly(d *Deal, on civil.Date) string {
	var b strings.Builder
	for _, st := range d.Due(on) {
		fmt.Fprintf(&b, "%+v %d %v\n", st.Key, st.Minor, st.Causes)
	}
	return b.String()
}
