package store

import (
	"encoding/binary"
	"errors"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/tenant"
)

// keep writes what one input or timer changed.
func (r *recording) keep(c *tenant.Changes) error {
	for _, step := range []func(*tenant.Changes) error{
		r.keepFacts, r.keepEntries, r.keepRefs, r.keepCredits, r.keepEpisodes, r.keepAdvice, r.keepLocks, r.keepTimers,
	} {
		if err := step(c); err != nil {
			return err
		}
	}
	for _, o := range c.Outcomes {
		m, err := r.store.opts.Codec.Outcome(o)
		if err != nil {
			return err
		}
		r.messages = append(r.messages, m)
	}
	return nil
}

func (r *recording) keepFacts(c *tenant.Changes) error {
	facts, of := r.tx.Bucket(bFacts), r.tx.Bucket(bFactsOf)
	facts.FillPercent = 0.95
	for _, in := range c.Facts {
		n, err := facts.NextSequence()
		if err != nil {
			return err
		}
		if err := facts.Put(key(n), encodeFact(in)); err != nil {
			return err
		}
		scope := in.Event.Scope()
		if err := of.Put(key(scope, n), nil); err != nil {
			return err
		}
		if err := r.keepPayee(scope.Payee); err != nil {
			return err
		}
	}
	return nil
}

// keepPayee makes a payee known.
func (r *recording) keepPayee(id event.PayeeID) error {
	b := r.tx.Bucket(bPayees)
	if id == "" || b.Get([]byte(id)) != nil {
		return nil
	}
	v, err := encodeLedger(ledger.Account{Payee: id})
	if err != nil {
		return err
	}
	return b.Put([]byte(id), v)
}

// keepEntries appends entries to their payees' ledgers, each checked against
// the ledger as it stands: numbered next, chained to the head, and moving the
// balances to what it says.
func (r *recording) keepEntries(c *tenant.Changes) error {
	if len(c.Entries) == 0 {
		return nil
	}
	ledgers, of, ids := r.tx.Bucket(bLedger), r.tx.Bucket(bEntriesOf), r.tx.Bucket(bEntryIDs)
	heads := map[event.PayeeID]ledger.Account{}
	for i := range c.Entries {
		e := &c.Entries[i]
		head, ok := heads[e.Payee]
		if !ok {
			var err error
			if head, err = r.records.Ledger(e.Payee); err != nil {
				return err
			}
		}
		again := *e
		if err := head.Append(&again); err != nil {
			return err
		}
		if again.Seq != e.Seq || again.Hash != e.Hash || again.After != e.After {
			return domain.Errorf(domain.Corrupt, "entry %s does not follow the ledger of %s at %d", e.ID, e.Payee, head.Seq)
		}
		heads[e.Payee] = head
		at := key(e.Payee, e.Seq)
		v, err := encodeEntry(e)
		if err != nil {
			return err
		}
		if ids.Get(e.ID[:]) != nil {
			return domain.Errorf(domain.Corrupt, "entry id %s is taken", e.ID)
		}
		for _, put := range []struct {
			b    *bbolt.Bucket
			k, v []byte
		}{{ledgers, at, v}, {of, key(e.Scope, at), nil}, {ids, e.ID[:], at}} {
			if err := put.b.Put(put.k, put.v); err != nil {
				return err
			}
		}
		if err := r.count(e); err != nil {
			return err
		}
	}
	r.out.Entries += len(c.Entries)
	for payee, head := range heads {
		v, err := encodeLedger(head)
		if err != nil {
			return err
		}
		if err := r.tx.Bucket(bPayees).Put([]byte(payee), v); err != nil {
			return err
		}
	}
	return nil
}

// keepRefs keeps which accounts look at a payee, or have amounts in a currency.
func (r *recording) keepRefs(c *tenant.Changes) error {
	for _, ref := range c.Refs {
		if err := r.tx.Bucket(bRefs).Put(key(ref.Payee, ref.Account), nil); err != nil {
			return err
		}
		if err := r.keepPayee(ref.Payee); err != nil {
			return err
		}
	}
	for _, id := range c.Ahead {
		if err := r.tx.Bucket(bAhead).Put([]byte(id), nil); err != nil {
			return err
		}
	}
	if c.Caught {
		if err := errors.Join(r.tx.DeleteBucket(bAhead), r.newBucket(bAhead)); err != nil {
			return err
		}
	}
	for _, f := range c.Foreign {
		if err := r.tx.Bucket(bForeign).Put(key(f.Currency, f.Account), nil); err != nil {
			return err
		}
	}
	return nil
}

func (r *recording) newBucket(name []byte) error {
	_, err := r.tx.CreateBucket(name)
	return err
}

func creditKey(c account.Credit) []byte {
	k := key(c.Payee, []byte(c.Opportunity))
	if c.Part != "" {
		k = append(append(k, 0), c.Part...)
	}
	return k
}

func (r *recording) keepCredits(c *tenant.Changes) error {
	b := r.tx.Bucket(bCredits)
	for _, cr := range c.Uncredited {
		if err := b.Delete(creditKey(cr)); err != nil {
			return err
		}
	}
	for _, cr := range c.Credits {
		v, err := encode(creditForm{string(cr.Account), cr.ARR.Minor, string(cr.ARR.Currency), int32(cr.Booked), string(cr.Why)})
		if err != nil {
			return err
		}
		if err := b.Put(creditKey(cr), v); err != nil {
			return err
		}
	}
	return nil
}

// keepAdvice keeps what was announced and which flags are raised.
func (r *recording) keepAdvice(c *tenant.Changes) error {
	for _, n := range c.Notices {
		if err := r.tx.Bucket(bNotices).Put(noticeKey(n), nil); err != nil {
			return err
		}
	}
	flags := r.tx.Bucket(bFlags)
	for _, f := range c.Raised {
		v, err := encodeFlag(f)
		if err != nil {
			return err
		}
		if err := flags.Put(flagKey(f.FlagKey), v); err != nil {
			return err
		}
	}
	for _, k := range c.Cleared {
		if err := flags.Delete(flagKey(k)); err != nil {
			return err
		}
	}
	return nil
}

func (r *recording) keepEpisodes(c *tenant.Changes) error {
	for _, e := range c.Episodes {
		v, err := encodeEpisode(e)
		if err != nil {
			return err
		}
		if err := r.tx.Bucket(bEpisodes).Put(key(e.Account, e.Opened, []byte(e.Dispute)), v); err != nil {
			return err
		}
	}
	return nil
}

func (r *recording) keepLocks(c *tenant.Changes) error {
	for _, l := range c.Locks {
		again, err := r.records.Revisions(l.Period)
		if err != nil {
			return err
		}
		v, err := encode(lockForm{l.At.UnixNano(), l.By, again})
		if err != nil {
			return err
		}
		if err := r.tx.Bucket(bLocks).Put(key(l.Period), v); err != nil {
			return err
		}
	}
	for _, st := range c.Statements {
		v, err := encode(statementForm{
			st.Employee, st.At.UnixNano(), string(st.Net.Currency), st.Net.Minor, st.Requested.Minor, st.Lines, st.Head[:], st.Reference,
		})
		if err != nil {
			return err
		}
		k := statementKey(st)
		if r.tx.Bucket(bStatements).Get(k) != nil {
			return domain.Errorf(domain.Corrupt, "statement of %s for %s is frozen already", st.Payee, st.Period)
		}
		if err := r.tx.Bucket(bStatements).Put(k, v); err != nil {
			return err
		}
	}
	return nil
}

func (r *recording) keepTimers(c *tenant.Changes) error {
	b := r.tx.Bucket(bTimers)
	for _, t := range c.Clear {
		if err := b.Delete(timerKey(t)); err != nil {
			return err
		}
	}
	for _, t := range c.Set {
		if err := b.Put(timerKey(t), nil); err != nil {
			return err
		}
	}
	return nil
}

// totals are sums over all entries of the tenant, by bucket.
type totals struct {
	Expense int64 `json:"expense"`
	Held    int64 `json:"held"`
	Payable int64 `json:"payable"`
	Paid    int64 `json:"paid"`
	Entries int64 `json:"entries"`
}

// count adds an entry to the tenant's totals.
func (r *recording) count(e *ledger.Entry) error {
	if r.totals == nil {
		t, err := readTotals(r.tx)
		if err != nil {
			return err
		}
		r.totals = &t
	}
	return r.totals.add(e)
}

func (t *totals) add(e *ledger.Entry) error {
	for _, side := range [...]struct {
		bucket ledger.Bucket
		minor  int64
	}{{e.From, -e.Minor}, {e.To, e.Minor}} {
		*t.of(side.bucket) += side.minor
	}
	t.Entries++
	if t.Expense+t.Held+t.Payable+t.Paid != 0 {
		return domain.Errorf(domain.Corrupt, "buckets do not sum to zero after entry %s", e.ID)
	}
	return nil
}

func (t *totals) of(b ledger.Bucket) *int64 {
	switch b {
	case ledger.Held:
		return &t.Held
	case ledger.Payable:
		return &t.Payable
	case ledger.Paid:
		return &t.Paid
	case ledger.Expense:
	}
	return &t.Expense
}

func readTotals(tx *bbolt.Tx) (totals, error) {
	var t totals
	v := tx.Bucket(bMeta).Get(kTotals)
	if v == nil {
		return t, nil
	}
	return t, decode(v, &t)
}

// finish writes what a transaction has gathered.
func (r *recording) finish() error {
	if err := appendOut(r.tx, r.messages); err != nil {
		return err
	}
	meta := r.tx.Bucket(bMeta)
	if r.totals != nil {
		v, err := encode(r.totals)
		if err != nil {
			return err
		}
		if err := meta.Put(kTotals, v); err != nil {
			return err
		}
	}
	state, err := encodeState(r.store.engine.State())
	if err != nil {
		return err
	}
	if err := meta.Put(kState, state); err != nil {
		return err
	}
	return meta.Put(kConfirmed, binary.BigEndian.AppendUint64(nil, r.store.confirmed.Load()))
}
