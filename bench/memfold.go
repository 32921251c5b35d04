package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/demo"
	"github.com/trueup/trueup/internal/scenario"
	"github.com/trueup/trueup/internal/wire"
)

// foldGoal is events a second on one core.
const foldGoal = 150_000

// playing is a year of the demo company, to be played in memory.
type playing struct {
	plans    plan.Set
	bodies   [][]byte
	arrivals []scenario.Arrival
	asOf     time.Time
}

func newPlaying(c demo.Company) (*playing, error) {
	p := &playing{plans: c.Plans()}
	for a := range c.Events() {
		body, err := demo.Line(a)
		if err != nil {
			return nil, err
		}
		in, err := decodeLine(body)
		if err != nil {
			return nil, err
		}
		p.bodies, p.arrivals, p.asOf = append(p.bodies, body), append(p.arrivals, in), a.Recorded
	}
	return p, nil
}

func decodeLine(body []byte) (scenario.Arrival, error) {
	in, err := wire.DecodeLine(body, tenantName)
	return scenario.Arrival{Input: tenant.Input{Event: in.Event, Canonical: in.Canonical, Sum: in.Sum, Arrived: in.Recorded}}, err
}

// folding is how the year is played. Warm is in memory that the process has used
// before, several times on end, so that the collector's work is in it; else it is
// in memory that the kernel has yet to give, as the first thing that a process does.
type folding struct {
	name   string
	decode bool
	warm   bool
}

var foldings = [...]folding{
	{name: "the fold", warm: true},
	{name: "decoded and folded", decode: true, warm: true},
	{name: "the fold, first thing in a process"},
	{name: "decoded and folded, first thing in a process", decode: true},
}

// times is how often the year is played.
func (f folding) times() int {
	if f.warm {
		return 8
	}
	return 1
}

// play plays the year on one core, with the memory that trueup simulate takes.
func (p *playing) play(how folding) (c cost, got map[event.PayeeID]standing, err error) {
	defer asWorker(tenant.DefaultCache)()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if !how.warm {
		debug.FreeOSMemory()
	}
	var played *scenario.Played
	play := func() error {
		for range how.times() {
			if played, err = p.year(how.decode); err != nil {
				return err
			}
		}
		return nil
	}
	if how.warm { // until the collector has given room that was used
		if err := play(); err != nil {
			return c, nil, err
		}
	}
	before := spentNow()
	if err := play(); err != nil {
		return c, nil, err
	}
	c = spentNow().since(before)
	c.Events = how.times() * len(p.bodies)
	got, err = standings(played)
	return c, got, err
}

// year plays it once.
func (p *playing) year(decode bool) (*scenario.Played, error) {
	played, err := scenario.Start(tenantName, p.plans, 0)
	if err != nil {
		return nil, err
	}
	for i := range p.bodies {
		a := p.arrivals[i]
		if decode {
			if a, err = decodeLine(p.bodies[i]); err != nil {
				return nil, err
			}
		}
		if err := played.Arrive(a); err != nil {
			return nil, err
		}
	}
	return played, played.Finish(p.asOf)
}

// file is the oracle: what a ledger file that is given the same says.
func (p *playing) file(ctx context.Context, path string) (got map[event.PayeeID]standing, err error) {
	f, err := openFiling(path, p.plans)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(path)) }()
	err = f.fill(ctx, func(yield func([]byte, error) bool) {
		for _, body := range p.bodies {
			if !yield(body, nil) {
				return
			}
		}
	})
	if err != nil {
		return nil, err
	}
	tick, err := f.tick(p.asOf)
	if err != nil {
		return nil, err
	}
	if _, err := f.take([]tenant.Arrival{tick}); err != nil {
		return nil, err
	}
	if err := f.counted(); err != nil {
		return nil, err
	}
	return f.standings()
}

// foldInMemory measures the rules alone, in memory.
func foldInMemory(ctx context.Context, b *bench) (out finding, err error) {
	company := (&workload{Seed: b.o.seed, Accounts: sized(b, demo.Default().Accounts, 250)}).company()
	p, err := newPlaying(company)
	if err != nil {
		return out, err
	}
	want, err := p.file(ctx, b.w.path("fold.db"))
	if err != nil {
		return out, err
	}
	var rates, walls [len(foldings)][]float64
	// Memory that was given back is slower for a while once it is there again: those
	// that give it back come last.
	for first := 0; first < len(foldings); first += 2 {
		for n := range b.studyRounds() + 1 {
			for i := range 2 {
				with := first + (i+n)%2
				c, got, err := p.play(foldings[with])
				if err != nil {
					return out, err
				}
				if len(got) == 0 || !maps.Equal(got, want) {
					return out, fmt.Errorf("balances in memory differ from those of a ledger file (%d payees, want %d)", len(got), len(want))
				}
				if n > 0 { // the first warms up
					rates[with], walls[with] = append(rates[with], 1e6/c.cpu()), append(walls[with], 1e6/c.wall())
				}
			}
		}
	}
	for i, how := range foldings {
		cpu := figureOf(how.name, "events per second of CPU", rates[i])
		if i == 0 {
			cpu = cpu.atLeast(foldGoal)
		}
		out.Figures = append(out.Figures, cpu, figureOf(how.name, "events/s by the clock", walls[i]))
	}
	out.Notes = []string{fmt.Sprintf("%d events of %d accounts, timers and the garbage collector's work included; on one core (GOMAXPROCS 1). "+
		"The first thing that a process does waits for the kernel to give it memory. By the clock it is slower where other programs want the core too.", len(p.bodies), company.Accounts)}
	return out, nil
}
