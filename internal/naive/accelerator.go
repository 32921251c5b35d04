package naive

import (
	"math/big"
	"slices"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/plan"
)

// accelerator is the component the uplifts of a true-up are posted as.
const accelerator = "accelerator"

// accelerate is a quarter's uplift (§5): what the rates of the tiers reached
// are above 1.0, of the window's credited ARR, split over its deals by credit;
// each share follows its deal. earlier has the shares of the year's quarters
// before: in ytd a quarter posts what its shares are above what is left of
// those by its last day (R19).
func (w *world) accelerate(t pool, comp plan.Component, credits []credit, earlier map[*deal][]line) ([]line, error) {
	last := w.tenant.Periods.Calendar.Last(t.quarter)
	known := w.today
	if t.plan.Clawback.Basis == "as_paid" {
		known = last
	}
	var mine []credit
	var weights []int64
	sum := int64(0)
	for _, c := range credits {
		booked := c.deal.booked
		if c.payee != t.payee || !c.quota || booked < w.windowStart(t.quarter, comp.Window) || booked > last {
			continue
		}
		left, err := c.leftOn(known)
		if err != nil {
			return nil, err
		}
		mine, weights, sum = append(mine, c), append(weights, left), sum+left
	}
	uplift, targeted, err := w.uplift(t, comp, sum)
	if err != nil || sum == 0 || !targeted {
		return nil, err
	}
	var out []line
	for i, share := range shared(uplift, weights) {
		l, err := w.share(mine[i], share, last, known, t.plan.Clawback.Basis)
		if err != nil {
			return nil, err
		}
		if before := earlier[mine[i].deal]; comp.Window == "ytd" && len(before) > 0 {
			due := l.stands(last)
			for _, was := range before {
				due -= was.stands(last)
			}
			l = rescaled(l, due, last)
		}
		earlier[mine[i].deal] = append(earlier[mine[i].deal], l)
		out = append(out, l)
	}
	return out, nil
}

// uplift is the window's money above the base rate, rounded once. Tiers are
// marginal, or all at the rate of the one reached; a tier's lower bound belongs
// to it. A book that is worth nothing sets no target.
func (w *world) uplift(t pool, comp plan.Component, credited int64) (money int64, targeted bool, err error) {
	annual := w.annualTarget(t.payee, t.in, comp, t.quarter)
	parts := t.part
	if comp.Window == "ytd" {
		parts = t.enrolled
	}
	target := product(annual, big.NewRat(1, 4), parts)
	if target.Sign() <= 0 {
		return 0, false, nil
	}
	all := whole(credited)
	sum := new(big.Rat)
	for i, tier := range comp.Tiers {
		from := product(target, ratio(tier.From))
		if all.Cmp(from) < 0 {
			continue
		}
		inside := new(big.Rat).Sub(all, from)
		if i+1 < len(comp.Tiers) {
			inside = smaller(inside, product(target, new(big.Rat).Sub(ratio(comp.Tiers[i+1].From), ratio(tier.From))))
		}
		above := new(big.Rat).Sub(ratio(tier.Rate), whole(1))
		if comp.TierMode == "retroactive" {
			sum = product(all, above)
		} else {
			sum.Add(sum, product(inside, above))
		}
	}
	money, err = rounded(product(sum, annualPool(t.plan, comp, t.in), new(big.Rat).Inv(annual)))
	return money, true, err
}

// share is one deal's part: posted on the quarter's last day, to payable where
// its gates are open by then. A deal whose money is dead by then has none. The
// credit was taken after the losses up to known, so only what came later takes
// from the share; what the renewal took, always does.
func (w *world) share(c credit, amount int64, last, known civil.Date, basis string) (line, error) {
	l := line{
		payee: c.payee, opportunity: c.deal.opportunity, component: accelerator, amount: amount,
		earned: last, opens: c.opens, forfeits: civil.Never,
	}
	if c.forfeits <= last && c.opens > c.forfeits {
		l.amount = 0
		return l, nil
	}
	if c.forfeits > last {
		l.forfeits = c.forfeits
	}
	left := new(big.Rat).Sub(whole(c.deal.arr), c.fate.gonePart(known))
	if left.Sign() <= 0 {
		return l, nil
	}
	losses := slices.Clone(c.fate.unpaid)
	if basis == "as_paid" {
		for _, g := range c.fate.gone {
			if g.on > known {
				losses = append(losses, g)
			}
		}
	}
	var err error
	l.cuts, err = cuts(amount, left, losses)
	return l, err
}

// rescaled is a share that stands at due on the quarter's last day and loses
// afterwards what the original would have lost, in proportion.
func rescaled(l line, due int64, last civil.Date) line {
	var later []cut
	had := whole(1)
	for _, c := range l.cuts {
		if c.on <= last {
			had = c.keeps
			continue
		}
		c.left = 0
		if had.Sign() > 0 {
			lost, err := rounded(product(whole(due), new(big.Rat).Sub(whole(1), quotient(c.keeps, had))))
			if err != nil {
				panic(err) // less than due, which was an amount
			}
			c.left = due - lost
		}
		later = append(later, c)
	}
	l.amount, l.cuts = due, later
	return l
}
