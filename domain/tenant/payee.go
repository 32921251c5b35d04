package tenant

import (
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
	looks  [2]flagLook // of the quarter that ended last and of the one that runs
	wake   time.Time   // their timer; zero: none

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
	if e.looking {
		e.payees[id] = p
		return p, nil
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
	as, err := p.seen.known(in)
	if err != nil {
		return err
	}
	if err := e.now.book.Check(in.Event); err != nil {
		return err
	}
	e.refused = false
	_, retraction := in.Event.(event.FactRetracted)
	if p.retractions = p.retractions || retraction; p.retractions || e.named(in.Event.Head().Identity) {
		p.seen.put(as)
		e.out.Facts = append(e.out.Facts, in)
		return e.rebuildPayee(id, in.Event)
	}
	referring, err := e.referring(in.Event, id)
	if err != nil {
		return err
	}
	touched := p.person.Add(in.Event)
	p.seen.put(as)
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

// settleSteps brings a payee's own steps to what is due now. Accelerators that
// were kept have no explanations: where one of their steps is to be posted its
// share is worked out anew.
func (e *Engine) settleSteps(p *payee) error {
	of := e.past[p.person.ID]
	if of == nil {
		of = &past{}
		e.past[p.person.ID] = of
	}
	of.moved = false
	due, same, err := p.person.DueOf(e.due, e.at, books{e}, &of.kept)
	if err != nil || same {
		return err
	}
	e.due = due
	defer func() { clear(e.due[:cap(e.due)]) }() // their explanations take deals along
	due = slices.DeleteFunc(due, e.beforeUs)
	if silent := ledger.Unexplained(due, p.tally); len(silent) > 0 {
		of.kept.Explain(silent)
		if due, _, err = p.person.DueOf(e.due, e.at, books{e}, &of.kept); err != nil {
			return err
		}
		e.due = due
	}
	if err := e.post(event.OfPayee(p.person.ID), due, &p.tally); err != nil {
		return err
	}
	of.kept.Posted()
	return nil
}

// settlePayee brings a payee's own steps to what is due now.
func (e *Engine) settlePayee(id event.PayeeID) error {
	p, err := e.payee(id)
	if err != nil {
		return err
	}
	if err := e.settleSteps(p); err != nil {
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
