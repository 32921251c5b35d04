package account

import (
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// paidBy is what pay and flags look at in a payee's quarter. How late an
// episode was answered only informs.
func paidBy(s *State, h Holders, q civil.Quarter) (m Measures, windows [3]Retention) {
	m = s.Measures(h, q, horizon, percent(6500))
	m.ResponseSeconds = nil
	every := func(first, last civil.Date) bool { return s.Excepted(first, last, false) }
	for w := range windows {
		windows[w] = s.Retention(h, Window(w), q, every)
	}
	return m, windows
}

// A fact changes nothing that is measured of a quarter that had ended before
// the day that Add gives, so what such quarters came to may be kept.
func TestMeasuresChangeOnlyFromWhereAFactTouches(t *testing.T) {
	payees := []event.PayeeID{"csm-1", "csm-2", "csm-3"}
	rapid.Check(t, func(t *rapid.T) {
		set := genSetting(t)
		s := New("acct-1", set)
		type seat struct {
			payee event.PayeeID
			q     civil.Quarter
		}
		type figures struct {
			m       Measures
			windows [3]Retention
		}
		look := func() map[seat]figures {
			out := map[seat]figures{}
			for _, payee := range payees {
				for q := civil.Quarter(4 * 2026); q < 4*2029; q++ {
					m, windows := paidBy(s, Holders{{payee, event.CSM}}, q)
					out[seat{payee, q}] = figures{m, windows}
				}
			}
			return out
		}
		before := look()
		for _, e := range genFacts.Draw(t, "events") {
			touched, err := s.Add(e)
			if err != nil {
				t.Fatalf("Add: %v", err)
			}
			after := look()
			for at, was := range before {
				if set.Calendar.Last(at.q) < touched.Measures && !reflect.DeepEqual(was, after[at]) {
					t.Fatalf("%T %+v touches from %s on, but %s of %s was\n%+v and is\n%+v", e, e, touched.Measures, at.q, at.payee, was, after[at])
				}
			}
			before = after
		}
	})
}

// Whom an account refers to only ever grows, and does not depend on the order
// of its facts.
func TestReferredIsWhomFactsNamed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := genSetting(t)
		s, backwards := New("acct-1", set), New("acct-1", set)
		facts := genFacts.Draw(t, "events")
		for _, e := range facts {
			before := s.Referred()
			if _, err := s.Add(e); err != nil {
				t.Fatalf("Add: %v", err)
			}
			for _, id := range before {
				if !slices.Contains(s.Referred(), id) {
					t.Fatalf("after %T %+v %s is referred to no more", e, e, id)
				}
			}
		}
		for _, e := range slices.Backward(facts) {
			if _, err := backwards.Add(e); err != nil {
				t.Fatalf("Add: %v", err)
			}
		}
		if got := backwards.Referred(); !slices.Equal(got, s.Referred()) {
			t.Fatalf("backwards %v are referred to, else %v", got, s.Referred())
		}
	})
}
