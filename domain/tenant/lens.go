package tenant

import (
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/plan"
)

// A Lens looks at records that grow, again and again: what it has derived of
// accounts and payees stays at hand, and each fact that comes is added to it.
// It is not safe for concurrent use.
type Lens struct {
	fresh func(State) (*Engine, error)
	e     *Engine // nil: nothing is at hand
	moved []event.PayeeID
	took  bool // a fact since the last look
}

// NewLens makes a lens; cached is as in New.
func NewLens(tenantName string, plans plan.Set, parse Parser, cached int) *Lens {
	return &Lens{fresh: func(s State) (*Engine, error) { return New(tenantName, plans, parse, s, cached) }}
}

// Empty reports whether nothing is at hand, so that no fact needs to be taken.
func (l *Lens) Empty() bool { return l.e == nil }

// Full reports whether there is hardly room for more accounts at hand.
func (l *Lens) Full() bool {
	return l.e != nil && l.e.accounts.weight >= l.e.accounts.limit-l.e.accounts.limit/8
}

// Forget lets go of everything, as after an error.
func (l *Lens) Forget() { l.e, l.moved, l.took = nil, nil, false }

// Take adds a fact that came to the records after those it has looked at.
func (l *Lens) Take(ev event.Event) {
	if l.e == nil {
		return
	}
	l.took = true
	switch of := ev.Scope(); {
	case of.Account != "":
		l.e.takeLooking(of.Account, ev)
	case of.Payee != "":
		delete(l.e.payees, of.Payee)
		switch ev.(type) {
		case event.PayeeEnrolled, event.PayeeTerminated, event.FactRetracted: // accounts pay by these
			l.moved = append(l.moved, of.Payee)
			l.e.org = nil
		default:
		}
	case len(kept(ev)) > 0:
		l.Forget()
	}
}

// takeLooking adds a fact to an account that is at hand.
func (e *Engine) takeLooking(id event.AccountID, ev event.Event) {
	r := e.accounts.held[id]
	if r == nil {
		return
	}
	_, retraction := ev.(event.FactRetracted)
	if retraction || r.retractions || e.named(ev.Head().Identity) {
		e.accounts.drop(id)
		return
	}
	if _, err := r.state.Add(ev); err != nil {
		e.accounts.drop(id) // whoever asks for it is told
		return
	}
	e.accounts.grew(r)
}

// At looks at records, all of whose facts it has taken or never looked at. The
// look is good until the next is begun.
func (l *Lens) At(r Records, s State) (Look, error) {
	if l.e == nil {
		var err error
		if l.e, err = l.fresh(s); err != nil {
			return Look{}, err
		}
	}
	for _, id := range l.moved {
		ids, err := r.AccountsOf(id)
		if err != nil {
			return Look{}, err
		}
		for _, account := range ids {
			l.e.accounts.drop(account)
		}
	}
	if l.took || !s.AsOf.Equal(l.e.state.AsOf) || s.NextEnd != l.e.state.NextEnd {
		l.e.forgetBooks()
	}
	l.moved, l.took, l.e.state = nil, false, s
	return l.e.LookAt(r)
}
