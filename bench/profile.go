package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"time"
	"unsafe"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/google/pprof/profile"
	"github.com/rs/zerolog"
	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/consumers"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/wire"
	"github.com/trueup/trueup/store"
)

// profiled says where our time went while the events were measured.
type profiled struct {
	Wall    time.Duration
	CPU     time.Duration // sampled
	Record  time.Duration // the one writer was in a transaction
	Spill   time.Duration // of that, in the commit: nodes into pages
	Write   time.Duration // and writing and syncing them
	Fsyncs  time.Duration // an estimate of the part in fdatasync: two per commit, calibrated here
	Batches int
	Parts   []part
	Leaves  []part // by package of the function that ran
	File    string // the profile itself
}

// part is a share of the CPU time.
type part struct {
	Name string
	CPU  time.Duration
}

// watched is a store whose transactions are watched from the setup's end on.
type watched struct {
	*store.Store
	w       *workload
	db      *bbolt.DB
	cpu     bytes.Buffer
	out     profiled
	begun   time.Time
	before  bbolt.TxStats
	start   used
	r       childResult
	done    chan struct{}
	pages   int64
	sampled error
	sizes   []int // of all transactions
}

// dbOf is the file under a store, for its statistics.
func dbOf(s *store.Store) *bbolt.DB {
	return *(**bbolt.DB)(unsafe.Pointer(reflect.ValueOf(s).Elem().FieldByName("db").UnsafeAddr())) //nolint:gosec // a benchmark may look
}

// Record implements consumers.Recorder.
func (r *watched) Record(batch []tenant.Arrival) (tenant.Recorded, error) {
	start := time.Now()
	out, err := r.Store.Record(batch)
	r.sizes = append(r.sizes, len(batch))
	last := batch[len(batch)-1].Position.Seq
	switch {
	case err != nil:
	case !r.begun.IsZero() && last <= r.w.last():
		r.out.Batches++
		r.out.Record += time.Since(start)
		if last == r.w.last() {
			r.end()
		}
	case r.begun.IsZero() && last >= uint64(r.w.Setup): //nolint:gosec // a count
		r.r.Events = int(r.w.last() - last) //nolint:gosec // a count
		r.before, r.start, r.begun = r.db.Stats().TxStats, usage(), time.Now()
		r.sampled = pprof.StartCPUProfile(&r.cpu)
	}
	return out, err
}

func (r *watched) end() {
	r.out.Wall = time.Since(r.begun)
	pprof.StopCPUProfile()
	now := r.db.Stats().TxStats
	stats := now.Sub(&r.before)
	r.out.Spill, r.out.Write = stats.GetSpillTime()+stats.GetRebalanceTime(), stats.GetWriteTime()
	r.pages = stats.GetPageAlloc()
	events := r.r.Events
	r.r.finish(events, r.out.Wall, r.start)
	close(r.done)
}

// runProfile assembles the worker in this process as cmd/trueup does and
// profiles it.
func runProfile(ctx context.Context, w *workload) (r childResult, err error) {
	fsync, err := calibrate(w.Dir)
	if err != nil {
		return r, err
	}
	asWorker(tenant.DefaultCache)
	plans, err := planfile.Load(w.planFiles()...)
	if err != nil {
		return r, err
	}
	s, err := store.Open(filepath.Join(w.path("us"), tenantName+".db"), store.Options{Tenant: tenantName, Plans: plans, Plan: readPlan, Codec: codec{}})
	if err != nil {
		return r, err
	}
	rec := &watched{Store: s, w: w, db: dbOf(s), done: make(chan struct{})}
	if err := pipeline(ctx, w, rec); err != nil {
		return r, err
	}
	if err := errors.Join(rec.sampled, s.Close()); err != nil {
		return r, err
	}
	r = rec.r
	r.Commits, r.PutBytes = rec.out.Batches, rec.pages
	rec.out.Fsyncs = 2 * fsync * time.Duration(rec.out.Batches)
	rec.out.File = w.path("cpu.pprof")
	if err := os.WriteFile(rec.out.File, rec.cpu.Bytes(), 0o600); err != nil {
		return r, err
	}
	p, err := profile.ParseData(rec.cpu.Bytes())
	if err != nil {
		return r, err
	}
	rec.out.CPU, rec.out.Parts, rec.out.Leaves = divide(p)
	r.Profile = &rec.out
	return r, nil
}

// pipeline runs until the events measured are recorded and published.
func pipeline(ctx context.Context, w *workload, rec *watched) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	log := zerolog.New(os.Stderr).Level(zerolog.WarnLevel)
	conn, err := broker.Connect(ctx, w.URL, log)
	if err != nil {
		return err
	}
	defer conn.Close()
	output, err := conn.NewOutput(broker.DefaultNames.Out, tenantName)
	if err != nil {
		return err
	}
	sub, err := conn.NewSubscriber(broker.SubscriberConfig{
		Stream: broker.DefaultNames.In, Durable: durable, Subjects: broker.InSubjects(tenantName), Log: log, Window: 3 * consumers.DefaultBatch,
		Resume: func(context.Context) ([]broker.Position, error) { return nil, nil },
	})
	if err != nil {
		return err
	}
	batch := consumers.NewBatcher(rec, consumers.DefaultBatch, log)
	router, err := consumers.NewRouter(sub, tenantName, consumers.Handler{
		Decoder: wire.Decoder{Tenant: tenantName}, Clock: consumers.NewPlayedClock(w.AsOf, time.Now), Batch: batch,
	}, watermill.NopLogger{})
	if err != nil {
		return err
	}
	relay := consumers.Relay{Log: rec.Store, Transport: output, Retry: time.Second, Logger: log}
	failed := make(chan error, 8)
	var running sync.WaitGroup
	spawn := func(f func(context.Context) error) {
		running.Go(func() {
			if err := f(ctx); err != nil {
				failed <- err
			}
		})
	}
	spawn(relay.Run)
	spawn(batch.Run)
	spawn(router.Run)
	<-router.Running()
	spawn(sub.Run)
	select {
	case <-rec.done:
	case err = <-failed:
	case <-ctx.Done():
		err = ctx.Err()
	}
	err = errors.Join(err, sub.Close(), router.Close())
	cancel()
	running.Wait()
	return err
}

// rule gives samples to a part: the first rule with a text in any of the
// sample's functions takes it.
type rule struct {
	part  string
	texts []string
}

var rules = []rule{
	{"garbage collector", []string{"runtime.gcBgMarkWorker", "runtime.bgsweep", "runtime.bgscavenge", "runtime.gcAssistAlloc", "runtime.gcStart"}},
	{"fdatasync", []string{"bbolt.fdatasync", "syscall.Fdatasync"}},
	{"bbolt commit: writing pages", []string{"bbolt.(*Tx).write"}},
	{"bbolt commit: spill, rebalance", []string{"bbolt.(*Tx).Commit", "bbolt.(*DB).Begin", "bbolt.(*DB).beginRWTx"}},
	{"relay", []string{"consumers.(*Relay)"}},
	{"outputs: encoding", []string{"codec.Outcome", "codec.Rejected"}},
	{"out log", []string{"store.appendOut"}},
	{"store: forms of entries and so on", []string{"store.encode"}},
	{"store: puts", []string{"store.(*recording).keep", "store.(*recording).park", "store.putPosition", "store.(*recording).finish"}},
	{"store: reads", []string{"store.records"}},
	{"engine: accounts", []string{"domain/account."}},
	{"engine: books, ledger", []string{"domain/book.", "domain/ledger."}},
	{"engine: rest", []string{"domain/tenant."}},
	{"store: rest", []string{"trueup/store."}},
	{"decode", []string{"internal/wire."}},
	{"batcher, handler", []string{"trueup/consumers."}},
	{"subscriber", []string{"internal/broker."}},
	{"router (watermill)", []string{"ThreeDotsLabs/watermill"}},
	{"nats client", []string{"nats-io/"}},
	{"scheduler", []string{"runtime.schedule", "runtime.mcall", "runtime.park_m", "runtime.findRunnable", "runtime.mstart", "runtime.goexit0", "runtime.sysmon"}},
}

// divide gives the samples' CPU time, in all, by rule and by leaf package.
func divide(p *profile.Profile) (total time.Duration, parts, leaves []part) {
	byPart, byLeaf := map[string]time.Duration{}, map[string]time.Duration{}
	at := len(p.SampleType) - 1 // cpu, nanoseconds
	for _, s := range p.Sample {
		cpu := time.Duration(s.Value[at])
		total += cpu
		var stack []string
		for _, l := range s.Location {
			for _, line := range l.Line {
				stack = append(stack, line.Function.Name)
			}
		}
		byPart[ruled(stack)] += cpu
		if len(stack) > 0 {
			byLeaf[packageOf(stack[0])] += cpu
		}
	}
	return total, ranked(byPart), ranked(byLeaf)
}

func ruled(stack []string) string {
	for _, r := range rules {
		for _, f := range stack {
			for _, text := range r.texts {
				if strings.Contains(f, text) {
					return r.part
				}
			}
		}
	}
	return "other"
}

// packageOf is the package of a function's full name.
func packageOf(f string) string {
	f, _, _ = strings.Cut(f, "[") // of what
	slash := strings.LastIndexByte(f, '/') + 1
	dot := strings.IndexByte(f[slash:], '.')
	if dot < 0 {
		return f
	}
	return f[:slash+dot]
}

func ranked(of map[string]time.Duration) []part {
	out := make([]part, 0, len(of))
	for name, cpu := range of {
		out = append(out, part{name, cpu})
	}
	slices.SortFunc(out, func(a, b part) int { return cmp.Or(cmp.Compare(b.CPU, a.CPU), cmp.Compare(a.Name, b.Name)) })
	return out
}
