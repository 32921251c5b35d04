package book

import (
	"math/big"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// PaidFor reports whether payroll confirmed a payment of a quarter and did not
// take it back.
func (p *Person) PaidFor(q civil.Quarter) bool {
	for _, told := range p.payouts {
		if last := told[len(told)-1]; last.confirmed && last.period == q {
			return true
		}
	}
	return false
}

// GRR is the payee's gross retention for a quarter, over the window of their
// plan's retention component (the quarter where it has none); false with an
// empty book.
func (p *Person) GRR(q civil.Quarter) (money.Ratio, bool, error) {
	e, _ := p.enrolledIn(q)
	if e == nil {
		return money.Ratio{}, false, nil
	}
	w := account.WindowQuarter
	if pl := p.set.Plans.For(e.Plan, e.Role, e.Segment, p.set.Calendar.First(q)); pl != nil {
		if c := pl.Component(plan.Retention); c != nil {
			w = windowNames[c.Window]
		}
	}
	r, err := p.Retained(e.Role, w, q)
	return money.Ratio{Num: r.Closing, Den: r.Opening}, r.Opening > 0, err
}

// Target is an exact amount of ARR to be credited.
type Target struct{ minor *big.Rat }

// Of is credited ARR ÷ target with six decimals.
func (t Target) Of(credited int64) string {
	return new(big.Rat).Quo(new(big.Rat).SetInt64(credited), t.minor).FloatString(6)
}

// QuarterTarget is a quarter of the payee's annual target, prorated like the
// pools; false where they have none.
func (p *Person) QuarterTarget(q civil.Quarter) (Target, bool) {
	e, days := p.enrolledIn(q)
	if e == nil {
		return Target{}, false
	}
	pl := p.set.Plans.For(e.Plan, e.Role, e.Segment, p.set.Calendar.First(q))
	if pl == nil {
		return Target{}, false
	}
	c := pl.Component(plan.Expansion)
	if c == nil || c.AnnualARR == nil {
		return Target{}, false
	}
	annual := *c.AnnualARR
	if e.AnnualTarget != nil {
		annual = *e.AnnualTarget
	}
	t := big.NewRat(annual.Minor, 4)
	if pl.Proration == "days" {
		t.Mul(t, big.NewRat(int64(days), int64(p.set.Calendar.Days(q))))
	}
	return Target{t}, t.Sign() > 0
}
