package tenant

import (
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
)

// Frozen is a lock that is not kept.
type Frozen struct {
	Statements []Statement // by payee
	// Ledgers is where the ledgers stand then that the lock moved on.
	Ledgers map[event.PayeeID]ledger.Account
	Entries int // how many the lock posts first
}

// PreviewLock locks a quarter as the clock would now, whether or not it has
// ended, and keeps nothing: the engine must not be used any more.
func (e *Engine) PreviewLock(r Records, q civil.Quarter) (Frozen, error) {
	if err := e.begin(r, e.state.AsOf, event.Identity{Source: "trueup/preview"}); err != nil {
		return Frozen{}, err
	}
	if err := e.lock(q, ""); err != nil {
		return Frozen{}, err
	}
	out := Frozen{e.out.Statements, map[event.PayeeID]ledger.Account{}, len(e.out.Entries)}
	for _, a := range e.out.Ledgers {
		out.Ledgers[a.Payee] = a
	}
	return out, nil
}
