package store

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/tenant"
)

// After an error nothing is recorded until the file is opened again, and what
// is then in it is as if the batch had never come.
func TestRecordStops(t *testing.T) {
	plans, list := told(t, 2)
	whole := fresh(t, plans)
	recordAll(t, whole, list, 10)
	want := dump(t, whole)

	path := filepath.Join(t.TempDir(), "l.db")
	broken := errors.New("out of ink")
	c := &codec{}
	o := options(plans)
	o.Codec = c
	s := opened(t, path, o)
	record(t, s, slices.Clone(list[:10]))
	before := dump(t, s)
	c.fail = broken
	_, err := s.Record(slices.Clone(list[10:]))
	if !errors.Is(err, ErrStopped) || !errors.Is(err, broken) {
		t.Fatalf("Record() = %v, want %v and %v", err, ErrStopped, broken)
	}
	c.fail = nil
	for range 2 {
		if _, again := s.Record(slices.Clone(list[10:])); !errors.Is(again, ErrStopped) || again.Error() != err.Error() {
			t.Errorf("Record() after an error = %v, want %v", again, err)
		}
	}
	sameDump(t, "after the error", dump(t, s), before)
	select {
	case <-s.Wrote():
	default:
		t.Error("Wrote() is silent about the first batch")
	}
	select {
	case <-s.Wrote():
		t.Error("Wrote() tells of a batch that was not committed")
	default:
	}
	if again := s.Close(); !errors.Is(again, broken) {
		t.Errorf("Close() of a store that stopped = %v, want %v", again, err)
	}
	s = opened(t, path, o)
	record(t, s, slices.Clone(list[10:]))
	sameDump(t, "opened again", dump(t, s), want)
}

// What was stored and contradicts itself is not built upon.
func TestRecordStopsAtCorruption(t *testing.T) {
	for _, tt := range []struct {
		name string
		edit func(t *testing.T, tx *bbolt.Tx, k, v []byte) error
	}{
		{"an entry that cannot be read", func(_ *testing.T, tx *bbolt.Tx, k, v []byte) error { return in(tx, bLedger).put(k, v[:len(v)-1]) }},
		{"an entry that is gone", func(_ *testing.T, tx *bbolt.Tx, k, _ []byte) error { return in(tx, bLedger).drop(k) }},
		{"a fact that is gone", func(t *testing.T, tx *bbolt.Tx, _, _ []byte) error {
			at, _ := first(t, tx, bFactsOf, "aacct-1\x00")
			return in(tx, bFacts).drop(at[len(at)-8:])
		}},
		{"a fact that cannot be read", func(t *testing.T, tx *bbolt.Tx, _, _ []byte) error {
			at, _ := first(t, tx, bFactsOf, "aacct-1\x00")
			return in(tx, bFacts).put(at[len(at)-8:], []byte("\x01short"))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := opened(t, copyOf(t, oldLedger), options(nil))
			edit(t, s, func(tx *bbolt.Tx) error {
				k, v := first(t, tx, bLedger, `"of_account":"acct-1"`)
				return tt.edit(t, tx, k, v)
			})
			before := dump(t, s)
			var a arrivals
			a.event(t, stateOf(t, s).AsOf, event.AccountAssigned{
				Header:  event.Header{Identity: event.Identity{Source: "crm", ID: "new"}, Type: "crm.account.assigned.v1", Time: created},
				Account: "acct-1", Payee: "csm-1", Role: event.CSM, Effective: 20_900,
			})
			_, err := s.Record(a.list)
			if !errors.Is(err, ErrStopped) || domain.KindOf(err) != domain.Corrupt || !strings.Contains(err.Error(), "record event new of crm") {
				t.Errorf("Record() = %v (%v), want it to stop and name the event", err, domain.KindOf(err))
			}
			sameDump(t, "after the error", dump(t, s), before)
		})
	}
}

// A batch of nothing, a known event and a bad one are all well.
func TestRecordFates(t *testing.T) {
	plans, list := told(t, 2)
	s := fresh(t, plans)
	if r := record(t, s, nil); len(r.Fates) != 0 {
		t.Errorf("Record(nothing) = %+v", r)
	}
	a := arrivals{slices.Clone(list[:1])}
	a.list = append(a.list, list[0])
	a.add(list[0].Arrived, "crm.acme.expansion.booked", []byte("no event"))
	r := record(t, s, a.list)
	if !slices.Equal(r.Fates, []tenant.Fate{tenant.Applied, tenant.Duplicate, tenant.Rejected}) || len(r.Parked) != 1 || r.Parked[0].Code == "" {
		t.Errorf("Record(one, again, bad) = %+v", r)
	}
	clean(t, s)
}
