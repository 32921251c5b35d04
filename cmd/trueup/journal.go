package main

import (
	"context"
	"errors"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/store"
)

// Journal implements report.Reader.
func (r fileReader) Journal(ctx context.Context, f report.Filter, yield func(*report.Posted) error) error {
	m, err := r.moment(f.Payee)
	if err != nil {
		return err
	}
	return report.Journal(m, f, func(p *report.Posted) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return yield(p)
	})
}

// moment is the ledgers as they are at one moment. Nothing posted ever changes,
// so the number of each payee's last entry is all that has to be kept: the
// entries are read in many short transactions, and none is open while somebody
// takes them. It implements report.Ledgers.
type moment struct {
	store  *store.Store
	payees []event.PayeeID
	last   map[event.PayeeID]uint64
	most   int // entries in memory at once

	lastOut uint64 // outputs there were
	outHash [32]byte
}

// moment is that of now, of one payee or, where none is named, of all.
func (r fileReader) moment(of event.PayeeID) (*moment, error) {
	m := &moment{store: r.store, last: map[event.PayeeID]uint64{}, most: momentChunk}
	err := r.store.View(func(v *store.View) error {
		ids, err := v.Payees()
		if err != nil {
			return err
		}
		if m.lastOut, m.outHash, err = v.LastOutput(); err != nil {
			return err
		}
		for _, id := range ids {
			if of != "" && id != of {
				continue
			}
			if err := m.take(v, id); err != nil {
				return err
			}
		}
		return nil
	})
	return m, err
}

// take adds a payee as of a view.
func (m *moment) take(v *store.View, id event.PayeeID) error {
	acct, err := v.Ledger(id)
	if err == nil {
		m.payees = append(m.payees, id)
		m.last[id] = acct.Seq
	}
	return err
}

// add adds a payee as of now.
func (m *moment) add(id event.PayeeID) error {
	return m.store.View(func(v *store.View) error { return m.take(v, id) })
}

// Payees implements report.Ledgers.
func (m *moment) Payees() ([]event.PayeeID, error) { return m.payees, nil }

// momentChunk is how many entries are in memory at once, some 60 MB of them. A
// payee with more is gone through from the start for each chunk, so it is large.
const momentChunk = 1 << 16

// EntriesOf implements report.Ledgers.
func (m *moment) EntriesOf(payee event.PayeeID, yield func(*ledger.Entry) error) error {
	last := m.last[payee]
	var chunk []*ledger.Entry
	for at := uint64(0); at < last; at = chunk[len(chunk)-1].Seq {
		var err error
		if chunk, err = m.read(chunk[:0], payee, at, last); err != nil {
			return err
		}
		if len(chunk) == 0 {
			return domain.Errorf(domain.Corrupt, "the ledger of %s ends after entry %d, not %d", payee, at, last)
		}
		for _, e := range chunk {
			if err := yield(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// read adds a payee's entries after one number, up to another, to a chunk
// until it is full.
func (m *moment) read(chunk []*ledger.Entry, payee event.PayeeID, after, last uint64) ([]*ledger.Entry, error) {
	full := errors.New("enough")
	err := m.store.View(func(v *store.View) error {
		return v.EntriesOf(payee, func(e *ledger.Entry) error {
			switch {
			case e.Seq <= after:
				return nil
			case e.Seq > last, len(chunk) == m.most:
				return full
			}
			chunk = append(chunk, e)
			return nil
		})
	})
	if errors.Is(err, full) {
		err = nil
	}
	return chunk, err
}
