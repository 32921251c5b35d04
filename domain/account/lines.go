package account

import (
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
	steps  []ledger.Step
	shares []Credited
	// book is set where an amount is measured by the payee's book, which other
	// accounts make up: it is to be derived afresh whenever it is settled. Its
	// dates and credits do not depend on it.
	book bool
}

// Credited is one payee's share of a deal, and what becomes of it.
type Credited struct {
	Deal *Deal
	share
	fate
}

// Credit is the ARR a deal attributes to one payee.
type Credit struct {
	Payee       event.PayeeID
	Opportunity event.OpportunityID
	Part        string // tells apart deals of one opportunity
	Account     event.AccountID
	ARR         money.Money // what counts
	Booked      civil.Date
	Why         ledger.Reason // why it does not count; empty where it does
}

// Counted reports whether the credit counts towards attainment.
func (c Credit) Counted() bool { return c.Why == "" }

// Same reports whether two credits are of one payee and one deal.
func (c Credit) Same(o Credit) bool {
	return c.Payee == o.Payee && c.Opportunity == o.Opportunity && c.Part == o.Part && c.Account == o.Account
}

// derive works out a deal afresh.
func (s *State) derive(d *Deal) error {
	d.derived, d.settledBy = derived{}, d.Booked
	var room [3]share // the CSM, the AE and who found it
	shares, err := s.shares(d, room[:0])
	if err != nil {
		return err
	}
	life := s.lifeOf(d)
	if len(shares) > 0 {
		d.derived.shares = make([]Credited, len(shares))
	}
	for i := range shares {
		c, sh := &d.derived.shares[i], &shares[i]
		*c = Credited{Deal: d, share: *sh, fate: s.fateOf(d, sh, life)}
		d.settledBy = max(d.settledBy, life.reads(sh.rules.Clawback, sh.rules.Payability))
		if sh.why != "" || sh.terms.Plan == nil {
			continue
		}
		if err := s.deriveLines(c); err != nil {
			return fmt.Errorf("deal %s: %w", d.Opportunity, err)
		}
	}
	d.derived.steps, err = ledger.Merge(d.derived.steps)
	return err
}

// deriveLines adds the lines of a share: one for each component that pays it.
func (s *State) deriveLines(c *Credited) error {
	for i := range c.terms.Plan.Components {
		comp := &c.terms.Plan.Components[i]
		amount, why, err := s.earning(c, comp)
		if err != nil {
			return err
		}
		if amount.Minor == 0 {
			continue
		}
		base := c.base
		if comp.Kind == plan.Spif {
			base = ledger.SpifAwarded
		} else if c.Deal.Origin == Pipeline && comp.Kind == plan.Expansion {
			base = ledger.ExpansionBooked
		}
		reason := base
		if c.hold != "" {
			reason = c.hold
		}
		l := line{c, comp.ID, c.terms.Plan, ledger.Earning, reason, c.Deal.Booked, amount, why}
		if c.Deal.derived.steps, err = l.steps(c.Deal.derived.steps, func(*loss) bool { return false }, func(*loss) bool { return true }); err != nil {
			return err
		}
	}
	return nil
}

// CreditsOn lists what the deal credits as of a day.
func (d *Deal) CreditsOn(day civil.Date) ([]Credit, error) {
	var out []Credit
	for i := range d.derived.shares {
		sh := &d.derived.shares[i]
		if !sh.split || d.Booked > day {
			continue
		}
		c := Credit{Payee: sh.payee, Opportunity: d.Opportunity, Part: d.Part, Account: d.Account, ARR: sh.credit, Booked: d.Booked, Why: sh.why}
		if c.Counted() {
			var lost ledger.Reason
			var err error
			if c.ARR.Minor, lost, err = sh.creditAfter(sh.credit.Minor, day); err != nil {
				return nil, err
			}
			if c.ARR.Minor == 0 {
				c.Why = lost
			}
		}
		out = append(out, c)
	}
	return out, nil
}

// Due lists the deal's steps that count by a day.
func (d *Deal) Due(day civil.Date) []ledger.Step { return d.addDue(nil, day) }

func (d *Deal) addDue(due []ledger.Step, day civil.Date) []ledger.Step {
	n := 0
	for i := range d.derived.steps {
		if d.derived.steps[i].Effective <= day {
			n++
		}
	}
	due = slices.Grow(due, n)
	for i := range d.derived.steps {
		if s := &d.derived.steps[i]; s.Effective <= day {
			due = append(due, *s)
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
	if len(d.derived.shares) > 0 {
		see(d.Booked)
	}
	for i := range d.derived.shares {
		sh := &d.derived.shares[i]
		end := min(d.Left, civil.Never-1) // nothing after a whole loss changes anything
		for j := range sh.losses {
			x := &sh.losses[j]
			if x.on > end {
				break
			}
			see(x.on)
			if x.lost == nil && x.credit {
				end = x.on
			}
		}
		if sh.opens <= end {
			see(sh.opens)
		}
	}
	return next
}
