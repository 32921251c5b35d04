package tenant

import (
	"slices"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// markDirty has a payee looked at at the next local midnight, lock or tick,
// whichever is first: their ended quarters, where something of these has moved,
// and what flags look at.
func (e *Engine) markDirty(id event.PayeeID) {
	if id == "" {
		return
	}
	i, found := slices.BinarySearch(e.state.Dirty, id)
	if found {
		return
	}
	if len(e.state.Dirty) == 0 {
		e.out.Set = append(e.out.Set, Timer{(e.Today() + 1).Start(e.zone), SettlePools, ""})
	}
	e.ownDirty()
	e.state.Dirty = slices.Insert(e.state.Dirty, i, id)
}

// ownDirty lets the call under way change the list of those marked in place: what
// it was is given back if the call fails.
func (e *Engine) ownDirty() {
	if !e.dirtyOwned {
		e.dirtyWas, e.dirtyOwned = append(e.dirtyWas[:0], e.state.Dirty...), true
	}
}

// settleDirty settles the quarters of everybody marked, and of those whose
// books are made of theirs.
func (e *Engine) settleDirty() error {
	dirty := e.state.Dirty
	all, err := e.above(dirty)
	if err != nil {
		return err
	}
	return e.settleBooks(dirty, all)
}

// settleBooks settles payees' quarters, and first the deals of those whose own
// book may have moved, where targets are a part of it. Whom those deals mark is
// settled with the others: left marked, their deals would be settled and they
// be marked again at every tick, and there would be no end of ticks.
func (e *Engine) settleBooks(moved, all []event.PayeeID) error {
	e.ownDirty()
	e.state.Dirty = nil
	if e.targetsBooks() {
		for _, id := range moved {
			if err := e.settleDealsOf(id); err != nil {
				return err
			}
		}
		var err error
		if all, err = e.withMarked(all); err != nil {
			return err
		}
	}
	for _, id := range all {
		if err := e.settlePast(id); err != nil {
			return err
		}
	}
	return nil
}

// settlePast settles a payee's ended quarters where something of them may have
// moved since they last were, and looks at their flags.
func (e *Engine) settlePast(id event.PayeeID) error {
	if p := e.past[id]; p == nil || p.moved {
		return e.settlePayee(id)
	}
	p, err := e.payee(id)
	if err != nil {
		return err
	}
	return e.settlePayeeFlags(p)
}

// withMarked adds to payees that are about to be settled those who were marked
// on the way, so that they do not wait: settling them would mark them again.
func (e *Engine) withMarked(all []event.PayeeID) ([]event.PayeeID, error) {
	marked, err := e.above(e.state.Dirty)
	if err != nil {
		return nil, err
	}
	e.state.Dirty = nil
	e.out.Set = slices.DeleteFunc(e.out.Set, func(t Timer) bool { return t.Kind == SettlePools })
	all = append(slices.Clone(all), marked...)
	slices.Sort(all)
	return slices.Compact(all), nil
}

// settleDealsOf settles the deals of a payee again whose target is a part of
// their book, which may have moved.
func (e *Engine) settleDealsOf(id event.PayeeID) error {
	ids, err := e.accountsOf(id)
	if err != nil {
		return err
	}
	for _, a := range ids {
		r, err := e.account(a)
		if err != nil {
			return err
		}
		if !r.state.BookChanged() {
			continue
		}
		if err := e.settleAccount(r); err != nil {
			return err
		}
	}
	return nil
}

// endInstant is when a quarter's true-up is due: the end of its last day.
func (e *Engine) endInstant(q civil.Quarter) time.Time { return e.calendar.Last(q).End(e.zone) }

// pastMoved has everybody's ended quarters settled again.
func (e *Engine) pastMoved() {
	for _, p := range e.past {
		p.moved = true
	}
}

// endQuarter settles everybody's pools at the end of a quarter.
func (e *Engine) endQuarter() error {
	if err := e.finishSweep(); err != nil {
		return err
	}
	ids, err := e.records.Payees()
	if err != nil {
		return err
	}
	e.pastMoved() // one more has ended
	if err := e.settleBooks(e.state.Dirty, ids); err != nil {
		return err
	}
	e.state.NextEnd++
	clear(e.expanded)
	e.pastMoved()
	e.forgetParts()
	e.pruneGlances()
	e.out.Set = append(e.out.Set, Timer{e.endInstant(e.state.NextEnd), EndQuarter, ""})
	return nil
}
