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
	deal    *Deal
	booked  civil.Date
	churn   *move // first end of a life on or after the booking
	churned bool
	next    renewal // first renewal whose term starts after the booking
	renewed bool
	term    term // in force at the booking
	inTerm  bool
}

func (s *State) lifeOf(d *Deal) life {
	l := life{deal: d, booked: d.Booked}
	l.churn, l.churned = s.arr.churnFrom(d.Booked)
	l.next, l.renewed = s.arr.nextRenewal(d.Booked)
	l.term, l.inTerm = s.arr.termOn(d.Booked)
	return l
}

// gate is a condition that holds a line: the day it opens (civil.Never: not
// yet known to), what opened it and why the line is then released.
type gate struct {
	kind   gateKind
	opens  civil.Date
	told   event.Identity
	reason ledger.Reason // of the release
	hold   ledger.Reason // of the earning while no opening is known; empty for the renewal's
}

// gateKind is what a gate waits for, in words.
type gateKind string

const (
	renewalKind  gateKind = "renewal"
	scoreKind    gateKind = "health score"
	disputeKind  gateKind = "dispute"
	handoffKind  gateKind = "hand-off"
	invoicesKind gateKind = "cash"
)

// renewalGate holds a line until the account renews.
//
// Source: rules §7 "Renewal gate", §8 "Exceptions"; readings R7, R26.
// Units: whole days.
// Rounding: none.
func (s *State) renewalGate(l life, p plan.Payability) gate {
	g := gate{kind: renewalKind, opens: l.booked, reason: ledger.RenewalReleased}
	if p.Renewal != "hold" {
		return g
	}
	if l.renewed && (!l.churned || l.churn.date >= l.next.date) {
		g.opens, g.told = l.next.date, l.next.Identity
		return g
	}
	g.opens = civil.Never
	at, told := l.missed(p)
	if exception, ok := s.covered(at); ok && at != civil.Never {
		g.opens, g.told, g.reason = at, exception, ledger.ExceptionApproved
	} else {
		g.told = told
	}
	return g
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

// churnDate is the churn that the window looks at, by the plan's choice of
// date, and what told it; false where none is known.
//
// Source: rules §7 "Clawback" options notice and earlier_of; readings R6.
func (s *State) churnDate(l life, c plan.Clawback) (civil.Date, event.Identity, bool) {
	if c.ChurnDate != "effective" {
		if n, ok := s.notice(l.booked); ok && (c.ChurnDate == "notice" || !l.churned || n.Notified <= l.churn.date) {
			return n.Notified, n.Identity, true
		}
	}
	return l.churn.date, l.churn.Identity, l.churned
}

// reads is the last day of the timeline that the deal's lines look at: nothing
// dated later can change them.
func (l life) reads(c plan.Clawback, p plan.Payability) civil.Date {
	window := l.booked.Add(c.WindowDays)
	switch grace := l.graceEnd(p); {
	case grace < l.deal.Left && (!l.churned || grace < l.churn.date):
		// Any renewal, however late, keeps the grace from missing it.
		if !l.renewed {
			return civil.Never
		}
		return max(window, l.next.date)
	case l.deal.Left != civil.Never:
		return l.deal.Left
	case p.Renewal == "off":
		return window
	case l.churned && (!l.renewed || l.churn.date < l.next.date):
		return max(window, l.churn.date)
	case l.renewed:
		return max(window, l.next.date)
	}
	return civil.Never
}
