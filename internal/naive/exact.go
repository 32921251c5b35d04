package naive

import (
	"math/big"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/money"
)

func whole(n int64) *big.Rat { return new(big.Rat).SetInt64(n) }

func ratio(r money.Ratio) *big.Rat { return big.NewRat(r.Num, r.Den) }

func product(factors ...*big.Rat) *big.Rat {
	p := whole(1)
	for _, f := range factors {
		p.Mul(p, f)
	}
	return p
}

// rounded is r to a whole minor unit, half away from zero.
func rounded(r *big.Rat) (int64, error) {
	half := big.NewRat(1, 2)
	if r.Sign() < 0 {
		half.Neg(half)
	}
	moved := new(big.Rat).Add(r, half)
	n := new(big.Int).Quo(moved.Num(), moved.Denom()) // towards zero
	if !n.IsInt64() {
		return 0, domain.Errorf(domain.Invalid, "the amount %s is too large", n)
	}
	return n.Int64(), nil
}
