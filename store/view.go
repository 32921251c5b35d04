package store

import (
	"bytes"
	"encoding/binary"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/tenant"
)

// View is the ledger at one moment, for reading. It must not outlive the
// function it is given to.
type View struct {
	records
	state     tenant.State
	unwritten *unwritten // what came after; nil: nothing
}

// View reads the ledger at one moment. It holds the file's pages while it
// runs, so it is to be short.
func (s *Store) View(read func(*View) error) error {
	return s.read(func(tx *bbolt.Tx) error {
		state, err := readState(tx)
		if err != nil {
			return err
		}
		v := View{records: records{tx: tx, codec: s.opts.Codec}, state: state, unwritten: s.unwrittenIn(tx)}
		if v.unwritten != nil {
			v.state = v.unwritten.state
		}
		return read(&v)
	})
}

// State is the tenant's own state.
func (v *View) State() tenant.State { return v.state }

// EntriesOf goes through a payee's ledger in its order.
func (v *View) EntriesOf(payee event.PayeeID, yield func(*ledger.Entry) error) error {
	return v.prefixed(bLedger, key(payee), func(k, b []byte) error {
		e, err := decodeEntry(k, b)
		if err != nil {
			return err
		}
		return yield(e)
	})
}

// Entry finds an entry by its id.
func (v *View) Entry(id ledger.EntryID) (*ledger.Entry, bool, error) {
	at, err := in(v.tx, bEntryIDs).get(id[:])
	if at == nil {
		return nil, false, err
	}
	stored, err := in(v.tx, bLedger).get(at)
	if err != nil {
		return nil, false, err
	}
	e, err := decodeEntry(at, stored)
	return e, err == nil, err
}

// Credits lists what deals credit to a payee, by opportunity.
func (v *View) Credits(payee event.PayeeID) ([]account.Credit, error) { return v.credits(payee, "") }

// CreditsOn lists what an opportunity's deals credit to a payee.
func (v *View) CreditsOn(payee event.PayeeID, opportunity event.OpportunityID) ([]account.Credit, error) {
	all, err := v.credits(payee, opportunity)
	return slices.DeleteFunc(all, func(c account.Credit) bool { return c.Opportunity != opportunity }), err
}

// credits are those of opportunities whose id begins with a text.
func (v *View) credits(payee event.PayeeID, begins event.OpportunityID) ([]account.Credit, error) {
	var out []account.Credit
	prefix := key(payee)
	err := v.prefixed(bCredits, append(slices.Clone(prefix), begins...), func(k, b []byte) error {
		var f creditForm
		if err := decode(b, &f); err != nil {
			return err
		}
		opportunity, part, _ := bytes.Cut(k[len(prefix):], []byte{0})
		out = append(out, account.Credit{
			Payee: payee, Opportunity: event.OpportunityID(opportunity), Part: string(part), Account: event.AccountID(f.Account),
			ARR: money.Money{Minor: f.Minor, Currency: money.Currency(f.Currency)}, Booked: civil.Date(f.Booked), Why: ledger.Reason(f.Why),
		})
		return nil
	})
	return out, err
}

// AllEpisodes goes through every risk episode by account and opening.
func (v *View) AllEpisodes(yield func(tenant.Episode) error) error {
	return v.prefixed(bEpisodes, nil, func(k, b []byte) error {
		e, err := decodeEpisode(k, b)
		if err != nil {
			return err
		}
		return yield(e)
	})
}

// Locks lists the locked quarters in order.
func (v *View) Locks() ([]tenant.Lock, error) {
	var out []tenant.Lock
	err := v.prefixed(bLocks, nil, func(k, b []byte) error {
		var f lockForm
		if err := decode(b, &f); err != nil {
			return err
		}
		if _, _, err := cut(k, 4); err != nil {
			return err
		}
		out = append(out, tenant.Lock{Period: civil.Quarter(binary.BigEndian.Uint32(k)), At: time.Unix(0, f.At).UTC(), By: f.By, Revision: f.Again}) //nolint:gosec // written from a Quarter
		return nil
	})
	return out, err
}

// Status is where the ledger stands.
type Status struct {
	Position  tenant.Position
	AsOf      time.Time
	Facts     uint64
	Entries   int64
	Payees    int
	Timers    int
	Parked    int
	LastOut   uint64
	Confirmed uint64 // outputs the broker was known to have at the last commit
	NextTimer time.Time
	Dirty     int // payees whose ended quarters wait for a quiet moment
	FileBytes int64
}

// Status reads where the ledger stands.
func (v *View) Status() (Status, error) {
	st := Status{AsOf: v.state.AsOf, Dirty: len(v.state.Dirty), FileBytes: v.tx.Size()}
	meta := in(v.tx, bMeta)
	var err error
	if st.Position, _, err = keptPosition(v.tx); err != nil {
		return st, err
	}
	if v.unwritten != nil {
		st.Position = v.unwritten.position
	}
	b, err := meta.get(kConfirmed)
	if err != nil {
		return st, err
	}
	if len(b) == 8 {
		st.Confirmed = binary.BigEndian.Uint64(b)
	}
	if st.Facts, err = lastFact(v.tx); err != nil {
		return st, err
	}
	t, err := readTotals(v.tx)
	if err != nil {
		return st, err
	}
	st.Entries = t.Entries
	last, err := lastOut(in(v.tx, bOut))
	if err != nil {
		return st, err
	}
	st.LastOut = last.N
	if t, _, err := v.FirstTimer(time.Time{}); err != nil {
		return st, err
	} else if t != (tenant.Timer{}) {
		st.NextTimer = t.Due
	}
	for _, of := range []struct {
		bucket []byte
		n      *int
	}{{bPayees, &st.Payees}, {bTimers, &st.Timers}} {
		if err := v.prefixed(of.bucket, nil, func(_, _ []byte) error { *of.n++; return nil }); err != nil {
			return st, err
		}
	}
	parked, err := v.Parked(StateParked)
	st.Parked = len(parked)
	return st, err
}

// Confirm notes that the broker has the outputs up to a number; it is kept
// with the next batch.
func (s *Store) Confirm(n uint64) { s.confirmed.Store(n) }

// Confirmed is how far the broker is known to have the outputs.
func (s *Store) Confirmed() uint64 { return s.confirmed.Load() }

// Waiting is what the clock will change.
type Waiting struct {
	AsOf  time.Time // latest arrival; zero before the first
	First time.Time // first timer; zero: none
	Dirty bool      // ended quarters wait for a quiet moment
}

// Waiting reads what the clock will change.
func (s *Store) Waiting() (w Waiting, err error) {
	err = s.View(func(v *View) error {
		t, _, err := v.FirstTimer(time.Time{})
		w = Waiting{v.state.AsOf, t.Due, len(v.state.Dirty) > 0}
		return err
	})
	return w, err
}

// AsOf is the latest arrival, zero before the first.
func (s *Store) AsOf() (at time.Time, err error) {
	err = s.View(func(v *View) error {
		at = v.state.AsOf
		return nil
	})
	return at, err
}

// FactsNamed goes through the facts of a scope that have one of the identities.
func (v *View) FactsNamed(of event.Scope, ids []event.Identity, yield func(arrived time.Time, canonical []byte)) error {
	return v.facts(of, func(f fact) error {
		if slices.Contains(ids, f.Head().Identity) {
			yield(f.arrived, bytes.Clone(f.canonical))
		}
		return nil
	})
}
