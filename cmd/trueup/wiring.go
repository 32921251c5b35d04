package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/rs/zerolog"

	"github.com/trueup/trueup/consumers"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/field"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/scenario"
	"github.com/trueup/trueup/internal/wire"
	"github.com/trueup/trueup/store"
)

func (w *worker) openStore(_ context.Context, e env) error {
	boundMemory(e, w.cfg.cache)
	plans, err := w.cfg.load()
	if err != nil {
		return err
	}
	w.store, err = store.Open(w.cfg.ledgerPath(), store.Options{
		Tenant: w.cfg.tenant, Plans: plans, Plan: readPlan, Cache: w.cfg.cache,
		Codec:      newCodec(w.cfg.tenant, wire.Limits{MaxBody: w.cfg.maxEvent}),
		Committing: func(came tenant.Recorded, commit func() error) error { return w.watched.Committing(came, commit) },
	})
	if err != nil {
		return err
	}
	w.closers = append(w.closers, w.store.Close)
	w.stops = openStops(w.cfg.ledgerPath())
	w.asked = liveReader{newFileReader(w.store), w}
	w.asked.warming = newWarming()
	w.asked.lens = newLens(w.store, w.cfg.cache)
	w.asked.whatIfs = scenario.NewWhatIfs(w.cfg.tenant, w.store.Plans(), history{w.store})
	for _, what := range w.store.Noticed() {
		w.log.Warn().Str(field.Problem, what).Msg("the ledger file was not whole")
	}
	if err := w.watch(e); err != nil {
		return err
	}
	return store.RemoveSnapshots(w.cfg.ledgerPath())
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
	opts, err := w.cfg.login.options()
	if err != nil {
		return err
	}
	if w.conn, err = broker.Connect(ctx, url, w.log, opts...); err != nil {
		return err
	}
	w.closers = append(w.closers, func() error { w.conn.Close(); return nil })
	return w.conn.EnsureStreams(ctx, w.cfg.streams, w.cfg.tenant)
}

// planSource is the source of plans that a worker publishes.
const planSource = "trueup/plan"

// publishPlans publishes the plans given that the ledger does not have: they
// take hold as any decision does, by an event, and a replay finds them there.
func (w *worker) publishPlans(ctx context.Context, _ env) error {
	plans, err := w.store.Unpublished()
	if err != nil {
		return err
	}
	for _, p := range plans {
		told := p.EffectiveFrom.Start(p.Zone).UTC() // so that a second start says the same
		body, err := wire.Encode(event.PlanPublished{
			Header: event.Header{Identity: event.Identity{Source: planSource, ID: p.ID()}, Type: "admin.plan.published.v1", Time: told},
			YAML:   string(planfile.Canonical(p)),
		})
		if err != nil {
			return err
		}
		if _, err := w.conn.PublishAll(ctx, one(broker.Msg{Subject: "admin." + w.cfg.tenant + ".plan.published", Body: body}), nil); err != nil {
			return fmt.Errorf("publish plan %s: %w", p.ID(), err)
		}
		w.log.Info().Str(field.Plan, p.ID()).Msg("a plan version was published to the ledger")
	}
	return nil
}

func (w *worker) openPipeline(_ context.Context, e env) error {
	clock, played, err := w.clock(e)
	if err != nil {
		return err
	}
	w.sub, err = w.conn.NewSubscriber(broker.SubscriberConfig{
		Stream: w.cfg.streams.In, Durable: "trueup-" + w.cfg.tenant, Subjects: broker.InSubjects(w.cfg.tenant),
		Window: inFlight, Resume: w.resume, Before: w.relay.Check, Alarm: w.rewound, Log: w.log,
	})
	if err != nil {
		return err
	}
	batch := consumers.NewBatcher(w.watched, consumers.DefaultBatch, w.log)
	batch.Room = func(context.Context) error { return w.bound.Wait(w.input) } // told to stop, it records what it has
	handler := consumers.Handler{
		Decoder: wire.Decoder{Tenant: w.cfg.tenant, Limits: wire.Limits{MaxBody: w.cfg.maxEvent}}, Clock: clock, Batch: batch,
	}
	if t := w.watched.Traces; t != nil {
		handler.Received, w.relay.Publishing = t.Received, t.Publishing
	}
	if w.router, err = consumers.NewRouter(w.sub, w.cfg.tenant, handler, w.routerLog()); err != nil {
		return err
	}
	w.sweeper = w.newSweeper(clock, played)

	w.start("relay", w.relay.Run)
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
	if w.feeding = w.cfg.feeding; w.cfg.demo {
		w.feeding = make(chan struct{})
	}
	return &consumers.Sweeper{
		Clock: clock, Every: sweepEvery, Played: played, Settle: w.cfg.settle, Log: w.log,
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
	of, done := w.watched.Traces.Ticking()
	_, err = w.conn.PublishAll(ctx, one(broker.Msg{Subject: broker.ClockSubject(w.cfg.tenant), Header: of.Header(), Body: body}), nil)
	done(err)
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
	w.alarm(r.String())
	w.log.Error().Str(field.Rewind, r.String()).Msg("the input stream is not as it was: events are read again, and the facts decide")
}

// alarm notes what a person should know of a stream.
func (w *worker) alarm(text string) {
	w.watched.Metrics.Alarm()
	w.alarms.add(text)
}
