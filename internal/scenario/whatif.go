package scenario

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/report"
)

// Ledger is what a comparison is made of.
type Ledger interface {
	// History is what came so far: how many facts, and the latest arrival.
	History() (facts uint64, asOf time.Time, err error)
	// Published are all plan versions, those given at the start included.
	Published() (plan.Set, error)
	// InputsAfter goes through the facts that came after a number of them, up to a
	// number at once, and says up to which it went.
	InputsAfter(n uint64, most int, yield func(tenant.Input) error) (uint64, error)
}

// WhatIfs compares what a ledger's facts come to under its plans with what they
// would under one more, or under another version of one it has. Both sides are
// played in memory, from the first fact to the latest arrival. One comparison is
// under way at a time, and the last is kept.
type WhatIfs struct {
	tenant string
	plans  plan.Set // given at the start
	ledger Ledger
	begun  chan *comparison

	mu   sync.Mutex
	last *comparison // nil: none yet
}

// comparison is one that was asked for.
type comparison struct {
	report.WhatIf // but for Done; State, Error and Diff are guarded by WhatIfs.mu
	plan          *plan.Plan
	asOf          time.Time
	done          atomic.Uint64
}

// MostCompared bounds how many facts are played in memory, on two sides.
const MostCompared = 1_000_000

// compareCached is how many facts of accounts each side keeps derived.
const compareCached = tenant.DefaultCache / 8

// NewWhatIfs compares with what is in a ledger. Run does the work.
func NewWhatIfs(tenantName string, plans plan.Set, l Ledger) *WhatIfs {
	return &WhatIfs{tenant: tenantName, plans: plans, ledger: l, begun: make(chan *comparison, 1)}
}

// Begin begins a comparison with a plan document. The same question about the
// same facts is the same comparison.
func (w *WhatIfs) Begin(document []byte) (*report.WhatIf, error) {
	p, err := planfile.Decode("plan", document)
	if err != nil {
		return nil, report.Mistake{Text: fmt.Sprintf("the plan cannot be used: %v", err)}
	}
	if err := w.fits(p); err != nil {
		return nil, err
	}
	facts, asOf, err := w.ledger.History()
	if err != nil {
		return nil, err
	}
	switch {
	case facts == 0:
		return nil, report.Mistake{Text: "nothing has come to the ledger yet"}
	case facts > MostCompared:
		return nil, report.Mistake{Text: fmt.Sprintf("%d facts are more than the %d that are compared here: trueup plan diff compares them elsewhere", facts, MostCompared)}
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%x %d %d", p.Hash, facts, asOf.UnixNano()))
	c := &comparison{WhatIf: report.WhatIf{ID: fmt.Sprintf("w-%x", sum[:8]), State: "running", Plan: p.ID(), Of: facts}, plan: p, asOf: asOf}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.last != nil && w.last.ID == c.ID && w.last.State != "failed":
		return w.last.shown(), nil
	case w.last != nil && w.last.State == "running":
		return nil, report.Busy{What: "the comparison " + w.last.ID}
	}
	w.last = c
	w.begun <- c // there is room: none is under way
	return c.shown(), nil
}

// fits reports why a plan cannot be compared with those of the ledger.
func (w *WhatIfs) fits(p *plan.Plan) error {
	published, err := w.ledger.Published()
	if err != nil {
		return err
	}
	if _, err := tenant.New(w.tenant, with(published, p), planfile.Parse, tenant.State{}, 1); err != nil {
		return report.Mistake{Text: fmt.Sprintf("the plan cannot be used: %v", err)}
	}
	return nil
}

// with is a set of plans with one more, in the place of the version it is of.
func with(plans plan.Set, p *plan.Plan) plan.Set {
	others := slices.DeleteFunc(slices.Clone([]*plan.Plan(plans)), func(o *plan.Plan) bool { return o.ID() == p.ID() })
	set, _ := plan.NewSet(append(others, p)...) // an engine says what they contradict each other about
	return set
}

// ByID is how far a comparison has come.
func (w *WhatIfs) ByID(id string) (*report.WhatIf, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.last == nil || w.last.ID != id {
		return nil, report.NotFound{What: "comparison", ID: id}
	}
	return w.last.shown(), nil
}

// shown is a copy of what is known of it.
func (c *comparison) shown() *report.WhatIf {
	x := c.WhatIf
	x.Done = c.done.Load()
	return &x
}

// Run compares what is asked for until ctx ends.
func (w *WhatIfs) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case c := <-w.begun:
			diff, err := w.compare(ctx, c)
			w.mu.Lock()
			if c.Diff, c.State = diff, "done"; err != nil {
				c.State, c.Error = "failed", err.Error()
			}
			c.plan = nil
			w.mu.Unlock()
		}
	}
}

// playAtOnce is how many facts are read in one view.
const playAtOnce = 1024

func (w *WhatIfs) compare(ctx context.Context, c *comparison) (*report.PlanDiff, error) {
	old, err := Start(w.tenant, w.plans, compareCached)
	if err != nil {
		return nil, err
	}
	other, err := Start(w.tenant, with(w.plans, c.plan), compareCached)
	if err != nil {
		return nil, err
	}
	for n := uint64(0); n < c.Of; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var list []tenant.Input
		next, err := w.ledger.InputsAfter(n, int(min(playAtOnce, c.Of-n)), func(in tenant.Input) error { //nolint:gosec // it is small
			list = append(list, in)
			return nil
		})
		if err != nil {
			return nil, err
		}
		if next == n {
			return nil, fmt.Errorf("fact %d is not there", n+1)
		}
		for _, in := range list { // outside of the view, which is to be short
			if err := play(old, other, c, in); err != nil {
				return nil, err
			}
		}
		n = next
		c.done.Store(n)
	}
	for _, p := range []*Played{old, other} {
		if err := p.Finish(c.asOf); err != nil {
			return nil, err
		}
	}
	return report.Diff(report.Side{Setting: old.Setting, Source: old}, report.Side{Setting: other.Setting, Source: other})
}

// play applies a fact to both sides; the version of the plan that was published
// is not published to the side that has another.
func play(old, other *Played, c *comparison, in tenant.Input) error {
	if err := old.arrive(in); err != nil {
		return err
	}
	if p, published := in.Event.(event.PlanPublished); published {
		if was, err := planfile.Parse(p.YAML); err == nil && was.ID() == c.plan.ID() {
			return nil
		}
	}
	return other.arrive(in)
}
