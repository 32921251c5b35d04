package tenant

import (
	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/book"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/plan"
)

// A Look reads a tenant's records at one moment, for reports: it changes
// nothing, and must not be used once the records have changed.
type Look struct{ e *Engine }

// LookAt gives an engine's view of records; the engine must not be used for
// anything else.
func (e *Engine) LookAt(r Records) (Look, error) {
	e.looking = true
	return Look{e}, e.begin(r, e.state.AsOf, event.Identity{Source: "trueup/look"})
}

// Plans are the plans in force.
func (l Look) Plans() plan.Set { return l.e.now.plans }

// Person is a payee as the rules see them.
func (l Look) Person(id event.PayeeID) (*book.Person, error) {
	p, err := l.e.payee(id)
	if err != nil {
		return nil, err
	}
	return p.person, nil
}

// Figures are what a payee's quarter looks at, and what informs beside it.
func (l Look) Figures(id event.PayeeID, q civil.Quarter) (book.Figures, account.Measures, error) {
	p, err := l.e.payee(id)
	if err != nil {
		return book.Figures{}, account.Measures{}, err
	}
	if _, ok := p.person.Role(q); !ok {
		return book.Figures{}, account.Measures{}, nil
	}
	f, err := p.person.Figures(q, l.e.Today(), books{l.e})
	if err != nil {
		return f, account.Measures{}, err
	}
	m, err := l.e.measuresOf(p.person, q)
	if err != nil {
		return f, account.Measures{}, err
	}
	return f, *m, nil
}

// LocksOn is the day at whose end the clock locks a quarter; civil.Never: it is
// locked.
//
// Source: rules §9; readings R1.
func (l Look) LocksOn(q civil.Quarter) civil.Date {
	if l.e.state.Locked(q) {
		return civil.Never
	}
	return l.e.lockDay(max(q, l.e.state.NextLock)) // one that was reopened locks with the next
}

// Account is an account as its facts tell it.
func (l Look) Account(id event.AccountID) (*account.State, error) {
	r, err := l.e.account(id)
	if err != nil {
		return nil, err
	}
	return r.state, nil
}

// Holders lists whose accounts are the payee's book in a quarter.
func (l Look) Holders(id event.PayeeID, q civil.Quarter) (account.Holders, error) {
	p, err := l.e.payee(id)
	if err != nil {
		return nil, err
	}
	return l.e.holders(p.person, q)
}
