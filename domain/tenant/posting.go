package tenant

import (
	"slices"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
)

// beforeUs reports whether a step is dated before the ledger starts: the old
// system had it. Source: rules §1a "History before us", readings R36.
func (e *Engine) beforeUs(s ledger.Step) bool {
	starts := e.now.plans.Settings(s.Effective).LedgerStarts
	return starts != nil && s.Effective < *starts && s.Reason != ledger.OpeningBalance
}

// post brings a group of steps to what is due and adds the differences to the
// payees' ledgers.
func (e *Engine) post(of event.Scope, due []ledger.Step, tally *ledger.Tally) error {
	due = slices.DeleteFunc(due, e.beforeUs)
	entries, err := ledger.Settle(e.entries, due, *tally)
	if err != nil {
		return err
	}
	e.entries = entries
	for i := range entries {
		en := &entries[i]
		p, err := e.payee(en.Payee)
		if err != nil {
			return err
		}
		en.Scope, en.At = of, e.at
		dated := e.calendar.QuarterOf(en.Effective)
		en.Period = e.openPeriod(dated)
		if en.AppliesTo == 0 {
			en.AppliesTo = dated
		}
		en.ID = ledger.MakeID(e.tenant, en.Key, e.cause, en.Ordinal)
		if len(en.CausedBy) == 0 || e.state.Sweep != nil && e.cause == e.state.Sweep.Cause {
			en.CausedBy = append(slices.Clip(en.CausedBy), e.cause)
		}
		if err := p.ledger.Append(en); err != nil {
			return err
		}
		if err := tally.Add(en); err != nil {
			return err
		}
		e.out.Entries = append(e.out.Entries, *en)
		e.out.Ledgers = append(e.out.Ledgers, p.ledger)
		e.out.Outcomes = append(e.out.Outcomes, Adjusted{*en, p.person.Employee(en.Effective)})
	}
	if len(entries) > 0 { // where there are none, Settle has just found it so
		return ledger.Settled(due, *tally)
	}
	return nil
}
