// Package observe says how a worker does: its metrics, and the traces of events
// through it. Neither ever names anybody or anything that money is about, and
// what is counted for an input is counted once for its batch.
//
// Who calls: cmd makes one for a worker, and puts it where batches are recorded.
package observe

import (
	"context"
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/trueup/trueup/domain/tenant"
)

// Config says what is watched.
type Config struct {
	Version string
	Now     func() time.Time
	// Families are the names of those that inputs are counted by, and FamilyOf
	// finds the place of one by the subject of an input; what is beyond the last is
	// counted as "unmatched".
	Families []string
	FamilyOf func(subject string) int
	// Sample looks how the worker stands. It is asked when somebody reads the
	// metrics, and not again within Every.
	Sample func(context.Context) (Sample, error)
	Every  time.Duration
	// LastOutput is how many outputs the ledger has at the start.
	LastOutput uint64
	// Confirmed is how many outputs the broker is known to have.
	Confirmed func() uint64
}

// Unmatched is the family of inputs that no family takes.
const Unmatched = "unmatched"

// outcomes are what became of inputs, by their fate.
var outcomes = [...]string{tenant.Applied: "applied", tenant.Duplicate: "repeated", tenant.Rejected: "parked"}

// tally counts inputs by family and outcome.
type tally [][len(outcomes)]prometheus.Counter

// Metrics are a worker's, in a registry of their own.
type Metrics struct {
	cfg     Config
	plain   *prometheus.Registry // all but amounts
	amounts *prometheus.Registry

	inputs   tally
	entries  prometheus.Counter
	fired    prometheus.Counter
	batch    prometheus.Histogram
	recorded prometheus.Histogram
	commit   prometheus.Histogram
	accounts prometheus.Gauge
	weight   prometheus.Gauge
	limit    prometheus.Gauge
	hits     prometheus.Counter
	misses   prometheus.Counter
	alarms   prometheus.Counter
	failed   prometheus.Counter // samples

	lag     lag
	sampled sampled

	// Only who records uses these.
	counts [][len(outcomes)]int
	atHand tenant.AtHand
}

// New makes a worker's metrics; nothing is counted yet.
func New(cfg Config) *Metrics {
	m := &Metrics{cfg: cfg, plain: prometheus.NewRegistry(), amounts: prometheus.NewRegistry()}
	m.lag.noted(cfg.LastOutput, 0, cfg.Now())
	m.count()
	m.plain.MustRegister(
		standing{m}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	m.amounts.MustRegister(balances{m})
	return m
}

// count makes what is counted as it happens.
func (m *Metrics) count() {
	r := m.plain
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
		r.MustRegister(c)
		return c
	}
	gauge := func(name, help string) prometheus.Gauge {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
		r.MustRegister(g)
		return g
	}
	histogram := func(name, help string, buckets []float64) prometheus.Histogram {
		h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets})
		r.MustRegister(h)
		return h
	}
	inputs := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "trueup_inputs_total", Help: "Inputs recorded, by family of events and what became of them: applied, repeated, parked.",
	}, []string{"family", "outcome"})
	r.MustRegister(inputs)
	for _, family := range append(append([]string{}, m.cfg.Families...), Unmatched) {
		var of [len(outcomes)]prometheus.Counter
		for fate, outcome := range outcomes {
			of[fate] = inputs.WithLabelValues(family, outcome)
		}
		m.inputs = append(m.inputs, of)
	}
	m.counts = make([][len(outcomes)]int, len(m.inputs))
	m.entries = counter("trueup_entries_posted_total", "Ledger entries posted since the worker started.")
	m.fired = counter("trueup_timers_fired_total", "Timers that fired since the worker started.")
	m.batch = histogram("trueup_batch_inputs", "Inputs of a batch, which is recorded in one transaction.", prometheus.ExponentialBuckets(1, 4, 7))
	m.recorded = histogram("trueup_batch_seconds", "How long a batch took: its rules and its commit.", prometheus.ExponentialBuckets(0.0005, 4, 9))
	m.commit = histogram("trueup_commit_seconds", "How long the commit of a transaction took: writing its pages and syncing them.", prometheus.ExponentialBuckets(0.00025, 4, 9))
	m.accounts = gauge("trueup_cache_accounts", "Accounts that are at hand.")
	m.weight = gauge("trueup_cache_weight", "What the accounts at hand weigh: their facts, and eight for each.")
	m.limit = gauge("trueup_cache_weight_limit", "What the accounts at hand may weigh (--cache).")
	m.hits = counter("trueup_cache_hits_total", "Times that an account was needed and at hand.")
	m.misses = counter("trueup_cache_misses_total", "Times that an account was needed and had to be read from the ledger.")
	m.alarms = counter("trueup_alarms_total", "Times that a stream was not as the ledger left it: it lost messages, or somebody else wrote.")
	m.failed = counter("trueup_samples_failed_total", "Times that the ledger could not be read for its metrics.")
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "trueup_build_info", Help: "1, with the version of the program and of Go.",
		ConstLabels: prometheus.Labels{"version": m.cfg.Version, "goversion": runtime.Version()},
	})
	build.Set(1)
	r.MustRegister(build)
}

// Alarm counts something of a stream that a person should look at.
func (m *Metrics) Alarm() { m.alarms.Inc() }

// Handler serves the metrics; amounts says whether with what is held and
// payable in all.
func (m *Metrics) Handler(amounts bool) http.Handler {
	all := prometheus.Gatherers{m.plain}
	if amounts {
		all = append(all, m.amounts)
	}
	return promhttp.HandlerFor(all, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
}

// Registry is everything but amounts.
func (m *Metrics) Registry() *prometheus.Registry { return m.plain }
