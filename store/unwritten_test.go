package store

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/tenant"
)

// commits counts the transactions that a file was ever given.
func commits(t *testing.T, s *Store) (n int) {
	t.Helper()
	if err := s.read(func(tx *bbolt.Tx) error { n = tx.ID(); return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}

// repeating is a ledger of a company with something parked, and all that came to
// it again, later, before anything falls due.
func repeating(t *testing.T, path string) (s *Store, repeats []tenant.Arrival) {
	t.Helper()
	plans, list := company(t, 12, civil.On(2027, 3, 20))
	a := arrivals{list[:len(list)-1]}
	a.add(a.list[len(a.list)-1].Arrived, "crm.acme.expansion.booked", []byte("no event"))
	s = opened(t, path, options(plans))
	recordAll(t, s, a.list, 100)
	w, err := s.Waiting()
	if err != nil {
		t.Fatal(err)
	}
	repeats = slices.Clone(a.list)
	for i := range repeats {
		p := &repeats[i].Position
		p.Seq += uint64(len(repeats))
		p.Time = w.AsOf.Add(time.Duration(i+1) * time.Millisecond)
		repeats[i].Arrived = p.Time
	}
	if last := repeats[len(repeats)-1].Position; !last.Time.Before(w.First) || last.Seq >= checkpointEvery {
		t.Fatalf("the repeats end at %+v, want them before %s and the first checkpoint", last, w.First)
	}
	return s, repeats
}

// standsAt holds where a ledger says it stands against a position.
func standsAt(t *testing.T, what string, s *Store, p tenant.Position) {
	t.Helper()
	w, err := s.Waiting()
	if err != nil || !w.AsOf.Equal(p.Time) {
		t.Errorf("%s: Waiting() = %+v, %v, want it as of %s", what, w, err, p.Time)
	}
	if at, err := s.AsOf(); err != nil || !at.Equal(p.Time) {
		t.Errorf("%s: AsOf() = %s, %v, want %s", what, at, err, p.Time)
	}
	if all, err := s.Positions(); err != nil || all[0] != p {
		t.Errorf("%s: Positions() = %v, %v, want %+v first", what, all, err, p)
	}
	var st Status
	err = s.View(func(v *View) (err error) { st, err = v.Status(); return err })
	if err != nil || st.Position != p || !st.AsOf.Equal(p.Time) {
		t.Errorf("%s: Status() = %+v, %v, want it at %+v", what, st, err, p)
	}
}

// Batches of what is known and what is parked already are told like others and
// not written, until the file is closed.
func TestRepeatsAreNotWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "l.db")
	s, repeats := repeating(t, path)
	before, n := dump(t, s), commits(t, s)
	for batch := range slices.Chunk(slices.Clone(repeats), 64) {
		if r := record(t, s, batch); len(r.Fates) != len(batch) || slices.Contains(r.Fates, tenant.Applied) {
			t.Fatalf("Record(repeats) = %+v", r)
		}
		standsAt(t, "after repeats", s, batch[len(batch)-1].Position)
	}
	if got := commits(t, s); got != n {
		t.Errorf("%d transactions were written for repeats, want none", got-n)
	}
	sameDump(t, "after repeats", dump(t, s), before)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = opened(t, path, options(nil))
	standsAt(t, "opened again", s, repeats[len(repeats)-1].Position)
	clean(t, s)
}

// A worker that is killed after repeats is given them again, and whatever comes
// then makes the ledger that it would have made; replayed, it is the same.
func TestRepeatsAndAKill(t *testing.T) {
	s, repeats := repeating(t, filepath.Join(t.TempDir(), "l.db"))
	var a arrivals
	last := repeats[len(repeats)-1].Position
	a.event(t, last.Time.Add(-time.Hour), event.AccountAssigned{ // from before the clock
		Header:  event.Header{Identity: event.Identity{Source: "crm", ID: "new"}, Type: "crm.account.assigned.v1", Time: created},
		Account: "acct-new", Payee: "csm-new", Role: event.CSM, Effective: 20_900,
	})
	a.list[0].Position.Seq = last.Seq + 1

	recordAll(t, s, repeats, 64)
	killed := opened(t, copyOf(t, s.db.Path()), options(nil)) // as the file is now
	if all, err := killed.Positions(); err != nil || all[0].Seq != uint64(len(repeats)) {
		t.Fatalf("Positions() of the file = %v, %v, want it before the repeats", all, err)
	}
	recordAll(t, killed, repeats, 50)
	for _, s := range []*Store{s, killed} {
		recordAll(t, s, a.list, 1)
	}
	sameDump(t, "killed and told again", dump(t, killed), dump(t, s))
	clean(t, killed)
	out, err := killed.Replay(filepath.Join(t.TempDir(), "again.db"), ReplayOptions{Codec: killed.opts.Codec})
	if err != nil || len(out.Differences) > 0 {
		t.Errorf("Replay() = %v, differences %+v, want none", err, out.Differences)
	}
}

// What is written after all: now and then, so that the position is never far
// behind; one that is not after the one in the file; a tick; what is parked anew.
func TestRepeatsThatAreWritten(t *testing.T) {
	var kept uint64 // where the file stands
	for _, tt := range []struct {
		name    string
		change  func(a *tenant.Arrival)
		written int
	}{
		{"the same again", func(*tenant.Arrival) {}, 0},
		{"past a checkpoint", func(a *tenant.Arrival) { a.Position.Seq = checkpointEvery }, 0},
		{"as far as may be", func(a *tenant.Arrival) { a.Position.Seq = kept + mostUnwritten - 1 }, 0},
		{"too far", func(a *tenant.Arrival) { a.Position.Seq = kept + mostUnwritten }, 1},
		{"a stream made anew", func(a *tenant.Arrival) { a.Position.Created = created.Add(1) }, 1},
		{"from before", func(a *tenant.Arrival) { a.Position.Seq = 1 }, 1},
		{"a tick", func(a *tenant.Arrival) {
			var tick arrivals
			tick.tick(t, a.Arrived)
			tick.list[0].Position = a.Position
			*a = tick.list[0]
		}, 1},
		{"another that is bad", func(a *tenant.Arrival) { a.Code, a.Body = "bad", []byte("x") }, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, repeats := repeating(t, filepath.Join(t.TempDir(), "l.db"))
			record(t, s, repeats[:10])
			n := commits(t, s)
			a := repeats[10]
			kept = keptAt(t, s).Seq
			tt.change(&a)
			record(t, s, []tenant.Arrival{a})
			if got := commits(t, s) - n; got != tt.written {
				t.Errorf("%d transactions were written, want %d", got, tt.written)
			}
			standsAt(t, tt.name, s, a.Position)
			if got := keptAt(t, s); tt.written > 0 && got != a.Position {
				t.Errorf("the file stands at %+v, want %+v", got, a.Position)
			}
			if all, err := s.Positions(); tt.name == "too far" && (err != nil || len(all) != 2 || all[1] != repeats[9].Position) {
				t.Errorf("Positions() = %v, %v, want a checkpoint at %+v", all, err, repeats[9].Position)
			}
			clean(t, s)
		})
	}
}

func keptAt(t *testing.T, s *Store) (p tenant.Position) {
	t.Helper()
	err := s.read(func(tx *bbolt.Tx) (err error) { p, _, err = keptPosition(tx); return err })
	if err != nil {
		t.Fatal(err)
	}
	return p
}
