package store

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/tenant"
)

// stops fails the test unless an error stops the worker and says why.
func stops(t *testing.T, err error, want string) {
	t.Helper()
	if !errors.Is(err, ErrStopped) || domain.KindOf(err) != domain.Corrupt || !strings.Contains(err.Error(), want) {
		t.Errorf("the error is %v (%v), want it to stop over %q", err, domain.KindOf(err), want)
	}
}

// An assertion that fails stops the worker, and nothing of the transaction is
// kept.
func TestAssertions(t *testing.T) {
	wake := tenant.Timer{Due: at, Kind: tenant.WakeAccount, ID: "acct-1"}
	earlier := wake
	earlier.Due = at.Add(-time.Second)
	sweep := tenant.Timer{Due: at, Kind: tenant.SweepOn}
	set := func(r *recording, timers ...tenant.Timer) error { return r.keepTimers(&tenant.Changes{Set: timers}) }
	post := func(t *testing.T, r *recording) error {
		e, _ := entry(t)
		return r.keepEntries(&tenant.Changes{Entries: []ledger.Entry{e}})
	}
	for _, tt := range []struct {
		name string
		do   func(*testing.T, *recording) error
		want string
	}{
		{"a timer that fired and is still set", func(_ *testing.T, r *recording) error { return errors.Join(set(r, wake), r.fired(wake)) }, "is still set"},
		{"a timer that fires twice", func(_ *testing.T, r *recording) error { return errors.Join(r.fired(wake), r.fired(wake)) }, "fires again"},
		{"a timer of an earlier instant", func(_ *testing.T, r *recording) error { return errors.Join(r.fired(wake), r.fired(earlier)) }, "after one due"},
		{"a sweep that goes no further", func(_ *testing.T, r *recording) error { return errors.Join(r.fired(sweep), r.fired(sweep)) }, "fires again"},
		{"totals that are not zero", func(t *testing.T, r *recording) error {
			v, err := encode(totals{Expense: 1})
			return errors.Join(err, in(r.tx, bMeta).put(kTotals, v), post(t, r))
		}, "do not sum to zero"},
		{"totals that moved otherwise than payees", func(t *testing.T, r *recording) error {
			err := post(t, r)
			r.totals.Held, r.totals.Expense = r.totals.Held+1, r.totals.Expense-1
			return err
		}, "does not balance"},
		{"a payee's balance that moved otherwise", func(t *testing.T, r *recording) error {
			err := post(t, r)
			r.touch(csm, ledger.Balances{Payable: 1})
			return err
		}, "does not balance"},
		{"an entry out of its chain", func(t *testing.T, r *recording) error {
			e, _ := entry(t)
			e.Hash[0]++
			return r.keepEntries(&tenant.Changes{Entries: []ledger.Entry{e}})
		}, "does not follow the ledger"},
		{"an entry twice", func(t *testing.T, r *recording) error {
			return errors.Join(post(t, r), in(r.tx, bPayees).drop([]byte(csm)), post(t, r))
		}, "is taken"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			plans, list := told(t, 2)
			s := fresh(t, plans)
			before := dump(t, s)
			r := recording{store: s}
			stops(t, s.transact(&r, func() error { return tt.do(t, &r) }), tt.want)
			_, err := s.Record(list[:1])
			stops(t, err, tt.want)
			sameDump(t, "after the error", dump(t, s), before)
		})
	}
}

// An account whose facts are not those its pay was made of is found when it is
// derived afresh, as now and then all are, although the engine has it at hand.
func TestRefoldFindsWhatIsAtHand(t *testing.T) {
	for _, tt := range []struct {
		name string
		edit func(tx *bbolt.Tx, n, k []byte) error
		want string
	}{
		{"a fact that says something else", func(tx *bbolt.Tx, n, _ []byte) error {
			v, err := in(tx, bFacts).get(n)
			if err != nil {
				return err
			}
			again := strings.Replace(string(v), `"amount":"`, `"amount":"9`, 1)
			return in(tx, bFacts).put(n, []byte(again))
		}, "derived afresh"},
		{"facts that are gone from the index", func(tx *bbolt.Tx, _, k []byte) error { return in(tx, bFactsOf).drop(k) }, "at hand"},
		{"a record that has rotten", func(tx *bbolt.Tx, n, _ []byte) error {
			v := slices.Clone(tx.Bucket(bFacts).Get(n))
			v[30] ^= 1
			return tx.Bucket(bFacts).Put(n, v)
		}, "is not what was written"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			plans, list := company(t, 12, civil.On(2027, 7, 31))
			s := fresh(t, plans)
			split := len(list) - 40
			recordAll(t, s, list[:split], 64)
			edit(t, s, func(tx *bbolt.Tx) error { return everyAmount(tx, s.opts.Codec, tt.edit) })
			var err error
			for _, a := range list[split:] {
				s.unfolded = refoldEvery * refoldShare // the next is derived afresh, however many facts it has
				if _, err = s.Record([]tenant.Arrival{a}); err != nil {
					break
				}
			}
			stops(t, err, tt.want)
		})
	}
}

// everyAmount edits every fact of an account that is about an amount that pays.
// It is given the fact's key, and the index's of the run it is in.
func everyAmount(tx *bbolt.Tx, c Codec, edit func(tx *bbolt.Tx, n, k []byte) error) error {
	type place struct{ n, k []byte }
	var places []place
	r := records{tx: tx, codec: c}
	err := r.prefixed(bFactsOf, []byte{'a'}, func(k, v []byte) error {
		return eachOfRun(k, v, func(n uint64) error {
			v, err := in(tx, bFacts).get(key(n))
			if err != nil {
				return err
			}
			_, _, canonical, err := decodeFact(v)
			if err != nil {
				return err
			}
			ev, err := c.Fact(canonical)
			if _, pays := ev.(event.ExpansionBooked); pays && strings.Contains(string(canonical), `"amount":"`) {
				places = append(places, place{key(n), slices.Clone(k)})
			}
			return err
		})
	})
	for _, p := range places {
		if err == nil {
			err = edit(tx, p.n, p.k)
		}
	}
	return err
}

// Accounts are derived afresh now and then, and are what they were.
func TestRefolds(t *testing.T) {
	plans, list := company(t, 12, civil.On(2027, 7, 31))
	s := fresh(t, plans)
	refolds := 0
	for _, a := range list {
		s.unfolded = refoldEvery * refoldShare
		record(t, s, []tenant.Arrival{a})
		if s.unfolded == 0 {
			refolds++
		}
	}
	if refolds < len(list)/2 {
		t.Errorf("%d of %d inputs had their account derived afresh, want most", refolds, len(list))
	}
	clean(t, s)
}
