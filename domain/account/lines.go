package account

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// derived is what a deal makes due: every dated step, whatever the date, and
// what it credits.
type derived struct {
	steps   []ledger.Step
	credits []Credit
}

// Credit is the ARR a deal attributes to one payee.
type Credit struct {
	Payee       event.PayeeID
	Opportunity event.OpportunityID
	Account     event.AccountID
	ARR         money.Money // what counts
	Booked      civil.Date
	Why         ledger.Reason // why it does not count; empty where it does

	lost    civil.Date // the day it stops counting, or civil.Never; inside the deal only
	because ledger.Reason
}

// Counted reports whether the credit counts towards attainment.
func (c Credit) Counted() bool { return c.Why == "" }

// derive works out a deal afresh.
func (s *State) derive(d *Deal) error {
	d.derived, d.settledBy = derived{}, d.Booked
	shares, err := s.shares(d)
	if err != nil {
		return err
	}
	life := s.lifeOf(d)
	for _, sh := range shares {
		if err := s.deriveShare(d, sh, life); err != nil {
			return err
		}
	}
	d.derived.steps, err = ledger.Merge(d.derived.steps)
	return err
}

// CreditsOn lists what the deal credits as of a day.
func (d *Deal) CreditsOn(day civil.Date) []Credit {
	var out []Credit
	for _, c := range d.derived.credits {
		if c.Booked > day {
			continue
		}
		if c.lost <= day && c.Counted() {
			c.ARR.Minor, c.Why = 0, c.because
		}
		c.lost, c.because = 0, ""
		out = append(out, c)
	}
	return out
}

// Due lists the deal's steps that count by a day.
func (d *Deal) Due(day civil.Date) []ledger.Step {
	var due []ledger.Step
	for _, s := range d.derived.steps {
		if s.Effective <= day {
			due = append(due, s)
		}
	}
	return due
}

// next is the first day after another on which the deal changes by itself, or
// civil.Never.
func (d *Deal) next(after civil.Date) civil.Date {
	next := civil.Never
	see := func(day civil.Date) {
		if day > after {
			next = min(next, day)
		}
	}
	for _, s := range d.derived.steps {
		see(s.Effective)
	}
	for _, c := range d.derived.credits {
		see(c.Booked)
		see(c.lost)
	}
	return next
}

func (s *State) deriveShare(d *Deal, sh share, life life) error {
	c := Credit{Payee: sh.payee, Opportunity: d.Opportunity, Account: d.Account, ARR: sh.credit, Booked: d.Booked, Why: sh.why}
	c.lost, c.because = life.loss(sh.rules.Clawback)
	d.derived.credits = append(d.derived.credits, c)
	d.settledBy = max(d.settledBy, life.reads(sh.rules.Clawback, sh.rules.Payability))
	if sh.why != "" || sh.terms.Plan == nil {
		return nil
	}
	for i := range sh.terms.Plan.Components {
		comp := &sh.terms.Plan.Components[i]
		if comp.Kind != plan.Expansion || comp.AnnualARR == nil {
			continue
		}
		amount, explain, err := earning(sh, comp)
		if err != nil {
			return fmt.Errorf("deal %s: %w", d.Opportunity, err)
		}
		if amount.Minor != 0 {
			l := line{deal: d, share: sh, life: life, component: comp.ID, amount: amount, explain: explain}
			d.derived.steps = append(d.derived.steps, l.steps()...)
		}
	}
	return nil
}

// earning is what a credit earns in a component paid from a pool.
//
// Source: rules §5, "rate basis: pool".
// Units: minor units of the plan's currency; the pool is the year's.
// Rounding: half away from zero, once.
func earning(sh share, comp *plan.Component) (money.Money, func() string, error) {
	variable, target := sh.terms.Variable, *comp.AnnualARR
	if sh.terms.Target != nil {
		target = *sh.terms.Target
	}
	minor, err := money.MulDiv(sh.credit.Minor, []int64{variable.Minor, comp.Weight.Num}, []int64{target.Minor, comp.Weight.Den})
	amount := money.Money{Minor: minor, Currency: sh.credit.Currency}
	return amount, func() string {
		pool, _ := variable.Scale(*comp.Weight)
		return fmt.Sprintf("%s × %s × %s ÷ %s = %s", sh.dealARR, sh.rate.Percent(), pool, target, amount)
	}, err
}

// line is one payee's earning from one deal in one component.
type line struct {
	deal      *Deal
	share     share
	life      life
	component string
	amount    money.Money
	explain   func() string
}

// moment is something that happens to a line; of one date the lower order comes
// first (readings R5).
type moment struct {
	date   civil.Date
	order  int
	reason ledger.Reason
	told   event.Identity
}

const (
	cancelMoment = iota
	releaseMoment
	churnMoment
	missedMoment
)

// steps walks through what happens to the line: it is earned on the booking
// date, held or at once payable; released when its last gate opens; and lost
// whole to a cancellation, a churn in the window or a missed renewal,
// whichever comes first.
//
// Source: rules §7; readings R5, R7, R9.
// Units: whole days; a step counts from 00:00 of its date.
// Rounding: none, the whole line moves.
func (l line) steps() []ledger.Step {
	d, rules := l.deal, l.share.rules
	opens, openedBy := l.life.opens(rules.Payability)
	if l.share.pending {
		opens = civil.Never
	}
	bucket := ledger.Held
	if opens <= d.Booked {
		bucket = ledger.Payable
	}
	reason := ledger.ExpansionBooked
	if l.share.pending {
		reason = ledger.HealthScoreMissing
	}
	causes := []event.Identity{d.Told}
	recoverable := bucket == ledger.Payable && rules.Payability.Renewal == "advance"
	steps := []ledger.Step{l.step(ledger.Earning, reason, ledger.Expense, bucket, d.Booked, l.amount, recoverable, causes, l.explainEarning(bucket))}
	for _, m := range l.moments(opens, openedBy) {
		told := causes
		if m.told != (event.Identity{}) {
			told = []event.Identity{d.Told, m.told}
		}
		if m.order == releaseMoment {
			if bucket == ledger.Held {
				steps = append(steps, l.step(ledger.Release, m.reason, ledger.Held, ledger.Payable, m.date, l.amount, false, told, l.explainRelease(m)))
				bucket = ledger.Payable
			}
			continue
		}
		kind, mode := ledger.Forfeiture, "forfeited"
		if bucket == ledger.Payable {
			kind, mode = ledger.Clawback, "taken back"
		}
		return append(steps, l.step(kind, m.reason, ledger.Expense, bucket, m.date, l.amount.Neg(), false, told, l.explainLoss(m, mode)))
	}
	return steps
}

// moments lists what can happen to the line, in order.
func (l line) moments(opens civil.Date, openedBy event.Identity) []moment {
	var out []moment
	if opens > l.deal.Booked && opens != civil.Never {
		out = append(out, moment{opens, releaseMoment, ledger.RenewalReleased, openedBy})
	}
	if l.deal.Left != civil.Never {
		out = append(out, moment{l.deal.Left, cancelMoment, ledger.ExpansionCancelled, l.deal.LeftTold})
	}
	if c, ok := l.life.churnedInside(l.share.rules.Clawback); ok {
		out = append(out, moment{c.date, churnMoment, ledger.ChurnWithinWindow, c.Identity})
	}
	if at, told := l.life.missed(l.share.rules.Payability); at != civil.Never {
		out = append(out, moment{at, missedMoment, ledger.RenewalMissed, told})
	}
	slices.SortFunc(out, func(a, b moment) int {
		return cmp.Or(cmp.Compare(a.date, b.date), cmp.Compare(a.order, b.order))
	})
	return out
}

func (l line) step(kind ledger.Kind, reason ledger.Reason, from, to ledger.Bucket, on civil.Date, amount money.Money,
	recoverable bool, causes []event.Identity, explain func() string,
) ledger.Step {
	return ledger.Step{
		Key: ledger.Key{
			Line: ledger.Line{Payee: l.share.payee, Component: l.component, Account: l.deal.Account, Opportunity: l.deal.Opportunity},
			Kind: kind, Reason: reason, From: from, To: to, Effective: on,
		},
		Minor: amount.Minor, Currency: amount.Currency, Plan: l.share.terms.Plan, Recoverable: recoverable, Causes: causes, Explain: explain,
	}
}
