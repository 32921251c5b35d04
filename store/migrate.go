package store

import (
	"encoding/binary"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/tenant"
)

// migrate brings a file of an earlier layout up to this one, in one
// transaction. A file opened for reading only stays as it is, for start to
// refuse.
func (s *Store) migrate() error {
	if s.opts.ReadOnly {
		return nil
	}
	return change(s.db, func(tx *bbolt.Tx) error {
		meta := tx.Bucket(bMeta)
		if meta == nil {
			return errUnchanged
		}
		if v := meta.Get(kVersion); len(v) != 4 || binary.BigEndian.Uint32(v) != 1 {
			return errUnchanged
		}
		err := fromFirst(tx)
		if err == nil {
			err = sumAgain(tx, s.opts.Codec)
		}
		if err != nil {
			return domain.Errorf(domain.Corrupt, "bring layout version 1 up to %d: %w", layoutVersion, err)
		}
		return meta.Put(kVersion, binary.BigEndian.AppendUint32(nil, layoutVersion))
	})
}

// fromFirst takes a file of version 1: a payee's book is no longer kept, and
// there are rules the first release did not compute, so that everything must be
// settled again. What it recorded of credits and of accounts' timers is
// recorded anew by the sweep that does so; entries and facts stay untouched.
func fromFirst(tx *bbolt.Tx) error {
	if err := tx.DeleteBucket([]byte("shares")); err != nil {
		return err
	}
	for _, name := range [][]byte{bForeign, bAhead, bNotices, bFlags} {
		if _, err := tx.CreateBucket(name); err != nil {
			return err
		}
	}
	if err := tx.DeleteBucket(bCredits); err != nil {
		return err
	}
	if _, err := tx.CreateBucket(bCredits); err != nil {
		return err
	}
	state, err := readState(tx)
	if err != nil || state.AsOf.IsZero() {
		return err
	}
	timers := tx.Bucket(bTimers)
	var gone [][]byte
	err = timers.ForEach(func(k, _ []byte) error {
		if len(k) > 8 && tenant.TimerKind(k[8]) == tenant.WakeAccount {
			gone = append(gone, append([]byte(nil), k...))
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, k := range gone {
		if err := timers.Delete(k); err != nil {
			return err
		}
	}
	if state.Requested, err = requested(tx); err != nil {
		return err
	}
	state.Sweep = &tenant.Sweep{Before: tenant.FromNothing, Cause: event.Identity{Source: "trueup/upgrade", ID: "layout 2"}}
	if err := timers.Put(timerKey(tenant.Timer{Due: state.AsOf, Kind: tenant.SweepOn}), nil); err != nil {
		return err
	}
	form, err := encodeState(state)
	if err != nil {
		return err
	}
	return tx.Bucket(bMeta).Put(kState, form)
}

// requested lists the quarters that payroll was asked to pay somebody for.
func requested(tx *bbolt.Tx) ([]civil.Quarter, error) {
	var out []civil.Quarter
	err := tx.Bucket(bStatements).ForEach(func(k, v []byte) error {
		if len(k) < 4 {
			return domain.Errorf(domain.Corrupt, "stored statement has a malformed key %q", k)
		}
		q := civil.Quarter(binary.BigEndian.Uint32(k)) //nolint:gosec // written from a Quarter
		st, err := decodeStatement(event.PayeeID(k[4:]), q, v)
		if err == nil && st.Requested.Minor > 0 && !slices.Contains(out, q) {
			out = append(out, q) // sorted, as the keys are
		}
		return err
	})
	return out, err
}

// sumAgain sums every payee's quarters from their entries: version 1 did not
// keep what was clawed back in them. A ledger that is not what it was is not
// brought up.
func sumAgain(tx *bbolt.Tx, c Codec) error {
	v := View{records: records{tx, c}}
	ids, err := v.Payees()
	if err != nil {
		return err
	}
	for _, id := range ids {
		kept, err := v.Ledger(id)
		if err != nil {
			return err
		}
		again := ledger.Account{Payee: id}
		err = v.EntriesOf(id, func(e *ledger.Entry) error { return again.Append(e) })
		if err != nil {
			return err
		}
		if again.Seq != kept.Seq || again.Head != kept.Head || again.Balances != kept.Balances {
			return domain.Errorf(domain.Corrupt, "the ledger of %s comes to %d entries and %+v, kept as %d and %+v", id, again.Seq, again.Balances, kept.Seq, kept.Balances)
		}
		form, err := encodeLedger(again)
		if err != nil {
			return err
		}
		if err := tx.Bucket(bPayees).Put([]byte(id), form); err != nil {
			return err
		}
	}
	return nil
}
