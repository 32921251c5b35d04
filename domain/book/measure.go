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

// ConfirmedFor is what payroll confirmed for a quarter and did not take back;
// false where it said nothing.
func (p *Person) ConfirmedFor(q civil.Quarter) (money.Money, bool) {
	sum, told := money.Money{Currency: p.set.Currency}, false
	for _, list := range p.payouts {
		if last := list[len(list)-1]; last.confirmed && last.period == q {
			told = true
			sum.Minor += last.amount.Minor
		}
	}
	return sum, told
}

// Figures are what a quarter's pay looks at, beside the measures that inform.
type Figures struct {
	GRR, NRR   *money.Ratio // nil with an empty book
	Attainment *big.Rat     // nil without a target
	Reviews    *money.Ratio // nil with nothing in scope
	Credited   int64
}

// GRR is a quarter's gross retention, over its plan's window; nil with an
// empty book.
func (p *Person) GRR(q civil.Quarter, books Books) (*money.Ratio, error) {
	qt, ok := p.quarterOf(q)
	if !ok {
		return nil, nil
	}
	return p.grr(qt, books)
}

func (p *Person) grr(qt quarter, books Books) (*money.Ratio, error) {
	w := account.WindowQuarter
	if c := qt.plan.Component(plan.Retention); c != nil {
		w = account.WindowOf(c.Window)
	}
	r, _, err := books.Retained(p, w, qt.Quarter)
	if err != nil || r.Opening <= 0 {
		return nil, err
	}
	return &money.Ratio{Num: r.Gross, Den: r.Opening}, nil
}

// Figures gives a quarter's, as of a day.
func (p *Person) Figures(q civil.Quarter, day civil.Date, books Books) (Figures, error) {
	var out Figures
	qt, ok := p.quarterOf(q)
	if !ok {
		return out, nil
	}
	var err error
	if out.GRR, err = p.grr(qt, books); err != nil {
		return out, err
	}
	if c := qt.plan.Component(plan.NetRetention); c != nil {
		r, _, err := books.Retained(p, account.WindowOf(c.Window), q)
		if err != nil {
			return out, err
		}
		if r.Opening > 0 {
			out.NRR = &money.Ratio{Num: r.Net, Den: r.Opening}
		}
	}
	m, err := books.Measures(p, q)
	if err != nil {
		return out, err
	}
	if m.ReviewScope > 0 {
		out.Reviews = &money.Ratio{Num: int64(m.ReviewsDone), Den: int64(m.ReviewScope)}
	}
	credited, err := books.Credited(p)
	if err != nil {
		return out, err
	}
	for _, c := range credited {
		if c.Deal.Booked < qt.first || c.Deal.Booked > qt.last || c.Deal.Booked > day {
			continue
		}
		n, err := c.CreditBy(day)
		if err != nil {
			return out, err
		}
		if out.Credited, err = money.Add(out.Credited, n); err != nil {
			return out, err
		}
	}
	part, err := p.target(qt, books)
	if part != nil {
		out.Attainment = new(big.Rat).Quo(new(big.Rat).SetInt64(out.Credited), part)
	}
	return out, err
}
