package store

import (
	"bytes"
	"fmt"
	"maps"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/tenant"
)

// Verified is what a verification walked and what it found wrong.
type Verified struct {
	Facts    uint64
	Payees   int
	Entries  int64
	Outputs  uint64
	Accounts int
	Records  int
	Problems []string
}

// problemsTold bounds how many problems are listed.
const problemsTold = 100

type verifier struct {
	*View
	out      Verified
	totals   totals
	progress func(what string, done int)
}

// Verify walks everything in the file: its pages, every record and its seal,
// every fact and its
// index, every payee's chain from its first entry, the totals, the out log's
// hash, and every account derived again from its facts and held against what
// is posted. It changes nothing. progress may be nil.
func (s *Store) Verify(progress func(what string, done int)) (Verified, error) {
	if progress == nil {
		progress = func(string, int) {}
	}
	v := verifier{progress: progress}
	var err error
	if v.out.Problems, err = s.metaPages(); err != nil {
		return v.out, err
	}
	err = s.read(func(tx *bbolt.Tx) error {
		v.View = &View{records: records{tx: tx, codec: s.opts.Codec}}
		if err := v.pages(s.db); err != nil {
			v.problemf("%v", err)
			return nil // bbolt is not let at the rest
		}
		for _, walk := range []func() error{v.everyRecord, v.facts, v.ledgers, v.outputs, func() error { return v.derive(s) }} {
			if err := walk(); err != nil {
				v.problemf("%v", err)
			}
		}
		return nil
	})
	return v.out, err
}

func (v *verifier) problemf(format string, args ...any) {
	if len(v.out.Problems) < problemsTold {
		v.out.Problems = append(v.out.Problems, fmt.Sprintf(format, args...))
	}
}

// facts walks the facts in order of arrival: numbered without gaps, each
// decodes, stands once in the index of its scope, and arrivals never go back.
func (v *verifier) facts() error {
	of := in(v.tx, bFactsOf)
	listed := uint64(0)
	err := v.prefixed(bFactsOf, nil, func(k, b []byte) error {
		return eachOfRun(k, b, func(uint64) error { listed++; return nil })
	})
	if err != nil {
		return err
	}
	var last []byte
	err = v.prefixed(bFacts, nil, func(k, b []byte) error {
		v.out.Facts++
		if !bytes.Equal(k, key(v.out.Facts)) {
			return fmt.Errorf("fact %d is gone: %x stands in its place", v.out.Facts, k)
		}
		arrived, kept, canonical, err := decodeFact(b)
		if err != nil {
			return fmt.Errorf("fact %d: %w", v.out.Facts, err)
		}
		ev, err := v.codec.Fact(canonical)
		if err != nil {
			return fmt.Errorf("fact %d: %w", v.out.Facts, err)
		}
		if sum, err := v.codec.Sum(canonical); err != nil || sum != kept {
			v.problemf("fact %d is not what its fingerprint says", v.out.Facts)
		}
		if there, err := indexed(of, ev.Scope(), v.out.Facts); err != nil {
			return err
		} else if !there {
			v.problemf("fact %d is missing from the index of its scope", v.out.Facts)
		}
		v.known(ev.Scope().Payee)
		if now := key(arrived); last != nil && bytes.Compare(now, last) < 0 {
			v.problemf("fact %d arrived before the one before it", v.out.Facts)
		} else {
			last = now
		}
		v.progress("facts", int(v.out.Facts)) //nolint:gosec // for people
		return nil
	})
	if err == nil && listed != v.out.Facts {
		v.problemf("%d facts are there, %d in the index", v.out.Facts, listed)
	}
	return err
}

// known finds a payee that is named and not listed.
func (v *verifier) known(id event.PayeeID) {
	if id == "" {
		return
	}
	if there, err := in(v.tx, bPayees).has([]byte(id)); err != nil {
		v.problemf("%v", err)
	} else if !there {
		v.problemf("payee %s is missing from the list of payees", id)
	}
}

// ledgers walks every payee's chain and holds the sums against what is kept.
func (v *verifier) ledgers() error {
	ids, err := v.Payees()
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := v.ledger(id); err != nil {
			v.problemf("ledger of %s: %v", id, err)
		}
		v.out.Payees++
	}
	err = v.prefixed(bRefs, nil, func(k, _ []byte) error {
		id, _, _ := bytes.Cut(k, []byte{0})
		v.known(event.PayeeID(id))
		return nil
	})
	if err != nil {
		return err
	}
	inBucket := 0
	if err := v.prefixed(bLedger, nil, func(_, _ []byte) error { inBucket++; return nil }); err != nil {
		return err
	}
	kept, err := readTotals(v.tx)
	if err != nil {
		return err
	}
	if kept != v.totals || int64(inBucket) != v.totals.Entries {
		v.problemf("totals are kept as %+v, the entries come to %+v (%d in the ledger)", kept, v.totals, inBucket)
	}
	return nil
}

func (v *verifier) ledger(id event.PayeeID) error {
	kept, err := v.Ledger(id)
	if err != nil {
		return err
	}
	walked := ledger.Account{Payee: id}
	err = v.EntriesOf(id, func(e *ledger.Entry) error {
		again := *e
		if err := walked.Append(&again); err != nil {
			return err
		}
		if again.Seq != e.Seq || again.Hash != e.Hash || again.After != e.After {
			return fmt.Errorf("entry %d does not follow the one before it", e.Seq)
		}
		at := key(id, e.Seq)
		byID, err := in(v.tx, bEntryIDs).get(e.ID[:])
		if err != nil {
			return err
		}
		indexed, err := in(v.tx, bEntriesOf).has(key(e.Scope, at))
		if err != nil {
			return err
		}
		if !bytes.Equal(byID, at) || !indexed {
			v.problemf("entry %s of %s is missing from an index", e.ID, id)
		}
		v.progress("entries", int(v.totals.Entries))
		v.out.Entries++
		return v.totals.add(e)
	})
	if err != nil {
		return err
	}
	if walked.Seq != kept.Seq || walked.Head != kept.Head || walked.Balances != kept.Balances || !maps.Equal(walked.Periods, kept.Periods) {
		v.problemf("the ledger of %s comes to %d entries and %+v, kept as %d and %+v", id, walked.Seq, walked.Balances, kept.Seq, kept.Balances)
	}
	return nil
}

// outputs walks the out log: numbered without gaps, each hash over the one
// before.
func (v *verifier) outputs() error {
	var last tenant.Output
	return v.prefixed(bOut, nil, func(k, b []byte) error {
		o, err := decodeOut(k, b)
		if err != nil {
			return err
		}
		if o.N != last.N+1 || o.Hash != hashOut(last.Hash, b[outHead:]) {
			v.problemf("output %d does not follow the one before it", o.N)
		}
		last = o
		v.out.Outputs++
		v.progress("outputs", int(o.N)) //nolint:gosec // for people
		return nil
	})
}

// derive works out every account and payee from their facts again and holds
// them against what is posted.
func (v *verifier) derive(s *Store) (err error) {
	if v.state, err = readState(v.tx); err != nil {
		return err
	}
	e, err := tenant.New(s.opts.Tenant, s.plans, s.opts.Plan, v.state, 0)
	if err != nil {
		return err
	}
	var last []byte
	err = v.prefixed(bFactsOf, []byte{'a'}, func(k, _ []byte) error {
		name, _, err := cut(k[1:], 9)
		if err != nil {
			return err
		}
		if bytes.Equal(name, last) {
			return nil
		}
		last = bytes.Clone(name)
		v.out.Accounts++
		v.progress("accounts", v.out.Accounts)
		return v.rederived(e, event.OfAccount(event.AccountID(name)))
	})
	if err != nil {
		return err
	}
	ids, err := v.Payees()
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := v.rederived(e, event.OfPayee(id)); err != nil {
			return err
		}
	}
	return nil
}

func (v *verifier) rederived(e *tenant.Engine, of event.Scope) error {
	if w := v.state.Sweep; w != nil && (of.Account > w.Account && !w.Payees || of.Payee > w.Payee) {
		return nil // a change of the rules has yet to come to it
	}
	entries, err := e.Rederive(v.View, of)
	if err != nil {
		return err
	}
	for _, en := range entries {
		v.problemf("%s%s: derived again, %s %s of %d minor units on %s (%s) is not what is posted", of.Account, of.Payee, en.Kind, en.Reason, en.Minor, en.Effective, en.Payee)
	}
	return nil
}
