package tenant

import (
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

// ownership is a payee's own accounts in a role, on a quarter's first day.
type ownership struct {
	seat
	role event.Role
}

// books implements book.Books.
type books struct{ *Engine }

func (e *Engine) forgetBooks() {
	e.running, e.ended, e.endedOf, e.openings = map[seat]*seatBook{}, map[seat]*seatBook{}, map[event.PayeeID][]*seatBook{}, map[ownership]int64{}
	e.lastEnded, e.expanded, e.past = 0, map[seat]bool{}, map[event.PayeeID]*past{}
}

// forgetBooksOf forgets what payees' books came to.
func (e *Engine) forgetBooksOf(ids []event.PayeeID) {
	maps.DeleteFunc(e.running, func(at seat, _ *seatBook) bool { return slices.Contains(ids, at.payee) })
	for at, b := range e.ended {
		if slices.Contains(ids, at.payee) {
			e.dropBook(b)
		}
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

// Retained implements book.Books.
func (b books) Retained(p *book.Person, w account.Window, q civil.Quarter) (all, cfo account.Retention, err error) {
	sum, err := b.bookSum(p, q, book.Retained(w))
	if err != nil {
		return all, cfo, err
	}
	return sum.all[w], sum.cfo[w], nil
}

// Measures implements book.Books.
func (b books) Measures(p *book.Person, q civil.Quarter) (account.Paid, error) {
	sum, err := b.bookSum(p, q, book.Looks{Paid: true})
	if err != nil {
		return account.Paid{}, err
	}
	return sum.paid, nil
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
	if r := e.accounts.get(id); r != nil {
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
		out = r.state.CreditedTo(p.ID, out)
	}
	return out, nil
}

// CreditedIn implements book.Books.
func (b books) CreditedIn(p *book.Person, id event.AccountID) ([]*account.Credited, error) {
	r, err := b.account(id)
	if err != nil {
		return nil, err
	}
	return r.state.CreditedTo(p.ID, nil), nil
}

// measuresMoved says that what an account adds to books may not be what it was,
// and has the ended quarters of those whom it refers to looked at again: settled,
// where pay looks at what moved.
func (e *Engine) measuresMoved(of event.AccountID, payees []event.PayeeID, moved account.Touched) {
	if moved.Measures >= civil.Never-1 {
		return
	}
	clear(e.running)
	first := e.quarterFrom(moved.Measures)
	if first >= e.state.NextEnd && first > e.lastEnded && !e.targetsBooks() {
		return // the running quarter is summed anew anyway, as most facts have it
	}
	paid := e.quarterFrom(moved.Paid)
	for _, id := range payees {
		for _, b := range e.endedOf[id] {
			if b.quarter < first {
				continue
			}
			b.measures = nil
			if b.quarter < paid {
				continue
			}
			b.moved[of] = true
			if p := e.past[b.payee]; p != nil {
				p.moved, p.of = true, 0
			}
		}
		for at := range e.openings {
			if at.payee == id && at.quarter >= paid {
				delete(e.openings, at)
			}
		}
		if first < e.state.NextEnd || e.targetsBooks() {
			e.markDirty(id)
			if p := e.past[id]; p != nil && e.targetsBooks() {
				p.moved = true
			}
		}
	}
}

// quarterFrom is the first quarter that something from a day on is in.
func (e *Engine) quarterFrom(day civil.Date) civil.Quarter {
	return e.calendar.QuarterOf(min(max(day, e.firstDay()), civil.Never-1))
}

// firstDay is long before any quarter that is looked at.
func (e *Engine) firstDay() civil.Date { return e.calendar.First(e.state.NextEnd - 80) }

// sharesMoved has the payees of deals of ended quarters settled again: their
// accelerator follows the deals.
func (e *Engine) sharesMoved(st account.Settled, before []account.Credit) {
	for _, c := range slices.Concat(st.Credits, before) {
		q := e.calendar.QuarterOf(c.Booked)
		if q >= e.state.NextEnd {
			continue
		}
		e.markDirty(c.Payee)
		if st.Moved == account.CreditsMoved {
			delete(e.expanded, seat{c.Payee, q})
		}
		if p := e.past[c.Payee]; p != nil {
			p.moved = p.kept.Moved(q, st.Opportunity, st.Moved) || p.moved
		}
	}
}

// targetsBooks reports whether anybody is paid towards a part of their book.
func (e *Engine) targetsBooks() bool { return e.now.targets }

func targetsBook(p *plan.Plan) bool {
	return slices.ContainsFunc(p.Components, func(c plan.Component) bool { return c.PercentOfBook != nil })
}
