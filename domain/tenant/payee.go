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
	seen   map[event.Identity]Sum
	ledger ledger.Account
	tally  ledger.Tally // the payee's own steps
	wake   time.Time    // their timer; zero: none
}

// payee gives a payee, from the records where they are not at hand.
func (e *Engine) payee(id event.PayeeID) (*payee, error) {
	e.touched = append(e.touched, event.OfPayee(id))
	if p, ok := e.payees[id]; ok {
		return p, nil
	}
	p := &payee{person: book.NewPerson(id, e.bookSetting()), seen: map[event.Identity]Sum{}}
	err := e.records.Facts(event.OfPayee(id), func(ev event.Event, sum Sum) error {
		p.seen[ev.Head().Identity] = sum
		p.person.Add(ev)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := e.records.Entries(event.OfPayee(id), p.tally.Add); err != nil {
		return nil, err
	}
	if p.ledger, err = e.records.Ledger(id); err != nil {
		return nil, err
	}
	p.ledger.Payee = id
	shares, err := e.records.Shares(id)
	if err != nil {
		return nil, err
	}
	for seat, sh := range shares {
		p.person.SetShare(seat, sh)
	}
	p.wake = e.wakeOf(p, civil.In(e.settled, e.zone))
	e.payees[id] = p
	return p, nil
}

// wakeOf is when a payee's own steps change by themselves after a day, or zero.
func (e *Engine) wakeOf(p *payee, after civil.Date) time.Time {
	if next := p.person.Next(after); next != civil.Never {
		return next.Start(e.zone)
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
	if err := known(p.seen, in); err != nil {
		return err
	}
	if err := e.bookSetting().Check(in.Event); err != nil {
		return err
	}
	referring, err := e.referring(in.Event, id)
	if err != nil {
		return err
	}
	touched := p.person.Add(in.Event)
	p.seen[in.Event.Head().Identity] = in.Sum
	e.out.Facts = append(e.out.Facts, in)
	if touched.Terms {
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

// referring lists the accounts whose rules look at a payee, for a fact that
// may change how that payee is paid. An account not at hand is derived from its
// records to find what was recorded of it, so it must be before the fact is taken.
func (e *Engine) referring(ev event.Event, id event.PayeeID) ([]*accountRecord, error) {
	switch ev.(type) {
	case event.PayeeEnrolled, event.PayeeTerminated:
	default:
		return nil, nil
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
	}
	return out, nil
}

// settlePayee brings a payee's own steps to what is due now.
func (e *Engine) settlePayee(id event.PayeeID) error {
	p, err := e.payee(id)
	if err != nil {
		return err
	}
	due, err := p.person.Due(e.at)
	if err != nil {
		return err
	}
	if err := e.post(event.OfPayee(id), due, &p.tally); err != nil {
		return err
	}
	if wake := e.wakeOf(p, e.Today()); !wake.Equal(p.wake) {
		if !p.wake.IsZero() && p.wake.After(e.at) {
			e.out.Clear = append(e.out.Clear, Timer{p.wake, WakePayee, string(id)})
		}
		if !wake.IsZero() {
			e.out.Set = append(e.out.Set, Timer{wake, WakePayee, string(id)})
		}
		p.wake = wake
	}
	return nil
}

// markDirty has a payee's ended quarters settled at the next local midnight,
// lock or tick, whichever is first.
func (e *Engine) markDirty(id event.PayeeID) {
	i, found := slices.BinarySearch(e.state.Dirty, id)
	if found {
		return
	}
	if len(e.state.Dirty) == 0 {
		e.out.Set = append(e.out.Set, Timer{(e.Today() + 1).Start(e.zone), SettlePools, ""})
	}
	e.state.Dirty = slices.Insert(slices.Clip(e.state.Dirty), i, id)
}

func (e *Engine) settleDirty() error {
	dirty := e.state.Dirty
	e.state.Dirty = nil
	for _, id := range dirty {
		if err := e.settlePayee(id); err != nil {
			return err
		}
	}
	return nil
}

// endInstant is when a quarter's true-up is due: the end of its last day.
func (e *Engine) endInstant(q civil.Quarter) time.Time { return e.calendar.Last(q).End(e.zone) }

// endQuarter settles everybody's pools at the end of a quarter.
func (e *Engine) endQuarter() error {
	ids, err := e.records.Payees()
	if err != nil {
		return err
	}
	e.state.Dirty = nil
	for _, id := range ids {
		if err := e.settlePayee(id); err != nil {
			return err
		}
	}
	e.state.NextEnd++
	e.out.Set = append(e.out.Set, Timer{e.endInstant(e.state.NextEnd), EndQuarter, ""})
	return nil
}
