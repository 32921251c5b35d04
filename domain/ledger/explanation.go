package ledger

import (
	"fmt"
	"math/big"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/money"
)

// Explanation says where an amount comes from: in a sentence for people, and
// as the figures it is worked out of.
type Explanation struct {
	Text     string
	Rule     string // where the rule is written: "rules §5, rate basis pool"
	Rounding Rounding
	Figures  []Figure
}

// Rounding is how the product of an explanation's figures becomes minor units.
type Rounding uint8

// The roundings.
const (
	// HalfAway is half away from zero, once.
	HalfAway Rounding = iota
	// Down is towards zero; what is lost is given out by largest remainder and
	// is a figure of its own.
	Down
)

func (r Rounding) String() string {
	if r == Down {
		return "down, then by largest remainder"
	}
	return "half away from zero"
}

// Op is what a figure does to the amount.
type Op uint8

// The operations: Times and Over make a product that is rounded once, then
// Plus and Minus change it by whole minor units.
const (
	Times Op = iota
	Over
	Plus
	Minus
)

func (o Op) String() string { return [...]string{"×", "÷", "+", "−"}[o] }

// Figure is one number of an explanation.
type Figure struct {
	Op    Op
	Name  string // what it is: "incremental ARR"
	Value string // exact, as a whole number or a fraction; money in minor units
	Unit  string // a currency, "%", "days", or empty for a plain number
	Field string // the plan field or the fact's field it was read from; empty where it was derived
}

// Cash is a figure of money.
func Cash(op Op, name, field string, m money.Money) Figure {
	return Figure{op, name, fmt.Sprint(m.Minor), string(m.Currency), field}
}

// Minor is a figure of so many minor units.
func Minor(op Op, name, field string, minor int64, c money.Currency) Figure {
	return Figure{op, name, fmt.Sprint(minor), string(c), field}
}

// Part is a figure that is a ratio, to be shown as a percentage.
func Part(op Op, name, field string, r money.Ratio) Figure {
	return Figure{op, name, r.Rat().RatString(), "%", field}
}

// Plain is a figure without a unit.
func Plain(op Op, name, field string, r *big.Rat) Figure {
	return Figure{op, name, r.RatString(), "", field}
}

// Days is a figure of whole days.
func Days(op Op, name, field string, n int) Figure {
	return Figure{op, name, fmt.Sprint(n), "days", field}
}

// Amount works the figures out, in minor units: the product of all Times and
// Over figures, rounded once, plus and minus the others. No figures are zero.
func (x *Explanation) Amount() (int64, error) {
	product, any, rest := big.NewRat(1, 1), false, int64(0)
	for _, f := range x.Figures {
		v, ok := new(big.Rat).SetString(f.Value)
		if !ok {
			return 0, domain.Errorf(domain.Corrupt, "figure %s: %q is no number", f.Name, f.Value)
		}
		switch f.Op {
		case Times:
			product, any = product.Mul(product, v), true
		case Over:
			if v.Sign() == 0 {
				return 0, domain.Errorf(domain.Corrupt, "figure %s divides by nothing", f.Name)
			}
			product, any = product.Quo(product, v), true
		case Plus, Minus:
			if !v.IsInt() || !v.Num().IsInt64() {
				return 0, domain.Errorf(domain.Corrupt, "figure %s: %q is no whole amount", f.Name, f.Value)
			}
			n := v.Num().Int64()
			if f.Op == Minus {
				n = -n
			}
			var err error
			if rest, err = money.Add(rest, n); err != nil {
				return 0, err
			}
		}
	}
	if !any {
		return rest, nil
	}
	whole := new(big.Int).Quo(product.Num(), product.Denom()).Int64()
	if x.Rounding == HalfAway {
		var err error
		if whole, err = money.Round(product); err != nil {
			return 0, err
		}
	}
	return money.Add(whole, rest)
}
