package naive

import (
	"math/big"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

// converted is an amount in the plans' currency by the rate in force on a
// date, rounded once; false where there is no rate (R23). Statements of ARR
// other than deals are converted alike, each at the rate of its own date;
// without a rate they move nothing. Nothing is nothing in any currency.
func (w *world) converted(m money.Money, on civil.Date) (int64, bool) {
	if m.Minor == 0 || m.Currency == w.tenant.Currency {
		return m.Minor, true
	}
	rate := w.rate(m.Currency, on)
	if rate == nil {
		return 0, false
	}
	exact := product(whole(m.Minor), rate, tenTo(w.tenant.Currency.Exponent()), new(big.Rat).Inv(tenTo(m.Currency.Exponent())))
	minor, err := rounded(exact)
	return minor, err == nil
}

func tenTo(n int) *big.Rat {
	p := whole(1)
	for range n {
		p.Mul(p, whole(10))
	}
	return p
}

// rate is the standing one from a currency to the plans' with the latest
// effective date not after on, or nil.
func (w *world) rate(from money.Currency, on civil.Date) *big.Rat {
	type key struct {
		base, quote money.Currency
		on          civil.Date
	}
	if w.rates == nil {
		w.rates = standing(of[event.RateSet](w.told), func(e event.RateSet) key { return key{e.Base, e.Quote, e.Effective} })
	}
	var best *event.RateSet
	for i, e := range w.rates {
		if e.Base == from && e.Quote == w.tenant.Currency && e.Effective <= on && (best == nil || e.Effective > best.Effective) {
			best = &w.rates[i]
		}
	}
	if best == nil {
		return nil
	}
	return ratio(best.Rate)
}

// minor is an amount that is not ARR: nothing where it is foreign.
func (w *world) minor(m money.Money) int64 {
	if m.Currency != w.tenant.Currency {
		return 0
	}
	return m.Minor
}
