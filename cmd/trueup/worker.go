package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/rs/zerolog"

	"github.com/trueup/trueup/consumers"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/web"
	"github.com/trueup/trueup/internal/wire"
	"github.com/trueup/trueup/store"
)

// worker is a running worker: what it opened, and the goroutines it started.
type worker struct {
	cfg   config
	log   zerolog.Logger
	store *store.Store

	embedded *broker.Embedded
	conn     *broker.Conn
	sub      *broker.Subscriber
	router   *message.Router
	sweeper  *consumers.Sweeper
	feeding  chan struct{} // closed when a demo has been fed; nil without one

	httpServer *http.Server
	httpAddr   string

	alarms alarms

	ctx     context.Context // of everything but the input; ends after the input has
	cancel  context.CancelFunc
	input   context.Context // of what takes inputs
	noInput context.CancelFunc
	failed  chan error
	running sync.WaitGroup
	closers []func() error // in the order opened
}

const (
	sweepEvery  = 200 * time.Millisecond
	playSettle  = 2 * time.Second
	relayRetry  = time.Second
	stopTimeout = 30 * time.Second
	abortWait   = 500 * time.Millisecond
)

// startWorker opens everything in order: the ledger, the broker, the relay, the
// batch, the handlers, the input, the clock, the web. What fails undoes what
// was opened.
func startWorker(ctx context.Context, e env, c config, log zerolog.Logger) (_ *worker, err error) {
	w := &worker{cfg: c, log: log, failed: make(chan error, 16)}
	w.ctx, w.cancel = context.WithCancel(context.WithoutCancel(ctx))
	w.input, w.noInput = context.WithCancel(w.ctx)
	defer func() {
		if err != nil {
			err = errors.Join(err, w.stop())
		}
	}()
	for _, open := range []func(context.Context, env) error{w.openStore, w.openBroker, w.openPipeline, w.openWeb} {
		if err := open(ctx, e); err != nil {
			return nil, err
		}
	}
	return w, nil
}

func (w *worker) openStore(_ context.Context, _ env) error {
	plans, err := w.cfg.load()
	if err != nil {
		return err
	}
	w.store, err = store.Open(w.cfg.ledgerPath(), store.Options{
		Tenant: w.cfg.tenant, Plans: plans, Plan: readPlan, Cache: w.cfg.cache,
		Codec: newCodec(w.cfg.tenant, wire.Limits{MaxBody: w.cfg.maxEvent}),
	})
	if err != nil {
		return err
	}
	w.closers = append(w.closers, w.store.Close)
	for _, p := range w.store.Plans() {
		for _, n := range planfile.Notices(p) {
			w.log.Warn().Str("plan", p.ID()).Msg(n)
		}
	}
	return refusePlans(w.store.Plans())
}

func (w *worker) openBroker(ctx context.Context, _ env) error {
	url := w.cfg.nats
	if url == "" {
		var err error
		w.embedded, err = broker.Embed(broker.Options{Dir: filepath.Join(w.cfg.data, "nats"), Addr: w.cfg.natsListen, Log: w.log})
		if err != nil {
			return err
		}
		w.closers = append(w.closers, w.embedded.Close)
		url = w.embedded.URL()
	}
	var err error
	if w.conn, err = broker.Connect(ctx, url, w.log); err != nil {
		return err
	}
	w.closers = append(w.closers, func() error { w.conn.Close(); return nil })
	return w.conn.EnsureStreams(ctx, w.cfg.streams, w.cfg.tenant)
}

func (w *worker) openPipeline(_ context.Context, e env) error {
	clock, played, err := w.clock(e)
	if err != nil {
		return err
	}
	output, err := w.conn.NewOutput(w.cfg.streams.Out, w.cfg.tenant)
	if err != nil {
		return err
	}
	w.sub, err = w.conn.NewSubscriber(broker.SubscriberConfig{
		Stream: w.cfg.streams.In, Durable: "trueup-" + w.cfg.tenant, Subjects: broker.InSubjects(w.cfg.tenant),
		Resume: w.resume, Alarm: w.rewound, Log: w.log,
	})
	if err != nil {
		return err
	}
	batch := consumers.NewBatcher(w.store, consumers.DefaultBatch, w.log)
	handler := consumers.Handler{
		Decoder: wire.Decoder{Tenant: w.cfg.tenant, Limits: wire.Limits{MaxBody: w.cfg.maxEvent}}, Clock: clock, Batch: batch,
	}
	if w.router, err = consumers.NewRouter(w.sub, w.cfg.tenant, handler, w.routerLog()); err != nil {
		return err
	}
	relay := consumers.Relay{Log: w.store, Transport: output, Retry: relayRetry, Logger: w.log}
	w.sweeper = w.newSweeper(clock, played)

	w.start("relay", relay.Run)
	w.start("batch", batch.Run)
	w.start("router", w.router.Run)
	<-w.router.Running()
	w.startInput("input", w.sub.Run)
	w.startInput("clock", w.sweeper.Run)
	return nil
}

// routerLog lets Watermill say what a person should look at, and no more: at
// the end it calls it an error that its handlers have stopped.
func (w *worker) routerLog() watermill.LoggerAdapter {
	log := w.log.Level(max(zerolog.WarnLevel, w.log.GetLevel())).Hook(zerolog.HookFunc(func(e *zerolog.Event, _ zerolog.Level, _ string) {
		if w.input.Err() != nil {
			e.Discard()
		}
	}))
	return watermill.NewSlogLogger(slog.New(zerolog.NewSlogHandler(log)))
}

func (w *worker) clock(e env) (consumers.Clock, *consumers.PlayedClock, error) {
	seen, err := w.store.AsOf()
	if err != nil {
		return nil, nil, err
	}
	from, err := w.cfg.playFrom(w.store.Plans(), seen)
	if err != nil || from.IsZero() {
		return consumers.RealClock{Time: e.now}, nil, err
	}
	played := consumers.NewPlayedClock(from, e.now)
	return played, played, nil
}

func (w *worker) newSweeper(clock consumers.Clock, played *consumers.PlayedClock) *consumers.Sweeper {
	if w.cfg.demo {
		w.feeding = make(chan struct{})
	}
	return &consumers.Sweeper{
		Clock: clock, Every: sweepEvery, Played: played, Settle: playSettle, Log: w.log,
		Waiting: w.waiting, Pending: w.sub.Pending, Tick: w.tick,
		Hold: func() bool {
			if w.feeding == nil {
				return false
			}
			select {
			case <-w.feeding:
				return false
			default:
				return true
			}
		},
	}
}

func (w *worker) waiting() (consumers.Waiting, error) {
	st, err := w.store.Waiting()
	return consumers.Waiting(st), err
}

// tick publishes the clock's instant as an input.
func (w *worker) tick(ctx context.Context, at time.Time) error {
	at = at.UTC()
	id := "tick-" + at.Format(time.RFC3339Nano)
	body, err := wire.Encode(event.Ticked{Header: event.Header{
		Identity: event.Identity{Source: "trueup/clock", ID: id}, Type: wire.Tick, Time: at,
	}})
	if err != nil {
		return err
	}
	_, err = w.conn.PublishAll(ctx, one(broker.Msg{Subject: broker.ClockSubject(w.cfg.tenant), Body: body}), nil)
	return err
}

func one(m broker.Msg) func(func(broker.Msg, error) bool) {
	return func(yield func(broker.Msg, error) bool) { yield(m, nil) }
}

// resume gives the input's positions to the subscriber.
func (w *worker) resume(context.Context) ([]broker.Position, error) {
	kept, err := w.store.Positions()
	out := make([]broker.Position, len(kept))
	for i, p := range kept {
		out[i] = broker.Position(p)
	}
	return out, err
}

// rewound notes that the broker lost what the ledger has.
func (w *worker) rewound(r broker.Rewind) {
	w.alarms.add(r.String())
	w.log.Error().Str("rewind", r.String()).Msg("the input stream is not as it was: events are read again, and the facts decide")
}

func (w *worker) openWeb(ctx context.Context, _ env) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", w.cfg.http)
	if err != nil {
		return fmt.Errorf("--http %s: %w", w.cfg.http, err)
	}
	w.httpAddr = l.Addr().String()
	w.httpServer = web.HTTPServer(web.NewServer(liveReader{fileReader{w.store}, w}, web.Options{Listen: w.httpAddr, Ready: w.ready, Log: w.log}), w.log)
	w.start("web", func(context.Context) error {
		if err := w.httpServer.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	return nil
}

// ready says why the worker cannot do its work now.
func (w *worker) ready(context.Context) error {
	if !w.conn.Connected() {
		return broker.ErrDisconnected
	}
	return nil
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

// wait runs until ctx ends or a part fails, and stops the worker.
func (w *worker) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		w.log.Info().Msg("stopping")
		err := w.stop()
		w.log.Info().Msg("stopped")
		return err
	case err := <-w.failed:
		w.abort()
		return err
	}
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
		fmt.Fprintf(out, "events:  stream %s of the broker given\n", w.cfg.streams.In)
	}
	fmt.Fprintf(out, "answers: http://%s\nledger:  %s\n", w.httpAddr, w.cfg.ledgerPath())
}
