package store

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
)

// first is the first key of a bucket that holds a text, with its value.
func first(t *testing.T, tx *bbolt.Tx, bucket []byte, has string) (k, v []byte) {
	t.Helper()
	c := in(tx, bucket).cursor()
	for ok := c.first(); ok; ok = c.next() {
		if strings.Contains(string(c.k)+string(c.v), has) {
			return bytes.Clone(c.k), bytes.Clone(c.v)
		}
	}
	t.Fatalf("nothing in %s has %q", bucket, has)
	return nil, nil
}

// last is the last record of a bucket.
func last(t *testing.T, tx *bbolt.Tx, bucket []byte) (k, v []byte) {
	t.Helper()
	c := in(tx, bucket).cursor()
	if !c.last() {
		t.Fatalf("nothing is in %s (%v)", bucket, c.err)
	}
	return bytes.Clone(c.k), bytes.Clone(c.v)
}

// Whatever is changed behind the store's back is found.
func TestVerifyFinds(t *testing.T) {
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
	for _, tt := range []struct {
		name string
		edit func(*testing.T, *bbolt.Tx) error
		want string
	}{
		{"an amount", swap(bLedger, `"minor":`, `"minor":1`), "does not follow the one before it"},
		{"a name in a fact", swap(bFacts, `"csm-`, `"cxm-`), "is not what its fingerprint says"},
		{"an explanation", swap(bLedger, `"explanation":"`, `"explanation":"not `), "does not follow the one before it"},
		{"a recorded balance", swap(bLedger, `"payable":`, `"payable":1`), "does not follow the one before it"},
		{"an entry that cannot be read", swap(bLedger, `"id"`, `"id`), "stored *store.entryForm"},
		{"an entry that is gone", drop(bLedger), ""},
		{"an entry that is gone from its scope's index", drop(bEntriesOf), "is missing from an index"},
		{"an entry whose id is gone", drop(bEntryIDs), "is missing from an index"},
		{"the totals", swap(bMeta, `"entries":`, `"entries":1`), "totals are kept as"},
		{"a payee's balance", swap(bPayees, `"payable":`, `"payable":1`), "the ledger of"},
		{"a quarter's sum", swap(bPayees, `"p":`, `"p":1`), "the ledger of"},
		{"a payee's head", swap(bPayees, `"head":"`, `"head":"AAAA`), ""},
		{"a payee that is gone", drop(bPayees), "is missing from the list of payees"},
		{"the body of an output", swap(bOut, `{"`, `{'`), "output 1 does not follow the one before it"},
		{"an output that is gone", drop(bOut), "output 2 does not follow the one before it"},
		{"a fact that is gone", drop(bFacts), "fact 1 is gone"},
		{"the last fact and its index", func(t *testing.T, tx *bbolt.Tx) error {
			k, v := last(t, tx, bFacts)
			_, _, canonical, err := decodeFact(v)
			if err != nil {
				return err
			}
			ev, err := (&codec{}).Fact(canonical)
			if err != nil {
				return err
			}
			if err := tx.Bucket(bFactsOf).Delete(key(ev.Scope(), k)); err != nil {
				return err
			}
			return tx.Bucket(bFacts).Delete(k)
		}, "records of facts are missing"},
		{"a fact that is gone from its scope's index", drop(bFactsOf), "is missing from the index of its scope"},
		{"a fact that cannot be read", swap(bFacts, `"specversion"`, `"specversiom"`), "fact"},
		{"facts that say something else", func(_ *testing.T, tx *bbolt.Tx) error {
			last, err := lastFact(tx)
			for n := uint64(1); n <= last && err == nil; n++ {
				var v []byte
				if v, err = in(tx, bFacts).get(key(n)); err == nil {
					err = in(tx, bFacts).put(key(n), bytes.ReplaceAll(v, []byte(`"amount":"`), []byte(`"amount":"9`)))
				}
			}
			return err
		}, "derived again"},
		{"a fact that arrived earlier", func(_ *testing.T, tx *bbolt.Tx) error {
			k, v := last(t, tx, bFacts)
			v[1]--
			return in(tx, bFacts).put(k, v)
		}, "arrived before the one before it"},
		{"a key of no length", func(_ *testing.T, tx *bbolt.Tx) error { return in(tx, bFactsOf).put([]byte("a"), nil) }, "too short"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := opened(t, copyOf(t, oldLedger), options(nil))
			quiet(t, s, time.Hour)
			edit(t, s, func(tx *bbolt.Tx) error { return tt.edit(t, tx) })
			v, err := s.Verify(nil)
			if err != nil {
				t.Fatal(err)
			}
			if len(v.Problems) == 0 || !slices.ContainsFunc(v.Problems, func(p string) bool { return strings.Contains(p, tt.want) }) {
				t.Errorf("Verify() finds %q, want one with %q", v.Problems, tt.want)
			}
		})
	}
}

// No byte of an entry can be changed unseen: what still reads as the same entry
// says the same, and anything else is found.
func TestVerifyFindsEveryByte(t *testing.T) {
	s := opened(t, copyOf(t, oldLedger), options(nil))
	var k, v []byte
	var want ledger.Entry
	_ = s.View(func(view *View) error {
		k, v = first(t, view.tx, bLedger, "")
		e, err := decodeEntry(k, v)
		want = *e
		return err
	})
	payee := event.PayeeID(k[:len(k)-9])
	unseen := 0
	for i := range v {
		for _, bit := range []byte{1, 0x20} {
			bad := bytes.Clone(v)
			bad[i] ^= bit
			edit(t, s, func(tx *bbolt.Tx) error { return in(tx, bLedger).put(k, bad) })
			_ = s.View(func(view *View) error {
				ver := verifier{View: view, progress: func(string, int) {}}
				if ver.ledger(payee) == nil && len(ver.out.Problems) == 0 {
					unseen++
					if e, err := decodeEntry(k, bad); err != nil || fmt.Sprintf("%+v", *e) != fmt.Sprintf("%+v", want) {
						t.Errorf("an entry changed to %q was not found", bad)
					}
				}
				return nil
			})
		}
	}
	if unseen > len(v) {
		t.Errorf("%d of %d changes were not seen", unseen, 2*len(v))
	}
}

// However much is wrong, a verification ends and tells of a hundred.
func TestVerifyTellsAHundred(t *testing.T) {
	plans, list := told(t, 2)
	s := fresh(t, plans)
	recordAll(t, s, list, 1000)
	edit(t, s, func(tx *bbolt.Tx) error {
		return in(tx, bFactsOf).clear()
	})
	edit(t, s, func(tx *bbolt.Tx) error {
		for i := range 200 {
			if err := in(tx, bPayees).put(fmt.Appendf(nil, "payee-%d", i), []byte("\x01{}")); err != nil {
				return err
			}
		}
		return nil
	})
	steps := 0
	v, err := s.Verify(func(string, int) { steps++ })
	if err != nil || len(v.Problems) != problemsTold || steps == 0 {
		t.Errorf("Verify() = %d problems, %v, after %d steps, want %d", len(v.Problems), err, steps, problemsTold)
	}
}
