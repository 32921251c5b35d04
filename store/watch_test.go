package store

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/tenant"
)

// causes records a history in batches of a size, and gives the outputs by the
// arrival that caused them, as they are told before each commit; and how often
// that was.
func causes(t *testing.T, size int) (s *Store, out map[int][]string, commits int) {
	t.Helper()
	plans, list := told(t, 2)
	list = slices.Clone(list)
	for i := range list {
		list[i].Trace = i
	}
	o := options(plans)
	ranges := map[int][2]uint64{}
	by := map[uint64]int{} // how often an output is said to come of something
	var last, told uint64
	var fired bool
	o.Committing = func(came tenant.Recorded, commit func() error) error {
		commits++
		if came.Outputs > 0 && came.LastOutput != last+uint64(came.Outputs) { //nolint:gosec // a length
			t.Errorf("%d outputs up to %d after %d", came.Outputs, came.LastOutput, last)
		}
		last = max(last, came.LastOutput)
		for _, of := range came.Traced {
			if of.From < told || of.To <= of.From || of.To > last {
				t.Errorf("arrival %v caused %d to %d, after one that caused up to %d; the last is %d", of.Trace, of.From, of.To, told, last)
			}
			told = of.To
			for n := of.From + 1; n <= of.To; n++ {
				by[n]++
			}
			ranges[of.Trace.(int)] = [2]uint64{of.From, of.To}
		}
		for _, of := range came.Fired {
			if _, is := of.Trace.(int); !is || of.From > of.To || came.Timers == 0 {
				t.Errorf("timers before arrival %v caused %d to %d, %d fired", of.Trace, of.From, of.To, came.Timers)
			}
			for n := of.From + 1; n <= of.To; n++ {
				by[n]++
				fired = true
			}
		}
		return commit()
	}
	s = opened(t, filepath.Join(t.TempDir(), "l.db"), o)
	recordAll(t, s, list, size)
	if uint64(len(by)) != last || !fired {
		t.Errorf("%d of %d outputs are said to come of an arrival or of timers, of timers %v", len(by), last, fired)
	}
	for n, times := range by {
		if times != 1 {
			t.Errorf("output %d is said to come of something %d times", n, times)
		}
	}
	out = map[int][]string{}
	for i, r := range ranges {
		outs, err := s.Outputs(r[0], int(r[1]-r[0])) //nolint:gosec // few
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range outs {
			out[i] = append(out[i], o.ID)
		}
	}
	return s, out, commits
}

// Which outputs timers caused is told also where nobody watches the arrivals,
// and in batches of any size alike.
func TestFiredWithoutTraces(t *testing.T) {
	plans, list := told(t, 2)
	var want map[uint64]bool
	for _, size := range []int{1, 7, len(list)} {
		o, got := options(plans), map[uint64]bool{}
		o.Committing = func(came tenant.Recorded, commit func() error) error {
			for _, of := range came.Fired {
				for n := of.From + 1; n <= of.To; n++ {
					got[n] = true
				}
			}
			return commit()
		}
		recordAll(t, opened(t, filepath.Join(t.TempDir(), "l.db"), o), slices.Clone(list), size)
		if want == nil {
			want = got
		}
		if len(got) < 10 || !maps.Equal(got, want) {
			t.Errorf("in batches of %d timers caused %d outputs, one by one %d, or others", size, len(got), len(want))
		}
	}
}

// Whoever watches is told of each commit, and which arrival caused which
// outputs, which does not depend on batches.
func TestCommitting(t *testing.T) {
	_, one, each := causes(t, 1)
	_, many, few := causes(t, 100)
	if len(one) < 10 || !maps.EqualFunc(one, many, slices.Equal[[]string]) {
		t.Errorf("one by one %d arrivals caused outputs, in batches %d, or others", len(one), len(many))
	}
	if few == 0 || few >= each {
		t.Errorf("%d commits one by one, %d in batches", each, few)
	}
}

// A commit that whoever watches says has failed stops the store.
func TestCommittingFails(t *testing.T) {
	plans, list := told(t, 2)
	o := options(plans)
	broken := errors.New("no ink")
	o.Committing = func(tenant.Recorded, func() error) error { return broken }
	s := opened(t, filepath.Join(t.TempDir(), "l.db"), o)
	if err := s.Halted(); err != nil {
		t.Errorf("Halted() = %v before anything was recorded", err)
	}
	if _, err := s.Record(slices.Clone(list[:3])); !errors.Is(err, ErrStopped) || !errors.Is(err, broken) {
		t.Errorf("Record() = %v, want it stopped over %v", err, broken)
	}
	if err := s.Halted(); !errors.Is(err, broken) {
		t.Errorf("Halted() = %v, want %v", err, broken)
	}
	_ = s.Close()
	closed := fresh(t, plans)
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	if err := closed.Halted(); err == nil {
		t.Error("Halted() = nil of a file that is closed")
	}
}

// What is told of how a ledger does is what the ledger has, also after more of it
// has come.
func TestOperating(t *testing.T) {
	plans, list := told(t, 2)
	s := fresh(t, plans)
	summary := NewSummary(s)
	a := arrivals{slices.Clone(list)}
	half := len(list) / 2
	for _, part := range [][]tenant.Arrival{list[:half], list[half:], nil} {
		if part == nil {
			a.add(list[len(list)-1].Arrived, "crm.acme.expansion.booked", []byte("no event"))
			part = a.list[len(list):]
		}
		record(t, s, slices.Clone(part))
		by := part[len(part)-1].Arrived.AddDate(1, 0, 0)
		o, err := summary.Operating(by)
		if err != nil {
			t.Fatal(err)
		}
		operatingIs(t, s, by, o)
	}
}

func operatingIs(t *testing.T, s *Store, by time.Time, o Operating) {
	t.Helper()
	err := s.View(func(v *View) error {
		st, err := v.Status()
		if err != nil {
			return err
		}
		if o.Facts != st.Facts || o.Entries != st.Entries || o.LastOutput != st.LastOut || !o.AsOf.Equal(st.AsOf) || !o.FirstTimer.Equal(st.NextTimer) {
			t.Errorf("Operating = %+v, want as %+v", o, st)
		}
		parked := 0
		for _, n := range o.Parked {
			parked += n
		}
		if parked != st.Parked || o.TimersDue > st.Timers || (o.TimersDue == 0) == (st.Timers > 0 && !st.NextTimer.After(by)) {
			t.Errorf("%d parked, %d timers due, want %d, of %d", parked, o.TimersDue, st.Parked, st.Timers)
		}
		want := map[string]SLAStanding{}
		err = v.AllEpisodes(func(e tenant.Episode) error {
			n := want[e.SLA()]
			if e.Status() == "open" {
				n.Open++
			}
			if e.Status() == string(account.Breached) {
				n.Breached++
			}
			want[e.SLA()] = n
			return nil
		})
		if err != nil || !maps.Equal(o.SLA, want) {
			t.Errorf("SLA %v, want %v, %v", o.SLA, want, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	var held, payable int64
	err = NewSummary(s).View(func(v *Summed) error {
		for _, p := range v.payees.list {
			held, payable = held+p.of.Balances.Held, payable+p.of.Balances.Payable
		}
		return nil
	})
	if err != nil || o.Held != held || o.Payable != payable {
		t.Errorf("held %d, payable %d; payees' ledgers come to %d, %d, %v", o.Held, o.Payable, held, payable, err)
	}
}
