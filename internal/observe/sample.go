package observe

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Sample is how a worker stands at a moment.
type Sample struct {
	Parts     []Part
	Ledger    bool    // it could be read; else all that follows is not known but Pending and Reconnects
	Pending   *uint64 // inputs not applied yet; nil: not known
	Reconnect uint64  // times the connection to the broker was made anew

	AsOf       time.Time // latest arrival; zero before the first
	Facts      uint64
	Entries    int64
	LastOutput uint64
	Confirmed  uint64
	TimersDue  int
	TimerLate  time.Duration // how long the first timer has been due
	Parked     map[string]int
	SLA        map[string]Standing
	Currency   string
	Held       float64 // these in major units
	Payable    float64

	LedgerBytes, LedgerFree int64
	DiskBytes, DiskFree     uint64 // of the disk the ledger is on; 0 and 0: not known

	Verified time.Time // when the ledger was verified last in this run; zero: never
	Problems int       // that were found then
	Stops    map[string]int
}

// Part is a part of a worker that has to do its work for the worker to do its.
type Part struct {
	Name  string
	Ready bool
}

// Standing counts deadlines.
type Standing struct{ Open, Breached int }

// sampled is the last sample.
type sampled struct {
	mu sync.Mutex
	at time.Time
	of *Sample // nil: none could be taken
}

// sampleWait bounds how long a sample may take.
const sampleWait = 3 * time.Second

// sample is the last sample, or a new one where that is old.
func (m *Metrics) sample() *Sample {
	s := &m.sampled
	s.mu.Lock()
	defer s.mu.Unlock()
	now := m.cfg.Now()
	if !s.at.IsZero() && now.Sub(s.at) < m.cfg.Every && now.Sub(s.at) >= 0 {
		return s.of
	}
	ctx, cancel := context.WithTimeout(context.Background(), sampleWait)
	defer cancel()
	of, err := m.cfg.Sample(ctx)
	if err != nil {
		m.failed.Inc()
	}
	s.at, s.of = now, &of
	return s.of
}

// desc describes a gauge or counter that is sampled.
func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

var (
	dReady      = desc("trueup_ready", "Whether a part of the worker does its work: 1 or 0. All are what /readyz asks.", "part")
	dPending    = desc("trueup_inputs_pending", "Inputs at the broker that are not applied yet; absent while the broker does not answer.")
	dReconnects = desc("trueup_broker_reconnects_total", "Times that the connection to the broker was made anew since the worker started.")
	dAsOf       = desc("trueup_arrival_timestamp_seconds", "When the latest input arrived, by the broker's clock, or the played one.")
	dFacts      = desc("trueup_ledger_facts", "Facts in the ledger.")
	dEntries    = desc("trueup_ledger_entries", "Entries in the ledger.")
	dOutputs    = desc("trueup_outputs_total", "Outputs ever recorded in the ledger's out log.")
	dConfirmed  = desc("trueup_outputs_confirmed_total", "Outputs that the broker is known to have.")
	dWaiting    = desc("trueup_outputs_waiting", "Outputs that are recorded and not known to be published.")
	dOldest     = desc("trueup_outputs_oldest_waiting_seconds", "How long the oldest of these has waited, at most a second too much; what an earlier run left is counted from the start of this one.")
	dTimers     = desc("trueup_timers_due", "Timers that are due and have not fired, counted up to 100,000.")
	dLate       = desc("trueup_timers_oldest_due_seconds", "How long the first of these has been due.")
	dParked     = desc("trueup_parked", "Inputs that are parked and wait for somebody, by the code of the reason.", "reason")
	dOpen       = desc("trueup_sla_open", "Deadlines that run: risk interventions and disputes.", "sla")
	dBreached   = desc("trueup_sla_breached", "Deadlines that were missed, and what they are for has not been done since.", "sla")
	dFile       = desc("trueup_ledger_file_bytes", "Size of the ledger's file.")
	dFileFree   = desc("trueup_ledger_file_free_bytes", "Of that what holds no record, and is written again before the file grows.")
	dDisk       = desc("trueup_disk_bytes", "Size of the disk that the ledger is on.")
	dDiskFree   = desc("trueup_disk_free_bytes", "What is free of it for the worker.")
	dVerified   = desc("trueup_verified_timestamp_seconds", "When the whole ledger was verified last in this run; absent: not in this run.")
	dProblems   = desc("trueup_verify_problems", "Problems that this verification found.")
	dStops      = desc("trueup_stops_total", "Times that a worker of this ledger stopped by itself, by what for: ledger (a chain, a sum or another assertion did not hold), disk (an error of it), taken_over (another worker or another ledger's stream), other.", "reason")
	dHeld       = desc("trueup_held_amount", "What is held of all payees together, in major units. Not for whoever may not see amounts.", "currency")
	dPayable    = desc("trueup_payable_amount", "What is payable to all payees together, debts taken off, in major units. Not for whoever may not see amounts.", "currency")
)

// standing collects the sample.
type standing struct{ *Metrics }

// Describe implements prometheus.Collector.
func (standing) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		dReady, dPending, dReconnects, dAsOf, dFacts, dEntries, dOutputs, dConfirmed, dWaiting, dOldest, dTimers, dLate, dParked, dOpen, dBreached,
		dFile, dFileFree, dDisk, dDiskFree, dVerified, dProblems, dStops,
	} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (c standing) Collect(to chan<- prometheus.Metric) {
	s := c.sample()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	counter := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	for _, p := range s.Parts {
		gauge(dReady, oneIf(p.Ready), p.Name)
	}
	if s.Pending != nil {
		gauge(dPending, float64(*s.Pending))
	}
	counter(dReconnects, float64(s.Reconnect))
	for reason, n := range s.Stops {
		counter(dStops, float64(n), reason)
	}
	if !s.Verified.IsZero() {
		gauge(dVerified, seconds(s.Verified))
		gauge(dProblems, float64(s.Problems))
	}
	if s.DiskBytes > 0 {
		gauge(dDisk, float64(s.DiskBytes))
		gauge(dDiskFree, float64(s.DiskFree))
	}
	if !s.Ledger {
		return
	}
	if !s.AsOf.IsZero() {
		gauge(dAsOf, seconds(s.AsOf))
	}
	gauge(dFacts, float64(s.Facts))
	gauge(dEntries, float64(s.Entries))
	counter(dOutputs, float64(s.LastOutput))
	counter(dConfirmed, float64(min(s.Confirmed, s.LastOutput)))
	gauge(dWaiting, float64(s.LastOutput-min(s.LastOutput, s.Confirmed)))
	gauge(dOldest, c.lag.oldest(s.Confirmed, c.cfg.Now()).Seconds())
	gauge(dTimers, float64(s.TimersDue))
	gauge(dLate, s.TimerLate.Seconds())
	gauge(dFile, float64(s.LedgerBytes))
	gauge(dFileFree, float64(s.LedgerFree))
	for sla, n := range s.SLA {
		gauge(dOpen, float64(n.Open), sla)
		gauge(dBreached, float64(n.Breached), sla)
	}
	for reason, n := range bounded(s.Parked) {
		gauge(dParked, float64(n), reason)
	}
}

// mostReasons bounds the values of a label that codes are.
const mostReasons = 60

// bounded adds up under "other" what is beyond the first values of a label.
func bounded(counts map[string]int) map[string]int {
	if len(counts) <= mostReasons {
		return counts
	}
	out := map[string]int{}
	for i, code := range slices.Sorted(maps.Keys(counts)) {
		if i < mostReasons {
			out[code] += counts[code]
		} else {
			out["other"] += counts[code]
		}
	}
	return out
}

// balances collects what of the sample are amounts.
type balances struct{ *Metrics }

// Describe implements prometheus.Collector.
func (balances) Describe(to chan<- *prometheus.Desc) { to <- dHeld; to <- dPayable }

// Collect implements prometheus.Collector.
func (c balances) Collect(to chan<- prometheus.Metric) {
	s := c.sample()
	if !s.Ledger {
		return
	}
	to <- prometheus.MustNewConstMetric(dHeld, prometheus.GaugeValue, s.Held, s.Currency)
	to <- prometheus.MustNewConstMetric(dPayable, prometheus.GaugeValue, s.Payable, s.Currency)
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func seconds(t time.Time) float64 { return float64(t.UnixNano()) / float64(time.Second) }
