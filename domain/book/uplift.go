package book

import (
	"fmt"
	"math/big"
	"slices"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// uplift is one quarter's accelerator under way.
type uplift struct {
	quarter
	cumulative     bool
	basis          account.Basis
	component      *plan.Component
	target, annual *big.Rat
	credited       int64
	total          int64
	all            []upliftShare
}

type upliftShare struct {
	*account.Credited
	credit int64
	minor  int64 // of the uplift
}

// upliftOf is an accelerator as of a day, without its shares.
func upliftOf(u *keptUplift, c *plan.Component, today civil.Date) *uplift {
	w := &uplift{quarter: u.quarter, cumulative: u.cumulative, basis: account.Basis{Known: today}, component: c, annual: u.exactly()}
	if w.plan.Clawback.Basis == "as_paid" {
		w.basis = account.Basis{Known: w.last, AsPaid: true}
	}
	w.target = over(w.annual, u.shares)
	return w
}

// collect finds the window's shares and their credits as of a day; shares that
// have none any more stay in, so that what was posted of them is seen.
func (w *uplift) collect(p *Person, books Books, from, by civil.Date) error {
	credited, err := books.Credited(p)
	if err != nil {
		return err
	}
	for _, c := range credited {
		if c.Deal.Booked < from || c.Deal.Booked > w.last {
			continue
		}
		credit, err := c.CreditBy(by)
		if err != nil {
			return err
		}
		if w.credited, err = money.Add(w.credited, credit); err != nil {
			return err
		}
		w.all = append(w.all, upliftShare{Credited: c, credit: credit})
	}
	slices.SortFunc(w.all, func(a, b upliftShare) int { return a.Compare(b.Credited) })
	return nil
}

// divide works out the uplift and splits it.
func (w *uplift) divide() error {
	if w.credited <= 0 {
		return nil
	}
	exact := w.exact()
	var err error
	if w.total, err = money.Round(exact); err != nil {
		return err
	}
	weights := make([]int64, len(w.all))
	for i := range w.all {
		weights[i] = max(0, w.all[i].credit)
	}
	parts, err := money.Money{Minor: w.total}.Split(weights)
	if err != nil {
		return err
	}
	for i := range w.all {
		w.all[i].minor = parts[i].Minor
	}
	return nil
}

// down is a share of the uplift rounded down, before the largest remainders.
func (w *uplift) down(sh *upliftShare) int64 {
	if w.credited <= 0 {
		return 0
	}
	down := new(big.Int).Mul(big.NewInt(w.total), big.NewInt(max(0, sh.credit)))
	return down.Quo(down, big.NewInt(w.credited)).Int64()
}

// exact is the uplift in minor units of money: the credited ARR in each tier ×
// what its rate is above 1, × pool ÷ target.
func (w *uplift) exact() *big.Rat {
	credited, more := new(big.Rat).SetInt64(w.credited), new(big.Rat)
	above := func(t plan.Tier) *big.Rat { return new(big.Rat).Sub(t.Rate.Rat(), one) }
	for i, t := range w.component.Tiers {
		from := new(big.Rat).Mul(t.From.Rat(), w.target)
		inside := new(big.Rat).Sub(credited, from)
		if inside.Sign() < 0 {
			break
		}
		if w.component.TierMode == "retroactive" {
			more.Mul(credited, above(t)) // the last one reached stands
			continue
		}
		if i+1 < len(w.component.Tiers) {
			width := new(big.Rat).Sub(w.component.Tiers[i+1].From.Rat(), t.From.Rat())
			if width.Mul(width, w.target); inside.Cmp(width) > 0 {
				inside = width
			}
		}
		more.Add(more, inside.Mul(inside, above(t)))
	}
	pool := new(big.Rat).Mul(new(big.Rat).SetInt64(w.variable.Minor), w.component.Weight.Rat())
	return more.Mul(more, pool).Quo(more, w.annual)
}

// explain says how the share comes about. Its figures give the share as split;
// what is rounded by largest remainder is a figure of its own.
func (w *uplift) explain(sh *upliftShare, stands, before int64) ledger.Explanation {
	c := w.variable.Currency
	amount := func(minor int64) money.Money { return money.Money{Minor: minor, Currency: c} }
	attained := new(big.Rat).Quo(new(big.Rat).SetInt64(w.credited), w.target)
	x := ledger.Explanation{
		Text: fmt.Sprintf("accelerator of %s: credited %s is %s of the target; uplift %s × %s ÷ %s = %s", w.Quarter, amount(w.credited),
			money.Percent(attained), amount(w.total), amount(sh.credit), amount(w.credited), amount(sh.minor)),
		Rule: "rules §5, accelerator", Rounding: ledger.Down,
		Figures: []ledger.Figure{
			ledger.Minor(ledger.Times, "uplift of the window: credited ARR in each tier × (rate − 1) × pool ÷ target", "components."+w.component.ID+".tiers", w.total, c),
			ledger.Minor(ledger.Times, "the deal's credit", "", sh.credit, c),
			ledger.Minor(ledger.Over, "credited in the window", "", w.credited, c),
		},
	}
	if w.credited == 0 {
		x.Figures = nil
	}
	if rest := sh.minor - w.down(sh); rest != 0 {
		x.Figures = append(x.Figures, ledger.Minor(ledger.Plus, "largest remainder", "", rest, c))
	}
	if lost := sh.minor - stands; lost != 0 {
		x.Text += fmt.Sprintf(", less %s lost before", amount(lost))
		x.Figures = append(x.Figures, ledger.Minor(ledger.Minus, "lost before", "", lost, c))
	}
	if before != 0 {
		x.Text += fmt.Sprintf(", less %s posted for the year's quarters before", amount(before))
		x.Figures = append(x.Figures, ledger.Minor(ledger.Minus, "posted for the year's quarters before", "", before, c))
	}
	return x
}
