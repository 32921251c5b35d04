package store

import (
	"encoding/binary"

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
	facts := in(r.tx, bFacts)
	for _, f := range c.Facts {
		n, err := r.lastFact()
		if err != nil {
			return err
		}
		n++
		r.key = appendKey(r.key[:0], n)
		if err := facts.appended(r.key, encodeFact(f)); err != nil {
			return err
		}
		r.facts = n
		scope := f.Event.Scope()
		if err := r.index(scope, n); err != nil {
			return err
		}
		if err := r.keepPayee(scope.Payee); err != nil {
			return err
		}
	}
	return nil
}

// lastFact is the number of the newest fact, the transaction's own included.
func (r *recording) lastFact() (n uint64, err error) {
	if r.facts == 0 {
		r.facts, err = lastFact(r.tx)
	}
	return r.facts, err
}

// lastFact is the number of the newest fact, which is how many there are.
func lastFact(tx *bbolt.Tx) (uint64, error) {
	c := in(tx, bFacts).cursor()
	if !c.last() {
		return 0, c.err
	}
	_, n, err := cut(c.k, 8)
	if err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint64(n), nil
}

// keepPayee makes a payee known.
func (r *recording) keepPayee(id event.PayeeID) error {
	if id == "" {
		return nil
	}
	b := in(r.tx, bPayees)
	if known, err := b.has([]byte(id)); err != nil || known {
		return err
	}
	v, err := encodeLedger(ledger.Account{Payee: id})
	if err != nil {
		return err
	}
	return b.add([]byte(id), v)
}

// keepEntries appends entries to their payees' ledgers, each checked against
// the ledger as it stands: numbered next, chained to the head, and moving the
// balances to what it says.
func (r *recording) keepEntries(c *tenant.Changes) error {
	if len(c.Entries) == 0 {
		return nil
	}
	ledgers, of, ids := in(r.tx, bLedger), in(r.tx, bEntriesOf), in(r.tx, bEntryIDs)
	heads := map[event.PayeeID]ledger.Account{}
	for i := range c.Entries {
		e := &c.Entries[i]
		head, ok := heads[e.Payee]
		if !ok {
			var err error
			if head, err = r.records.Ledger(e.Payee); err != nil {
				return err
			}
			r.touch(e.Payee, head.Balances)
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
		if taken, err := ids.has(e.ID[:]); err != nil {
			return err
		} else if taken {
			return domain.Errorf(domain.Corrupt, "entry id %s is taken", e.ID)
		}
		for _, put := range []struct {
			b    bucket
			k, v []byte
		}{{ledgers, at, v}, {of, key(e.Scope, at), nil}, {ids, e.ID[:], at}} {
			if err := put.b.add(put.k, put.v); err != nil {
				return err
			}
		}
		if err := r.count(e); err != nil {
			return err
		}
	}
	r.out.Entries += len(c.Entries)
	for payee, head := range heads {
		r.touch(payee, head.Balances)
		v, err := encodeLedger(head)
		if err != nil {
			return err
		}
		if err := in(r.tx, bPayees).put([]byte(payee), v); err != nil {
			return err
		}
	}
	return nil
}

// keepRefs keeps which accounts look at a payee, or have amounts in a currency.
func (r *recording) keepRefs(c *tenant.Changes) error {
	for _, ref := range c.Refs {
		if err := in(r.tx, bRefs).put(key(ref.Payee, ref.Account), nil); err != nil {
			return err
		}
		if err := r.keepPayee(ref.Payee); err != nil {
			return err
		}
	}
	for _, id := range c.Ahead {
		if err := in(r.tx, bAhead).put([]byte(id), nil); err != nil {
			return err
		}
	}
	if c.Caught {
		if err := in(r.tx, bAhead).clear(); err != nil {
			return err
		}
	}
	for _, f := range c.Foreign {
		if err := in(r.tx, bForeign).put(key(f.Currency, f.Account), nil); err != nil {
			return err
		}
	}
	return nil
}

func creditKey(c account.Credit) []byte {
	k := key(c.Payee, []byte(c.Opportunity))
	if c.Part != "" {
		k = append(append(k, 0), c.Part...)
	}
	return k
}

func (r *recording) keepCredits(c *tenant.Changes) error {
	b := in(r.tx, bCredits)
	for _, cr := range c.Uncredited {
		if err := b.drop(creditKey(cr)); err != nil {
			return err
		}
	}
	for _, cr := range c.Credits {
		v, err := encode(creditForm{string(cr.Account), cr.ARR.Minor, string(cr.ARR.Currency), int32(cr.Booked), string(cr.Why)})
		if err != nil {
			return err
		}
		if err := b.put(creditKey(cr), v); err != nil {
			return err
		}
	}
	return nil
}

// keepAdvice keeps what was announced and which flags are raised.
func (r *recording) keepAdvice(c *tenant.Changes) error {
	for _, n := range c.Notices {
		if err := in(r.tx, bNotices).put(noticeKey(n), nil); err != nil {
			return err
		}
	}
	flags := in(r.tx, bFlags)
	for _, f := range c.Raised {
		v, err := encodeFlag(f)
		if err != nil {
			return err
		}
		if err := flags.put(flagKey(f.FlagKey), v); err != nil {
			return err
		}
	}
	for _, k := range c.Cleared {
		if err := flags.drop(flagKey(k)); err != nil {
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
		if err := in(r.tx, bEpisodes).put(key(e.Account, e.Opened, []byte(e.Dispute)), v); err != nil {
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
		if err := in(r.tx, bLocks).put(key(l.Period), v); err != nil {
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
		if frozen, err := in(r.tx, bStatements).has(k); err != nil {
			return err
		} else if frozen {
			return domain.Errorf(domain.Corrupt, "statement of %s for %s is frozen already", st.Payee, st.Period)
		}
		if err := in(r.tx, bStatements).add(k, v); err != nil {
			return err
		}
	}
	return nil
}

func (r *recording) keepTimers(c *tenant.Changes) error {
	b := in(r.tx, bTimers)
	for _, t := range c.Clear {
		if err := b.drop(timerKey(t)); err != nil {
			return err
		}
	}
	for _, t := range c.Set {
		if err := b.put(timerKey(t), nil); err != nil {
			return err
		}
	}
	return nil
}

// finish writes what a transaction has gathered.
func (r *recording) finish() error {
	last, err := appendOut(r.tx, r.messages)
	if err != nil {
		return err
	}
	r.told(last)
	meta := in(r.tx, bMeta)
	if r.totals != nil {
		if err := r.balanced(); err != nil {
			return err
		}
		v, err := encode(r.totals)
		if err != nil {
			return err
		}
		if err := meta.put(kTotals, v); err != nil {
			return err
		}
	}
	if err := putState(r.tx, r.store.engine.State()); err != nil {
		return err
	}
	return meta.put(kConfirmed, binary.BigEndian.AppendUint64(nil, r.store.confirmed.Load()))
}
