package store

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/wire"
)

// replayOf derives a ledger again, into a file of the test's.
func replayOf(t testing.TB, s *Store, batch int) (Replayed, string) {
	t.Helper()
	into := filepath.Join(t.TempDir(), "again.db")
	r, err := s.Replay(into, ReplayOptions{Codec: s.opts.Codec, Batch: batch})
	if err != nil {
		t.Fatalf("Replay() = %v", err)
	}
	return r, into
}

// derived is a dump without what tells of the broker.
func derived(t testing.TB, s *Store) map[string]string {
	t.Helper()
	all := dump(t, s)
	for _, k := range [][]byte{kPosition, kConfirmed, kVersion} {
		delete(all, "meta/"+string(k))
	}
	delete(all, "meta") // the sum of its records
	return all
}

// sameAgain derives a ledger again and fails the test where anything differs.
func sameAgain(t testing.TB, what string, s *Store, batch int) {
	t.Helper()
	r, into := replayOf(t, s, batch)
	if r.Differing != 0 || r.Sums {
		t.Errorf("%s: Replay() finds %d differences: %+v", what, r.Differing, r.Differences)
	}
	again := opened(t, into, options(nil))
	sameDump(t, what, derived(t, again), derived(t, s)) // what Replay says it compared
	if err := errors.Join(again.Close(), os.Remove(into)); err != nil {
		t.Fatal(err)
	}
}

// noisy is a history as it comes in a worker's life: ticks told some time
// before they arrive, repeats, bytes that cannot be read, the broker's clock
// set back, and decisions on what is parked.
func noisy(t testing.TB, seed uint64) (plan.Set, []tenant.Arrival) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 21))
	plans, list := told(t, seed)
	var a arrivals
	var parked []string
	for i, arr := range list {
		at := arr.Arrived
		if r.IntN(20) == 0 {
			at = at.Add(-time.Duration(r.Int64N(int64(40 * 24 * time.Hour))))
		}
		arr.Position, arr.Arrived = tenant.Position{Created: created, Seq: uint64(len(a.list) + 1), Time: at}, at
		a.list = append(a.list, arr)
		id := event.Identity{Source: "admin", ID: fmt.Sprintf("noise-%d", i)}
		switch r.IntN(12) {
		case 0, 1:
			late := at.Add(time.Duration(r.Int64N(int64(20 * 24 * time.Hour))))
			a.event(t, late, event.Ticked{Header: event.Header{Identity: event.Identity{Source: "trueup/clock", ID: fmt.Sprintf("tick-%d", i)}, Type: wire.Tick, Time: at}})
		case 2:
			a.event(t, at.Add(time.Duration(r.IntN(3))*time.Hour), list[r.IntN(i+1)].Input.Event)
		case 3:
			bad := a.add(at, "crm.acme.expansion.booked", fmt.Appendf(nil, "no event %d", r.IntN(10)))
			parked = append(parked, ParkedID(bad.Subject, bad.Header, bad.Body))
		case 4:
			parked = append(parked, early(t, &a, r, at, id))
		case 5, 6:
			if len(parked) > 0 {
				decide(t, &a, at.Add(time.Duration(r.IntN(2))*time.Hour), id, parked[r.IntN(len(parked))], r.IntN(4) == 0)
			}
		}
	}
	return plans, a.list
}

// early is a decision about an input that is not parked yet, which is refused,
// and parked itself: a retry of it works once the input is there.
func early(t testing.TB, a *arrivals, r *rand.Rand, at time.Time, id event.Identity) string {
	t.Helper()
	body := fmt.Appendf(nil, "no event %d", r.IntN(10))
	header := map[string][]string{"Content-Type": {"application/cloudevents+json"}}
	of := ParkedID("crm.acme.expansion.booked", header, body)
	decide(t, a, at, id, of, true)
	last := a.list[len(a.list)-1]
	return ParkedID(last.Subject, last.Header, last.Body)
}

func decide(t testing.TB, a *arrivals, at time.Time, id event.Identity, parked string, discard bool) {
	t.Helper()
	by := event.By{By: "ops-1", ByRole: "ops"}
	if discard {
		a.event(t, at, event.ParkedDiscarded{Header: event.Header{Identity: id, Type: "admin.event.discarded.v1", Time: at}, By: by, Parked: parked, Reason: "enough"})
		return
	}
	a.event(t, at, event.ParkedRetried{Header: event.Header{Identity: id, Type: "admin.event.retried.v1", Time: at}, By: by, Parked: parked, Reason: "again"})
}

// A ledger is what comes of replaying what came to it, byte by byte, however
// either was batched.
func TestReplayIsTheLedger(t *testing.T) {
	n, first := 25, seedOf(t)
	if long() {
		n = 1500
	}
	seeds := []uint64{90, 98} // which failed once
	for i := range n {
		seeds = append(seeds, first+uint64(i))
	}
	kept := map[string]int{}
	for _, seed := range seeds {
		plans, list := noisy(t, seed)
		r := rand.New(rand.NewPCG(seed, 22))
		s := fresh(t, plans)
		recordAll(t, s, list, 1+r.IntN(len(list)))
		sameAgain(t, fmt.Sprintf("history %d", seed), s, 1+r.IntN(len(list)))
		_ = s.View(func(v *View) error {
			for _, b := range [][]byte{bTicks, bParked, bStatements, bEpisodes, bFlags, bTimers} {
				kept[string(b)] += v.tx.Bucket(b).Stats().KeyN
			}
			all, _ := v.Parked("")
			for _, p := range all {
				kept[p.State]++
				if p.Tries > 1 {
					kept["tried again"]++
				}
			}
			return nil
		})
		if t.Failed() {
			return
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d histories had %v", n, kept)
	for _, b := range []string{"ticks", "parked", "statements", "episodes", "flags", "timers", StateApplied, StateDiscarded, StateParked, "tried again"} {
		if kept[b] == 0 {
			t.Errorf("no history has any %s", b)
		}
	}
}

// So it is with a made-up company, and in the midst of a change of the rules.
func TestReplayOfACompany(t *testing.T) {
	plans, list := company(t, 12, civil.On(2027, 7, 31))
	s := fresh(t, plans)
	recordAll(t, s, list, 100)
	sameAgain(t, "company", s, 7)
	a := arrivals{list}
	now := stateOf(t, s).AsOf
	a.event(t, now.Add(time.Hour), published(t, plans, now))
	recordAll(t, s, a.list[len(list):], 1)
	if stateOf(t, s).Sweep == nil {
		t.Error("the change of the rules was over at once")
	}
	sameAgain(t, "company, the rules changing", s, 100)
	quiet(t, s, time.Hour)
	sameAgain(t, "company, the rules changed", s, 100)
}

// A played clock that has not been told the time parks by the broker's, which
// may be years later than what comes then.
func TestReplayBeforeTheFirstInstant(t *testing.T) {
	plans, list := told(t, 3)
	var a arrivals
	a.add(time.Time{}, "crm.acme.expansion.booked", []byte("no event")).Position.Time = created.AddDate(30, 0, 0)
	for _, arr := range list {
		arr.Position.Seq++
		a.list = append(a.list, arr)
	}
	s := fresh(t, plans)
	recordAll(t, s, a.list[:1], 1)
	sameAgain(t, "only a parked input", s, 1)
	recordAll(t, s, a.list[1:], 50)
	sameAgain(t, "parked before the first instant", s, 50)
	sameAgain(t, "nothing", fresh(t, plans), 1)
}

// Whatever was derived and is not what is kept is told, by payee.
func TestReplayFinds(t *testing.T) {
	swap := func(bucket []byte, old, with string) func(*testing.T, *bbolt.Tx) error {
		return func(t *testing.T, tx *bbolt.Tx) error {
			k, v := first(t, tx, bucket, old)
			return in(tx, bucket).put(k, bytes.Replace(v, []byte(old), []byte(with), 1))
		}
	}
	drop := func(bucket []byte) func(*testing.T, *bbolt.Tx) error {
		return func(t *testing.T, tx *bbolt.Tx) error {
			k, _ := first(t, tx, bucket, "")
			return in(tx, bucket).drop(k)
		}
	}
	plans, list := company(t, 12, civil.On(2027, 7, 31))
	path := filepath.Join(t.TempDir(), "l.db")
	s := opened(t, path, options(plans))
	recordAll(t, s, list, 100)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		edit func(*testing.T, *bbolt.Tx) error
		what string
		want string
	}{
		{"an amount", swap(bLedger, `"minor":`, `"minor":1`), "ledger", "entry 1 differs: minor 1"},
		{"an explanation", swap(bLedger, `"explanation":"`, `"explanation":"not `), "ledger", "explanation"},
		{"an entry that is gone", drop(bLedger), "ledger", "entry 1 is missing, and derived again"},
		{"an entry too many", func(t *testing.T, tx *bbolt.Tx) error {
			k, v := first(t, tx, bLedger, "")
			return in(tx, bLedger).put(append(bytes.Clone(k[:len(k)-1]), 255), v)
		}, "ledger", "entry 255 is not derived again"},
		{"a balance", swap(bPayees, `"payable":`, `"payable":1`), "payees", "payable 1"},
		{"a credit", swap(bCredits, `"minor":`, `"minor":1`), "credits", "minor 1"},
		{"an episode", swap(bEpisodes, `"deadline":`, `"deadline":1`), "episodes", "deadline"},
		{"a flag", swap(bFlags, `"figure":"`, `"figure":"1`), "flags", "figure"},
		{"a notice", drop(bNotices), "notices", "is missing, and derived again"},
		{"a lock", swap(bLocks, `"at":`, `"at":1`), "locks", "at 1"},
		{"a frozen statement", swap(bStatements, `"lines":`, `"lines":1`), "statements", "lines 1"},
		{"a timer", drop(bTimers), "timers", "is missing, and derived again"},
		{"an output", swap(bOut, `"Minor":`, `"Minor":1`), "out", "output"},
		{"a reference", drop(bRefs), "refs", "is missing, and derived again"},
		{"an index of facts", drop(bFactsOf), "facts_of", "is missing, and derived again"},
		{"an index of entries", drop(bEntriesOf), "entries_of", "is missing, and derived again"},
		{"an id", drop(bEntryIDs), "entry_ids", "is missing, and derived again"},
		{"the totals", func(_ *testing.T, tx *bbolt.Tx) error {
			v, err := in(tx, bMeta).get(kTotals)
			if err != nil {
				return err
			}
			return in(tx, bMeta).put(kTotals, bytes.Replace(v, []byte(`"entries":`), []byte(`"entries":1`), 1))
		}, "totals", "entries 1"},
		{"a fact that says something else", func(t *testing.T, tx *bbolt.Tx) error {
			k, v := first(t, tx, bFacts, "crm.expansion.booked.v1")
			return in(tx, bFacts).put(k, bytes.Replace(v, []byte(`"amount":"`), []byte(`"amount":"9`), 1))
		}, "ledger", "entry"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := opened(t, copyOf(t, path), options(nil))
			edit(t, s, func(tx *bbolt.Tx) error { return tt.edit(t, tx) })
			r, _ := replayOf(t, s, 100)
			found := false
			for _, d := range r.Differences {
				found = found || d.What == tt.what && strings.Contains(d.Text, tt.want) && (d.What != "ledger" || d.Payee != "")
			}
			if r.Differing == 0 || !found {
				t.Errorf("Replay() finds %d differences: %+v, want one of %s with %q", r.Differing, r.Differences, tt.what, tt.want)
			}
		})
	}
}

// Whatever of the derived records is damaged, the replay is whole and as the
// ledger was.
func TestReplayHeals(t *testing.T) {
	plans, list := noisy(t, 1)
	for _, bucket := range compared {
		if name := string(bucket); name == "facts" || name == "ticks" || name == "parked" || name == "out" || name == "plans" {
			continue // what came, and where
		}
		s := fresh(t, plans)
		recordAll(t, s, list, 100)
		want := derived(t, s)
		damaged := false
		edit(t, s, func(tx *bbolt.Tx) error {
			b := tx.Bucket(bucket)
			k, v := b.Cursor().First()
			if damaged = k != nil; !damaged {
				return nil
			}
			v = bytes.Clone(v)
			v[len(v)-1] ^= 1
			return b.Put(bytes.Clone(k), v)
		})
		if !damaged {
			continue
		}
		r, into := replayOf(t, s, 100)
		found := false
		for _, d := range r.Differences {
			found = found || d.What == string(bucket) && strings.Contains(d.Text, "cannot be read")
		}
		if !found {
			t.Errorf("damage of %s: Replay() = %+v, want it to tell of it", bucket, r)
		}
		again := opened(t, into, options(nil))
		clean(t, again)
		sameDump(t, string(bucket), derived(t, again), want)
	}
}

// A tick that is forgotten shows in what it settled.
func TestReplayNeedsTheTicks(t *testing.T) {
	plans, list := noisy(t, 1)
	s := fresh(t, plans)
	recordAll(t, s, list, 100)
	edit(t, s, func(tx *bbolt.Tx) error {
		if tx.Bucket(bTicks).Stats().KeyN == 0 {
			t.Fatal("no tick settled anything")
		}
		return in(tx, bTicks).clear()
	})
	if r, _ := replayOf(t, s, 100); r.Differing == 0 || r.Differences[0].What != "ledger" || r.Differences[0].Payee == "" {
		t.Errorf("Replay() = %+v, want other entries", r)
	}
}

// A ledger that an earlier release began comes to the same sums.
func TestReplayOfUpgradedLedgers(t *testing.T) {
	for _, file := range []string{firstLedger, secondLedger} {
		s := opened(t, copyOf(t, file), options(nil))
		quiet(t, s, 48*time.Hour)
		quiet(t, s, time.Hour)
		r, _ := replayOf(t, s, 64)
		if !r.Sums || r.Differing != 0 || r.Entries == 0 {
			t.Errorf("%s: Replay() = %+v, want equal sums", file, r)
		}
		edit(t, s, func(tx *bbolt.Tx) error {
			k, v := first(t, tx, bPayees, `"payable":`)
			return in(tx, bPayees).put(k, bytes.Replace(v, []byte(`"payable":`), []byte(`"payable":1`), 1))
		})
		r, _ = replayOf(t, s, 64)
		if r.Differing != 1 || r.Differences[0].What != "balances" || r.Differences[0].Payee == "" {
			t.Errorf("%s with another balance: Replay() = %+v, want one difference", file, r)
		}
	}
}

// The file of this layout that is kept for later releases is what its replay is.
func TestReplayOfTheKeptLedger(t *testing.T) {
	s := opened(t, copyOf(t, oldLedger), options(nil))
	sameAgain(t, oldLedger, s, 10)
	quiet(t, s, 48*time.Hour)
	sameAgain(t, oldLedger, s, 10)
}

// A replay ends when it is told to, and never writes over a file.
func TestReplayRefuses(t *testing.T) {
	plans, list := told(t, 2)
	s := fresh(t, plans)
	recordAll(t, s, list, 100)
	before := maps.Clone(dump(t, s))
	stop := errors.New("enough")
	into := filepath.Join(t.TempDir(), "again.db")
	calls := 0
	_, err := s.Replay(into, ReplayOptions{Codec: s.opts.Codec, Batch: 10, Progress: func(done, of uint64) error {
		if calls++; calls == 2 {
			return stop
		}
		if of == 0 || done > of {
			t.Errorf("%d of %d facts", done, of)
		}
		return nil
	}})
	if !errors.Is(err, stop) || calls != 2 {
		t.Errorf("Replay() = %v after %d steps, want %v", err, calls, stop)
	}
	if _, err := s.Replay(into, ReplayOptions{Codec: s.opts.Codec}); err == nil || !strings.Contains(err.Error(), "exists") {
		t.Errorf("Replay(a file that exists) = %v", err)
	}
	sameDump(t, "after its replay", dump(t, s), before)
}
