package tenant

import (
	"cmp"
	"maps"
	"slices"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/book"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

// What payees' books come to in quarters that have ended is summed when it is
// first asked for. The first change of an account in such a quarter sums it up
// once more, and keeps what each account adds: from then on a change costs the
// same however many accounts the book has. Most quarters never come to that.

// seat is a payee's book of a quarter.
type seat struct {
	payee   event.PayeeID
	quarter civil.Quarter
}

// seatBook is what a book's accounts come to.
type seatBook struct {
	seat
	holders  account.Holders
	measures *account.Measures // all that is measured, for reports; nil: not asked for

	sum   *bookSum                         // nil: not asked for
	moved map[event.AccountID]bool         // whose part of the sum may not be what it was
	parts map[event.AccountID]accountsPart // nil: not kept
}

// bookSum is what pay looks at of a book: what is measured, and what is left of
// it by window, with the exceptions that somebody approved and with those that
// the CFO did; of these only what somebody asked for.
type bookSum struct {
	book.Looks
	paid     account.Paid
	all, cfo [3]account.Retention
}

// accountsPart is what one account adds to a sum.
type accountsPart struct {
	paid account.Paid
	all  [3]account.Retention
	cfo  *[3]account.Retention // nil: the same
}

func (p *accountsPart) ofCFO() *[3]account.Retention {
	if p.cfo != nil {
		return p.cfo
	}
	return &p.all
}

// replace takes one account's part of the sum for another.
func (b *bookSum) replace(was, now *accountsPart) error {
	var err error
	if b.Paid {
		err = b.paid.Replace(was.paid, now.paid)
	}
	for w, looked := range b.Retained {
		if looked {
			err = cmp.Or(err, b.all[w].Replace(was.all[w], now.all[w]), b.cfo[w].Replace(was.ofCFO()[w], now.ofCFO()[w]))
		}
	}
	return err
}

// partOf is what an account adds to what is looked at of a payee's book, to whom a
// healthy account has at least a score.
func (e *Engine) partOf(b *seatBook, looks book.Looks, healthy money.Ratio, s *account.State) accountsPart {
	held := s.Holding(b.holders)
	var out accountsPart
	if looks.Paid {
		out.paid = held.Paid(b.quarter, e.at, healthy)
	}
	var every func(first, last civil.Date) bool
	if s.HasExceptions() {
		every = func(first, last civil.Date) bool { return s.Excepted(first, last, false) }
		cfo := func(first, last civil.Date) bool { return s.Excepted(first, last, true) }
		out.cfo = new([3]account.Retention)
		for w, looked := range looks.Retained {
			if looked {
				out.cfo[w] = held.Retention(account.Window(w), b.quarter, cfo) //nolint:gosec // there are three
			}
		}
	}
	for w, looked := range looks.Retained {
		if looked {
			out.all[w] = held.Retention(account.Window(w), b.quarter, every) //nolint:gosec // there are three
		}
	}
	return out
}

// seatBook is a payee's book of a quarter.
func (e *Engine) seatBook(p *book.Person, q civil.Quarter) (*seatBook, error) {
	at := seat{p.ID, q}
	if b := cmp.Or(e.running[at], e.ended[at]); b != nil {
		return b, nil
	}
	holders, err := e.holders(p, q)
	if err != nil {
		return nil, err
	}
	b := &seatBook{seat: at, holders: holders, moved: map[event.AccountID]bool{}}
	if e.endInstant(q).After(e.at) {
		e.running[at] = b
		return b, nil
	}
	e.ended[at], e.lastEnded = b, max(e.lastEnded, q)
	for _, h := range holders {
		e.endedOf[h.Payee] = append(e.endedOf[h.Payee], b)
	}
	return b, nil
}

// dropBook forgets a book of an ended quarter.
func (e *Engine) dropBook(b *seatBook) {
	delete(e.ended, b.seat)
	for _, h := range b.holders {
		e.endedOf[h.Payee] = slices.DeleteFunc(e.endedOf[h.Payee], func(o *seatBook) bool { return o == b })
	}
}

// bookSum is what pay looks at of a payee's book in a quarter, and what is asked
// for beside that.
func (e *Engine) bookSum(p *book.Person, q civil.Quarter, asked book.Looks) (*bookSum, error) {
	b, err := e.seatBook(p, q)
	if err != nil {
		return nil, err
	}
	looks := asked
	switch {
	case b.sum == nil:
		looks = looks.And(p.Looks(q))
	case b.sum.And(asked) != b.sum.Looks:
		looks, b.parts = looks.And(b.sum.Looks), nil
	case len(b.moved) == 0:
		return b.sum, nil
	case b.parts != nil:
		return b.sum, e.replaceParts(p, b)
	default: // not for the first time
		looks, b.parts = b.sum.Looks, map[event.AccountID]accountsPart{}
	}
	sum, healthy := &bookSum{Looks: looks}, p.Healthy(q)
	err = e.accountsIn(b.holders, func(s *account.State) error {
		part := e.partOf(b, looks, healthy, s)
		if b.parts != nil {
			b.parts[s.ID] = part
		}
		return sum.replace(&accountsPart{}, &part)
	})
	if err != nil {
		return nil, err
	}
	b.sum = sum
	clear(b.moved)
	return sum, nil
}

// replaceParts brings a book's sum to what its accounts that moved add to it now.
func (e *Engine) replaceParts(p *book.Person, b *seatBook) error {
	healthy := p.Healthy(b.quarter)
	for _, id := range slices.Sorted(maps.Keys(b.moved)) {
		r, err := e.account(id)
		if err != nil {
			return err
		}
		was, now := b.parts[id], e.partOf(b, b.sum.Looks, healthy, r.state)
		if err := b.sum.replace(&was, &now); err != nil {
			return err
		}
		b.parts[id] = now
	}
	clear(b.moved)
	return nil
}

// forgetParts keeps of ended quarters' books their sums alone: most are of
// quarters that hardly move any more.
func (e *Engine) forgetParts() {
	for _, b := range e.ended {
		if b.parts = nil; len(b.moved) > 0 {
			b.sum = nil
			clear(b.moved)
		}
	}
}

// measuresOf sums all that is measured of a payee's book in a quarter.
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
