package money_test

import (
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/money"
)

func usd(minor int64) money.Money { return money.Money{Minor: minor, Currency: "USD"} }

func TestParseReadsPlainDecimals(t *testing.T) {
	for _, tt := range []struct {
		text     string
		currency money.Currency
		want     int64
	}{
		{"0", "USD", 0},
		{"-0", "USD", 0},
		{"12", "USD", 12_00},
		{"12.5", "USD", 12_50},
		{"-1200.50", "USD", -1200_50},
		{"0.01", "USD", 1},
		{"007.10", "USD", 7_10},
		{"600000", "JPY", 600000},
		{"1.234", "KWD", 1234},
		{"1.2", "KWD", 1200},
		{"1.2345", "CLF", 12345},
		{"10000000000000.00", "USD", money.Limit},
		{"-10000000000000.00", "USD", -money.Limit},
		{"1000000000000000", "JPY", money.Limit},
	} {
		got, err := money.Parse(tt.text, tt.currency)
		if want := (money.Money{Minor: tt.want, Currency: tt.currency}); err != nil || got != want {
			t.Errorf("Parse(%q, %s) = %+v, %v, want %+v", tt.text, tt.currency, got, err, want)
		}
	}
}

func TestParseRefusesWhatIsNotAPlainDecimal(t *testing.T) {
	for _, tt := range []struct {
		text     string
		currency money.Currency
	}{
		{"", "USD"},
		{"-", "USD"},
		{".", "USD"},
		{".5", "USD"},
		{"5.", "USD"},
		{"-.5", "USD"},
		{"--1", "USD"},
		{"+1", "USD"},
		{" 1", "USD"},
		{"1 ", "USD"},
		{"1,000.00", "USD"},
		{"1_000", "USD"},
		{"1e3", "USD"},
		{"0x10", "USD"},
		{"1.2.3", "USD"},
		{"1.-2", "USD"},
		{"NaN", "USD"},
		{"Inf", "USD"},
		{"１", "USD"},
		{"1.001", "USD"},
		{"1.000", "USD"},
		{"1.0", "JPY"},
		{"1.0001", "KWD"},
		{"1.00001", "CLF"},
		{"0.0000000000000001", "USD"},
		{"10000000000000.01", "USD"},
		{"-10000000000000.01", "USD"},
		{"1000000000000001", "JPY"},
		{"92233720368547758.08", "USD"},
		{"9223372036854775807", "USD"},
		{"9223372036854775808", "JPY"},
		{"18446744073709551617", "JPY"},
		{strings.Repeat("9", 400), "JPY"},
		{"1", ""},
		{"1", "usd"},
		{"1", "XYZ"},
	} {
		got, err := money.Parse(tt.text, tt.currency)
		if domain.KindOf(err) != domain.Invalid || err == nil || got != (money.Money{}) {
			t.Errorf("Parse(%q, %q) = %+v, %v, want an Invalid error", tt.text, tt.currency, got, err)
		}
	}
}

func TestParseReadsWhatDecimalWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := money.Money{
			Minor:    rapid.Int64Range(-money.Limit, money.Limit).Draw(t, "minor"),
			Currency: rapid.SampledFrom([]money.Currency{"JPY", "USD", "KWD", "CLF"}).Draw(t, "currency"),
		}
		text := m.Decimal()
		if got, err := money.Parse(text, m.Currency); err != nil || got != m {
			t.Fatalf("Parse(%q) = %+v, %v, want %+v", text, got, err, m)
		}
		_, decimals, _ := strings.Cut(text, ".")
		if len(decimals) != m.Currency.Exponent() {
			t.Fatalf("%+v.Decimal() = %q, want %d decimals", m, text, m.Currency.Exponent())
		}
	})
}

func TestMoneyForPeople(t *testing.T) {
	for _, tt := range []struct {
		m             money.Money
		decimal, text string
	}{
		{usd(0), "0.00", "$0.00"},
		{usd(-5), "-0.05", "-$0.05"},
		{usd(999_99), "999.99", "$999.99"},
		{usd(1_000_00), "1000.00", "$1,000.00"},
		{usd(-1_234_567_89), "-1234567.89", "-$1,234,567.89"},
		{money.Money{Minor: 1200_50, Currency: "EUR"}, "1200.50", "EUR 1,200.50"},
		{money.Money{Minor: -600000, Currency: "JPY"}, "-600000", "-JPY 600,000"},
		{money.Money{Minor: 7, Currency: "KWD"}, "0.007", "KWD 0.007"},
		{money.Money{Minor: 12345, Currency: "CLF"}, "1.2345", "CLF 1.2345"},
		{usd(math.MaxInt64), "92233720368547758.07", "$92,233,720,368,547,758.07"},
	} {
		if got := tt.m.Decimal(); got != tt.decimal {
			t.Errorf("%+v.Decimal() = %q, want %q", tt.m.Minor, got, tt.decimal)
		}
		if got := tt.m.String(); got != tt.text {
			t.Errorf("%+v.String() = %q, want %q", tt.m.Minor, got, tt.text)
		}
	}
}

func TestAdd(t *testing.T) {
	for _, tt := range []struct {
		a, b, want int64
		ok         bool
	}{
		{1, 2, 3, true},
		{-1, 1, 0, true},
		{math.MaxInt64, 0, math.MaxInt64, true},
		{math.MaxInt64 - 1, 1, math.MaxInt64, true},
		{math.MaxInt64, 1, 0, false},
		{math.MaxInt64, math.MaxInt64, 0, false},
		{-math.MaxInt64, -2, 0, false},
		{math.MinInt64, math.MaxInt64, -1, true},
	} {
		for _, order := range [][2]int64{{tt.a, tt.b}, {tt.b, tt.a}} {
			if got, err := money.Add(order[0], order[1]); got != tt.want || (err == nil) != tt.ok {
				t.Errorf("Add(%d, %d) = %d, %v, want %d, ok %v", order[0], order[1], got, err, tt.want, tt.ok)
			}
			got, err := usd(order[0]).Add(usd(order[1]))
			if (err == nil) != tt.ok || tt.ok && got != usd(tt.want) {
				t.Errorf("Money(%d).Add(%d) = %d, %v, want %d, ok %v", order[0], order[1], got.Minor, err, tt.want, tt.ok)
			}
		}
	}
	if got, err := usd(1).Add(money.Money{Minor: 1, Currency: "EUR"}); domain.KindOf(err) != domain.Invalid || err == nil {
		t.Errorf("USD + EUR = %v, %v, want an Invalid error", got, err)
	}
}

func TestAddIsExactOrAnError(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		terms := rapid.SliceOfN(rapid.OneOf(amounts, rapid.Int64Range(-math.MaxInt64, math.MaxInt64)), 0, 5).Draw(t, "terms")
		exact, inside := new(big.Int), true
		for _, x := range terms {
			exact.Add(exact, big.NewInt(x))
			inside = inside && exact.IsInt64()
		}
		got, err := money.Sum(terms...)
		if (err == nil) != inside || inside && got != exact.Int64() {
			t.Fatalf("Sum(%d) = %d, %v, want %s", terms, got, err, exact)
		}
	})
}

// anyInt64 draws small numbers and the ends of the range alike.
var anyInt64 = rapid.OneOf(
	rapid.Int64Range(-1000, 1000),
	rapid.Int64(),
	rapid.SampledFrom([]int64{math.MinInt64, math.MinInt64 + 1, -1, 0, 1, math.MaxInt64 - 1, math.MaxInt64}),
)

// amounts are what the ledger can meet.
var amounts = rapid.OneOf(rapid.Int64Range(-1000, 1000), rapid.Int64Range(-money.Limit, money.Limit))

var ratios = rapid.Custom(func(t *rapid.T) money.Ratio {
	return money.Ratio{
		Num: rapid.OneOf(rapid.Int64Range(-200, 200), rapid.Int64Range(-money.Limit, money.Limit)).Draw(t, "num"),
		Den: rapid.OneOf(rapid.Int64Range(1, 200), rapid.Int64Range(1, money.Limit)).Draw(t, "den"),
	}
})

func TestScaleRoundsHalfAwayFromZero(t *testing.T) {
	for _, tt := range []struct {
		minor int64
		by    money.Ratio
		want  int64
	}{
		{5, money.Ratio{Num: 1, Den: 2}, 3},
		{-5, money.Ratio{Num: 1, Den: 2}, -3},
		{5, money.Ratio{Num: -1, Den: 2}, -3},
		{4, money.Ratio{Num: 1, Den: 3}, 1},
		{5, money.Ratio{Num: 1, Den: 3}, 2},
		{2500001, money.Ratio{Num: 70, Den: 100}, 1750001},
		{2500005, money.Ratio{Num: 70, Den: 100}, 1750004}, // …003.5
		{337500, money.Ratio{Num: 90, Den: 95}, 319737},
	} {
		if got, err := usd(tt.minor).Scale(tt.by); err != nil || got != usd(tt.want) {
			t.Errorf("Money(%d).Scale(%d/%d) = %d, %v, want %d", tt.minor, tt.by.Num, tt.by.Den, got.Minor, err, tt.want)
		}
	}
}

func TestScaleCommutesWithNeg(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, by := usd(amounts.Draw(t, "minor")), ratios.Draw(t, "by")
		a, errA := m.Neg().Scale(by)
		b, errB := m.Scale(by)
		if (errA == nil) != (errB == nil) || errA == nil && a != b.Neg() {
			t.Fatalf("Scale(-%d, %v) = %d, %v, want -(%d, %v)", m.Minor, by, a.Minor, errA, b.Minor, errB)
		}
	})
}

// rounded is r to an integer, half away from zero, worked out another way than
// the package does: floor of the magnitude and a half.
func rounded(r *big.Rat) *big.Int {
	mag := new(big.Rat).Abs(r)
	mag.Add(mag, big.NewRat(1, 2))
	n := new(big.Int).Div(mag.Num(), mag.Denom())
	if r.Sign() < 0 {
		n.Neg(n)
	}
	return n
}

func TestMulDivIsExactUntilOneRounding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.OneOf(amounts, anyInt64)
		x := number.Draw(t, "x")
		nums := rapid.SliceOfN(number, 0, 3).Draw(t, "nums")
		dens := rapid.SliceOfN(number, 0, 3).Draw(t, "dens")
		got, err := money.MulDiv(x, nums, dens)

		exact := new(big.Rat).SetInt64(x)
		for _, n := range nums {
			exact.Mul(exact, new(big.Rat).SetInt64(n))
		}
		for _, d := range dens {
			if d == 0 {
				if err == nil {
					t.Fatalf("MulDiv(%d, %d, %d) = %d, want an error", x, nums, dens, got)
				}
				return
			}
			exact.Quo(exact, new(big.Rat).SetInt64(d))
		}
		want := rounded(exact)
		if !want.IsInt64() || want.Int64() == math.MinInt64 {
			if err == nil {
				t.Fatalf("MulDiv(%d, %d, %d) = %d, want an error: it is %s", x, nums, dens, got, want)
			}
			return
		}
		if err != nil || got != want.Int64() {
			t.Fatalf("MulDiv(%d, %d, %d) = %d, %v, want %s", x, nums, dens, got, err, want)
		}
	})
}

func TestMulDivAtTheEnds(t *testing.T) {
	for _, tt := range []struct {
		x, num, den int64
		want        int64
		ok          bool
	}{
		{math.MaxInt64, 1, 1, math.MaxInt64, true},
		{-math.MaxInt64, 1, 1, -math.MaxInt64, true},
		{math.MaxInt64, math.MaxInt64, math.MaxInt64, math.MaxInt64, true},
		{math.MaxInt64, 2, 2, math.MaxInt64, true},
		{math.MaxInt64, 3, 2, 0, false},
		{math.MaxInt64, 2, 1, 0, false},
		{-math.MaxInt64, 2, 1, 0, false},
		{math.MaxInt64, 1, 2, 1 << 62, true}, // …03.5 goes up
		{-math.MaxInt64, 1, 2, -1 << 62, true},
		{math.MinInt64, 1, 2, -1 << 62, true},
		{math.MinInt64, 1, 1, 0, false}, // the one without a negative
		{1, 1, -2, -1, true},
		{0, 7, -2, 0, true},
		{7, 0, 3, 0, true},
		{0, 0, 0, 0, false},
	} {
		got, err := money.MulDiv(tt.x, []int64{tt.num}, []int64{tt.den})
		if got != tt.want || (err == nil) != tt.ok {
			t.Errorf("MulDiv(%d, %d, %d) = %d, %v, want %d, ok %v", tt.x, tt.num, tt.den, got, err, tt.want, tt.ok)
		}
	}
}

func TestSplit(t *testing.T) {
	for _, tt := range []struct {
		name    string
		minor   int64
		weights []int64
		want    []int64
	}{
		{"even", 100, []int64{1, 1}, []int64{50, 50}},
		{"tie goes to the earlier", 100, []int64{1, 1, 1}, []int64{34, 33, 33}},
		{"two left over, tied", 5, []int64{1, 1, 1}, []int64{2, 2, 1}},
		{"largest remainder first", 10, []int64{1, 5, 1}, []int64{2, 7, 1}}, // 1.43 7.14 1.43
		{"largest remainder later", 10, []int64{3, 3, 5}, []int64{3, 3, 4}}, // 2.73 2.73 4.55
		{"zero weight gets nothing", 7, []int64{0, 2, 0, 1}, []int64{0, 5, 0, 2}},
		{"negative splits as its mirror", -100, []int64{1, 1, 1}, []int64{-34, -33, -33}},
		{"nothing to split", 0, []int64{1, 2}, []int64{0, 0}},
		{"one part", 12345, []int64{7}, []int64{12345}},
		{"huge weights", 3, []int64{math.MaxInt64, math.MaxInt64}, []int64{2, 1}},
		{"the largest amount", math.MaxInt64, []int64{1, 1}, []int64{1 << 62, 1<<62 - 1}},
	} {
		got, err := usd(tt.minor).Split(tt.weights)
		var minors []int64
		for _, p := range got {
			minors = append(minors, p.Minor)
		}
		if err != nil || !slices.Equal(minors, tt.want) {
			t.Errorf("%s: Split(%d, %d) = %d, %v, want %d", tt.name, tt.minor, tt.weights, minors, err, tt.want)
		}
	}
	for _, weights := range [][]int64{nil, {}, {0}, {0, 0}, {1, -1}, {-1}, {2, -1}} {
		if got, err := usd(100).Split(weights); domain.KindOf(err) != domain.Invalid || err == nil {
			t.Errorf("Split(100, %d) = %v, %v, want an Invalid error", weights, got, err)
		}
	}
}

func TestSplitSumsToTheWholeAndIsFair(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := usd(rapid.OneOf(amounts, rapid.Int64Range(-math.MaxInt64, math.MaxInt64)).Draw(t, "minor"))
		weights := rapid.SliceOfN(rapid.OneOf(rapid.Int64Range(0, 3), rapid.Int64Range(0, math.MaxInt64)), 1, 8).Draw(t, "weights")
		total := new(big.Rat)
		for _, w := range weights {
			total.Add(total, new(big.Rat).SetInt64(w))
		}
		parts, err := m.Split(weights)
		if total.Sign() == 0 {
			if err == nil {
				t.Fatalf("Split(%d, %d) = %v, want an error", m.Minor, weights, parts)
			}
			return
		}
		if err != nil || len(parts) != len(weights) {
			t.Fatalf("Split(%d, %d) = %v, %v, want %d parts", m.Minor, weights, parts, err, len(weights))
		}
		sum, one := int64(0), big.NewRat(1, 1)
		rests := make([]*big.Rat, len(parts)) // of magnitudes: exact share less part
		for i, p := range parts {
			if p.Currency != m.Currency {
				t.Fatalf("Split(%d, %d)[%d] is in %q", m.Minor, weights, i, p.Currency)
			}
			sum += p.Minor
			exact := new(big.Rat).SetInt64(m.Minor)
			exact.Mul(exact, new(big.Rat).SetInt64(weights[i])).Quo(exact, total)
			rests[i] = exact.Sub(exact, new(big.Rat).SetInt64(p.Minor))
			if new(big.Rat).Abs(rests[i]).Cmp(one) >= 0 {
				t.Fatalf("Split(%d, %d)[%d] = %d, a unit or more from its exact share", m.Minor, weights, i, p.Minor)
			}
			if m.Minor < 0 {
				rests[i].Neg(rests[i])
			}
		}
		if sum != m.Minor {
			t.Fatalf("Split(%d, %d) = %v sums to %d", m.Minor, weights, parts, sum)
		}
		// Largest remainder: whoever got a unit more (rest below zero) had at least
		// the remainder of whoever did not, and is the earlier where they tie.
		for i, up := range rests {
			for j, down := range rests {
				if up.Sign() >= 0 || down.Sign() < 0 {
					continue
				}
				c := new(big.Rat).Add(up, one).Cmp(down)
				if c < 0 || c == 0 && i > j {
					t.Fatalf("Split(%d, %d) = %v: part %d got the unit that was part %d's", m.Minor, weights, parts, i, j)
				}
			}
		}
	})
}

func TestCmpProductsIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a, b [4]int64
		number := rapid.OneOf(rapid.Int64Range(-3, 3), anyInt64)
		for i := range a {
			a[i], b[i] = number.Draw(t, "a"), number.Draw(t, "b")
		}
		if rapid.Bool().Draw(t, "same factors") {
			b = [4]int64{a[3], a[1], a[0], a[2]}
		}
		x, y := big.NewInt(1), big.NewInt(1)
		for i := range a {
			x.Mul(x, big.NewInt(a[i]))
			y.Mul(y, big.NewInt(b[i]))
		}
		if got, want := money.CmpProducts(a, b), x.Cmp(y); got != want {
			t.Fatalf("CmpProducts(%d, %d) = %d, want %d", a, b, got, want)
		}
	})
}

// An amount's digits are those of its minor units, with a point before the
// currency's decimals and, for people, commas between thousands.
func TestDigits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := money.Money{
			Minor:    rapid.Int64().Draw(t, "minor") >> rapid.IntRange(0, 63).Draw(t, "shorter"),
			Currency: rapid.SampledFrom([]money.Currency{"USD", "JPY", "KWD", "EUR"}).Draw(t, "currency"),
		}
		plain, people := m.Decimal(), m.String()
		whole, frac, _ := strings.Cut(strings.TrimPrefix(plain, "-"), ".")
		if want := map[money.Currency]int{"USD": 2, "JPY": 0, "KWD": 3, "EUR": 2}[m.Currency]; len(frac) != want {
			t.Fatalf("%#v.Decimal() = %s, want %d decimals", m, plain, want)
		}
		minor, ok := new(big.Int).SetString(whole+frac, 10)
		if m.Minor < 0 && ok {
			minor.Neg(minor)
		}
		if !ok || !minor.IsInt64() || minor.Int64() != m.Minor || strings.HasPrefix(plain, "-") != (m.Minor < 0) || len(whole) > 1 && whole[0] == '0' {
			t.Fatalf("%#v.Decimal() = %s", m, plain)
		}
		digits := people[strings.IndexFunc(people, func(r rune) bool { return '0' <= r && r <= '9' }):]
		if strings.ReplaceAll(digits, ",", "") != strings.TrimPrefix(plain, "-") {
			t.Fatalf("%#v: %s for people, %s", m, people, plain)
		}
		groups := strings.Split(strings.SplitN(digits, ".", 2)[0], ",")
		for i, g := range groups {
			if len(g) > 3 || i > 0 && len(g) != 3 {
				t.Fatalf("%#v for people = %s", m, people)
			}
		}
	})
}

func TestMajorIsThatManyWholeUnits(t *testing.T) {
	for _, tt := range []struct {
		n    int64
		c    money.Currency
		want int64
	}{{3, "USD", 300}, {3, "JPY", 3}, {-3, "KWD", -3000}} {
		if got, err := money.Major(tt.n, tt.c); err != nil || got != (money.Money{Minor: tt.want, Currency: tt.c}) {
			t.Errorf("Major(%d, %s) = %+v, %v, want %d", tt.n, tt.c, got, err, tt.want)
		}
	}
	for _, bad := range []struct {
		n int64
		c money.Currency
	}{{1, "XXX"}, {math.MaxInt64 / 10, "USD"}} {
		if got, err := money.Major(bad.n, bad.c); err == nil {
			t.Errorf("Major(%d, %s) = %+v, want an error", bad.n, bad.c, got)
		}
	}
}
