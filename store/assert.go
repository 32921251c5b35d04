package store

import (
	"reflect"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/tenant"
)

// What must hold of every transaction is checked before it is committed. Where
// it does not hold the worker stops: it is better that a ledger stands still
// than that it goes on wrong.

// heads are a payee's balances before a transaction and now.
type heads struct{ before, now ledger.Balances }

// touch notes where a payee's balances stand.
func (r *recording) touch(id event.PayeeID, now ledger.Balances) {
	if r.heads == nil {
		r.heads = map[event.PayeeID]heads{}
	}
	h, ok := r.heads[id]
	if !ok {
		h.before = now
	}
	h.now = now
	r.heads[id] = h
}

// balanced checks that the transaction's entries are transfers: what payees'
// balances moved by is what the tenant's totals did, and all of it is zero
// together with the company's side.
func (r *recording) balanced() error {
	moved := r.before
	for _, h := range r.heads {
		moved.Held += h.now.Held - h.before.Held
		moved.Payable += h.now.Payable - h.before.Payable
		moved.Paid += h.now.Paid - h.before.Paid
		moved.Expense += h.now.Expense() - h.before.Expense()
	}
	moved.Entries = r.totals.Entries
	if moved != *r.totals || moved.Expense+moved.Held+moved.Payable+moved.Paid != 0 {
		return domain.Errorf(domain.Corrupt, "the transaction does not balance: totals come to %+v, payees' ledgers to %+v", *r.totals, moved)
	}
	return nil
}

// fired checks that a timer that fired is gone, and that timers fire in order
// and once. Only the sweep's may be set anew for the instant at which it fires,
// where it has come further.
func (r *recording) fired(t tenant.Timer) error {
	sweep := r.store.engine.State().Sweep
	further := t.Kind == tenant.SweepOn && (t != r.last || !reflect.DeepEqual(sweep, r.sweep))
	if t.Due.Before(r.last.Due) || t == r.last && !further {
		return domain.Errorf(domain.Corrupt, "timer %d of %q due %s fires again, or after one due %s", t.Kind, t.ID, t.Due, r.last.Due)
	}
	set, err := in(r.tx, bTimers).has(timerKey(t))
	if err != nil {
		return err
	}
	if set && !further {
		return domain.Errorf(domain.Corrupt, "timer %d of %q due %s has fired and is still set", t.Kind, t.ID, t.Due)
	}
	r.last, r.sweep = t, sweep
	return nil
}

// An account is derived afresh about every refoldEvery inputs, and one with
// many facts less often: not more than one fact is read again for refoldShare
// inputs.
const (
	refoldEvery = 256
	refoldShare = 8
)

// refold now and then derives the account an input was of afresh from all its
// facts, and holds it against what is posted.
func (r *recording) refold(of event.AccountID) error {
	if r.store.unfolded++; of == "" || r.store.unfolded < refoldEvery {
		return nil
	}
	did, err := r.store.engine.Refold(&r.reads, of, r.store.unfolded/refoldShare)
	if put := r.store.putting.err; put != nil {
		return put
	}
	if did {
		r.store.unfolded = 0
	}
	return err
}
