package account

import (
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/plan"
)

// life is what becomes of the account after a deal was booked: the part of
// the timeline that the deal's lines look at.
type life struct {
	booked  civil.Date
	left    civil.Date // civil.Never: the deal stands
	churn   move       // first end of a life on or after the booking
	churned bool
	next    move // first renewal whose term starts after the booking
	renewed bool
	term    term // in force at the booking
	inTerm  bool
}

func (s *State) lifeOf(d *Deal) life {
	l := life{booked: d.Booked, left: d.Left}
	l.churn, l.churned = s.arr.churnFrom(d.Booked)
	l.next, l.renewed = s.arr.nextRenewal(d.Booked)
	l.term, l.inTerm = s.arr.termOn(d.Booked)
	return l
}

// opens is the day the renewal gate opens, and what opened it.
//
// Source: rules §7, "Renewal gate"; readings R7.
// Units: whole days; civil.Never where it does not open.
// Rounding: none.
func (l life) opens(p plan.Payability) (civil.Date, event.Identity) {
	switch {
	case p.Renewal != "hold":
		return l.booked, event.Identity{}
	case !l.renewed || l.churned && l.churn.date < l.next.date:
		return civil.Never, event.Identity{}
	}
	return l.next.date, l.next.Identity
}

// missed is the day the renewal is missed: a churn before the next one, or
// with none the end of the term in force at the booking and the days of grace.
//
// Source: rules §7, "Missed renewal"; readings R7.
// Units: whole days; civil.Never where it is not missed.
// Rounding: none.
func (l life) missed(p plan.Payability) (civil.Date, event.Identity) {
	if p.Renewal == "off" {
		return civil.Never, event.Identity{}
	}
	at, told := civil.Never, event.Identity{}
	if l.churned && (!l.renewed || l.churn.date < l.next.date) {
		at, told = l.churn.date, l.churn.Identity
	}
	if grace := l.graceEnd(p); !l.renewed && grace < at {
		at, told = grace, l.term.Identity
	}
	return at, told
}

// graceEnd is the day on which the deal's renewal is missed if none is ever
// known, or civil.Never.
func (l life) graceEnd(p plan.Payability) civil.Date {
	if p.Renewal == "off" || !l.inTerm {
		return civil.Never
	}
	return l.term.end.Add(p.GraceDays)
}

// churnedInside is the churn that loses the deal: 0 to window_days after the
// booking, both included.
//
// Source: rules §7, "Clawback"; readings R6.
// Units: whole days, booking is day 0.
// Rounding: none.
func (l life) churnedInside(c plan.Clawback) (move, bool) {
	return l.churn, l.churned && l.churn.date.Sub(l.booked) <= c.WindowDays
}

// loss is the day the deal leaves attainment, and why: a cancellation or a
// churn inside the window, whichever is first.
func (l life) loss(c plan.Clawback) (civil.Date, ledger.Reason) {
	if m, ok := l.churnedInside(c); ok && m.date < l.left {
		return m.date, ledger.ChurnWithinWindow
	}
	if l.left != civil.Never {
		return l.left, ledger.ExpansionCancelled
	}
	return civil.Never, ""
}

// reads is the last day of the timeline that the deal's lines look at: nothing
// dated later can change them.
func (l life) reads(c plan.Clawback, p plan.Payability) civil.Date {
	window := l.booked.Add(c.WindowDays)
	switch grace := l.graceEnd(p); {
	case grace < l.left && (!l.churned || grace < l.churn.date):
		// Any renewal, however late, keeps the grace from missing it.
		if !l.renewed {
			return civil.Never
		}
		return max(window, l.next.date)
	case l.left != civil.Never:
		return l.left
	case p.Renewal == "off":
		return window
	case l.churned && (!l.renewed || l.churn.date < l.next.date):
		return max(window, l.churn.date)
	case l.renewed:
		return max(window, l.next.date)
	}
	return civil.Never
}
