package main

import (
	"context"
	"sync/atomic"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/store"
)

// warming is how far a worker that has just started has read its ledger, so that
// a question about everybody need not read all of it. Until that is over such a
// question is not answered: two that read would take twice as long. The zero
// value of the pointer is of a ledger that is not read ahead.
type warming struct {
	done, of atomic.Int64 // payees
	ended    chan struct{}
}

func newWarming() *warming { return &warming{ended: make(chan struct{})} }

func (w *warming) over() bool {
	select {
	case <-w.ended:
		return true
	default:
		return false
	}
}

// wait waits until it is over, or ctx ends.
func (w *warming) wait(ctx context.Context) error {
	if w == nil {
		return nil
	}
	select {
	case <-w.ended:
		return nil
	case <-ctx.Done():
		return report.Working{What: "The worker has just started: what its ledger comes to", Done: int(w.done.Load()), Of: int(w.of.Load())}
	}
}

// warm reads what a first question about everybody would wait for. What cannot
// be read is for whoever asks to be told.
func (w *worker) warm(ctx context.Context) error {
	r := w.asked.fileReader
	err := r.warm(ctx)
	close(r.warming.ended)
	if err == nil {
		err = r.follow(ctx)
	}
	if ctx.Err() == nil {
		w.log.Warn().Err(err).Msg("the ledger could not be read ahead of questions")
	}
	return nil
}

func (r fileReader) warm(ctx context.Context) error {
	var ids []event.PayeeID
	err := r.store.View(func(v *store.View) (err error) {
		ids, err = v.Payees()
		return err
	})
	if err != nil {
		return err
	}
	r.warming.of.Store(int64(len(ids)))
	if err := r.summary.Warm(ctx, func(payees int) { r.warming.done.Store(int64(payees)) }); err != nil {
		return err
	}
	for len(ids) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(len(ids), followStep)
		if err := r.meet(ids[:n]); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

// meet has the lens look at payees.
func (r fileReader) meet(ids []event.PayeeID) error {
	_, err := through(r, r.summary.View, func(set report.Setting, _ *store.Summed) (*struct{}, error) {
		for _, id := range ids {
			if _, err := set.Look.Person(id); err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
	return err
}
