package account

import (
	"cmp"
	"fmt"
	"math/big"
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

// line is an amount of one payee in one component, and where it begins.
type line struct {
	*Credited
	component string
	plan      *plan.Plan
	kind      ledger.Kind
	reason    ledger.Reason
	on        civil.Date
	amount    money.Money
	why       func() ledger.Explanation // of the amount
}

// steps adds to a list what happens to the line: it is earned on its day, held or
// at once payable; released when its last gate opens; and the losses picked
// take their parts, those before it at once.
//
// Source: rules §7; readings R5, R7–R9.
// Units: whole days; a step counts from 00:00 of its date.
// Rounding: what is lost half away from zero, cumulatively.
func (l line) steps(steps []ledger.Step, in, takes func(*loss) bool) ([]ledger.Step, error) {
	bucket := ledger.Held
	if l.opens <= l.on {
		bucket = ledger.Payable
	}
	var later []*loss
	for i := range l.losses {
		if x := &l.losses[i]; !l.final && takes(x) && !l.spares(x) {
			later = append(later, x)
		}
	}
	rest := l.amount.Minor
	var decided event.Identity
	if split := l.arbitration.split; split != nil {
		decided = split.Identity
	}
	earning := l.step(l.kind, l.reason, ledger.Expense, bucket, l.on, rest, decided, l.explainEarning(bucket))
	earning.Recoverable = bucket == ledger.Payable && l.advanced
	steps = append(slices.Grow(steps, 1+l.follow(bucket, later)), earning)
	earned, lost := rest, int64(0)
	all := l.part(in)
	kept := all
	release := func() {
		if bucket == ledger.Held && rest != 0 {
			steps = append(steps, l.step(ledger.Release, l.release.reason, ledger.Held, ledger.Payable, l.opens, rest, l.release.told, l.explainRelease(rest)))
		}
		bucket = ledger.Payable
	}
	for _, x := range later {
		if l.opens < x.on || l.opens == x.on && byRelease < x.order {
			release()
		}
		kept = keeping(kept, x)
		stays := of(kept, all)
		left, err := remains(earned, stays)
		if err != nil {
			return nil, err
		}
		if cut := rest - left; cut != 0 {
			kind, how := ledger.Forfeiture, "forfeited"
			if bucket == ledger.Payable {
				kind, how = ledger.Clawback, "taken back"
			}
			steps = append(steps, l.step(kind, x.reason, ledger.Expense, bucket, x.on, -cut, x.told, l.explainLoss(x, cut, how, earned, stays, lost)))
			rest, lost = left, lost+cut
		}
		if rest == 0 {
			return steps, nil
		}
	}
	if l.opens != civil.Never {
		release()
	}
	return steps, nil
}

// follow counts the steps after the first, at most.
func (l line) follow(bucket ledger.Bucket, later []*loss) (n int) {
	held := bucket == ledger.Held
	for _, x := range later {
		if held && (l.opens < x.on || l.opens == x.on && byRelease < x.order) {
			held = false
			n++
		}
		n++
		if x.lost == nil {
			return n // nothing is left
		}
	}
	if held && l.opens != civil.Never {
		n++
	}
	return n
}

// of is a part as a part of another; of nothing, nothing.
func of(part, all *big.Rat) *big.Rat {
	switch {
	case all.Sign() == 0:
		return nothing
	case all == entire:
		return part
	case part == all:
		return entire
	}
	return new(big.Rat).Quo(part, all)
}

func (l line) money(minor int64) money.Money {
	return money.Money{Minor: minor, Currency: l.amount.Currency}
}

func (l line) step(kind ledger.Kind, reason ledger.Reason, from, to ledger.Bucket, on civil.Date, minor int64, told event.Identity,
	explain func() ledger.Explanation,
) ledger.Step {
	causes := []event.Identity{l.Deal.told.Identity}
	if told != (event.Identity{}) && told != causes[0] {
		causes = append(causes, told)
	}
	return ledger.Step{
		Key: ledger.Key{
			Line: ledger.Line{Payee: l.payee, Component: l.component, Account: l.Deal.Account, Opportunity: l.Deal.Opportunity},
			Kind: kind, Reason: reason, From: from, To: to, Effective: on,
		},
		Minor: minor, Currency: l.amount.Currency, Plan: l.plan, Causes: causes, Explain: explain,
	}
}

// CreditBy is the share's credit after the losses dated up to a day, in minor
// units of the tenant's currency.
func (c *Credited) CreditBy(day civil.Date) (int64, error) {
	n, _, err := c.creditAfter(c.credit.Minor, day)
	return n, err
}

// Basis is how an accelerator's share was worked out: of credits that have the
// losses up to a day in them. AsPaid, later losses take their part of it;
// otherwise they come to be in the credits, and only a renewal that did not
// keep the deal still takes from it.
//
// Source: rules §5 "Accelerator"; readings R19.
type Basis struct {
	Known  civil.Date
	AsPaid bool
}

// in picks what a share that stood after a day has in it.
func (b Basis) in(after civil.Date) func(*loss) bool {
	return func(x *loss) bool { return x.on <= after || x.credit && x.on <= b.Known }
}

// Uplift adds to a list the steps of an accelerator's share: posted on the last day of
// its quarter, held and released with the deal.
//
// Source: rules §5 "Accelerator"; readings R9, R19.
func (c *Credited) Uplift(
	to []ledger.Step, minor int64, last civil.Date, basis Basis, pl *plan.Plan, why func() ledger.Explanation,
) ([]ledger.Step, error) {
	l := line{c, "accelerator", pl, ledger.TrueUp, ledger.Accelerator, last, money.Money{Minor: minor, Currency: c.credit.Currency}, why}
	return l.steps(to, basis.in(last), func(x *loss) bool { return x.on > last && (basis.AsPaid || !x.credit) })
}

// Compare orders shares as largest remainders are given out: the earlier
// booking first.
func (c *Credited) Compare(o *Credited) int {
	return cmp.Or(compareDeals(c.Deal, o.Deal), cmp.Compare(c.payee, o.payee))
}

// Share is the payee and the credit of a share as it was booked.
func (c *Credited) Share() (event.PayeeID, money.Money) { return c.payee, c.credit }

// CreditedTo adds to a list the shares of the account's deals that count for a payee.
func (s *State) CreditedTo(payee event.PayeeID, out []*Credited) []*Credited {
	for _, d := range s.deals {
		for i := range d.derived.shares {
			if sh := &d.derived.shares[i]; sh.payee == payee && sh.counted() {
				out = append(out, sh)
			}
		}
	}
	return out
}

// Ever is before every day.
const Ever = noChange

// Left is what an accelerator's share that stood after one day has left on
// another; after Ever, of the share as it was worked out, which only what a
// renewal did not keep takes from.
//
// Source: readings R8, R19.
// Rounding: what is lost half away from zero.
func (c *Credited) Left(minor int64, after, by civil.Date, basis Basis) (int64, error) {
	in := basis.in(after)
	all := c.part(in)
	kept := c.part(func(x *loss) bool {
		return in(x) || after < x.on && x.on <= by && (!x.credit || basis.AsPaid && after != Ever)
	})
	return remains(minor, of(kept, all))
}
