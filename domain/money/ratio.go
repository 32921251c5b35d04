package money

import (
	"cmp"
	"errors"
	"fmt"
	"math/big"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/trueup/trueup/domain"
)

// Ratio is an exact fraction. Den is above zero; 90 % is 90/100.
type Ratio struct{ Num, Den int64 }

// One is the whole.
var One = Ratio{1, 1}

// ParseRatio reads a plain decimal, such as 1.3, exactly.
func ParseRatio(s string) (Ratio, error) {
	digits, scale, err := parseDecimal(s)
	if err != nil {
		return Ratio{}, domain.Errorf(domain.Invalid, "number %q %w", s, err)
	}
	return Ratio{digits, pow10(scale)}, nil
}

// ParsePercent reads a percentage with its sign, such as 97.5%, exactly.
func ParsePercent(s string) (Ratio, error) {
	number, ok := strings.CutSuffix(s, "%")
	if !ok {
		return Ratio{}, domain.Errorf(domain.Invalid, "percentage %q has no %% sign", s)
	}
	digits, scale, err := parseDecimal(number)
	if err != nil || scale > 12 {
		return Ratio{}, domain.Errorf(domain.Invalid, "percentage %q is not a plain decimal with a %% sign", s)
	}
	return Ratio{digits, 100 * pow10(scale)}, nil
}

// Cmp compares exactly: -1 where r is below s, 0 where equal, 1 where above.
func (r Ratio) Cmp(s Ratio) int {
	if below := r.Num < 0; below != (s.Num < 0) {
		if below {
			return -1
		}
		return 1
	}
	rHi, rLo := bits.Mul64(abs(r.Num), abs(s.Den))
	sHi, sLo := bits.Mul64(abs(s.Num), abs(r.Den))
	if r.Num < 0 {
		rHi, rLo, sHi, sLo = sHi, sLo, rHi, rLo
	}
	return cmp.Or(cmp.Compare(rHi, sHi), cmp.Compare(rLo, sLo))
}

// Rat is r as a big.Rat of its own.
func (r Ratio) Rat() *big.Rat { return big.NewRat(r.Num, r.Den) }

// Round is r to an integer, half away from zero, or an error where int64 does
// not hold it.
func Round(r *big.Rat) (int64, error) {
	num, den := new(big.Int).Abs(r.Num()), r.Denom()
	num.Lsh(num, 1).Add(num, den).Quo(num, new(big.Int).Lsh(den, 1))
	if r.Sign() < 0 {
		num.Neg(num)
	}
	if !num.IsInt64() {
		return 0, overflow()
	}
	return num.Int64(), nil
}

// Percent is r for people, in per cent with as many decimals as it needs, at
// most six: 97.5%.
func (r Ratio) Percent() string { return trimZeros(r.decimal(100)) + "%" }

// Percent is an exact fraction for people, like Ratio.Percent.
func Percent(r *big.Rat) string {
	return trimZeros(new(big.Rat).Mul(r, big.NewRat(100, 1)).FloatString(places)) + "%"
}

// Fixed is r as a decimal with six places, rounded half away from zero.
func (r Ratio) Fixed() string { return r.decimal(1) }

// String is r as a decimal with as many places as it needs, at most six.
func (r Ratio) String() string { return trimZeros(r.decimal(1)) }

// places is how many decimals people are shown at most.
const places = 6

// decimal is so many times r with all the places, rounded half away from zero.
func (r Ratio) decimal(times int64) string {
	v, ok := mulDiv64(r.Num, times*1_000_000, r.Den)
	if !ok || v <= 0 && r.Num != 0 { // or it may be a zero with a sign
		return new(big.Rat).Mul(r.Rat(), big.NewRat(times, 1)).FloatString(places)
	}
	b := strconv.AppendInt(make([]byte, 0, 32), v, 10)
	for len(b) <= places {
		b = slices.Insert(b, 0, '0')
	}
	return string(slices.Insert(b, len(b)-places, '.'))
}

func trimZeros(s string) string { return strings.TrimSuffix(strings.TrimRight(s, "0"), ".") }

var errDecimal = errors.New("is not a plain decimal")

// parseDecimal reads -?digits[.digits] into an integer and how many of its
// digits stand after the point.
func parseDecimal(s string) (digits int64, scale int, err error) {
	negative := strings.HasPrefix(s, "-")
	whole, frac, dot := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	if whole == "" || dot && frac == "" {
		return 0, 0, errDecimal
	}
	if len(frac) > 15 {
		return 0, 0, fmt.Errorf("has %d decimals", len(frac))
	}
	for _, c := range []byte(whole + frac) {
		if c < '0' || c > '9' {
			return 0, 0, errDecimal
		}
		if digits > (1<<63-10)/10 {
			return 0, 0, errors.New("is too large")
		}
		digits = digits*10 + int64(c-'0')
	}
	if negative {
		digits = -digits
	}
	return digits, len(frac), nil
}

// Lowest is r with its common factors taken out.
func (r Ratio) Lowest() Ratio {
	a, b := r.Num, r.Den
	for b != 0 {
		a, b = b, a%b
	}
	if a < 0 {
		a = -a
	}
	if a == 0 {
		return r
	}
	return Ratio{r.Num / a, r.Den / a}
}
