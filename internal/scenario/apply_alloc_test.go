//go:build !race

// The race detector allocates for itself.

package scenario_test

import (
	"runtime"
	"testing"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/demo"
	"github.com/trueup/trueup/internal/scenario"
)

// TestApplyAllocations keeps the memory of the usual events low: a score, a
// contact or an invoice, the timers before it not counted. They were 0.7, 1.3 and
// 2.2 allocations when last counted, and 10, 10 and 44 before the engine used
// its lists again. What is left of the first two is lists that grow with the account.
func TestApplyAllocations(t *testing.T) {
	const imported, measured = 12_000, 30_000
	company := demo.Default()
	p, err := scenario.Start("acme", company.Plans(), 0)
	if err != nil {
		t.Fatal(err)
	}
	type cost struct{ events, allocations, bytes uint64 }
	scores, contacts, invoices := new(cost), new(cost), new(cost)
	var before, after runtime.MemStats
	n := 0
	for a := range company.Events() {
		if n++; n > imported+measured {
			break
		}
		in := tenant.Input{Event: a.Event, Arrived: p.Engine.Arrival(a.Recorded)}
		fire(t, p, in)
		var of *cost
		if n > imported {
			switch in.Event.(type) {
			case event.HealthScored:
				of = scores
			case event.ContactEngaged:
				of = contacts
			case event.Invoice:
				of = invoices
			default:
			}
		}
		if of != nil {
			runtime.ReadMemStats(&before)
		}
		c, err := p.Engine.Apply(p.Memory, in)
		if of != nil {
			runtime.ReadMemStats(&after)
			of.events++
			of.allocations += after.Mallocs - before.Mallocs
			of.bytes += after.TotalAlloc - before.TotalAlloc
		}
		switch domain.KindOf(err) {
		case domain.Duplicate, domain.Invalid:
			continue
		case domain.Transient, domain.Corrupt:
		}
		if err != nil {
			t.Fatal(err)
		}
		p.Commit(c)
	}
	for _, tt := range []struct {
		what              string
		got               *cost
		allocations, size float64
	}{
		{"a score", scores, 0.8, 155},
		{"a contact", contacts, 1.4, 105},
		{"an invoice", invoices, 2.5, 370},
	} {
		events := float64(tt.got.events)
		allocations, size := float64(tt.got.allocations)/events, float64(tt.got.bytes)/events
		t.Logf("%s, of %.0f: %.2f allocations, %.0f bytes", tt.what, events, allocations, size)
		if tt.got.events < 100 || allocations > tt.allocations || size > tt.size {
			t.Errorf("%s, of %.0f, makes %.2f allocations and %.0f bytes, want at most %v and %v", tt.what, events, allocations, size, tt.allocations, tt.size)
		}
	}
}

// fire lets the timers due by an input fire.
func fire(t *testing.T, p *scenario.Played, in tenant.Input) {
	for {
		timer, due, err := p.FirstTimer(in.Arrived)
		if err != nil {
			t.Fatal(err)
		}
		if !due {
			return
		}
		c, err := p.Engine.Fire(p.Memory, timer)
		if err != nil {
			t.Fatal(err)
		}
		p.Commit(c)
	}
}
