package consumers

import (
	"context"
	"errors"

	"github.com/rs/zerolog"

	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/failpoint"
)

// Recorder applies a batch in one transaction.
type Recorder interface {
	Record(batch []tenant.Arrival) (tenant.Recorded, error)
}

// Batcher puts inputs back in stream order and records as many as have come in
// one transaction. While one batch commits the next one gathers, so batches
// grow with the load and an input that comes alone waits for nobody.
type Batcher struct {
	// Room, if set, is waited for before each batch: it returns when there is
	// room for what comes of it. What it returns an error for is not recorded.
	Room func(context.Context) error

	recorder Recorder
	max      int
	log      zerolog.Logger
	in       chan *submitted
	ended    chan struct{}
}

// submitted is an input on its way into a batch.
type submitted struct {
	index   uint64
	arrival tenant.Arrival
	done    chan error
}

// DefaultBatch is how many inputs one transaction takes at most.
const DefaultBatch = 1024

// ErrBatcherEnded is returned to whoever submits after Run has ended.
var ErrBatcherEnded = errors.New("no more inputs are recorded")

// NewBatcher makes a batcher; it records once Run runs.
func NewBatcher(r Recorder, limit int, log zerolog.Logger) *Batcher {
	return &Batcher{recorder: r, max: limit, log: log, in: make(chan *submitted, limit), ended: make(chan struct{})}
}

// Submit hands over the input with an index, counted from 1 without gaps, and
// returns when it is committed. It may be called by many goroutines, in any
// order of indexes.
func (b *Batcher) Submit(ctx context.Context, index uint64, a tenant.Arrival) error {
	s := &submitted{index, a, make(chan error, 1)}
	select {
	case b.in <- s:
	case <-b.ended:
		return ErrBatcherEnded
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-s.done:
		return err
	case <-b.ended:
		select {
		case err := <-s.done:
			return err
		default:
			return ErrBatcherEnded
		}
	}
}

// Run records until ctx ends. An error of the recorder ends it and is
// returned: nothing may be recorded after it.
func (b *Batcher) Run(ctx context.Context) error {
	defer close(b.ended)
	waiting := map[uint64]*submitted{}
	next := uint64(1)
	for {
		select {
		case s := <-b.in:
			waiting[s.index] = s
		case <-ctx.Done():
			return nil
		}
		b.gather(waiting)
		for waiting[next] != nil {
			if err := b.room(ctx); err != nil || ctx.Err() != nil {
				return err
			}
			b.gather(waiting)
			var err error
			if next, err = b.record(waiting, next); err != nil {
				return err
			}
			b.gather(waiting)
		}
	}
}

func (b *Batcher) room(ctx context.Context) error {
	if b.Room == nil {
		return nil
	}
	return b.Room(ctx)
}

// gather takes what has come in without waiting.
func (b *Batcher) gather(waiting map[uint64]*submitted) {
	for {
		select {
		case s := <-b.in:
			waiting[s.index] = s
		default:
			return
		}
	}
}

// record commits the inputs from an index on that follow each other, and gives
// the index after them.
func (b *Batcher) record(waiting map[uint64]*submitted, next uint64) (uint64, error) {
	var batch []tenant.Arrival
	var of []*submitted
	for s := waiting[next]; s != nil && len(batch) < b.max; s = waiting[next] {
		delete(waiting, next)
		batch, of = append(batch, s.arrival), append(of, s)
		next++
	}
	failpoint.At("before-commit")
	recorded, err := b.recorder.Record(batch)
	failpoint.At("committed")
	for _, s := range of {
		s.done <- err
	}
	if err != nil {
		return next, err
	}
	for _, p := range recorded.Parked {
		b.log.Warn().Str(FieldParked, p.ID).Str(FieldCode, p.Code).Msg("an input was parked")
	}
	b.log.Debug().Int(FieldInputs, len(batch)).Int(FieldEntries, recorded.Entries).Int(FieldTimers, recorded.Timers).Msg("a batch was committed")
	return next, nil
}
