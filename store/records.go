package store

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/tenant"
)

// records reads a tenant's records in one transaction. It implements
// tenant.Records; what it hands out holds no memory of the transaction.
type records struct {
	tx     *bbolt.Tx
	codec  Codec
	settle func() // before anything is read; nil: nothing is under way
}

// in is a bucket as it is after all that was decided.
func (r records) in(name []byte) bucket {
	if r.settle != nil {
		r.settle()
	}
	return in(r.tx, name)
}

// prefixed goes through the keys of a bucket that start with a prefix.
func (r records) prefixed(bucket, prefix []byte, yield func(k, v []byte) error) error {
	return r.in(bucket).walk(prefix, yield)
}

// Facts implements tenant.Records.
func (r records) Facts(of event.Scope, yield func(event.Event, tenant.Sum) error) error {
	return r.facts(of, func(f fact) error { return yield(f.Event, f.sum) })
}

// fact is a kept event and what is kept with it; canonical is the
// transaction's memory.
type fact struct {
	event.Event
	arrived   time.Time
	sum       tenant.Sum
	canonical []byte
}

// facts goes through the facts of a scope in the order of their arrival.
func (r records) facts(of event.Scope, yield func(fact) error) error {
	facts := r.in(bFacts)
	return r.prefixed(bFactsOf, key(of), func(k, v []byte) error {
		return eachOfRun(k, v, func(n uint64) error {
			v, err := facts.get(key(n))
			if err != nil {
				return err
			}
			arrived, sum, canonical, err := decodeFact(v)
			if err != nil {
				return err
			}
			ev, err := r.codec.Fact(canonical)
			if err != nil {
				return domain.Errorf(domain.Corrupt, "fact %d: %w", n, err)
			}
			return yield(fact{ev, arrived, sum, canonical})
		})
	})
}

// Entries implements tenant.Records.
func (r records) Entries(of event.Scope, yield func(*ledger.Entry) error) error {
	prefix := key(of)
	entries := r.in(bLedger)
	return r.prefixed(bEntriesOf, prefix, func(k, _ []byte) error {
		at := k[len(prefix):]
		v, err := entries.get(at)
		if err != nil {
			return err
		}
		e, err := decodeEntry(at, v)
		if err != nil {
			return err
		}
		return yield(e)
	})
}

// Episodes implements tenant.Records.
func (r records) Episodes(of event.AccountID) ([]tenant.Episode, error) {
	var out []tenant.Episode
	err := r.prefixed(bEpisodes, key(of), func(k, v []byte) error {
		e, err := decodeEpisode(k, v)
		out = append(out, e)
		return err
	})
	return out, err
}

// Ledger implements tenant.Records.
func (r records) Ledger(of event.PayeeID) (ledger.Account, error) {
	v, err := r.in(bPayees).get([]byte(of))
	if len(v) == 0 {
		return ledger.Account{Payee: of}, err
	}
	return decodeLedger(of, v)
}

// Notices implements tenant.Records.
func (r records) Notices(of event.AccountID, yield func(account.Notice)) error {
	return r.prefixed(bNotices, key(of), func(k, _ []byte) error {
		n, err := decodeNotice(k)
		if err == nil {
			yield(n.Notice)
		}
		return err
	})
}

// Flags implements tenant.Records.
func (r records) Flags(of tenant.FlagKey, yield func(tenant.Flag)) error {
	return r.flags(key(event.Scope{Account: of.Account, Payee: of.Payee}), func(f tenant.Flag) error {
		yield(f)
		return nil
	})
}

// AllFlags goes through every flag that is raised.
func (r records) AllFlags(yield func(tenant.Flag) error) error { return r.flags(nil, yield) }

func (r records) flags(prefix []byte, yield func(tenant.Flag) error) error {
	return r.prefixed(bFlags, prefix, func(k, v []byte) error {
		f, err := decodeFlag(k, v)
		if err != nil {
			return err
		}
		return yield(f)
	})
}

// Frozen implements tenant.Records: a payee's frozen quarter, as last locked.
func (r records) Frozen(payee event.PayeeID, q civil.Quarter) (tenant.Statement, bool, error) {
	var last tenant.Statement
	found := false
	prefix := key(q, []byte(payee))
	err := r.prefixed(bStatements, prefix, func(k, b []byte) error {
		rest := k[len(prefix):]
		if len(rest) != 0 && (rest[0] != 0 || len(rest) != 5) {
			return nil // of a payee whose name begins like this one's
		}
		st, err := decodeStatement(payee, q, b)
		if err == nil && len(rest) == 5 {
			st.Revision = int(binary.BigEndian.Uint32(rest[1:]))
		}
		last, found = st, err == nil
		return err
	})
	return last, found, err
}

// Revisions implements tenant.Records.
func (r records) Revisions(q civil.Quarter) (int, error) {
	v, err := r.in(bLocks).get(key(q))
	if v == nil {
		return 0, err
	}
	var f lockForm
	err = decode(v, &f)
	return f.Again + 1, err
}

// Accounts implements tenant.Records.
func (r records) Accounts(of money.Currency, after event.AccountID, most int) ([]event.AccountID, error) {
	bucket, prefix := bFactsOf, []byte{'a'}
	if of != "" {
		bucket, prefix = bForeign, key(of)
	}
	var out []event.AccountID
	c := r.in(bucket).cursor()
	next := func(id event.AccountID) []byte { return append(append(bytes.Clone(prefix), id...), 1) } // past every key of id
	at := prefix
	if after != "" {
		at = next(after)
	}
	for ok := c.seek(at); ok && bytes.HasPrefix(c.k, prefix) && len(out) < most; ok = c.seek(at) {
		name, _, ok := bytes.Cut(c.k[len(prefix):], []byte{0})
		if !ok {
			return nil, domain.Errorf(domain.Corrupt, "stored index has a malformed key %q", c.k)
		}
		out = append(out, event.AccountID(name))
		at = next(event.AccountID(name))
	}
	return out, c.err
}

// Ahead implements tenant.Records.
func (r records) Ahead(of event.AccountID) (bool, error) {
	return r.in(bAhead).has([]byte(of))
}

// Scopes implements tenant.Records: it goes through every fact there is.
func (r records) Scopes(of event.Identity) ([]event.Scope, error) {
	var out []event.Scope
	err := r.prefixed(bFacts, nil, func(_, v []byte) error {
		_, _, canonical, err := decodeFact(v)
		if err != nil {
			return err
		}
		ev, err := r.codec.Fact(canonical)
		if err == nil && ev.Head().Identity == of {
			out = append(out, ev.Scope())
		}
		return err
	})
	slices.SortFunc(out, func(a, b event.Scope) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Payee, b.Payee))
	})
	return out, err
}

// AccountsOf implements tenant.Records.
func (r records) AccountsOf(payee event.PayeeID) ([]event.AccountID, error) {
	var out []event.AccountID
	prefix := key(payee)
	err := r.prefixed(bRefs, prefix, func(k, _ []byte) error {
		name, _, err := cut(k[len(prefix):], 1)
		out = append(out, event.AccountID(name))
		return err
	})
	return out, err
}

// Payees implements tenant.Records.
func (r records) Payees() ([]event.PayeeID, error) {
	var out []event.PayeeID
	err := r.prefixed(bPayees, nil, func(k, _ []byte) error {
		out = append(out, event.PayeeID(k))
		return nil
	})
	return out, err
}

// FirstTimer implements tenant.Records.
func (r records) FirstTimer(until time.Time) (tenant.Timer, bool, error) {
	c := r.in(bTimers).cursor()
	if !c.first() {
		return tenant.Timer{}, false, c.err
	}
	t, err := decodeTimer(c.k)
	return t, err == nil && !t.Due.After(until), err
}
