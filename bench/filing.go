package main

import (
	"context"
	"fmt"
	"iter"
	"os"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/demo"
	"github.com/trueup/trueup/internal/wire"
	"github.com/trueup/trueup/store"
)

const (
	recordBatch = 1024   // arrivals of a transaction that is measured, as the worker's batches hold at most
	setupBatch  = 16_384 // and of one that is not: fewer syncs
)

// filing is a ledger file that a study fills without a broker: decoded as the
// worker's handler does, recorded as its batcher does.
type filing struct {
	*store.Store
	path     string
	decoder  wire.Decoder
	position tenant.Position // every batch says that the input stands here
	batch    int             // arrivals of a transaction that is not measured
	got      filed
	peak     int64 // bytes of anonymous memory after a batch, at most
}

// filed is what has been recorded.
type filed struct {
	Applied, Duplicates, Rejected int
	Entries, Timers               int
}

// asWorker has the heap of this process bounded as cmd/trueup bounds a worker's
// that keeps so many facts at hand, and gives what undoes it.
func asWorker(cache int) (undo func()) {
	percent, limit := debug.SetGCPercent(400), debug.SetMemoryLimit(192<<20+1200*int64(cache))
	return func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}
}

func openFiling(path string, plans plan.Set) (*filing, error) { return openFilingWith(path, plans, 0) }

// openFilingWith keeps so many facts at hand; 0: as many as a worker by default.
func openFilingWith(path string, plans plan.Set, cache int) (*filing, error) {
	s, err := store.Open(path, store.Options{Tenant: tenantName, Plans: plans, Plan: readPlan, Codec: codec{}, Cache: cache})
	return &filing{Store: s, path: path, decoder: wire.Decoder{Tenant: tenantName}, batch: setupBatch}, err
}

// arrival decodes the body of a message as the handler does.
func (f *filing) arrival(body []byte) (tenant.Arrival, error) {
	in, err := f.decoder.Decode(wire.Raw{Body: body})
	if err != nil {
		return tenant.Arrival{}, fmt.Errorf("%w: %s", err, body)
	}
	head := in.Event.Head()
	return tenant.Arrival{
		Position: f.position, Arrived: in.Recorded, Subject: wire.Subject(tenantName, head.Type), Body: body,
		Input: tenant.Input{Event: in.Event, Canonical: in.Canonical, Sum: in.Sum}, Event: head.Identity,
	}, nil
}

// arrivals decodes a list of made-up events.
func (f *filing) arrivals(of []demo.Arrival) ([]tenant.Arrival, error) {
	out := make([]tenant.Arrival, 0, len(of))
	for _, a := range of {
		body, err := demo.Line(a)
		if err != nil {
			return nil, err
		}
		got, err := f.arrival(body)
		if err != nil {
			return nil, err
		}
		out = append(out, got)
	}
	return out, nil
}

// take records a batch and gives what it cost.
func (f *filing) take(batch []tenant.Arrival) (cost, error) {
	before := spentNow()
	r, err := f.Record(batch)
	c := spentNow().since(before)
	c.Events = len(batch)
	f.peak = max(f.peak, anonymous())
	if err != nil {
		return c, err
	}
	for i, fate := range r.Fates {
		switch fate {
		case tenant.Applied:
			if _, tick := batch[i].Input.Event.(event.Ticked); !tick { // which is no fact
				f.got.Applied++
			}
		case tenant.Duplicate:
			f.got.Duplicates++
		case tenant.Rejected:
			f.got.Rejected++
		}
	}
	f.got.Entries += r.Entries
	f.got.Timers += r.Timers
	return c, nil
}

// fill records bodies in large batches while the next are decoded.
func (f *filing) fill(ctx context.Context, bodies iter.Seq2[[]byte, error]) error {
	type decoded struct {
		batch []tenant.Arrival
		err   error
	}
	ctx, cancel := context.WithCancel(ctx)
	ready := make(chan decoded, 1)
	go func() {
		defer close(ready)
		hand := func(d decoded) bool {
			select {
			case ready <- d:
				return d.err == nil
			case <-ctx.Done():
				return false
			}
		}
		var batch []tenant.Arrival
		for body, err := range bodies {
			var a tenant.Arrival
			if err == nil {
				a, err = f.arrival(body)
			}
			if batch = append(batch, a); err != nil || len(batch) == f.batch {
				if !hand(decoded{batch, err}) {
					return
				}
				batch = make([]tenant.Arrival, 0, f.batch)
			}
		}
		hand(decoded{batch: batch})
	}()
	defer func() {
		cancel()
		for range ready { // until the other has ended
		}
	}()
	for d := range ready {
		if d.err != nil {
			return d.err
		}
		if _, err := f.take(d.batch); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// bodiesOf writes made-up events as messages.
func bodiesOf(arrivals iter.Seq[demo.Arrival]) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for a := range arrivals {
			if body, err := demo.Line(a); !yield(body, err) || err != nil {
				return
			}
		}
	}
}

// tick is the clock's message, as the worker publishes it.
func (f *filing) tick(at time.Time) (tenant.Arrival, error) {
	head := event.Header{
		Identity: event.Identity{Source: "trueup/clock", ID: "tick-" + at.UTC().Format(time.RFC3339Nano)}, Type: wire.Tick, Time: at.UTC(),
	}
	body, err := wire.Encode(event.Ticked{Header: head})
	if err != nil {
		return tenant.Arrival{}, err
	}
	a, err := f.arrival(body)
	a.Arrived = at.UTC()
	return a, err
}

// verified is the oracle of studies: the file holds as many facts as were
// applied and as many entries as were posted, and all of it derived again from
// the facts is as it stands.
func (f *filing) verified() error {
	v, err := f.Verify(nil)
	switch {
	case err != nil:
		return err
	case len(v.Problems) > 0:
		return fmt.Errorf("verification of %s: %s", f.path, strings.Join(v.Problems, "; "))
	}
	return f.counted()
}

// standings are where its ledgers stand.
func (f *filing) standings() (got map[event.PayeeID]standing, err error) {
	err = f.View(func(v *store.View) error {
		got, err = standings(v)
		return err
	})
	return got, err
}

// counted is the part of it that does not walk the file.
func (f *filing) counted() error {
	return f.View(func(v *store.View) error {
		st, err := v.Status()
		if err != nil {
			return err
		}
		if st.Facts != uint64(f.got.Applied) || st.Entries != int64(f.got.Entries) || f.got.Entries == 0 { //nolint:gosec // counts
			return fmt.Errorf("%d facts and %d entries are in the file, want %d and %d", st.Facts, st.Entries, f.got.Applied, f.got.Entries)
		}
		return nil
	})
}

// cost is what some events took.
type cost struct {
	Events    int
	Wall, CPU time.Duration
}

func (c cost) add(o cost) cost { return cost{c.Events + o.Events, c.Wall + o.Wall, c.CPU + o.CPU} }

// wall and cpu are microseconds per event.
func (c cost) wall() float64 { return float64(c.Wall) / 1e3 / float64(max(c.Events, 1)) }
func (c cost) cpu() float64  { return float64(c.CPU) / 1e3 / float64(max(c.Events, 1)) }

// spent is an instant and the CPU time of this process by then.
type spent struct {
	at  time.Time
	cpu time.Duration
}

func spentNow() spent {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return spent{time.Now(), time.Duration(u.Utime.Nano() + u.Stime.Nano())}
}

func (s spent) since(before spent) cost {
	return cost{Wall: s.at.Sub(before.at), CPU: s.cpu - before.cpu}
}

// discard removes a file of a study, or a folder.
func (b *bench) discard(name string) error { return os.RemoveAll(b.w.path(name)) }

// sized picks a size by whether the run is only to see that it works.
func sized[T any](b *bench, full, quick T) T {
	if b.o.quick {
		return quick
	}
	return full
}
