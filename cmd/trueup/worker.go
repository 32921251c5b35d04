package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/rs/zerolog"

	"github.com/trueup/trueup/consumers"
	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/observe"
	"github.com/trueup/trueup/store"
)

// worker is a running worker: what it opened, and the goroutines it started.
type worker struct {
	cfg   config
	now   func() time.Time
	log   zerolog.Logger
	store *store.Store
	asked liveReader // answers for the ledger

	embedded *broker.Embedded
	conn     *broker.Conn
	sub      *broker.Subscriber
	router   *message.Router
	relay    *consumers.Relay
	bound    *consumers.Bound
	sweeper  *consumers.Sweeper
	feeding  chan struct{} // closed when a demo, or a test, has been fed; nil without one

	httpServer *http.Server
	httpURL    string

	stopAnswers func(context.Context) error // at the broker; nil: none are given

	alarms   alarms
	watched  observe.Watched // what records, as it is watched
	verified verification
	stops    *stops

	ctx     context.Context // of everything but the input; ends after the input has
	cancel  context.CancelFunc
	input   context.Context // of what takes inputs
	noInput context.CancelFunc
	failed  chan error
	running sync.WaitGroup
	closers []func() error // in the order opened
}

const (
	// inFlight is how many inputs are decoded and waiting: the next batches
	// gather while one commits.
	inFlight    = 3 * consumers.DefaultBatch
	sweepEvery  = 200 * time.Millisecond
	playSettle  = 2 * time.Second
	stopTimeout = 30 * time.Second
	abortWait   = 500 * time.Millisecond
)

// startWorker opens everything in order: the ledger, the broker, the output, the
// batch, the handlers, the input, the clock, the web. What fails undoes what
// was opened.
func startWorker(ctx context.Context, e env, c config, log zerolog.Logger) (_ *worker, err error) {
	w := &worker{cfg: c, now: e.now, log: log, failed: make(chan error, 16)}
	w.ctx, w.cancel = context.WithCancel(context.WithoutCancel(ctx))
	w.input, w.noInput = context.WithCancel(w.ctx)
	defer func() {
		if err != nil {
			err = errors.Join(err, w.stop())
		}
	}()
	for _, open := range []func(context.Context, env) error{w.openTraces, w.openStore, w.openBroker, w.openOutput, w.publishPlans, w.openPipeline, w.openWeb} {
		if err := open(ctx, e); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// start runs a part of the worker until everything ends.
func (w *worker) start(name string, f func(context.Context) error) { w.spawn(w.ctx, name, f) }

// startInput runs a part of the worker that is stopped first.
func (w *worker) startInput(name string, f func(context.Context) error) { w.spawn(w.input, name, f) }

func (w *worker) spawn(ctx context.Context, name string, f func(context.Context) error) {
	w.running.Go(func() {
		if err := f(ctx); err != nil && ctx.Err() == nil {
			w.failed <- fmt.Errorf("%s: %w", name, err)
		}
	})
}

// wait runs until ctx ends or a part fails, and stops the worker. A part that
// fails while it stops is no less a failure.
func (w *worker) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
	case err := <-w.failed:
		w.abort()
		return w.stopped(err)
	}
	w.log.Info().Msg("stopping")
	stopped := make(chan error, 1)
	go func() { stopped <- w.stop() }()
	select {
	case err := <-stopped:
		select {
		case failed := <-w.failed: // which the closing of the ledger may have said again
			return w.stopped(failed)
		default:
		}
		w.log.Info().Msg("stopped")
		return err
	case err := <-w.failed:
		w.abort()
		return w.stopped(err)
	}
}

// stopped counts that a part failed, for the next run to tell.
func (w *worker) stopped(why error) error {
	if err := w.stops.add(why); err != nil {
		w.log.Warn().Err(err).Msg("it could not be noted why the worker stopped")
	}
	return why
}

// stop ends the worker in order: no more inputs, those taken committed and
// acknowledged, then the rest, each wait bounded.
func (w *worker) stop() error {
	w.noInput()
	var errs []error
	if w.sub != nil {
		errs = append(errs, w.sub.Close())
	}
	if w.router != nil && w.router.IsRunning() {
		errs = append(errs, w.router.Close())
	}
	if w.httpServer != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), stopTimeout)
		errs = append(errs, w.httpServer.Shutdown(ctx))
		cancel()
	}
	if w.stopAnswers != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), stopTimeout)
		errs = append(errs, w.stopAnswers(ctx))
		cancel()
	}
	w.cancel()
	done := make(chan struct{})
	go func() { w.running.Wait(); close(done) }()
	bound := time.NewTimer(stopTimeout)
	defer bound.Stop()
	select {
	case <-done:
	case <-bound.C:
		errs = append(errs, errors.New("a part of the worker did not stop in time"))
	}
	for i := len(w.closers) - 1; i >= 0; i-- {
		errs = append(errs, w.closers[i]())
	}
	return errors.Join(errs...)
}

// abort ends a worker that must not go on: it does not wait for anything that
// could depend on what failed.
func (w *worker) abort() {
	w.noInput()
	w.cancel()
	if w.httpServer != nil {
		_ = w.httpServer.Close() // what it would answer of a failed commit is unknown
	}
	done := make(chan struct{})
	go func() { w.running.Wait(); close(done) }()
	bound := time.NewTimer(abortWait)
	defer bound.Stop()
	select {
	case <-done:
	case <-bound.C:
	}
}

// announce says where the worker listens.
func (w *worker) announce(out io.Writer) {
	if w.embedded != nil {
		fmt.Fprintf(out, "events:  %s (stream %s)\n", w.embedded.URL(), w.cfg.streams.In)
	} else {
		fmt.Fprintf(out, "events:  %s (stream %s of a broker that is not this worker's own)\n", withoutPasswords(w.cfg.nats), w.cfg.streams.In)
	}
	fmt.Fprintf(out, "answers: %s\nledger:  %s\n", w.httpURL, w.cfg.ledgerPath())
}
