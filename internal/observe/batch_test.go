package observe

import (
	"context"
	"testing"
	"time"

	"github.com/trueup/trueup/domain/tenant"
)

func watching() *Metrics {
	return New(Config{
		Now: time.Now, Families: []string{"one", "two"}, FamilyOf: func(subject string) int { return len(subject) % 3 },
		Sample: func(context.Context) (Sample, error) { return Sample{}, nil }, Confirmed: func() uint64 { return 0 },
	})
}

// A batch is counted without an allocation, however many inputs it has.
func TestCountingAllocatesNothing(t *testing.T) {
	m := watching()
	batch, came := make([]tenant.Arrival, 4096), tenant.Recorded{Fates: make([]tenant.Fate, 4096)}
	for i := range batch {
		batch[i].Subject = "crm.default.x"[:10+i%3]
	}
	if n := testing.AllocsPerRun(20, func() { m.recordedBatch(batch, came) }); n > 0 {
		t.Errorf("%v allocations to count a batch, want none", n)
	}
	var traces *Traces
	if n := testing.AllocsPerRun(20, func() { traces.begin(batch, time.Time{}); traces.end(batch, came, nil); traces.caused(came) }); n > 0 {
		t.Errorf("%v allocations where nothing is traced, want none", n)
	}
}

// BenchmarkCounting is what counting costs an input of a batch.
func BenchmarkCounting(b *testing.B) {
	m := watching()
	batch, came := make([]tenant.Arrival, 4096), tenant.Recorded{Fates: make([]tenant.Fate, 4096)}
	for b.Loop() {
		m.recordedBatch(batch, came)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/4096, "ns/input")
}
