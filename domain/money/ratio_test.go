package money_test

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/money"
)

func TestParseRatio(t *testing.T) {
	for _, tt := range []struct {
		text     string
		num, den int64
	}{
		{"0", 0, 1},
		{"1.3", 13, 10},
		{"-0.5", -5, 10},
		{"1.0", 1, 1},
		{"65", 65, 1},
		{"0.000000000000001", 1, 1_000_000_000_000_000},
		{"007.5", 75, 10},
	} {
		want := money.Ratio{Num: tt.num, Den: tt.den}
		if got, err := money.ParseRatio(tt.text); err != nil || got.Cmp(want) != 0 || got.Den <= 0 {
			t.Errorf("ParseRatio(%q) = %d/%d, %v, want %d/%d", tt.text, got.Num, got.Den, err, tt.num, tt.den)
		}
	}
	for _, text := range []string{"", "-", ".5", "5.", "1e1", "+1", " 1", "1 ", "1/2", "90%", "1,5", "0.0000000000000001", "99999999999999999999"} {
		if got, err := money.ParseRatio(text); domain.KindOf(err) != domain.Invalid || err == nil {
			t.Errorf("ParseRatio(%q) = %d/%d, %v, want an Invalid error", text, got.Num, got.Den, err)
		}
	}
}

func TestParsePercent(t *testing.T) {
	for _, tt := range []struct {
		text     string
		num, den int64
	}{
		{"0%", 0, 1},
		{"90%", 9, 10},
		{"97.5%", 975, 1000},
		{"100%", 1, 1},
		{"-5%", -5, 100},
		{"150%", 3, 2},
		{"0.000000000001%", 1, 100_000_000_000_000},
	} {
		want := money.Ratio{Num: tt.num, Den: tt.den}
		if got, err := money.ParsePercent(tt.text); err != nil || got.Cmp(want) != 0 || got.Den <= 0 {
			t.Errorf("ParsePercent(%q) = %d/%d, %v, want %d/%d", tt.text, got.Num, got.Den, err, tt.num, tt.den)
		}
	}
	for _, text := range []string{"", "%", "90", "90 %", "90%%", "%90", ".5%", "5.%", "1e1%", "0.0000000000001%", "99999999999999999999%"} {
		if got, err := money.ParsePercent(text); domain.KindOf(err) != domain.Invalid || err == nil {
			t.Errorf("ParsePercent(%q) = %d/%d, %v, want an Invalid error", text, got.Num, got.Den, err)
		}
	}
}

var anyRatio = rapid.Custom(func(t *rapid.T) money.Ratio {
	return money.Ratio{
		Num: anyInt64.Draw(t, "num"),
		Den: rapid.OneOf(rapid.Int64Range(1, 100), rapid.Int64Range(1, math.MaxInt64)).Draw(t, "den"),
	}
})

func TestCmpIsThatOfFractions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, s := anyRatio.Draw(t, "r"), anyRatio.Draw(t, "s")
		if rapid.Bool().Draw(t, "next to each other") {
			s = money.Ratio{Num: r.Num/2 + 1, Den: max(r.Den/2, 1)}
		}
		want := big.NewRat(r.Num, r.Den).Cmp(big.NewRat(s.Num, s.Den))
		if got := r.Cmp(s); got != want {
			t.Fatalf("%d/%d.Cmp(%d/%d) = %d, want %d", r.Num, r.Den, s.Num, s.Den, got, want)
		}
	})
}

func TestLowestIsTheSameNumberWithoutCommonFactors(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := anyRatio.Draw(t, "r")
		got := r.Lowest()
		gcd := new(big.Int).GCD(nil, nil, new(big.Int).Abs(big.NewInt(got.Num)), big.NewInt(got.Den))
		if got.Den <= 0 || got.Cmp(r) != 0 || r.Num != 0 && gcd.Cmp(big.NewInt(1)) != 0 {
			t.Fatalf("%d/%d.Lowest() = %d/%d", r.Num, r.Den, got.Num, got.Den)
		}
	})
}

func TestRatioForPeople(t *testing.T) {
	for _, tt := range []struct {
		r                      money.Ratio
		percent, fixed, string string
	}{
		{money.Ratio{Num: 9, Den: 10}, "90%", "0.900000", "0.9"},
		{money.Ratio{Num: 975, Den: 1000}, "97.5%", "0.975000", "0.975"},
		{money.One, "100%", "1.000000", "1"},
		{money.Ratio{Num: 0, Den: 7}, "0%", "0.000000", "0"},
		{money.Ratio{Num: 10, Den: 1}, "1000%", "10.000000", "10"},
		{money.Ratio{Num: 1, Den: 3}, "33.333333%", "0.333333", "0.333333"},
		{money.Ratio{Num: 2, Den: 3}, "66.666667%", "0.666667", "0.666667"},
		{money.Ratio{Num: -1, Den: 2}, "-50%", "-0.500000", "-0.5"},
		{money.Ratio{Num: 899999750, Den: 1000000000}, "89.999975%", "0.900000", "0.9"},
		{money.Ratio{Num: 5, Den: 10_000_000}, "0.00005%", "0.000001", "0.000001"}, // half up
		{money.Ratio{Num: -5, Den: 10_000_000}, "-0.00005%", "-0.000001", "-0.000001"},
		{money.Ratio{Num: 4, Den: 10_000_000}, "0.00004%", "0.000000", "0"},
	} {
		if got := tt.r.Percent(); got != tt.percent {
			t.Errorf("%d/%d.Percent() = %q, want %q", tt.r.Num, tt.r.Den, got, tt.percent)
		}
		if got := tt.r.Fixed(); got != tt.fixed {
			t.Errorf("%d/%d.Fixed() = %q, want %q", tt.r.Num, tt.r.Den, got, tt.fixed)
		}
		if got := tt.r.String(); got != tt.string {
			t.Errorf("%d/%d.String() = %q, want %q", tt.r.Num, tt.r.Den, got, tt.string)
		}
	}
}

func TestRatIsTheCallersOwn(t *testing.T) {
	r := money.Ratio{Num: 9, Den: 10}
	r.Rat().Mul(r.Rat(), big.NewRat(2, 1))
	if got := r.Rat(); got.Cmp(big.NewRat(9, 10)) != 0 {
		t.Errorf("Rat() = %s after the one before was changed, want 9/10", got)
	}
}

func TestRound(t *testing.T) {
	for _, tt := range []struct{ num, den, want int64 }{
		{1, 2, 1},
		{-1, 2, -1},
		{3, 2, 2},
		{-3, 2, -2},
		{4999, 10000, 0},
		{-4999, 10000, 0},
		{5, 1, 5},
		{0, 3, 0},
		{math.MaxInt64, 1, math.MaxInt64},
		{-math.MaxInt64, 1, -math.MaxInt64},
	} {
		if got, err := money.Round(big.NewRat(tt.num, tt.den)); err != nil || got != tt.want {
			t.Errorf("Round(%d/%d) = %d, %v, want %d", tt.num, tt.den, got, err, tt.want)
		}
	}
	half := big.NewRat(1, 2)
	for _, r := range []*big.Rat{
		new(big.Rat).Add(new(big.Rat).SetInt64(math.MaxInt64), half),
		new(big.Rat).Mul(new(big.Rat).SetInt64(math.MinInt64), big.NewRat(3, 1)),
	} {
		if got, err := money.Round(r); err == nil {
			t.Errorf("Round(%s) = %d, want an error", r, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		r := anyRatio.Draw(t, "r").Rat()
		before := new(big.Rat).Set(r)
		want := rounded(r)
		got, err := money.Round(r)
		if (err == nil) != want.IsInt64() || err == nil && got != want.Int64() {
			t.Fatalf("Round(%s) = %d, %v, want %s", r, got, err, want)
		}
		if r.Cmp(before) != 0 {
			t.Fatalf("Round changed its argument from %s to %s", before, r)
		}
	})
}

// What people are shown of a ratio in machine words is what big numbers give.
func TestRatioForPeopleIsThatOfFractions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := money.Ratio{Num: rapid.Int64().Draw(t, "num"), Den: rapid.Int64Range(1, math.MaxInt64).Draw(t, "den")}
		if rapid.Bool().Draw(t, "small") {
			r = money.Ratio{Num: r.Num % 1_000_000, Den: r.Den%1_000_000 + 1}
		}
		if got, want := r.Fixed(), big.NewRat(r.Num, r.Den).FloatString(6); got != want {
			t.Fatalf("%d/%d.Fixed() = %s, want %s", r.Num, r.Den, got, want)
		}
		if got, want := r.Percent(), money.Percent(big.NewRat(r.Num, r.Den)); got != want {
			t.Fatalf("%d/%d.Percent() = %s, want %s", r.Num, r.Den, got, want)
		}
	})
}
