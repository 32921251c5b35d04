package scenario_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/trueup/trueup/consumers"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/scenario"
	"github.com/trueup/trueup/internal/wire"
)

// trial runs a schedule: a worker's sweeper and batcher on a ledger in memory,
// and a stream that stamps what is published by its own clock. It lives in a
// bubble of synctest, whose time is the true clock.
type trial struct {
	*schedule
	began time.Time // in the bubble

	mu     sync.Mutex // all below
	ledger *scenario.Played
	book   *timerBook
	stream []tenant.Arrival
	acked  int // of the stream
	more   chan struct{}
	seen   uint64 // the last message that ever came
	err    error

	first   time.Time // the first timer, since when, and the ticks it did not fire for
	since   time.Time
	useless int
}

func newTrial(t *testing.T, s *schedule) *trial {
	t.Helper()
	ledger, err := scenario.Start("default", s.given, 0)
	if err != nil {
		t.Fatal(err)
	}
	return &trial{schedule: s, began: time.Now(), ledger: ledger, book: watched(ledger), more: make(chan struct{}, 1)}
}

// now is the true time.
func (tr *trial) now() time.Time { return tr.start.Add(time.Since(tr.began)) }

func (tr *trial) sleep(until time.Time) { time.Sleep(until.Sub(tr.now())) }

// run goes through the whole schedule.
func (tr *trial) run() {
	var producer sync.WaitGroup
	producer.Go(tr.produce)
	for _, r := range append(slices.Clip(tr.restarts), restart{at: tr.end}) {
		tr.work(r.at)
		if r.at.Before(tr.end) {
			tr.startAgain(r.back)
		}
	}
	producer.Wait()
}

// produce publishes everything in its time.
func (tr *trial) produce() {
	all := slices.Concat(tr.arrivals, tr.again)
	slices.SortStableFunc(all, func(a, b scenario.Arrival) int { return a.Arrived.Compare(b.Arrived) })
	for _, a := range all {
		tr.sleep(a.Arrived)
		tr.publish(a.Input)
	}
}

func (tr *trial) publish(in tenant.Input) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	stamp := tr.broker.at(tr.now())
	tr.stream = append(tr.stream, tenant.Arrival{Position: tenant.Position{Seq: uint64(len(tr.stream) + 1), Time: stamp}, Input: in})
	select {
	case tr.more <- struct{}{}:
	default:
	}
}

// work runs a worker until an instant.
func (tr *trial) work(until time.Time) {
	ctx, cancel := context.WithCancel(context.Background())
	clock := consumers.RealClock{Time: func() time.Time { return tr.worker.at(tr.now()) }}
	batch := consumers.NewBatcher(tr, 5, zerolog.Nop())
	sweeper := consumers.Sweeper{
		Clock: clock, Every: tr.every, Log: zerolog.Nop(), Waiting: tr.waiting,
		Pending: func(context.Context) (uint64, error) {
			tr.mu.Lock()
			defer tr.mu.Unlock()
			return uint64(len(tr.stream) - tr.acked), nil
		},
		Tick: func(_ context.Context, at time.Time) error {
			tr.publish(tenant.Input{Event: event.Ticked{Header: event.Header{Identity: event.Identity{Source: "trueup/clock"}, Type: wire.Tick, Time: at}}})
			return nil
		},
	}
	var parts sync.WaitGroup
	parts.Go(func() { tr.fail(batch.Run(ctx)) })
	parts.Go(func() { tr.fail(sweeper.Run(ctx)) })
	parts.Go(func() { tr.consume(ctx, clock, batch) })
	tr.sleep(until)
	cancel()
	parts.Wait()
}

// consume hands what the stream has to the batch, a few at once and not in order.
func (tr *trial) consume(ctx context.Context, clock consumers.Clock, batch *consumers.Batcher) {
	tr.mu.Lock()
	base := tr.acked
	tr.mu.Unlock()
	for next := base; ; {
		tr.mu.Lock()
		some := slices.Clone(tr.stream[next:min(next+8, len(tr.stream))])
		tr.mu.Unlock()
		if len(some) == 0 {
			select {
			case <-tr.more:
				continue
			case <-ctx.Done():
				return
			}
		}
		var submitted sync.WaitGroup
		for i, a := range slices.Backward(some) {
			a.Arrived = clock.Arrived(a.Position.Time, time.Time{}, a.Input.Event.Head().Time)
			submitted.Go(func() {
				if err := batch.Submit(ctx, uint64(next-base+i+1), a); ctx.Err() == nil {
					tr.fail(err)
				}
			})
		}
		submitted.Wait()
		if ctx.Err() != nil {
			return
		}
		next += len(some)
	}
}

// Record implements consumers.Recorder.
func (tr *trial) Record(batch []tenant.Arrival) (out tenant.Recorded, err error) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	for _, a := range batch {
		if tr.err != nil {
			return out, tr.err
		}
		if err := tr.record(a); err != nil {
			return out, fmt.Errorf("message %d: %w", a.Position.Seq, err)
		}
	}
	return out, nil
}

func (tr *trial) record(a tenant.Arrival) error {
	if int(a.Position.Seq) != tr.acked+1 {
		return fmt.Errorf("comes after %d", tr.acked)
	}
	before, fired := tr.lookAt(), tr.book.fired
	tr.book.arrives(a.Position.Time)
	a.Input.Arrived = a.Arrived
	if err := tr.ledger.Arrive(scenario.Arrival{Input: a.Input}); err != nil {
		return err
	}
	tr.acked++
	defer func() { tr.seen = max(tr.seen, a.Position.Seq) }()
	after := tr.lookAt()
	if !after.AsOf.Equal(tr.book.arrival) {
		return fmt.Errorf("stored at %s it arrives at %s, want %s: the latest so far", a.Position.Time, after.AsOf, tr.book.arrival)
	}
	if !after.First.Equal(tr.first) {
		tr.first, tr.since, tr.useless = after.First, tr.now(), 0
	}
	if _, tick := a.Input.Event.(event.Ticked); tick && a.Position.Seq > tr.seen {
		if tr.book.counts["ticks"]++; after.Dirty {
			return fmt.Errorf("a tick leaves something to settle, and so to tick for")
		}
		if !before.Dirty && fired == tr.book.fired {
			tr.book.counts["ticks for nothing"]++
			return tr.few()
		}
	}
	return nil
}

// few bounds the ticks that a timer does not fire for: they double their
// distance, if not that by which it was foretold, and stay 2,560 looks apart.
func (tr *trial) few() error {
	tr.useless++
	waited := int(tr.now().Sub(tr.since) / tr.every)
	if most := 4 + 2*bits.Len(uint(waited)) + waited/1280; tr.useless > most {
		return fmt.Errorf("%d ticks in %d looks for the timer due %s, which does not fire: want %d at most", tr.useless, waited, tr.first, most)
	}
	return nil
}

// waiting is what the sweeper sees.
func (tr *trial) waiting() (consumers.Waiting, error) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.lookAt(), tr.err
}

func (tr *trial) lookAt() consumers.Waiting {
	st := tr.ledger.Engine.State()
	first, _, _ := tr.ledger.FirstTimer(time.Time{})
	return consumers.Waiting{AsOf: st.AsOf, First: first.Due, Dirty: len(st.Dirty) > 0}
}

// startAgain makes an engine of what the last one left, and has the stream
// give some messages again.
func (tr *trial) startAgain(back int) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if tr.err != nil {
		return
	}
	tr.book.counts["restarts"]++
	tr.acked -= min(back, tr.acked)
	tr.since, tr.useless = tr.now(), 0
	tr.ledger.Engine, tr.err = tenant.New("default", tr.given, planfile.Parse, tr.ledger.Engine.State(), 1)
}

func (tr *trial) fail(err error) {
	if err == nil || errors.Is(err, consumers.ErrBatcherEnded) {
		return
	}
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.err = cmp.Or(tr.err, err)
}

// done says what of the stream or by the broker's clock is undone two looks
// before the end.
func (tr *trial) done() error {
	w := tr.lookAt()
	by := tr.broker.at(tr.end.Add(-2 * tr.every))
	switch {
	case tr.acked != len(tr.stream):
		return fmt.Errorf("%d of %d messages are recorded", tr.acked, len(tr.stream))
	case w.Dirty || !w.First.After(by):
		return fmt.Errorf("left alone until %s: %+v", tr.end, w)
	}
	return nil
}
