package observe

import (
	"github.com/trueup/trueup/domain/tenant"
)

// Recorder applies a batch in one transaction.
type Recorder interface {
	Record(batch []tenant.Arrival) (tenant.Recorded, error)
}

// Watched counts what a recorder records, and ends the traces of what it did.
type Watched struct {
	Recorder
	Metrics *Metrics
	Traces  *Traces // nil: nothing is traced
}

// Record implements Recorder.
func (w Watched) Record(batch []tenant.Arrival) (tenant.Recorded, error) {
	begun := w.Metrics.cfg.Now()
	w.Traces.begin(batch, begun)
	came, err := w.Recorder.Record(batch)
	w.Traces.end(batch, came, err)
	if err == nil {
		w.Metrics.recordedBatch(batch, came)
		w.Metrics.recorded.Observe(w.Metrics.cfg.Now().Sub(begun).Seconds())
	}
	return came, err
}

// Committing is told of a transaction right before it is committed, and commits
// it.
func (w Watched) Committing(came tenant.Recorded, commit func() error) error {
	w.Traces.caused(came)
	begun := w.Metrics.cfg.Now()
	err := commit()
	now := w.Metrics.cfg.Now()
	w.Metrics.commit.Observe(now.Sub(begun).Seconds())
	if err == nil && came.Outputs > 0 {
		w.Metrics.lag.noted(came.LastOutput, w.Metrics.cfg.Confirmed(), now)
	}
	return err
}

// recordedBatch counts a batch.
func (m *Metrics) recordedBatch(batch []tenant.Arrival, came tenant.Recorded) {
	m.batch.Observe(float64(len(batch)))
	m.entries.Add(float64(came.Entries))
	m.fired.Add(float64(came.Timers))
	for i, fate := range came.Fates {
		m.counts[min(m.cfg.FamilyOf(batch[i].Subject), len(m.counts)-1)][fate]++
	}
	for family := range m.counts {
		for fate, n := range m.counts[family] {
			if n > 0 {
				m.inputs[family][fate].Add(float64(n))
			}
		}
	}
	clear(m.counts)
	at, was := came.AtHand, m.atHand
	m.accounts.Set(float64(at.Accounts))
	m.weight.Set(float64(at.Weight))
	m.limit.Set(float64(at.Limit))
	m.hits.Add(float64(at.Hits - was.Hits))
	m.misses.Add(float64(at.Misses - was.Misses))
	m.atHand = at
}
