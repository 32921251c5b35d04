package store

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"runtime/debug"
	"slices"
	"testing"
	"time"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/demo"
	"github.com/trueup/trueup/internal/scenario"
)

// effect is an input, and what it and the timers before it change.
type effect struct {
	arrival tenant.Arrival
	changes []*tenant.Changes
}

// costly is a made-up company's first months and what its events change, worked
// out in memory: the import, and what came after it.
func costly(t testing.TB, accounts, events int) (plans plan.Set, imported, live []effect) {
	t.Helper()
	c := demo.Default()
	c.CSMs, c.AEs, c.Accounts, c.Until = max(c.CSMs*accounts/c.Accounts, 1), max(c.AEs*accounts/c.Accounts, 1), accounts, civil.On(2027, time.March, 20)
	plans = c.Plans()
	e, err := tenant.New(tenantName, plans, planOf, tenant.State{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	memory := scenario.NewMemory()
	began := c.From.Start(plans[0].Zone).Add(time.Hour)
	a := &arrivals{}
	for told := range c.Events() {
		in := effect{arrival: *a.event(t, told.Recorded, told.Event)}
		a.list[len(a.list)-1] = tenant.Arrival{} // which counts on
		if in.changes, err = changesOf(e, memory, in.arrival); err != nil {
			t.Fatal(err)
		}
		if told.Recorded.Before(began) {
			imported = append(imported, in)
		} else if live = append(live, in); len(live) == events {
			return plans, imported, live
		}
	}
	t.Fatalf("the company has %d events after its import, want %d", len(live), events)
	return nil, nil, nil
}

func changesOf(e *tenant.Engine, memory *scenario.Memory, a tenant.Arrival) (all []*tenant.Changes, err error) {
	at := e.Arrival(a.Arrived)
	for {
		timer, due, err := memory.FirstTimer(at)
		if err != nil {
			return nil, err
		}
		if !due {
			break
		}
		c, err := e.Fire(memory, timer)
		if err != nil {
			return nil, err
		}
		memory.Commit(c)
		all = append(all, copied(c))
	}
	a.Input.Arrived = at
	c, err := e.Apply(memory, a.Input)
	switch domain.KindOf(err) {
	case domain.Duplicate, domain.Invalid:
		return all, nil
	case domain.Transient, domain.Corrupt:
	}
	if err != nil {
		return nil, err
	}
	memory.Commit(c)
	return append(all, copied(c)), nil
}

// copied keeps changes beyond the engine's next call, whose lists they are.
func copied(c *tenant.Changes) *tenant.Changes {
	kept := *c
	for i, v := 0, reflect.ValueOf(&kept).Elem(); i < v.NumField(); i++ {
		if list := v.Field(i); list.Kind() == reflect.Slice {
			list.Set(reflect.AppendSlice(reflect.MakeSlice(list.Type(), 0, list.Len()), list))
		}
	}
	return &kept
}

// keepChanges writes what a batch changes as Record does, without the rules.
func keepChanges(s *Store, batch []effect) error {
	r := recording{store: s}
	return s.transact(&r, func() error {
		for i := range batch {
			for _, c := range batch[i].changes {
				if err := r.keep(c); err != nil {
					return err
				}
			}
		}
		return putPosition(r.tx, batch[len(batch)-1].arrival.Position)
	})
}

// inBatches cuts events as a worker under load does.
func inBatches[E any](list []E, size int, yield func([]E) error) error {
	for len(list) > 0 {
		n := min(size, len(list))
		if err := yield(list[:n:n]); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

// BenchmarkRecord records batches of 1,024 events of a company of 10,000 accounts
// after its import: all of it, and the store's part alone.
func BenchmarkRecord(b *testing.B) {
	const size = 1024
	plans, imported, live := costly(b, 10_000, 40*size)
	for name, take := range map[string]func(*Store, []effect) error{
		"keep": keepChanges,
		"all": func(s *Store, batch []effect) error {
			list := make([]tenant.Arrival, len(batch))
			for i := range batch {
				list[i] = batch[i].arrival
			}
			_, err := s.Record(list)
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var s *Store
			var left []effect
			events, written := 0, int64(0)
			for b.Loop() {
				if len(left) == 0 {
					b.StopTimer()
					s, left = opened(b, filepath.Join(b.TempDir(), fmt.Sprint("l", events)), options(plans)), live
					if err := inBatches(imported, 8*size, func(batch []effect) error { return take(s, batch) }); err != nil {
						b.Fatal(err)
					}
					b.StartTimer()
				}
				stats := s.db.Stats()
				before := stats.TxStats.GetPageAlloc()
				if err := take(s, left[:size]); err != nil {
					b.Fatal(err)
				}
				stats = s.db.Stats()
				written += stats.TxStats.GetPageAlloc() - before
				left, events = left[size:], events+size
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(events), "ns/event")
			b.ReportMetric(float64(written)/float64(events), "written-B/event")
		})
	}
}

// What an event costs the store in allocations and in bytes written is bounded:
// about a seventh more than it was when this was written. Neither depends on the
// machine, but for its page size; the race detector allocates for itself.
func TestCostOfAnEvent(t *testing.T) {
	const (
		size, batches   = 1024, 8
		mostAllocations = 22.0
		mostAllocated   = 3_400.0
		mostWritten     = 1_600.0
	)
	if os.Getpagesize() != 4096 {
		t.Skipf("pages are of %d bytes", os.Getpagesize())
	}
	info, _ := debug.ReadBuildInfo()
	raced := slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
	plans, imported, live := costly(t, 4000, batches*size)
	s := fresh(t, plans)
	keep := func(batch []effect) error { return keepChanges(s, batch) }
	if err := inBatches(imported, size, keep); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	stats := s.db.Stats()
	runtime.ReadMemStats(&before)
	if err := inBatches(live, size, keep); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	ended := s.db.Stats()
	for _, of := range []struct {
		what string
		got  uint64
		most float64
	}{
		{"allocations", after.Mallocs - before.Mallocs, mostAllocations},
		{"bytes allocated", after.TotalAlloc - before.TotalAlloc, mostAllocated},
		{"bytes written", uint64(ended.TxStats.GetPageAlloc() - stats.TxStats.GetPageAlloc()), mostWritten}, //nolint:gosec // it grows
	} {
		got := float64(of.got) / (size * batches)
		t.Logf("%.1f %s an event", got, of.what)
		if got > of.most && (!raced || of.most == mostWritten) {
			t.Errorf("%.1f %s an event, want %.0f at most", got, of.what, of.most)
		}
	}
}
