package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// indexing runs f on an index of facts that is empty.
func indexing(t *testing.T, f func(r *recording, of bucket)) {
	t.Helper()
	plans, _ := told(t, 1)
	s := fresh(t, plans)
	edit(t, s, func(tx *bbolt.Tx) error {
		f(&recording{store: s, tx: tx}, in(tx, bFactsOf))
		return nil
	})
}

// Every fact is found in the index of its scope and in no other, in its order,
// also where a scope's name begins like another's and where runs have ended.
func TestIndex(t *testing.T) {
	scopes := []event.Scope{
		event.OfAccount("acct"), event.OfAccount("acct-1"), event.OfAccount("b"), event.OfAccount("\xff\xff"), event.OfPayee("acct"), event.OfPayee("\xff"), {},
	}
	indexing(t, func(r *recording, of bucket) {
		want := map[event.Scope][]uint64{}
		n := uint64(0)
		for i := range uint64(5000) {
			n += 1 + i%5*i%7*1000
			scope := scopes[i*i%31%uint64(len(scopes))]
			if err := r.index(scope, n); err != nil {
				t.Fatal(err)
			}
			want[scope] = append(want[scope], n)
			if err := r.index(scope, n); domain.KindOf(err) != domain.Corrupt {
				t.Fatalf("index(%v, %d) again = %v, want that it is corrupt", scope, n, err)
			}
		}
		for _, scope := range scopes {
			var got []uint64
			runs := 0
			err := of.walk(key(scope), func(k, v []byte) error {
				if runs++; len(v) > runSize+binary.MaxVarintLen64 {
					t.Errorf("a run of %v has %d bytes", scope, len(v))
				}
				return eachOfRun(k, v, func(n uint64) error { got = append(got, n); return nil })
			})
			if err != nil || !slices.Equal(got, want[scope]) || len(got) == 0 {
				t.Errorf("the index of %v has %d facts in %d runs (%v), want %d", scope, len(got), runs, err, len(want[scope]))
			}
			for other, numbers := range want {
				for _, n := range numbers {
					if there, err := indexed(of, scope, n); err != nil || there != (other == scope) {
						t.Fatalf("indexed(%v, %d) = %v, %v", scope, n, there, err)
					}
				}
			}
		}
	})
}

// A run ends when it is full, and then another begins: no record grows with the
// number of facts.
func TestRunsEnd(t *testing.T) {
	indexing(t, func(r *recording, of bucket) {
		const facts = 10_000
		for n := uint64(1); n <= facts; n++ {
			if err := r.index(event.OfAccount("big"), n); err != nil {
				t.Fatal(err)
			}
		}
		runs := 0
		if err := of.walk(nil, func(_, _ []byte) error { runs++; return nil }); err != nil || runs != (facts+runSize)/(runSize+1) {
			t.Errorf("%d facts are in %d runs, %v, want %d", facts, runs, err, (facts+runSize)/(runSize+1))
		}
	})
}

func TestMalformedRuns(t *testing.T) {
	for _, tt := range []struct{ k, v string }{
		{"short", ""},
		{"a\x00\x00\x00\x00\x00\x00\x00\x00\x01", "\x00"},
		{"a\x00\x00\x00\x00\x00\x00\x00\x00\x01", "\x01\x80"},
		{"a\x00\xff\xff\xff\xff\xff\xff\xff\xff", "\x01"},
		{"a\x00\x00\x00\x00\x00\x00\x00\x00\x01", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"},
	} {
		if n, err := lastOfRun([]byte(tt.k), []byte(tt.v)); domain.KindOf(err) != domain.Corrupt {
			t.Errorf("lastOfRun(%q, %q) = %d, %v, want that it is corrupt", tt.k, tt.v, n, err)
		}
	}
	stop := errors.New("enough")
	if err := eachOfRun(key(uint64(1)), []byte{1}, func(uint64) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("eachOfRun() = %v, want %v", err, stop)
	}
}

// A file of the third layout is brought up to what it would be, had it been kept
// by this one from the first: record by record, and so is its replay.
func TestThirdLayoutComesToTheSame(t *testing.T) {
	same := func(what string, s *Store, want map[string]string) {
		t.Helper()
		clean(t, s)
		sameDump(t, what, dump(t, s), want)
		out, err := s.Replay(filepath.Join(t.TempDir(), "again.db"), ReplayOptions{Codec: s.opts.Codec})
		if err != nil || out.Differing > 0 || out.Facts == 0 {
			t.Errorf("%s: Replay() = %+v, %v, want no difference", what, out, err)
		}
	}
	same("the ledger of layout 3", opened(t, copyOf(t, thirdLedger), options(nil)), dump(t, opened(t, copyOf(t, oldLedger), options(nil))))

	plans, list := company(t, 12, civil.On(2027, 3, 31))
	a := arrivals{list}
	for i := range 300 { // in four runs
		a.event(t, list[len(list)-1].Arrived, event.AccountAssigned{
			Header:  event.Header{Identity: event.Identity{Source: "crm", ID: fmt.Sprint("again-", i)}, Type: "crm.account.assigned.v1", Time: created},
			Account: "acct-many", Payee: "csm-1", Role: event.CSM, Effective: 20_900 + civil.Date(i), //nolint:gosec // small
		})
	}
	s := fresh(t, plans)
	recordAll(t, s, a.list, 500)
	want := dump(t, s)
	edit(t, s, func(tx *bbolt.Tx) error {
		apart(t, tx)
		of := in(tx, bFactsOf)
		var keys [][]byte
		_ = tx.Bucket(bFactsOf).ForEach(func(k, _ []byte) error { keys = append(keys, bytes.Clone(k)); return nil })
		err := of.clear()
		for _, k := range keys {
			err = errors.Join(err, of.add(k, nil))
		}
		return errors.Join(err, in(tx, bMeta).put(kVersion, []byte{0, 0, 0, 3}))
	})
	path := s.db.Path()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	same("a company", opened(t, path, options(nil)), want)
}

func FuzzRun(f *testing.F) {
	ofLedger(f, func(name string, k, v []byte) {
		if name == "facts_of" {
			f.Add(k, v)
		}
	})
	f.Fuzz(func(t *testing.T, k, v []byte) {
		last := uint64(0)
		err := eachOfRun(k, v, func(n uint64) error {
			if n < last || n == last && last > 0 {
				return fmt.Errorf("%d comes after %d", n, last)
			}
			last = n
			return nil
		})
		if err != nil && domain.KindOf(err) != domain.Corrupt {
			t.Fatalf("eachOfRun(%q, %q): %v", k, v, err)
		}
	})
}
