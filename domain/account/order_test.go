package account

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

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
	today := civil.In(horizon, time.UTC)
	settled, err := s.Settling(today)
	if err != nil {
		t.Fatalf("Settling: %v", err)
	}
	for _, d := range s.Deals() {
		fmt.Fprintf(&b, "deal %s %d %s %s %s left %s\n", d.Opportunity, d.Origin, d.Part, d.Booked, d.ARR, d.Left)
	}
	slices.SortFunc(settled, func(a, b Settled) int { return strings.Compare(string(a.Opportunity), string(b.Opportunity)) })
	for _, st := range settled {
		if len(st.Due) == 0 && len(st.Credits) == 0 {
			continue // an opportunity that once had a deal is listed too
		}
		fmt.Fprintf(&b, "%s from %s\n%s", st.Opportunity, st.First, plainly(st))
		for _, step := range st.Due {
			fmt.Fprintf(&b, "  %+v\n", step.Explain())
		}
	}
	for _, payee := range []event.PayeeID{"csm-1", "csm-2", "csm-3"} {
		for q := civil.Quarter(4 * 2026); q < 4*2029; q++ {
			if m := s.Measures(Holders{{payee, event.CSM}}, q, horizon, percent(6500)); !reflect.DeepEqual(m, Measures{}) {
				fmt.Fprintf(&b, "%s %s: %+v\n", payee, q, m)
			}
			if first, last := s.set.Calendar.First(q), s.set.Calendar.Last(q); s.Excepted(first, last, false) {
				fmt.Fprintln(&b, "excepted in", q, s.Excepted(first, last, true))
			}
		}
		for _, c := range s.CreditedTo(payee, nil) {
			fmt.Fprintln(&b, payee, c.Deal.Opportunity, c.Deal.Part, c.credit)
		}
	}
	s.redoEpisodes(time.Time{})
	for _, e := range s.Episodes() {
		done, next := s.Transitions(e, horizon)
		fmt.Fprintln(&b, "episode", e.SLA, e.Dispute, e.Start, e.Payee, done, next)
	}
	figures, _ := s.FlagFigures(today)
	fmt.Fprintf(&b, "%+v\n%v\n", figures, s.Referred())
	for d := day("2026-06-01"); d < today; d += 20 {
		fmt.Fprintf(&b, "%v\n", s.Notices(d))
	}
	return b.String()
}

// plainly is what is due and credited of an opportunity.
func plainly(st Settled) string {
	var b strings.Builder
	for _, step := range st.Due {
		fmt.Fprintf(&b, "  %+v %d %v %v\n", step.Key, step.Minor, step.Recoverable, step.Causes)
	}
	fmt.Fprintf(&b, "  %+v\n", st.Credits)
	return b.String()
}

// A state is a function of the set of its facts: any order, the same answer.
func TestOrderLeavesNoTrace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := genSetting(t)
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
		set := genSetting(t)
		events := genFacts.Draw(t, "events")
		today := civil.In(horizon, time.UTC)
		lived := New("acct-1", set)
		settled := map[event.OpportunityID]string{}
		type clock struct {
			sla, dispute string
			at           time.Time
		}
		episodes := map[clock]string{}
		asOf := day("2026-06-01")
		for i, e := range events {
			if _, err := lived.Add(e); err != nil {
				t.Fatalf("Add: %v", err)
			}
			if asOf += civil.Date(rapid.IntRange(0, 200).Draw(t, "days later")); i == len(events)-1 || asOf > today {
				asOf = today
			}
			list, err := lived.Settling(asOf)
			if err != nil {
				t.Fatalf("Settling: %v", err)
			}
			for _, st := range list {
				settled[st.Opportunity] = plainly(st)
			}
			open := lived.Episodes()
			lived.Rederived()
			for c := range episodes {
				if !lived.HasEpisode(c.sla, c.dispute, c.at) {
					delete(episodes, c)
				}
			}
			for _, ep := range open {
				done, _ := lived.Transitions(ep, horizon)
				episodes[clock{ep.SLA, ep.Dispute, ep.Start}] = fmt.Sprint(ep.Payee, done)
			}
		}

		once := state(t, set, events...)
		list, err := once.Settling(today)
		if err != nil {
			t.Fatalf("Settling: %v", err)
		}
		want := map[event.OpportunityID]string{}
		for _, st := range list {
			want[st.Opportunity] = plainly(st)
		}
		for id, text := range settled {
			if _, known := want[id]; !known && text == plainly(Settled{}) {
				delete(settled, id) // it had a deal for a while
			}
		}
		if !reflect.DeepEqual(settled, want) {
			t.Fatalf("last settled as\n%v\nbut is\n%v", settled, want)
		}
		open := once.Episodes()
		if len(open) != len(episodes) {
			t.Fatalf("episodes %v, want %d", episodes, len(open))
		}
		for _, ep := range open {
			done, _ := once.Transitions(ep, horizon)
			if got, want := episodes[clock{ep.SLA, ep.Dispute, ep.Start}], fmt.Sprint(ep.Payee, done); got != want {
				t.Fatalf("episode of %s was last %s, but is %s", ep.Start, got, want)
			}
		}
	})
}
