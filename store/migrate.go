package store

import (
	"bytes"
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
// transaction. A file opened for reading only stays as it is, for check to
// refuse.
func (s *Store) migrate() error {
	if s.opts.ReadOnly {
		return nil
	}
	return s.update(func(tx *bbolt.Tx) error {
		from, err := layoutOf(tx)
		if err != nil {
			return err
		}
		if from == 0 || from >= layoutVersion {
			return errUnchanged // for check to refuse, or as it is to be
		}
		steps := []func(*bbolt.Tx, Codec) error{fromThird}
		switch from {
		case 1:
			steps = []func(*bbolt.Tx, Codec) error{sealAll, fromFirst, sumAgain, fromSecond, fromThird, heldAgainstItself, markUpgraded}
		case 2:
			steps = []func(*bbolt.Tx, Codec) error{sealAll, fromSecond, fromThird, heldAgainstItself, markUpgraded}
		}
		for _, step := range steps {
			if err := step(tx, s.opts.Codec); err != nil {
				return domain.Errorf(domain.Corrupt, "bring layout version %d up to %d: %w", from, layoutVersion, err)
			}
		}
		return in(tx, bMeta).put(kVersion, binary.BigEndian.AppendUint32(nil, layoutVersion))
	})
}

// sealAll gives every record its seal and every bucket its sum: until version 3
// there were none. The steps after it find records as they are now.
func sealAll(tx *bbolt.Tx, _ Codec) error {
	var names [][]byte
	err := tx.ForEach(func(name []byte, _ *bbolt.Bucket) error {
		names = append(names, bytes.Clone(name))
		return nil
	})
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := sealBucket(tx, name); err != nil {
			return err
		}
	}
	return nil
}

// sealBucket seals some records at a time: what a bucket holds must not be
// changed while a cursor goes through it.
func sealBucket(tx *bbolt.Tx, name []byte) error {
	const some = 1024
	raw := tx.Bucket(name)
	if err := raw.SetSequence(0); err != nil { // what it was is in the number of the last record
		return err
	}
	type record struct{ k, v []byte }
	var list []record
	next := []byte{}
	for {
		list = list[:0]
		c := raw.Cursor()
		for k, v := c.Seek(next); k != nil && len(list) < some; k, v = c.Next() {
			list = append(list, record{bytes.Clone(k), bytes.Clone(v)})
		}
		if len(list) == 0 {
			return nil
		}
		for _, r := range list {
			if err := in(tx, name).add(r.k, r.v); err != nil {
				return err
			}
		}
		next = append(list[len(list)-1].k, 0)
	}
}

// heldAgainstItself refuses a ledger that contradicts itself: seals must not
// vouch for what had rotten before.
func heldAgainstItself(tx *bbolt.Tx, c Codec) error {
	v := verifier{View: &View{records: records{tx: tx, codec: c}}, progress: func(string, int) {}}
	for _, walk := range []func() error{v.facts, v.ledgers, v.outputs} {
		if err := walk(); err != nil {
			return err
		}
	}
	if len(v.out.Problems) > 0 {
		return domain.Errorf(domain.Corrupt, "%s", v.out.Problems[0])
	}
	return nil
}

// fromSecond takes a file of version 2: ticks of the clock were not kept.
func fromSecond(tx *bbolt.Tx, _ Codec) error {
	_, err := tx.CreateBucket(bTicks)
	return err
}

// fromThird takes a file of version 3: the index of facts had a record for each.
// It is made anew, from what it said.
func fromThird(tx *bbolt.Tx, _ Codec) error {
	type run struct{ k, v []byte }
	var runs []run // of all facts there are: some bytes for each
	last := uint64(0)
	of := in(tx, bFactsOf)
	err := of.walk(nil, func(k, v []byte) error {
		if _, _, err := cut(k, 8); err != nil {
			return err
		}
		if len(v) > 0 {
			return domain.Errorf(domain.Corrupt, "record %q of %s has a value", k, bFactsOf)
		}
		n := lastUint64(k)
		if i := len(runs) - 1; i >= 0 && sameScope(runs[i].k, k) && len(runs[i].v) < runSize {
			runs[i].v = binary.AppendUvarint(runs[i].v, n-last)
		} else {
			runs = append(runs, run{bytes.Clone(k), nil})
		}
		last = n
		return nil
	})
	if err != nil {
		return err
	}
	if err := of.clear(); err != nil {
		return err
	}
	for _, r := range runs {
		if err := of.add(r.k, r.v); err != nil {
			return err
		}
	}
	return nil
}

// fromFirst takes a file of version 1: a payee's book is no longer kept, and
// there are rules the first release did not compute, so that everything must be
// settled again. What it recorded of credits and of accounts' timers is
// recorded anew by the sweep that does so; entries and facts stay untouched.
func fromFirst(tx *bbolt.Tx, _ Codec) error {
	if err := tx.DeleteBucket([]byte("shares")); err != nil {
		return err
	}
	for _, name := range [][]byte{bForeign, bAhead, bNotices, bFlags} {
		if _, err := tx.CreateBucket(name); err != nil {
			return err
		}
	}
	if err := in(tx, bCredits).clear(); err != nil {
		return err
	}
	state, err := readState(tx)
	if err != nil || state.AsOf.IsZero() {
		return err
	}
	timers := in(tx, bTimers)
	var gone [][]byte
	err = timers.walk(nil, func(k, _ []byte) error {
		if len(k) > 8 && tenant.TimerKind(k[8]) == tenant.WakeAccount {
			gone = append(gone, append([]byte(nil), k...))
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, k := range gone {
		if err := timers.drop(k); err != nil {
			return err
		}
	}
	if state.Requested, err = requested(tx); err != nil {
		return err
	}
	state.Sweep = &tenant.Sweep{Before: tenant.FromNothing, Cause: event.Identity{Source: "trueup/upgrade", ID: "layout 2"}}
	if err := timers.put(timerKey(tenant.Timer{Due: state.AsOf, Kind: tenant.SweepOn}), nil); err != nil {
		return err
	}
	return putState(tx, state)
}

// requested lists the quarters that payroll was asked to pay somebody for.
func requested(tx *bbolt.Tx) ([]civil.Quarter, error) {
	var out []civil.Quarter
	err := in(tx, bStatements).walk(nil, func(k, v []byte) error {
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
	v := View{records: records{tx: tx, codec: c}}
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
		if err := in(tx, bPayees).put([]byte(id), form); err != nil {
			return err
		}
	}
	return nil
}
