package demo

import (
	"fmt"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

// tellPeople tells who is paid.
func (w *world) tellPeople(t *teller) {
	imported := w.midnight(w.From)
	for i, m := range w.csms {
		seg := &segments[m.seg]
		t.about(string(m.id), -2*i-2, imported)
		t.enrol(event.PayeeEnrolled{
			Payee: m.id, Role: event.CSM, Plan: w.plan.Name, Effective: m.joined, Segment: seg.name,
			Team: fmt.Sprintf("%s-%d", seg.name, i/8%4+1), Employee: fmt.Sprintf("emp-%04d", 100+i),
			VariableAnnual: w.override(seg.variable), AnnualTarget: w.override(seg.target),
		})
		if m.leaves != civil.Never {
			t.tellAfter(terminated, t.office(m.leaves.Add(-14)), 5*minute, func(h event.Header) event.Event {
				return event.PayeeTerminated{Header: h, Payee: m.id, Effective: m.leaves}
			})
		}
	}
	for i := range w.AEs {
		id := aeID(i)
		t.about(string(id), -2*i-3, imported)
		t.enrol(event.PayeeEnrolled{
			Payee: id, Role: event.AE, Plan: aePlan, Effective: w.From.AddYears(-2), Team: "sales", Employee: fmt.Sprintf("emp-%04d", 5000+i),
		})
	}
}

func aeID(i int) event.PayeeID { return event.PayeeID(fmt.Sprintf("ae-%02d", i+1)) }

// override is an amount other than the plan's, or nil.
func (w *world) override(whole int64) *money.Money {
	if whole == 0 {
		return nil
	}
	m := units(whole, w.plan.Currency)
	return &m
}

func (t *teller) enrol(e event.PayeeEnrolled) {
	t.tellAfter(enrolled, t.office(e.Effective.Add(-7)), 5*minute, func(h event.Header) event.Event {
		e.Header = h
		return e
	})
}

// stint is who looks after an account from a day on.
type stint struct {
	csm  int
	from civil.Date
}

// owners decides who looks after an account that begins on a day.
func (l *life) owners(home int, begins civil.Date) []stint {
	w, m := l.w, &l.w.csms[home]
	out := []stint{{home, begins}}
	move := func(to int, on civil.Date) {
		if on <= begins {
			out = out[:0]
			on = begins
		}
		out = append(out, stint{to, on})
	}
	stayers, joiners := w.stayers[m.seg], w.joiners[m.seg]
	switch {
	case m.leaves != civil.Never && len(stayers) > 0:
		move(pick(l.dice, stayers), m.leaves+1)
	case len(joiners) > 0 && l.chance(800*len(joiners)/(len(stayers)+len(joiners))):
		to := pick(l.dice, joiners)
		move(to, w.csms[to].joined.Add(l.between(1, 14)))
	case len(stayers) > 0 && l.chance(25):
		move(pick(l.dice, stayers), w.From.Add(l.between(0, w.Until.Sub(w.From))))
	}
	return out
}

// tellOwners tells who looks after the account.
func (l *life) tellOwners() {
	for i, s := range l.stints {
		on := s.from
		told := working(on)
		if i > 0 {
			told = working(on.Add(-l.between(0, 3)))
		}
		l.tell(assigned, l.office(told), func(h event.Header) event.Event {
			return event.AccountAssigned{
				Header: h, Account: l.id, Payee: l.w.csms[s.csm].id, Role: event.CSM, Effective: on, Segment: l.seg.name,
				Name: fmt.Sprintf("Account %d", l.no+1),
			}
		})
	}
	if l.ae != "" {
		on := l.stints[0].from
		l.tell(assigned, l.office(on), func(h event.Header) event.Event {
			return event.AccountAssigned{Header: h, Account: l.id, Payee: l.ae, Role: event.AE, Effective: on}
		})
	}
}

// ownerOn is the CSM on a day.
func (l *life) ownerOn(d civil.Date) *csm {
	at := l.stints[0]
	for _, s := range l.stints[1:] {
		if s.from <= d {
			at = s
		}
	}
	return &l.w.csms[at.csm]
}
