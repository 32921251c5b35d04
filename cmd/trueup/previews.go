package main

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/store"
)

// previews are what locks of quarters would freeze. A preview is the whole lock
// worked out, which takes seconds where many payees wait to be settled: it is
// done for all who ask at once, one quarter at a time, and again only when
// something came.
type previews struct {
	mu      sync.Mutex
	running bool // Run works them out; else whoever asks does
	done    map[civil.Quarter]preview
	wanted  map[civil.Quarter]ledgerMoment // or later
	wake    chan struct{}
	turned  chan struct{} // closed when one is done
}

// preview is one as of a moment of the ledger.
type preview struct {
	ledgerMoment
	of  *report.LockPreview
	err error
}

// ledgerMoment is how far a ledger has come.
type ledgerMoment struct {
	commit int
	asOf   time.Time
}

func momentOf(v *store.View) ledgerMoment { return ledgerMoment{v.Commit(), v.State().AsOf} }

// before reports whether less has come than at another moment.
func (m ledgerMoment) before(o ledgerMoment) bool {
	return m.commit < o.commit || m.asOf.Before(o.asOf)
}

// mostPreviews is how many quarters' are kept.
const mostPreviews = 4

func newPreviews() *previews {
	return &previews{done: map[civil.Quarter]preview{}, wanted: map[civil.Quarter]ledgerMoment{}, wake: make(chan struct{}, 1), turned: make(chan struct{})}
}

// LockPreview implements report.Reader. Whoever asks waits until it is done, or
// their context ends: then it is Working.
func (r fileReader) LockPreview(ctx context.Context, q civil.Quarter) (*report.LockPreview, error) {
	if err := r.warming.wait(ctx); err != nil {
		return nil, err
	}
	var now ledgerMoment
	err := r.store.View(func(v *store.View) error { now = momentOf(v); return nil })
	if err != nil {
		return nil, err
	}
	for {
		found, ok, turned := r.preview.look(q, now)
		switch {
		case ok:
			return found.copy()
		case turned == nil:
			r.previewNow(q, now)
			continue
		}
		select {
		case <-turned:
		case <-ctx.Done():
			return nil, report.Working{What: "What a lock of " + q.String() + " would freeze"}
		}
	}
}

// look is a quarter's preview as of a moment or later. Where there is none it is
// wanted, and turned is closed when one is done; nil: nobody works on them.
func (p *previews) look(q civil.Quarter, at ledgerMoment) (found preview, ok bool, turned chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if found, ok = p.done[q]; ok && !found.before(at) {
		return found, true, nil
	}
	if !p.running {
		return found, false, nil
	}
	p.wanted[q] = at
	select {
	case p.wake <- struct{}{}:
	default:
	}
	return found, false, p.turned
}

// copy is for one who asks to keep.
func (p preview) copy() (*report.LockPreview, error) {
	if p.err != nil {
		return nil, p.err
	}
	out := *p.of
	out.Rows, out.Blockers, out.Warnings = slices.Clone(out.Rows), slices.Clone(out.Blockers), slices.Clone(out.Warnings)
	return &out, nil
}

// previewNow works out a quarter's preview, as of a moment or later.
func (r fileReader) previewNow(q civil.Quarter, at ledgerMoment) {
	one := preview{ledgerMoment: at}
	err := r.summary.View(func(v *store.Summed) error {
		one.ledgerMoment = momentOf(v.View)
		one.of, one.err = report.BuildLockPreview(r.setting(v.View), whole{v}, q)
		return nil
	})
	if err != nil {
		one.err = err
	}
	p := r.preview
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.done) >= mostPreviews {
		clear(p.done)
	}
	p.done[q] = one
	close(p.turned)
	p.turned = make(chan struct{})
}

// runPreviews works out what is asked for until ctx ends.
func (r fileReader) runPreviews(ctx context.Context) error {
	p := r.preview
	p.mu.Lock()
	p.running = true
	p.mu.Unlock()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-p.wake:
		}
		p.mu.Lock()
		wanted := maps.Clone(p.wanted)
		clear(p.wanted)
		p.mu.Unlock()
		for _, q := range slices.Sorted(maps.Keys(wanted)) {
			r.previewNow(q, wanted[q])
		}
	}
}
