package account

import (
	"cmp"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

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
