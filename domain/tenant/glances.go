package tenant

import (
	"slices"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/advice"
	"github.com/trueup/trueup/domain/book"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// What flags look at of a book is summed once and then kept up by differences,
// so that a fact costs the same however big the books it is in: what it changes
// of its account's part is added to their sums. What the calendar alone will
// change of an account's part is looked at when that day has come.

// glances are the sums at hand.
type glances struct {
	on    civil.Date // the day up to which running quarters are summed
	books map[seat]*glanced
	of    map[event.PayeeID][]*glanced // by holder
	turns map[civil.Date]map[event.AccountID]bool
	crews map[crew][]*glanced // those of teams' CSMs
	span  account.Span        // of the day they were last asked on

	was, is []part // of an account that is changing, before and after; room that is used again
	shares  []advice.RiskShare
}

// glanced is a book of a quarter with its sum.
type glanced struct {
	seat
	holders account.Holders
	sum     account.Glance
}

func (e *Engine) forgetGlances() {
	e.glances = glances{
		on: e.Today(), books: map[seat]*glanced{}, of: map[event.PayeeID][]*glanced{}, turns: map[civil.Date]map[event.AccountID]bool{},
		crews: map[crew][]*glanced{},
	}
}

// glanceAt is what flags look at of a payee's book in a quarter.
func (e *Engine) glanceAt(p *book.Person, q civil.Quarter) (account.Glance, error) {
	g, err := e.glanced(p, q)
	if err != nil {
		return account.Glance{}, err
	}
	return g.sum, nil
}

// glanced is a payee's book with its sum, up to today.
func (e *Engine) glanced(p *book.Person, q civil.Quarter) (*glanced, error) {
	if err := e.glanceToday(); err != nil {
		return nil, err
	}
	at := seat{p.ID, q}
	if g := e.glances.books[at]; g != nil {
		return g, nil
	}
	holders, err := e.holders(p, q)
	if err != nil {
		return nil, err
	}
	g := &glanced{seat: at, holders: holders}
	err = e.accountsIn(holders, func(s *account.State) error {
		e.await(s)
		return g.sum.Add(e.part(g, s))
	})
	if err != nil {
		return nil, err
	}
	e.glances.books[at] = g
	for _, h := range holders {
		e.glances.of[h.Payee] = append(e.glances.of[h.Payee], g)
	}
	return g, nil
}

// glanceSpan is the span of the day up to which running quarters are summed.
func (e *Engine) glanceSpan() account.Span {
	g := &e.glances
	if g.span.Until.IsZero() || g.span.Day != g.on {
		g.span = e.now.account.SpanOf(g.on)
	}
	return g.span
}

// part is what an account adds to a book.
func (e *Engine) part(g *glanced, s *account.State) account.Glance {
	return s.Glance(g.holders, g.quarter, min(e.glances.on, e.calendar.Last(g.quarter)))
}

// part is an account's part of one sum.
type part struct {
	of   *glanced
	adds account.Glance
}

// parts are an account's parts of all sums at hand, in the room given.
func (e *Engine) parts(s *account.State, room []part) []part {
	out := room[:0]
	for _, id := range s.Referred() {
		for _, g := range e.glances.of[id] {
			if !slices.ContainsFunc(out, func(p part) bool { return p.of == g }) {
				out = append(out, part{g, e.part(g, s)})
			}
		}
	}
	return out
}

// glancesMoved takes the parts that an account had before out of the sums, and
// adds those that it has now.
func (e *Engine) glancesMoved(s *account.State) error {
	e.glances.is = e.parts(s, e.glances.is)
	if len(e.glances.is) > 0 {
		e.await(s)
	}
	if slices.Equal(e.glances.was, e.glances.is) {
		return nil
	}
	for _, was := range e.glances.was {
		if err := was.of.sum.Replace(was.adds, account.Glance{}); err != nil {
			return err
		}
	}
	for _, now := range e.glances.is {
		if err := now.of.sum.Add(now.adds); err != nil {
			return err
		}
	}
	return nil
}

// await notes when the calendar changes an account's part next.
func (e *Engine) await(s *account.State) {
	next := s.Turns(e.glances.on)
	if next == civil.Never {
		return
	}
	on := e.glances.turns[next]
	if on == nil {
		on = map[event.AccountID]bool{}
		e.glances.turns[next] = on
	}
	on[s.ID] = true
}

// glanceToday brings all sums to today.
func (e *Engine) glanceToday() error {
	g, today := &e.glances, e.Today()
	if g.on == today {
		return nil
	}
	if today < g.on || e.now.plans.Settings(g.on) != e.now.plans.Settings(today) { // which says what is at risk
		e.forgetGlances()
		return nil
	}
	var ids []event.AccountID
	for day, of := range g.turns {
		if day > today {
			continue
		}
		for id := range of {
			ids = append(ids, id)
		}
		delete(g.turns, day)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	was := g.on
	for _, id := range ids {
		r, err := e.account(id)
		if err != nil {
			return err
		}
		g.on = was
		e.glances.was = e.parts(r.state, e.glances.was)
		g.on = today
		if err := e.glancesMoved(r.state); err != nil {
			return err
		}
	}
	g.on = today
	return nil
}

// unglance forgets the sums of payees' books.
func (e *Engine) unglance(ids []event.PayeeID) {
	clear(e.glances.crews) // who is in them may differ
	for _, id := range ids {
		for q := e.state.NextEnd - 2; q <= e.state.NextEnd+1; q++ {
			e.drop(e.glances.books[seat{id, q}])
		}
	}
}

// pruneGlances forgets the sums of quarters that no flag looks at any more.
func (e *Engine) pruneGlances() {
	for at, g := range e.glances.books {
		if at.quarter < e.state.NextEnd-1 {
			e.drop(g)
		}
	}
}

func (e *Engine) drop(g *glanced) {
	if g == nil {
		return
	}
	delete(e.glances.books, g.seat)
	clear(e.glances.crews)
	for _, h := range g.holders {
		e.glances.of[h.Payee] = slices.DeleteFunc(e.glances.of[h.Payee], func(o *glanced) bool { return o == g })
	}
}
