package tenant

import (
	"time"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

// Sweep is a change of the rules on its way through the tenant, in steps that
// are each recorded: first every account, then every payee.
type Sweep struct {
	Before   int            // how many of the tenant's facts the rules before it were made of
	Currency money.Currency // only accounts with amounts in it; empty: all
	Cause    event.Identity // the fact that changed the rules
	Account  event.AccountID
	Payees   bool // the accounts are done
	Payee    event.PayeeID
}

// FromNothing is Sweep.Before where nothing recorded of accounts can be relied
// on: an earlier release wrote it.
const FromNothing = -1

// The size of one step, and how long after it the next may come.
const (
	sweepAccounts = 256
	sweepPayees   = 16
	sweepPause    = 100 * time.Millisecond
)

// sweepOn takes the sweep's next step.
//
// Source: design, "Tenant"; rules §9.
func (e *Engine) sweepOn() error {
	done, err := e.sweepStep()
	if err != nil || done {
		return err
	}
	due := e.at
	if s := e.state.Sweep; s.Account != "" && !s.Payees || s.Payee != "" {
		due = due.Add(sweepPause)
	}
	e.out.Set = append(e.out.Set, Timer{due, SweepOn, ""})
	return nil
}

func (e *Engine) sweepStep() (done bool, err error) {
	if e.state.Sweep == nil {
		return true, nil
	}
	s := *e.state.Sweep
	cause := e.cause
	e.cause = s.Cause
	defer func() { e.cause = cause }()
	if !s.Payees {
		ids, err := e.records.Accounts(s.Currency, s.Account, sweepAccounts)
		if err != nil {
			return false, err
		}
		for _, id := range ids {
			r, err := e.account(id)
			if err == nil {
				err = e.settleAccount(r)
			}
			if err != nil {
				return false, err
			}
			s.Account = id
		}
		s.Payees = len(ids) < sweepAccounts
		e.state.Sweep = &s
		if s.Payees {
			e.before = nil
			e.out.Caught = true
			e.forgetBooks()
		}
		return false, nil
	}
	ids, err := e.records.Payees()
	if err != nil {
		return false, err
	}
	n := 0
	for _, id := range ids {
		if id <= s.Payee {
			continue
		}
		if n++; n > sweepPayees {
			e.state.Sweep = &s
			return false, nil
		}
		if err := e.settlePayee(id); err != nil {
			return false, err
		}
		s.Payee = id
	}
	e.state.Sweep = nil
	return true, nil
}

// swept reports whether an account was settled by the rules as they are now:
// no sweep is under way, or it has passed it, or something else came to it first.
func (e *Engine) swept(id event.AccountID) (bool, error) {
	w := e.state.Sweep
	if w == nil || w.Payees || id <= w.Account {
		return true, nil
	}
	return e.records.Ahead(id)
}

// finishSweep takes all the steps that are left, where something must not
// come before them: a lock, the end of a quarter, another change.
func (e *Engine) finishSweep() error {
	for e.state.Sweep != nil {
		if _, err := e.sweepStep(); err != nil {
			return err
		}
	}
	return nil
}
