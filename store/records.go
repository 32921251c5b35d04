package store

import (
	"bytes"
	"encoding/binary"
	"time"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/tenant"
)

// records reads a tenant's records in one transaction. It implements
// tenant.Records; what it hands out holds no memory of the transaction.
type records struct {
	tx    *bbolt.Tx
	codec Codec
}

// prefixed goes through the keys of a bucket that start with a prefix.
func (r records) prefixed(bucket, prefix []byte, yield func(k, v []byte) error) error {
	c := r.tx.Bucket(bucket).Cursor()
	for k, v := c.Seek(prefix); k != nil && bytes.HasPrefix(k, prefix); k, v = c.Next() {
		if err := yield(k, v); err != nil {
			return err
		}
	}
	return nil
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
	facts := r.tx.Bucket(bFacts)
	return r.prefixed(bFactsOf, key(of), func(k, _ []byte) error {
		_, n, err := cut(k, 8)
		if err != nil {
			return err
		}
		arrived, sum, canonical, err := decodeFact(facts.Get(n))
		if err != nil {
			return err
		}
		ev, err := r.codec.Fact(canonical)
		if err != nil {
			return domain.Errorf(domain.Corrupt, "fact %d: %w", binary.BigEndian.Uint64(n), err)
		}
		return yield(fact{ev, arrived, sum, canonical})
	})
}

// Entries implements tenant.Records.
func (r records) Entries(of event.Scope, yield func(*ledger.Entry) error) error {
	prefix := key(of)
	entries := r.tx.Bucket(bLedger)
	return r.prefixed(bEntriesOf, prefix, func(k, _ []byte) error {
		at := k[len(prefix):]
		e, err := decodeEntry(at, entries.Get(at))
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
	v := r.tx.Bucket(bPayees).Get([]byte(of))
	if len(v) == 0 {
		return ledger.Account{Payee: of}, nil
	}
	return decodeLedger(of, v)
}

// Shares implements tenant.Records.
func (r records) Shares(of event.PayeeID) (map[account.Seat]account.Share, error) {
	out := map[account.Seat]account.Share{}
	prefix := key(of)
	err := r.prefixed(bShares, prefix, func(k, v []byte) error {
		role, q, ok := bytes.Cut(k[len(prefix):], []byte{0})
		if !ok || len(q) != 4 {
			return domain.Errorf(domain.Corrupt, "stored share has a malformed key %q", k)
		}
		sh, err := decodeShare(v)
		out[account.Seat{Payee: of, Role: event.Role(role), Quarter: civil.Quarter(binary.BigEndian.Uint32(q))}] = sh //nolint:gosec // written from a Quarter
		return err
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
	k, _ := r.tx.Bucket(bTimers).Cursor().First()
	if k == nil {
		return tenant.Timer{}, false, nil
	}
	if len(k) < 9 {
		return tenant.Timer{}, false, domain.Errorf(domain.Corrupt, "stored timer has a malformed key %q", k)
	}
	t := tenant.Timer{Due: unsortable(binary.BigEndian.Uint64(k)), Kind: tenant.TimerKind(k[8]), ID: string(k[9:])}
	return t, !t.Due.After(until), nil
}

func timerKey(t tenant.Timer) []byte { return key(t.Due, byte(t.Kind), []byte(t.ID)) }

func readState(tx *bbolt.Tx) (tenant.State, error) {
	v := tx.Bucket(bMeta).Get(kState)
	if v == nil {
		return tenant.State{}, nil
	}
	return decodeState(v)
}
