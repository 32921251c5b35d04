package consumers

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"

	"github.com/rs/zerolog"

	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/failpoint"
	"github.com/trueup/trueup/internal/field"
)

// Recorder applies a batch in one transaction. It does not keep the slice,
// which is used again for the next one.
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
	due      chan struct{} // wakes Run: the next input is there
	spare    sync.Pool     // of *submitted

	mu      sync.Mutex
	work    sync.Cond // of mu: there is something to read, or it is over
	read    sync.Cond // of mu: something was read, or it is over
	unread  []*submitted
	reading int
	ready   []*submitted // read, by index from next on; nil where none has come
	run     int          // how many of ready follow each other
	next    uint64       // index of the first that is not taken
	kept    uint64       // and of the first that is not known to be committed
	over    bool

	// Only Run uses these.
	taken []*submitted
	batch []tenant.Arrival
}

// DefaultBatch is how many inputs one transaction takes at most.
const DefaultBatch = 8192

// ErrBatcherEnded is returned to whoever submits after Run has ended.
var ErrBatcherEnded = errors.New("no more inputs are recorded")

// NewBatcher makes a batcher; it records once Run runs.
func NewBatcher(r Recorder, limit int, log zerolog.Logger) *Batcher {
	b := &Batcher{recorder: r, max: limit, log: log, due: make(chan struct{}, 1), next: 1, kept: 1}
	b.work.L, b.read.L, b.spare.New = &b.mu, &b.mu, newSubmitted
	return b
}

// Run records until ctx ends. An error of the recorder ends it and is
// returned: nothing may be recorded after it.
func (b *Batcher) Run(ctx context.Context) error {
	var readers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		readers.Go(b.readAll)
	}
	err := b.recordAll(ctx)
	b.end()
	readers.Wait()
	return err
}

func (b *Batcher) recordAll(ctx context.Context) error {
	for {
		select {
		case <-b.due:
		case <-ctx.Done():
			return nil
		}
		for b.isDue() {
			if err := b.room(ctx); err != nil || ctx.Err() != nil {
				return err
			}
			if err := b.record(); err != nil {
				return err
			}
		}
	}
}

func (b *Batcher) room(ctx context.Context) error {
	if b.Room == nil {
		return nil
	}
	return b.Room(ctx)
}

func (b *Batcher) isDue() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.run > 0
}

// record commits the inputs that are there and follow each other.
func (b *Batcher) record() error {
	b.take()
	failpoint.At("before-commit")
	recorded, err := b.recorder.Record(b.batch)
	failpoint.At("committed")
	if err == nil {
		b.mu.Lock()
		b.kept = b.next
		b.mu.Unlock()
	}
	for _, s := range b.taken {
		s.done <- err
	}
	if err != nil {
		return err
	}
	for _, p := range recorded.Parked {
		b.log.Warn().Str(field.Parked, p.ID).Str(field.Code, p.Code).Msg("an input was parked")
	}
	b.log.Debug().Int(field.Inputs, len(b.batch)).Int(field.Entries, recorded.Entries).Int(field.Timers, recorded.Timers).Msg("a batch was committed")
	clear(b.batch)
	return nil
}

// take moves the next inputs into the batch. It waits for those that are here
// and only have yet to be read: the larger a batch, the less an input costs.
func (b *Batcher) take() {
	b.mu.Lock()
	for !b.over && b.run < b.max && len(b.unread)+b.reading > 0 {
		b.read.Wait()
	}
	n := min(b.run, b.max)
	b.taken = append(b.taken[:0], b.ready[:n]...)
	b.ready = slices.Delete(b.ready, 0, n)
	b.next += uint64(n)
	b.run -= n
	b.mu.Unlock()
	b.batch = b.batch[:0]
	for _, s := range b.taken {
		b.batch = append(b.batch, s.arrival)
		s.arrival = tenant.Arrival{}
	}
}
