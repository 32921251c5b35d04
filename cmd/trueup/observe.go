package main

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/trueup/trueup/consumers"
	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/observe"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/web"
	"github.com/trueup/trueup/store"
)

// sampleEvery bounds how often the ledger is looked at for its metrics.
const sampleEvery = 5 * time.Second

// watch makes what watches the worker, once the ledger is open.
func (w *worker) watch(e env) error {
	last, err := w.store.LastOutput()
	if err != nil {
		return err
	}
	families := make([]string, len(consumers.Families))
	for i, f := range consumers.Families {
		families[i] = f.Name
	}
	w.watched.Recorder = w.store
	w.watched.Metrics = observe.New(observe.Config{
		Version: version(), Now: e.now, Families: families, FamilyOf: consumers.FamilyOf,
		Sample: w.sample, Every: sampleEvery, LastOutput: last, Confirmed: w.store.Confirmed,
	})
	return nil
}

// parts are the parts of the worker, and why each cannot do its work now.
func (w *worker) parts() []web.Part {
	part := func(name, why string) web.Part { return web.Part{Name: name, Ready: why == "", Why: why} }
	connected, ledger, input := "", "", ""
	if !w.conn.Connected() {
		connected = broker.ErrDisconnected.Error()
	}
	if err := w.store.Halted(); err != nil {
		ledger = err.Error()
	}
	if held := w.bound.Held(); held != "" {
		input = held
	} else if !w.sub.Bound() {
		input = "no consumer delivers inputs"
	}
	return []web.Part{part("broker", connected), part("ledger", ledger), part("input", input), part("output", w.relay.Stuck())}
}

// sample looks how the worker stands. Where the ledger cannot be read the rest
// is told all the same.
func (w *worker) sample(ctx context.Context) (observe.Sample, error) {
	s := observe.Sample{Reconnect: w.conn.Reconnects(), Stops: w.stops.list()}
	for _, p := range w.parts() {
		s.Parts = append(s.Parts, observe.Part{Name: p.Name, Ready: p.Ready})
	}
	s.DiskBytes, s.DiskFree = disk(w.cfg.data)
	s.Verified, s.Problems = w.verified.last()
	pending, pendingErr := w.sub.Pending(ctx)
	now := w.sweeper.Clock.Now()
	o, err := w.asked.summary.Operating(now)
	if err != nil {
		return s, err
	}
	if pendingErr == nil {
		s.Pending = &pending
	}
	s.Ledger, s.AsOf, s.Facts, s.Entries, s.LastOutput, s.Confirmed = true, o.AsOf, o.Facts, o.Entries, o.LastOutput, o.Confirmed
	s.TimersDue, s.Parked = o.TimersDue, o.Parked
	if !o.FirstTimer.IsZero() {
		s.TimerLate = max(0, now.Sub(o.FirstTimer))
	}
	s.SLA = map[string]observe.Standing{account.RiskSLA: {}, account.DisputeSLA: {}}
	for name, n := range o.SLA {
		s.SLA[name] = observe.Standing(n)
	}
	s.LedgerBytes, s.LedgerFree = o.File.Bytes, o.File.Free
	c := w.store.Plans()[0].Currency
	s.Currency, s.Held, s.Payable = string(c), major(o.Held, c), major(o.Payable, c)
	return s, nil
}

// major is an amount in major units, as far as a metric can tell: exact up to
// 2^53 minor units.
func major(minor int64, c money.Currency) float64 {
	return float64(minor) / math.Pow10(c.Exponent())
}

// verification is what the last walk over the ledger found.
type verification struct {
	mu       sync.Mutex
	at       time.Time
	problems int
}

func (v *verification) last() (time.Time, int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.at, v.problems
}

// Verify implements report.Reader.
func (r liveReader) Verify(ctx context.Context, progress func(string, int)) (*report.Verification, error) {
	out, err := r.fileReader.Verify(ctx, progress)
	if err == nil {
		v := &r.worker.verified
		v.mu.Lock()
		defer v.mu.Unlock()
		v.at, v.problems = r.worker.now(), len(out.Problems)
	}
	return out, err
}

var _ observe.Recorder = (*store.Store)(nil)
