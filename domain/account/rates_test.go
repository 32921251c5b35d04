package account

import (
	"math/big"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

func rate(hour int, base, quote money.Currency, num, den int64, on string) event.RateSet {
	return event.RateSet{
		Header: event.Header{Identity: event.Identity{Source: "admin", ID: on + string(base)}, Type: "admin.fx.set.v1", Time: time.Date(2027, time.January, 1, hour, 0, 0, 0, time.UTC)},
		Base:   base, Quote: quote, Rate: money.Ratio{Num: num, Den: den}, Effective: day(on),
	}
}

// Source: rules §5 "Currency"; readings R23.
func TestConvert(t *testing.T) {
	var rates Rates
	for _, r := range []event.RateSet{
		rate(1, "EUR", "USD", 11, 10, "2027-02-01"), rate(1, "EUR", "USD", 12, 10, "2027-03-01"), rate(1, "JPY", "USD", 1, 150, "2027-01-01"),
		rate(1, "USD", "JPY", 150, 1, "2027-01-01"), rate(2, "GBP", "USD", 13, 10, "2027-01-01"), rate(1, "GBP", "USD", 99, 1, "2027-01-01"),
	} {
		rates = rates.With(r)
	}
	for _, tt := range []struct {
		name  string
		from  money.Money
		to    money.Currency
		on    string
		want  int64
		known bool
	}{
		{"the same currency needs none", usd(5), "USD", "2020-01-01", 5, true},
		{"before the first", money.Money{Minor: 100, Currency: "EUR"}, "USD", "2027-01-31", 0, false},
		{"on its day", money.Money{Minor: 100, Currency: "EUR"}, "USD", "2027-02-01", 110, true},
		{"until the day before the next", money.Money{Minor: 100, Currency: "EUR"}, "USD", "2027-02-28", 110, true},
		{"the next", money.Money{Minor: 100, Currency: "EUR"}, "USD", "2027-03-01", 120, true},
		{"half a cent away from zero", money.Money{Minor: 5, Currency: "EUR"}, "USD", "2027-02-01", 6, true},
		{"half a cent below zero", money.Money{Minor: -5, Currency: "EUR"}, "USD", "2027-02-01", -6, true},
		{"from no decimals to two", money.Money{Minor: 150, Currency: "JPY"}, "USD", "2027-02-01", 100, true},
		{"from two decimals to none", usd(1_00), "JPY", "2027-02-01", 150, true},
		{"the other way round is not told", usd(100), "EUR", "2027-03-01", 0, false},
		{"no such currency", money.Money{Minor: 1, Currency: "SEK"}, "USD", "2027-03-01", 0, false},
		{"of two statements the later", money.Money{Minor: 100, Currency: "GBP"}, "USD", "2027-03-01", 130, true},
	} {
		got, known, err := rates.Convert(tt.from, tt.to, day(tt.on))
		if err != nil || known != tt.known || got.Minor != tt.want || known && got.Currency != tt.to {
			t.Errorf("%s: Convert(%s, %s, %s) = %s, %v, %v, want %d, %v", tt.name, tt.from, tt.to, tt.on, got, known, err, tt.want, tt.known)
		}
	}
	if _, _, err := rates.Convert(money.Money{Minor: 1 << 62, Currency: "GBP"}, "USD", day("2027-03-01")); err != nil {
		t.Errorf("Convert of what int64 holds: %v", err)
	}
	if got, _, err := rates.Convert(money.Money{Minor: 1<<63 - 1, Currency: "EUR"}, "USD", day("2027-03-01")); err == nil {
		t.Errorf("Convert of more than int64 holds = %s, want an error", got)
	}
}

// Whatever the order rates are told in, the latest effective by a day is in
// force, of one date the latest told; and With leaves the old ones as they were.
func TestRatesAreASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var told []event.RateSet
		for range rapid.IntRange(0, 8).Draw(t, "rates") {
			told = append(told, rate(len(told), rapid.SampledFrom([]money.Currency{"EUR", "GBP"}).Draw(t, "base"), "USD",
				rapid.Int64Range(1, 9).Draw(t, "rate"), 1, day("2027-01-01").Add(rapid.IntRange(0, 3).Draw(t, "day")).String()))
		}
		var rates, before Rates
		for _, r := range rapid.Permutation(told).Draw(t, "arrived") {
			before = rates
			list := slices.Clone(before.list)
			if rates = rates.With(r); !slices.Equal(before.list, list) {
				t.Fatalf("With(%+v) changed %v to %v", r, list, before.list)
			}
		}
		for _, base := range []money.Currency{"EUR", "GBP"} {
			for on := day("2026-12-31"); on < day("2027-01-06"); on++ {
				var want *event.RateSet
				for i, r := range told {
					if r.Base == base && r.Effective <= on && (want == nil || r.Effective >= want.Effective) {
						want = &told[i]
					}
				}
				got, ok := rates.On(base, "USD", on)
				if ok != (want != nil) || ok && got != *want {
					t.Fatalf("On(%s, %s) = %+v, %v, want %+v", base, on, got, ok, want)
				}
			}
		}
	})
}

// Units of two currencies differ by their decimals alone.
func TestConvertIsTheRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rate(1, "EUR", "USD", rapid.Int64Range(1, 1_000_000).Draw(t, "num"), rapid.Int64Range(1, 1_000_000).Draw(t, "den"), "2027-01-01")
		m := money.Money{Minor: rapid.Int64Range(-1_000_000, 1_000_000).Draw(t, "minor"), Currency: "EUR"}
		got, ok, err := Rates{}.With(r).Convert(m, "USD", r.Effective)
		if err != nil || !ok {
			t.Fatalf("Convert(%s): %v, %v", m, ok, err)
		}
		off := new(big.Rat).Sub(new(big.Rat).Mul(r.Rate.Rat(), big.NewRat(m.Minor, 1)), big.NewRat(got.Minor, 1))
		if off.Abs(off).Cmp(big.NewRat(1, 2)) > 0 {
			t.Fatalf("Convert(%s) at %s = %s", m, r.Rate, got)
		}
		if back, _, _ := (Rates{}).With(r).Convert(m.Neg(), "USD", r.Effective); back.Minor != -got.Minor {
			t.Fatalf("Convert(%s) = %s, of its opposite %s", m, got, back)
		}
	})
}
