package store

import (
	"slices"
	"testing"
	"time"

	"github.com/trueup/trueup/domain/civil"
)

// The ticks that settled what waited for a quiet moment are remembered with the
// number of facts before them, and those that only moved the clock are not.
func TestTicksThatSettle(t *testing.T) {
	plans, list := company(t, 12, civil.On(2027, 7, 31))
	s := fresh(t, plans)
	var want [][]byte
	settled := 0
	for i := range list[:len(list)-1] {
		a := arrivals{list[i : i+1 : i+1]}
		record(t, s, a.list)
		facts := factsIn(t, s)
		dirty := len(stateOf(t, s).Dirty) > 0
		at := stateOf(t, s).AsOf
		for _, again := range []bool{false, true} {
			a = arrivals{}
			a.tick(t, at)
			record(t, s, a.list)
			if got := factsIn(t, s); got != facts {
				t.Fatalf("%d facts after a tick, want %d", got, facts)
			}
			if dirty && !again {
				want = append(want, tickKey(at, facts))
				settled++
			}
		}
		if n := len(stateOf(t, s).Dirty); n > 0 {
			t.Fatalf("%d payees wait after a tick", n)
		}
	}
	if settled == 0 {
		t.Fatal("nothing ever waited for a tick")
	}
	var got [][]byte
	_ = s.View(func(v *View) error {
		return v.prefixed(bTicks, nil, func(k, _ []byte) error { got = append(got, slices.Clone(k)); return nil })
	})
	if !slices.EqualFunc(got, want, slices.Equal[[]byte]) {
		t.Errorf("%d ticks are kept, want %d:\n%x\nwant\n%x", len(got), len(want), got, want)
	}
}

// After a tick nothing waits for another: a worker that is still is done. What
// the tick settles must not make anybody wait, as the deals did whose targets
// are a part of a book.
func TestATickSettlesAllThatWaits(t *testing.T) {
	targeted := 0
	for seed := range uint64(60) {
		plans, list := told(t, seed)
		for _, p := range plans {
			for _, c := range p.Components {
				if c.PercentOfBook != nil {
					targeted++
				}
			}
		}
		s := fresh(t, plans)
		recordAll(t, s, list, 1024)
		if st := stateOf(t, s); len(st.Dirty) > 0 {
			t.Errorf("history %d: %v wait after a tick", seed, st.Dirty)
		}
	}
	if targeted == 0 {
		t.Error("no plan has a target that is a part of a book")
	}
}

// A tick that is the first thing a ledger hears sets the clocks of its quarters
// going: it is remembered, however little waits for it.
func TestTheFirstTick(t *testing.T) {
	plans, _ := told(t, 2)
	s := fresh(t, plans)
	var a arrivals
	a.tick(t, created)
	a.tick(t, created.Add(time.Hour))
	record(t, s, a.list)
	_ = s.View(func(v *View) error {
		return v.prefixed(bTicks, nil, func(k, _ []byte) error {
			if !slices.Equal(k, tickKey(created, 0)) {
				t.Errorf("the tick at %x is kept, want the first alone", k)
			}
			a.list = a.list[1:]
			return nil
		})
	})
	if len(a.list) != 1 {
		t.Errorf("%d ticks were kept, want one", 2-len(a.list))
	}
}

// tickKey is where a tick of the tests is kept.
func tickKey(at time.Time, facts uint64) []byte {
	return key(at, facts, "trueup/clock", []byte("tick-"+at.UTC().Format(time.RFC3339Nano)))
}

func factsIn(t *testing.T, s *Store) (n uint64) {
	t.Helper()
	_ = s.View(func(v *View) error {
		st, err := v.Status()
		n = st.Facts
		return err
	})
	return n
}
