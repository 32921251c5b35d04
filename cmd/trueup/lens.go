package main

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/store"
)

// lens is what was derived of accounts and payees for earlier questions, one
// asker at a time.
type lens struct {
	mu    sync.Mutex // taken before a view is begun, so that facts never go back
	of    *tenant.Lens
	facts uint64 // those it has taken, or has nothing at hand of
}

// newLens keeps a quarter of the facts of accounts at hand that the rules do.
func newLens(s *store.Store, cached int) *lens {
	return &lens{of: tenant.NewLens(s.Tenant(), s.Plans(), planfile.Parse, cmp.Or(cached, tenant.DefaultCache)/4)}
}

// takeAtOnce bounds how many facts are taken in one view.
const takeAtOnce = 4096

// take brings the lens up to a view, by up to a number of facts.
func (l *lens) take(v *store.View, most int) (upToDate bool, err error) {
	last, err := v.LastFact()
	if err != nil {
		return false, err
	}
	if l.of.Empty() {
		l.facts = last
		return true, nil
	}
	l.facts, err = v.InputsAfter(l.facts, most, func(in tenant.Input) error {
		l.of.Take(in.Event)
		return nil
	})
	return l.facts >= last, err
}

// at looks at a view that it has been brought up to.
func (l *lens) at(v *store.View) (*tenant.Look, error) {
	if _, err := l.take(v, int(^uint(0)>>1)); err != nil {
		return nil, err
	}
	look, err := l.of.At(v, v.State())
	return &look, err
}

// The pace at which a lens follows a ledger that nobody asks about: where more
// than followFacts came since it last looked, the worker has better things to do.
const (
	followEvery = time.Second
	followFacts = 1000
	followStep  = 64 // accounts at once
)

// follow keeps the lens near the ledger, and has it look at every account
// once, as long as there is room: so that a question need not wait for that.
func (r fileReader) follow(ctx context.Context) error {
	ticker := time.NewTicker(followEvery)
	defer ticker.Stop()
	seen, after, whole := uint64(0), event.AccountID(""), false
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		last, err := r.lastFact()
		if err != nil {
			return err
		}
		busy := last-seen > followFacts
		seen = last
		for done := busy; !done; {
			if err := ctx.Err(); err != nil {
				return err
			}
			if done, err = r.followOn(&after, &whole); err != nil {
				return err
			}
		}
	}
}

func (r fileReader) lastFact() (last uint64, err error) {
	err = r.store.View(func(v *store.View) error {
		last, err = v.LastFact()
		return err
	})
	return last, err
}

// followOn takes a step: the facts that came, else accounts that were not looked
// at yet.
func (r fileReader) followOn(after *event.AccountID, whole *bool) (done bool, err error) {
	l := r.lens
	l.mu.Lock()
	defer l.mu.Unlock()
	err = r.store.View(func(v *store.View) error {
		upToDate, err := l.take(v, takeAtOnce)
		if err != nil || !upToDate {
			return err
		}
		if done = *whole || l.of.Full(); done {
			return nil
		}
		ids, err := v.Accounts("", *after, followStep)
		if err != nil {
			return err
		}
		look, err := l.of.At(v, v.State())
		if err != nil {
			return err
		}
		for _, id := range ids {
			if _, err := look.Account(id); err != nil {
				return err
			}
			*after = id
		}
		*whole = len(ids) < followStep
		return nil
	})
	if err != nil {
		l.of.Forget()
	}
	return done, err
}
