package store

import (
	"fmt"
	"os"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain/tenant"
)

// Committing is told what a transaction came to right before it is committed,
// and commits it by calling commit, whose error it returns.
type Committing func(came tenant.Recorded, commit func() error) error

// watched commits a transaction before whoever watches.
func (s *Store) watched(came tenant.Recorded, tx *bbolt.Tx) error {
	if s.opts.Committing == nil {
		return commit(tx)
	}
	err := s.opts.Committing(came, func() error { return commit(tx) })
	if err != nil {
		_ = tx.Rollback() // where it was not tried; else there is nothing to roll back
	}
	return err
}

// trace notes which messages an arrival caused that is watched. Their numbers
// are counted from the transaction's first until told makes them the log's.
func (r *recording) trace(of any) error {
	if of == nil {
		return nil
	}
	if err := r.settle(); err != nil {
		return err
	}
	if made := len(r.messages); made > r.fires {
		r.out.Traced = append(r.out.Traced, tenant.Traced{Trace: of, From: uint64(r.fires), To: uint64(made)}) //nolint:gosec // lengths
	}
	return nil
}

// traceFired notes which messages timers caused that fired before an arrival,
// counted as by trace.
func (r *recording) traceFired(by any) {
	from, to := uint64(r.unfired), uint64(len(r.messages)) //nolint:gosec // lengths
	if last := len(r.out.Fired) - 1; by == nil && last >= 0 && r.out.Fired[last].Trace == nil && r.out.Fired[last].To == from {
		r.out.Fired[last].To = to
		return
	}
	if to > from || by != nil {
		r.out.Fired = append(r.out.Fired, tenant.Traced{Trace: by, From: from, To: to})
	}
}

// told completes what a transaction came to, once its messages are in the log
// and the last of it has a number.
func (r *recording) told(last uint64) {
	r.out.Outputs = len(r.messages)
	if r.out.Outputs == 0 {
		return
	}
	r.out.LastOutput = last
	before := last - uint64(r.out.Outputs) //nolint:gosec // a length
	for i := range r.out.Traced {
		t := &r.out.Traced[i]
		t.From, t.To = t.From+before, t.To+before
	}
	for i := range r.out.Fired {
		t := &r.out.Fired[i]
		t.From, t.To = t.From+before, t.To+before
	}
}

// Halted is why nothing more can be recorded: an earlier error, a file that is
// closed or cannot be written; nil: it can, as far as one knows before the next
// commit.
func (s *Store) Halted() error {
	if why := s.halted.Load(); why != nil {
		return *why
	}
	if err := s.read(func(*bbolt.Tx) error { return nil }); err != nil {
		return fmt.Errorf("the ledger file cannot be read: %w", err)
	}
	f, err := os.OpenFile(s.db.Path(), os.O_WRONLY, 0) // as on a disk that was made read-only
	if err != nil {
		return fmt.Errorf("the ledger file cannot be written: %w", err)
	}
	return f.Close()
}

// File is how large the ledger's file is, and how much of it has no record in
// it and is written again before the file grows.
type File struct{ Bytes, Free int64 }

// File measures the file.
func (s *Store) File() (f File, err error) {
	err = s.read(func(tx *bbolt.Tx) error {
		stats, page := s.db.Stats(), int64(s.db.Info().PageSize)
		f = File{Bytes: tx.Size(), Free: int64(stats.FreePageN+stats.PendingPageN) * page}
		return nil
	})
	return f, err
}
