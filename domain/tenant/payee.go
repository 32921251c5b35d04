package tenant

import (
	"maps"
	"slices"
	"time"

	"github.com/trueup/trueup/domain/book"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
)

// payee is a payee at hand.
type payee struct {
	person *book.Person
	seen   prints
	ledger ledger.Account
	tally  ledger.Tally // the payee's own steps
	flags  map[FlagKey]Flag
	wake   time.Time // their timer; zero: none

	retractions bool // among their facts
}

// payee gives a payee, from the records where they are not at hand.
func (e *Engine) payee(id event.PayeeID) (*payee, error) {
	e.touched = append(e.touched, event.OfPayee(id))
	if p, ok := e.payees[id]; ok {
		return p, nil
	}
	p := &payee{flags: map[FlagKey]Flag{}}
	var err error
	if p.person, err = e.person(id, p, nil); err != nil {
		return nil, err
	}
	if err := e.records.Flags(FlagKey{Payee: id}, func(f Flag) { p.flags[f.FlagKey] = f }); err != nil {
		return nil, err
	}
	if err := e.records.Entries(event.OfPayee(id), p.tally.Add); err != nil {
		return nil, err
	}
	if p.ledger, err = e.records.Ledger(id); err != nil {
		return nil, err
	}
	p.ledger.Payee = id
	p.wake = e.payeeWake(p, civil.In(e.settled(WakePayee, string(id)), e.zone))
	e.payees[id] = p
	return p, nil
}

// person is a payee as their own facts tell it, perhaps with one more that is
// not kept yet.
func (e *Engine) person(id event.PayeeID, p *payee, more event.Event) (*book.Person, error) {
	person := book.NewPerson(id, e.now.book)
	retractions, err := e.standing(event.OfPayee(id), more, &p.seen, func(ev event.Event) error {
		person.Add(ev)
		return nil
	})
	p.retractions = p.retractions || retractions
	return person, err
}

// payeeWake is when a payee's own steps change by themselves after a day, or zero.
func (e *Engine) payeeWake(p *payee, after civil.Date) time.Time {
	if next := p.person.Next(after); next != civil.Never {
		return next.Start(e.zone).UTC()
	}
	return time.Time{}
}

// applyPayee takes a fact of a payee's own. Where it changes what accounts pay
// them by, every account that refers to them is settled again.
func (e *Engine) applyPayee(id event.PayeeID, in Input) error {
	p, err := e.payee(id)
	if err != nil {
		return err
	}
	if err := known(&p.seen, in); err != nil {
		return err
	}
	if err := e.now.book.Check(in.Event); err != nil {
		return err
	}
	e.refused = false
	_, retraction := in.Event.(event.FactRetracted)
	if p.retractions = p.retractions || retraction; p.retractions || e.named(in.Event.Head().Identity) {
		p.seen.put(in.Event.Head().Identity, in.Sum)
		e.out.Facts = append(e.out.Facts, in)
		return e.rebuildPayee(id, in.Event)
	}
	referring, err := e.referring(in.Event, id)
	if err != nil {
		return err
	}
	touched := p.person.Add(in.Event)
	p.seen.put(in.Event.Head().Identity, in.Sum)
	e.out.Facts = append(e.out.Facts, in)
	if touched.Terms {
		if err := e.termsMoved(id, p); err != nil {
			return err
		}
		for _, r := range referring {
			r.state.PayeesChanged()
			if err := e.settleAccount(r); err != nil {
				return err
			}
		}
	}
	if touched.Own {
		return e.settlePayee(id)
	}
	return nil
}

// termsMoved places a payee anew, whose own facts have changed: the quarters of
// all whose books were or are made of theirs are settled again.
func (e *Engine) termsMoved(id event.PayeeID, p *payee) error {
	for range 2 {
		ids, err := e.above([]event.PayeeID{id})
		if err != nil {
			return err
		}
		for _, other := range ids {
			e.markDirty(other)
		}
		e.forgetBooksOf(ids)
		e.org.put(id, p.person)
	}
	return nil
}

// rebuildPayee derives a payee again without the facts that retractions take
// away, and settles all that looks at them.
func (e *Engine) rebuildPayee(id event.PayeeID, more event.Event) error {
	p, err := e.payee(id)
	if err != nil {
		return err
	}
	accounts, err := e.records.AccountsOf(id)
	if err != nil {
		return err
	}
	referring := make([]*accountRecord, len(accounts))
	for i, a := range accounts {
		if referring[i], err = e.account(a); err != nil {
			return err
		}
		e.pin(referring[i])
	}
	if err := e.organise(); err != nil { // as it was before
		return err
	}
	if p.person, err = e.person(id, p, more); err != nil {
		return err
	}
	if err := e.termsMoved(id, p); err != nil {
		return err
	}
	for _, r := range referring {
		r.state.PayeesChanged()
		if err := e.settleAccount(r); err != nil {
			return err
		}
	}
	return e.settlePayee(id)
}

// referring lists the accounts whose rules look at a payee, for a fact that
// may change how that payee is paid. An account not at hand is derived from its
// records to find what was recorded of it, so it must be before the fact is taken.
func (e *Engine) referring(ev event.Event, id event.PayeeID) ([]*accountRecord, error) {
	switch ev.(type) {
	case event.PayeeEnrolled, event.PayeeTerminated:
	default:
		return nil, nil
	}
	if err := e.organise(); err != nil { // as it was before, too
		return nil, err
	}
	accounts, err := e.records.AccountsOf(id)
	if err != nil {
		return nil, err
	}
	out := make([]*accountRecord, len(accounts))
	for i, a := range accounts {
		if out[i], err = e.account(a); err != nil {
			return nil, err
		}
		e.pin(out[i])
	}
	return out, nil
}

// settlePayee brings a payee's own steps to what is due now.
func (e *Engine) settlePayee(id event.PayeeID) error {
	p, err := e.payee(id)
	if err != nil {
		return err
	}
	due, err := p.person.Due(e.at, books{e})
	if err != nil {
		return err
	}
	if err := e.post(event.OfPayee(id), due, &p.tally); err != nil {
		return err
	}
	if wake := e.payeeWake(p, e.Today()); !wake.Equal(p.wake) {
		if !p.wake.IsZero() && p.wake.After(e.at) {
			e.out.Clear = append(e.out.Clear, Timer{p.wake, WakePayee, string(id)})
		}
		if !wake.IsZero() {
			e.out.Set = append(e.out.Set, Timer{wake, WakePayee, string(id)})
		}
		p.wake = wake
	}
	return e.settlePayeeFlags(p)
}

// markDirty has a payee's ended quarters settled at the next local midnight,
// lock or tick, whichever is first.
func (e *Engine) markDirty(id event.PayeeID) {
	if id != "" {
		e.moved[id] = true
	}
	e.markStanding(id)
}

// markStanding has what flags look at of a payee's running quarter looked at
// then.
func (e *Engine) markStanding(id event.PayeeID) {
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
	e.state.Dirty = slices.Insert(slices.Clip(e.state.Dirty), i, id)
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
	gone, err := e.upwards(slices.Collect(maps.Keys(e.moved)), e.pods())
	if err != nil {
		return err
	}
	e.moved = map[event.PayeeID]bool{}
	for _, id := range gone {
		delete(e.past, id)
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
	if e.past[id] == nil {
		e.past[id] = &past{}
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

// endQuarter settles everybody's pools at the end of a quarter.
func (e *Engine) endQuarter() error {
	if err := e.finishSweep(); err != nil {
		return err
	}
	ids, err := e.records.Payees()
	if err != nil {
		return err
	}
	clear(e.past) // one more has ended
	if err := e.settleBooks(e.state.Dirty, ids); err != nil {
		return err
	}
	e.state.NextEnd++
	clear(e.booked)
	clear(e.past)
	e.pruneGlances()
	e.out.Set = append(e.out.Set, Timer{e.endInstant(e.state.NextEnd), EndQuarter, ""})
	return nil
}
