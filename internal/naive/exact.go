package naive

import (
	"math/big"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/money"
)

func whole(n int64) *big.Rat { return new(big.Rat).SetInt64(n) }

// ratio is r, and nothing where none was given.
func ratio(r money.Ratio) *big.Rat {
	if r.Den == 0 {
		return new(big.Rat)
	}
	return big.NewRat(r.Num, r.Den)
}

func product(factors ...*big.Rat) *big.Rat {
	p := whole(1)
	for _, f := range factors {
		p.Mul(p, f)
	}
	return p
}

func quotient(a, b *big.Rat) *big.Rat { return new(big.Rat).Quo(a, b) }

func smaller(a, b *big.Rat) *big.Rat {
	if a.Cmp(b) <= 0 {
		return a
	}
	return b
}

func larger(a, b *big.Rat) *big.Rat {
	if a.Cmp(b) >= 0 {
		return a
	}
	return b
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

// shared cuts an amount in proportion to weights so that the parts sum to it:
// every part rounded towards zero, then what is missing one unit each to the
// largest remainders, ties to the earlier (§5).
func shared(amount int64, weights []int64) []int64 {
	sign := int64(1)
	if amount < 0 {
		sign, amount = -1, -amount
	}
	total := whole(0)
	for _, w := range weights {
		total.Add(total, whole(w))
	}
	parts, rests, left := make([]int64, len(weights)), make([]*big.Rat, len(weights)), amount
	for i, w := range weights {
		exact := quotient(product(whole(amount), whole(w)), total)
		parts[i] = new(big.Int).Quo(exact.Num(), exact.Denom()).Int64()
		rests[i] = new(big.Rat).Sub(exact, whole(parts[i]))
		left -= parts[i]
	}
	for ; left > 0; left-- {
		best := 0
		for i := range rests {
			if rests[i].Cmp(rests[best]) > 0 {
				best = i
			}
		}
		parts[best]++
		rests[best] = whole(-1)
	}
	for i := range parts {
		parts[i] *= sign
	}
	return parts
}
