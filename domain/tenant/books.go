package tenant

import (
	"cmp"
	"maps"
	"slices"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/book"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/plan"
)

// A payee's book is not kept: what their accounts come to in a quarter is asked
// of the accounts when the quarter is settled or looked at. What ended quarters
// came to is remembered until an account of theirs changes in them.

// seat is a payee's book of a quarter.
type seat struct {
	payee   event.PayeeID
	quarter civil.Quarter
}

// ownership is a payee's own accounts in a role, on a quarter's first day.
type ownership struct {
	seat
	role event.Role
}

// seatBook is what a book's accounts come to; each part is summed when it is
// first asked for.
type seatBook struct {
	holders  account.Holders
	measures *account.Measures
	retained *retained
}

// retained is what is left of a book by window, with the exceptions that
// somebody approved and with those that the CFO did.
type retained struct{ all, cfo [3]account.Retention }

// books implements book.Books.
type books struct{ *Engine }

func (e *Engine) forgetBooks() {
	e.running, e.ended, e.rolled, e.openings = map[seat]*seatBook{}, map[seat]*seatBook{}, map[seat]*seatBook{}, map[ownership]int64{}
	e.booked, e.past, e.moved = map[seat]int{}, map[event.PayeeID]*past{}, map[event.PayeeID]bool{}
}

// forgetBooksOf forgets what payees' books came to.
func (e *Engine) forgetBooksOf(ids []event.PayeeID) {
	of := func(at seat, _ *seatBook) bool { return slices.Contains(ids, at.payee) }
	for _, books := range []map[seat]*seatBook{e.running, e.ended, e.rolled} {
		maps.DeleteFunc(books, of)
	}
	for _, id := range ids {
		delete(e.past, id)
	}
	e.unglance(ids)
}

// accountsOf lists the accounts that refer to a payee, those of the call under
// way included.
func (e *Engine) accountsOf(id event.PayeeID) ([]event.AccountID, error) {
	ids, err := e.records.AccountsOf(id)
	if err != nil {
		return nil, err
	}
	for _, r := range e.out.Refs {
		if i, found := slices.BinarySearch(ids, r.Account); r.Payee == id && !found {
			ids = slices.Insert(ids, i, r.Account)
		}
	}
	return ids, nil
}

// seatBook is a payee's book of a quarter.
func (e *Engine) seatBook(p *book.Person, q civil.Quarter) (*seatBook, error) {
	at := seat{p.ID, q}
	if b := cmp.Or(e.running[at], e.ended[at], e.rolled[at]); b != nil {
		return b, nil
	}
	holders, err := e.holders(p, q)
	if err != nil {
		return nil, err
	}
	b := &seatBook{holders: holders}
	switch {
	case e.endInstant(q).After(e.at):
		e.running[at] = b
	case slices.ContainsFunc(holders, func(h account.Holder) bool { return h.Payee != p.ID }):
		e.rolled[at] = b
	default:
		e.ended[at] = b
	}
	return b, nil
}

// accountsIn goes through the accounts of a book.
func (e *Engine) accountsIn(holders account.Holders, add func(*account.State) error) error {
	var ids []event.AccountID
	for _, h := range holders {
		more, err := e.accountsOf(h.Payee)
		if err != nil {
			return err
		}
		ids = append(ids, more...)
	}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		r, err := e.account(id)
		if err != nil {
			return err
		}
		if err := add(r.state); err != nil {
			return err
		}
	}
	return nil
}

// measuresOf sums what is measured of a payee's book in a quarter.
func (e *Engine) measuresOf(p *book.Person, q civil.Quarter) (*account.Measures, error) {
	b, err := e.seatBook(p, q)
	if err != nil {
		return nil, err
	}
	if b.measures != nil {
		return b.measures, nil
	}
	var sum account.Measures
	err = e.accountsIn(b.holders, func(s *account.State) error { return sum.Add(s.Measures(b.holders, q, e.at, p.Healthy(q))) })
	if err != nil {
		return nil, err
	}
	b.measures = &sum
	return b.measures, nil
}

// retainedOf sums what is left of a payee's book in a quarter.
func (e *Engine) retainedOf(p *book.Person, q civil.Quarter) (*retained, error) {
	b, err := e.seatBook(p, q)
	if err != nil {
		return nil, err
	}
	if b.retained != nil {
		return b.retained, nil
	}
	sum := &retained{}
	if err := e.accountsIn(b.holders, func(s *account.State) error { return sum.add(s, b.holders, q) }); err != nil {
		return nil, err
	}
	b.retained = sum
	return sum, nil
}

func (r *retained) add(s *account.State, h account.Holders, q civil.Quarter) error {
	var every, cfo func(first, last civil.Date) bool
	if s.HasExceptions() {
		every = func(first, last civil.Date) bool { return s.Excepted(first, last, false) }
		cfo = func(first, last civil.Date) bool { return s.Excepted(first, last, true) }
	}
	for w := range account.Window(3) {
		if err := cmp.Or(r.all[w].Add(s.Retention(h, w, q, every)), r.cfo[w].Add(s.Retention(h, w, q, cfo))); err != nil {
			return err
		}
	}
	return nil
}

// Retained implements book.Books.
func (b books) Retained(p *book.Person, w account.Window, q civil.Quarter) (all, cfo account.Retention, err error) {
	r, err := b.retainedOf(p, q)
	if err != nil {
		return all, cfo, err
	}
	return r.all[w], r.cfo[w], nil
}

// Measures implements book.Books.
func (b books) Measures(p *book.Person, q civil.Quarter) (account.Measures, error) {
	m, err := b.measuresOf(p, q)
	if err != nil {
		return account.Measures{}, err
	}
	return *m, nil
}

// Opening implements book.Books.
func (b books) Opening(p *book.Person, q civil.Quarter) (int64, error) {
	enrolled, ok := p.Role(q)
	if !ok {
		return 0, nil
	}
	return b.opening(p.ID, enrolled.Role, q)
}

// opening is the ARR of the accounts a payee owns in a role on a quarter's
// first day, as of the day before.
func (e *Engine) opening(id event.PayeeID, role event.Role, q civil.Quarter) (int64, error) {
	at := ownership{seat{id, q}, role}
	if arr, ok := e.openings[at]; ok {
		return arr, nil
	}
	ids, err := e.accountsOf(id)
	if err != nil {
		return 0, err
	}
	var sum account.Retention
	first := e.calendar.First(q)
	for _, acct := range ids {
		s, err := e.peek(acct)
		if err != nil {
			return 0, err
		}
		if err := sum.Add(account.Retention{Opening: s.OwnedOn(id, role, first)}); err != nil {
			return 0, err
		}
	}
	e.openings[at] = sum.Opening
	return sum.Opening, nil
}

// peek is an account's state for its ARR and owners alone: one not at hand is
// not settled, and not kept, so that deals may ask for it while another
// account is being derived.
func (e *Engine) peek(id event.AccountID) (*account.State, error) {
	if r := e.atHand(id); r != nil {
		return r.state, nil
	}
	return e.fold(&accountRecord{id: id}, e.now.account, nil)
}

// Credited implements book.Books.
func (b books) Credited(p *book.Person) ([]*account.Credited, error) {
	ids, err := b.accountsOf(p.ID)
	if err != nil {
		return nil, err
	}
	var out []*account.Credited
	for _, id := range ids {
		r, err := b.account(id)
		if err != nil {
			return nil, err
		}
		out = append(out, r.state.CreditedTo(p.ID)...)
	}
	return out, nil
}

// measuresMoved forgets what payees' books came to from a day on, of whom an
// account of theirs changed, and has their ended quarters settled again.
func (e *Engine) measuresMoved(payees []event.PayeeID, from civil.Date) {
	if from >= civil.Never-1 {
		return
	}
	clear(e.running)
	first := e.calendar.QuarterOf(max(from, e.firstDay()))
	for _, id := range payees {
		for q := first; q <= e.state.NextEnd; q++ {
			delete(e.ended, seat{id, q})
		}
		for at := range e.openings {
			if at.payee == id && at.quarter >= first {
				delete(e.openings, at)
			}
		}
		if first < e.state.NextEnd || e.targetsBooks() {
			e.markDirty(id)
		}
	}
	if first < e.state.NextEnd {
		clear(e.rolled)
	}
}

// firstDay is long before any quarter that is looked at.
func (e *Engine) firstDay() civil.Date { return e.calendar.First(e.state.NextEnd - 80) }

// sharesMoved has the payees of deals of ended quarters settled again: their
// accelerator follows the deals.
func (e *Engine) sharesMoved(st account.Settled, before []account.Credit) {
	for _, c := range slices.Concat(st.Credits, before) {
		if q := e.calendar.QuarterOf(c.Booked); q < e.state.NextEnd {
			delete(e.booked, seat{c.Payee, q})
			e.markDirty(c.Payee)
		}
	}
}

// targetsBooks reports whether anybody is paid towards a part of their book.
func (e *Engine) targetsBooks() bool { return slices.ContainsFunc(e.now.plans, targetsBook) }

func targetsBook(p *plan.Plan) bool {
	return slices.ContainsFunc(p.Components, func(c plan.Component) bool { return c.PercentOfBook != nil })
}
