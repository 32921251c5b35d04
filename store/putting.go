package store

import (
	"fmt"
	"runtime/debug"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/tenant"
)

// While inputs are decided, a goroutine puts what those before them changed, so
// that the one writer's work is done on two processors. Both use one
// transaction, and never at once: before whoever decides reads of it or puts
// anything there itself, all that was decided is put (see settle). An input that
// comes alone, or few of them, are put where they are decided.

const (
	groupSize   = 16 // inputs that are handed over at a time: to wake the goroutine for each costs more than its work
	groupsInUse = 4  // one that fills, one that is put, and some that wait
)

// group is what some inputs that follow each other changed.
type group struct {
	changes [groupSize]tenant.Changes
	of      [groupSize]event.Identity
	n       int   // of changes: how many are decided
	put     int   // and how many of these are put
	err     error // of putting them
}

// putting is what stands between deciding and putting. Its groups are used
// again by the next transaction.
type putting struct {
	fills *group
	free  []*group
	away  int         // handed over and not seen back
	work  chan *group // nil: the goroutine does not run
	back  chan *group
	err   error // of the transaction under way, of what was handed over
}

func newPutting() *putting {
	p := &putting{fills: &group{}, back: make(chan *group, groupsInUse)}
	for range groupsInUse - 1 {
		p.free = append(p.free, &group{})
	}
	return p
}

// begin readies the engine for a transaction.
func (r *recording) begin() {
	p := r.store.putting
	p.fills.n, p.fills.put, p.err = 0, 0, nil
	r.store.engine.TellIn(&p.fills.changes[0])
	r.reads = r.records
	r.reads.settle = func() { _ = r.settle() } // which whoever called the engine asks again
}

// hand has what the engine's last call changed put, now or later. An event that
// is given is named where that fails.
func (r *recording) hand(c *tenant.Changes, of event.Identity) error {
	r.expect(c)
	p := r.store.putting
	g := p.fills
	g.of[g.n] = of
	if g.n++; g.n == groupSize {
		if p.work == nil {
			p.work = make(chan *group, groupsInUse)
			go r.putAll(p.work, p.back)
		}
		p.work <- g
		p.away++
		if len(p.free) == 0 {
			p.await()
		}
		last := len(p.free) - 1
		g, p.free = p.free[last], p.free[:last]
		p.fills = g
	}
	r.store.engine.TellIn(&g.changes[g.n])
	return p.err
}

// await sees the next group back.
func (p *putting) await() {
	g := <-p.back
	p.away--
	if p.err == nil {
		p.err = g.err
	}
	g.n, g.put, g.err = 0, 0, nil
	p.free = append(p.free, g)
}

// settle returns when all that was decided is put.
func (r *recording) settle() error {
	p := r.store.putting
	for p.away > 0 {
		p.await()
	}
	if p.err == nil {
		p.err = r.putGroup(p.fills)
	}
	return p.err
}

// end settles, and ends the goroutine.
func (r *recording) end() error {
	err := r.settle()
	if p := r.store.putting; p.work != nil {
		close(p.work)
		p.work = nil
	}
	return err
}

// putAll puts groups until there are no more. After an error it puts nothing.
func (r *recording) putAll(work <-chan *group, back chan<- *group) {
	debug.SetPanicOnFault(true) // see guard
	var err error
	for g := range work {
		if err == nil {
			err = r.putGroup(g)
		}
		g.err = err
		back <- g
	}
}

func (r *recording) putGroup(g *group) error {
	for ; g.put < g.n; g.put++ {
		if err := r.keep(&g.changes[g.put]); err != nil {
			if of := g.of[g.put]; of.ID != "" {
				return fmt.Errorf("record event %s of %s: %w", of.ID, of.Source, err)
			}
			return err
		}
	}
	return nil
}
