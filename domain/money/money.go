// Package money has exact amounts: integers of minor units with a currency,
// and ratios of integers. Nothing here is ever a float, arithmetic that
// overflows or mixes currencies is an error, and every rounding is half away
// from zero.
package money

import (
	"cmp"
	"math"
	"math/big"
	"math/bits"
	"strconv"
	"strings"

	"github.com/trueup/trueup/domain"
)

// Money is an amount in minor units: 12_50 of USD is $12.50.
type Money struct {
	Minor    int64
	Currency Currency
}

// Limit is the largest amount, in minor units and either sign, that Parse
// takes: it leaves room to add thousands of the largest before int64 ends.
const Limit = 1_000_000_000_000_000

// Parse reads a decimal in major units, such as -1200.50. More decimals than
// the currency has, anything that is not a plain decimal, and amounts beyond
// Limit are errors; fewer decimals are fine.
func Parse(s string, c Currency) (Money, error) {
	exp, ok := c.exponent()
	if !ok {
		return Money{}, domain.Errorf(domain.Invalid, "currency %q is not in ISO 4217", string(c))
	}
	digits, scale, err := parseDecimal(s)
	if err != nil {
		return Money{}, domain.Errorf(domain.Invalid, "amount %q %w", s, err)
	}
	if scale > exp {
		return Money{}, domain.Errorf(domain.Invalid, "amount %q has %d decimals, %s has %d", s, scale, c, exp)
	}
	minor, err := mulChecked(digits, pow10(exp-scale))
	if err != nil || minor > Limit || minor < -Limit {
		return Money{}, domain.Errorf(domain.Invalid, "amount %q is larger than %s", s, Money{Limit, c}.Decimal())
	}
	return Money{minor, c}, nil
}

// Major is a whole number of major units.
func Major(n int64, c Currency) (Money, error) {
	exp, ok := c.exponent()
	if !ok {
		return Money{}, domain.Errorf(domain.Invalid, "currency %q is not in ISO 4217", string(c))
	}
	minor, err := mulChecked(n, pow10(exp))
	return Money{minor, c}, err
}

// Decimal is m in major units with all of the currency's decimals: -1200.50.
func (m Money) Decimal() string { return decimal(m.Minor, m.Currency, false) }

// String is m for people: $1,200.50, or EUR 1,200.50 where the sign is not
// plain.
func (m Money) String() string {
	sign, minor := "", m.Minor
	if minor < 0 {
		sign = "-"
	}
	digits := strings.TrimPrefix(decimal(minor, m.Currency, true), "-")
	if m.Currency == "USD" {
		return sign + "$" + digits
	}
	return sign + string(m.Currency) + " " + digits
}

func decimal(minor int64, c Currency, grouped bool) string {
	exp, _ := c.exponent()
	var room [32]byte
	digits := strconv.AppendUint(room[:0], abs(minor), 10)
	var out [48]byte
	b := out[:0]
	if minor < 0 {
		b = append(b, '-')
	}
	for i := len(digits) - max(len(digits), exp+1); i < len(digits); i++ {
		left := len(digits) - i
		switch {
		case left == exp:
			b = append(b, '.')
		case grouped && i > 0 && left > exp && (left-exp)%3 == 0:
			b = append(b, ',')
		}
		if i < 0 {
			b = append(b, '0')
		} else {
			b = append(b, digits[i])
		}
	}
	return string(b)
}

// IsZero reports whether m is nothing, in any currency.
func (m Money) IsZero() bool { return m.Minor == 0 }

// Neg is -m. Amounts made by this package are never the one int64 without a
// negative.
func (m Money) Neg() Money { return Money{-m.Minor, m.Currency} }

// Add is m + n. It fails on overflow and on two currencies.
func (m Money) Add(n Money) (Money, error) {
	if m.Currency != n.Currency {
		return Money{}, domain.Errorf(domain.Invalid, "cannot add %s to %s", n.Currency, m.Currency)
	}
	sum, err := Add(m.Minor, n.Minor)
	return Money{sum, m.Currency}, err
}

// Scale is m × r, rounded half away from zero, so that Scale(-m) is -Scale(m).
func (m Money) Scale(r Ratio) (Money, error) {
	minor, err := MulDiv(m.Minor, []int64{r.Num}, []int64{r.Den})
	return Money{minor, m.Currency}, err
}

// Split cuts m in proportion to weights, none negative and not all zero. The
// parts differ from the exact shares by less than one minor unit and sum to m:
// largest remainder, ties to the earlier part.
func (m Money) Split(weights []int64) ([]Money, error) {
	var total, weight, share big.Int // used again for each: there may be many parts
	for _, w := range weights {
		if w < 0 {
			return nil, domain.Errorf(domain.Invalid, "weight %d is negative", w)
		}
		total.Add(&total, weight.SetInt64(w))
	}
	if total.Sign() == 0 {
		return nil, domain.Errorf(domain.Invalid, "weights sum to zero")
	}
	minor, sign := m.Minor, int64(1)
	if minor < 0 {
		minor, sign = -minor, -1
	}
	parts := make([]Money, len(weights))
	rests := make([]big.Int, len(weights))
	left := minor
	of, all := big.NewInt(minor), new(big.Int)
	for i, w := range weights {
		share.QuoRem(all.Mul(of, weight.SetInt64(w)), &total, &rests[i])
		parts[i] = Money{share.Int64(), m.Currency}
		left -= share.Int64()
	}
	for ; left > 0; left-- {
		best := 0
		for i := range rests {
			if rests[i].Cmp(&rests[best]) > 0 {
				best = i
			}
		}
		parts[best].Minor++
		rests[best].SetInt64(-1)
	}
	for i := range parts {
		parts[i].Minor *= sign
	}
	return parts, nil
}

// Add is a + b, or an error where int64 does not hold it.
func Add(a, b int64) (int64, error) {
	sum := a + b
	if b > 0 && sum < a || b < 0 && sum > a {
		return 0, overflow()
	}
	return sum, nil
}

// Sum adds all of terms.
func Sum(terms ...int64) (int64, error) {
	var sum int64
	for _, t := range terms {
		var err error
		if sum, err = Add(sum, t); err != nil {
			return 0, err
		}
	}
	return sum, nil
}

// MulDiv is x × Π nums ÷ Π dens, exact until one rounding half away from zero
// at the end. It fails on a zero divisor and where int64 does not hold the
// result.
func MulDiv(x int64, nums, dens []int64) (int64, error) {
	if over, err := productOf(nums); err == nil {
		if under, err := productOf(dens); err == nil {
			if v, ok := mulDiv64(x, over, under); ok {
				return v, nil
			}
		}
	}
	num, den := big.NewInt(x), big.NewInt(1)
	for _, n := range nums {
		num.Mul(num, big.NewInt(n))
	}
	for _, d := range dens {
		den.Mul(den, big.NewInt(d))
	}
	if den.Sign() == 0 {
		return 0, domain.Errorf(domain.Invalid, "division by zero")
	}
	negative := num.Sign()*den.Sign() < 0
	num.Abs(num)
	den.Abs(den)
	// half away from zero: (2n + d) ÷ 2d, floored, on magnitudes
	num.Lsh(num, 1).Add(num, den).Quo(num, den.Lsh(den, 1))
	if negative {
		num.Neg(num)
	}
	if !num.IsInt64() || num.Int64() == math.MinInt64 {
		return 0, overflow()
	}
	return num.Int64(), nil
}

// CmpProducts compares two products exactly: -1 where a's is below b's, 0
// where equal, 1 where above.
func CmpProducts(a, b [4]int64) int {
	x, errA := productOf(a[:])
	y, errB := productOf(b[:])
	if errA == nil && errB == nil {
		return cmp.Compare(x, y)
	}
	return bigProduct(a).Cmp(bigProduct(b))
}

func productOf(factors []int64) (int64, error) {
	p := int64(1)
	for _, f := range factors {
		var err error
		if p, err = mulChecked(p, f); err != nil {
			return 0, err
		}
	}
	return p, nil
}

func bigProduct(factors [4]int64) *big.Int {
	p := big.NewInt(1)
	for _, f := range factors {
		p.Mul(p, big.NewInt(f))
	}
	return p
}

// mulDiv64 is the common case of MulDiv, all in machine words.
func mulDiv64(x, num, den int64) (int64, bool) {
	hi, lo := bits.Mul64(abs(x), abs(num))
	if hi >= abs(den) { // nothing is below a den of zero
		return 0, false
	}
	quo, rem := bits.Div64(hi, lo, abs(den))
	if quo >= math.MaxInt64 {
		return 0, false
	}
	if rem >= abs(den)-rem {
		quo++
	}
	if (x < 0) != (num < 0) != (den < 0) {
		return -int64(quo), true
	}
	return int64(quo), true
}

func mulChecked(a, b int64) (int64, error) {
	hi, lo := bits.Mul64(abs(a), abs(b))
	if hi != 0 || lo > math.MaxInt64 {
		return 0, overflow()
	}
	if (a < 0) != (b < 0) {
		return -int64(lo), nil
	}
	return int64(lo), nil
}

func abs(a int64) uint64 {
	if a < 0 {
		return uint64(-a)
	}
	return uint64(a)
}

func pow10(n int) int64 {
	p := int64(1)
	for range n {
		p *= 10
	}
	return p
}

func overflow() error {
	return domain.Errorf(domain.Invalid, "the amount is too large to compute with")
}
