package store

import (
	"encoding/binary"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/tenant"
)

// migrate brings a file of an earlier layout up to this one, in one
// transaction. A file opened for reading only stays as it is, for start to
// refuse.
func (s *Store) migrate() error {
	if s.opts.ReadOnly {
		return nil
	}
	return s.db.Update(func(tx *bbolt.Tx) error {
		meta := tx.Bucket(bMeta)
		if meta == nil {
			return nil
		}
		if v := meta.Get(kVersion); len(v) != 4 || binary.BigEndian.Uint32(v) != 1 {
			return nil
		}
		if err := fromFirst(tx); err != nil {
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
