package account

import (
	"cmp"
	"math/big"
	"slices"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

// Rates are the exchange rates known, by pair and effective date; of two
// statements about one pair and date the latest stands. The zero value knows
// none.
type Rates struct{ list []event.RateSet }

// With is r and one more rate; r itself stays as it is.
func (r Rates) With(e event.RateSet) Rates {
	i, found := slices.BinarySearchFunc(r.list, e, compareRates)
	switch {
	case !found:
		return Rates{slices.Insert(slices.Clone(r.list), i, e)}
	case event.Newer(e.Header, r.list[i].Header):
		list := slices.Clone(r.list)
		list[i] = e
		return Rates{list}
	}
	return r
}

func compareRates(a, b event.RateSet) int {
	return cmp.Or(cmp.Compare(a.Base, b.Base), cmp.Compare(a.Quote, b.Quote), cmp.Compare(a.Effective, b.Effective))
}

// On is the rate from one currency to another in force on a day: the latest
// effective on or before it.
func (r Rates) On(base, quote money.Currency, on civil.Date) (event.RateSet, bool) {
	i, _ := slices.BinarySearchFunc(r.list, event.RateSet{Base: base, Quote: quote, Effective: on + 1}, compareRates)
	if i == 0 || r.list[i-1].Base != base || r.list[i-1].Quote != quote {
		return event.RateSet{}, false
	}
	return r.list[i-1], true
}

// Convert is an amount in another currency at the rate of a day.
//
// Source: rules §5 "Currency"; readings R23.
// Units: minor units of each currency.
// Rounding: half away from zero, once.
func (r Rates) Convert(m money.Money, to money.Currency, on civil.Date) (money.Money, bool, error) {
	if m.Currency == to {
		return m, true, nil
	}
	rate, ok := r.On(m.Currency, to, on)
	if !ok {
		return money.Money{}, false, nil
	}
	minor, err := money.Round(exactly(m, to, rate.Rate))
	return money.Money{Minor: minor, Currency: to}, true, err
}

// exactly is an amount in minor units of another currency, exactly.
func exactly(m money.Money, to money.Currency, rate money.Ratio) *big.Rat {
	x := new(big.Rat).Mul(new(big.Rat).SetInt64(m.Minor), rate.Rat())
	for e := m.Currency.Exponent(); e < to.Exponent(); e++ {
		x.Mul(x, big.NewRat(10, 1))
	}
	for e := to.Exponent(); e < m.Currency.Exponent(); e++ {
		x.Quo(x, big.NewRat(10, 1))
	}
	return x
}
