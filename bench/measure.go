package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/rs/zerolog"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/broker"
)

// The contenders, in the order of the table.
const (
	nameUsual   = "the usual way"
	nameFloor   = "the floor"
	namePgx     = "pgx on Postgres"
	nameSets    = "pgx, in sets"
	nameBenthos = "Benthos"
	nameUs      = "us"
)

var names = []string{nameUsual, nameFloor, namePgx, nameSets, nameBenthos, nameUs}

// results are everything that was measured, as they are kept.
type results struct {
	Machine  machine   `json:"machine"`
	Workload *workload `json:"workload,omitempty"`
	Rounds   []round   `json:"rounds,omitempty"` // the first warmed up
	Postgres string    `json:"postgres,omitempty"`
	// Missing says why a contender could not be had.
	Missing map[string]string `json:"missing,omitempty"`

	Profile  *profiled `json:"profile,omitempty"`
	Findings []finding `json:"findings,omitempty"`
}

// round is one turn of every contender.
type round struct {
	Load  string              `json:"load_average"`
	Fsync time.Duration       `json:"fsync_ns"`
	Of    map[string]usResult `json:"of"`
	Wrong map[string]string   `json:"wrong,omitempty"` // why a contender has no number
}

// rate is events per second; 0: the contender was wrong.
func (r round) rate(name string) float64 {
	of, ok := r.Of[name]
	if _, wrong := r.Wrong[name]; !ok || wrong || of.Elapsed <= 0 {
		return 0
	}
	return float64(of.Events) / of.Elapsed.Seconds()
}

// bench is a run of the benchmark.
type bench struct {
	o      options
	w      *workload
	worker string // the program
	server *process
	pg     *postgres         // nil: not to be had
	lacks  map[string]string // contenders that are not to be had, and why
	conn   *broker.Conn
	want   map[event.PayeeID]standing
	say    func(string, ...any)
}

func measure(ctx context.Context, o options, stdout, stderr io.Writer) (err error) {
	began := time.Now()
	b := &bench{o: o, lacks: map[string]string{}, say: func(format string, args ...any) {
		fmt.Fprintf(stderr, "%6.1fs  %s\n", time.Since(began).Seconds(), fmt.Sprintf(format, args...))
	}}
	dir, err := os.MkdirTemp(o.dir, "trueup-bench")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	b.w = &workload{Dir: dir, Seed: o.seed, Accounts: o.accounts, Events: o.events, Usual: o.usual, Databases: o.database}
	defer func() { err = errors.Join(err, b.close()) }()
	if err := b.open(ctx); err != nil {
		return err
	}
	var r results
	if r.Machine, err = look(dir); err != nil {
		return err
	}
	if o.wants(endToEnd) {
		if err := b.endToEnd(ctx, &r); err != nil {
			return err
		}
		printResults(stdout, r)
	}
	r.Findings, err = b.study(ctx)
	printFindings(stdout, r.Findings)
	return errors.Join(err, r.save(o.results))
}

// endToEnd measures all contenders in rounds, and profiles us.
func (b *bench) endToEnd(ctx context.Context, r *results) (err error) {
	b.say("preparing %d accounts", b.w.Accounts)
	if b.want, err = prepare(ctx, b.w, b.conn, b.say); err != nil {
		return err
	}
	debug.FreeOSMemory()
	b.say("stream: %d events of setup, then %d measured", b.w.Setup, b.w.Events)
	b.openPeers(ctx)
	if err := b.w.save(); err != nil {
		return err
	}
	r.Workload, r.Missing = b.w, b.lacks
	if b.pg != nil {
		r.Postgres = b.pg.version
	}
	for n := range b.o.rounds + 1 {
		got, err := b.round(ctx, n)
		if err != nil {
			return err
		}
		r.Rounds = append(r.Rounds, got)
	}
	if !b.o.profile {
		return nil
	}
	if r.Profile, err = b.profile(ctx); err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	return nil
}

// open builds the programs and starts the server.
func (b *bench) open(ctx context.Context) (err error) {
	b.worker = b.w.path("trueup")
	serverBin := b.w.path("nats-server")
	b.say("building trueup and nats-server")
	if err := build(ctx, "github.com/trueup/trueup/cmd/trueup", b.worker); err != nil {
		return err
	}
	if err := build(ctx, "github.com/nats-io/nats-server/v2", serverBin); err != nil {
		return err
	}
	if b.server, b.w.URL, err = startServer(serverBin, b.w.Dir); err != nil {
		return err
	}
	if b.conn, err = broker.Connect(ctx, b.w.URL, zerolog.Nop()); err != nil {
		return err
	}
	return b.conn.EnsureStreams(ctx, broker.DefaultNames, tenantName)
}

func (b *bench) close() error {
	if b.conn != nil {
		b.conn.Close()
	}
	var err error
	if b.pg != nil {
		err = b.pg.stop()
	}
	if b.server != nil {
		err = errors.Join(err, b.server.stop())
	}
	return err
}

// round gives every contender a turn, in another order each time. The first
// begins with us, since the others do as much as we did.
func (b *bench) round(ctx context.Context, n int) (r round, err error) {
	r = round{Load: load(), Of: map[string]usResult{}, Wrong: map[string]string{}}
	if r.Fsync, err = calibrate(b.w.Dir); err != nil {
		return r, err
	}
	for i := range names {
		name := names[(len(names)-1+i+n)%len(names)]
		if b.lacks[name] != "" {
			continue
		}
		got, err := b.turn(ctx, name)
		if ctx.Err() != nil {
			return r, ctx.Err()
		}
		r.Of[name] = got
		if err != nil {
			r.Wrong[name] = err.Error()
		}
		if name == nameUs && n == 0 {
			if err != nil {
				return r, fmt.Errorf("the round that warms up: %w", err)
			}
			if err := b.learn(ctx); err != nil {
				return r, err
			}
		}
		b.say("round %d: %s: %.0f events/s %s", n, name, r.rate(name), r.Wrong[name])
	}
	return r, nil
}

// learn readies what the others need and only our first round tells.
func (b *bench) learn(ctx context.Context) error {
	if err := learn(b.w); err != nil {
		return err
	}
	b.say("making the floor's file")
	if err := makeFloorBase(b.w, b.w.path("floor.base")); err != nil {
		return err
	}
	b.loadPeers(ctx)
	return b.w.save()
}

// profile runs our worker once more, inside a process that profiles itself.
func (b *bench) profile(ctx context.Context) (*profiled, error) {
	if err := b.fresh(ctx); err != nil {
		return nil, err
	}
	b.say("profiling")
	if err := os.MkdirAll(b.w.path("us"), 0o700); err != nil {
		return nil, err
	}
	got, err := startChild(ctx, b.w, "profile")
	if err != nil || got.Profile == nil || b.o.results == "" {
		return got.Profile, err
	}
	kept := filepath.Join(filepath.Dir(b.o.results), "cpu.pprof")
	if err := os.MkdirAll(filepath.Dir(kept), 0o755); err != nil { //nolint:gosec // results are no secret
		return nil, err
	}
	err = copyFile(got.Profile.File, kept)
	got.Profile.File = kept
	return got.Profile, err
}

func (r results) save(path string) error {
	if path == "" {
		return nil
	}
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // results are no secret
		return err
	}
	if err := os.WriteFile(path, append(b, '\n'), 0o644); err != nil { //nolint:gosec // as above
		return err
	}
	_, err = savePlots(filepath.Dir(path), r)
	return err
}
