package advice

import (
	"cmp"
	"math/big"
	"slices"
	"strings"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/money"
)

// Figure is a measure for people. Where its unit is % the value has one
// decimal.
type Figure struct{ Name, Value, Unit string }

// Figures lists what informs about a book, always in the same order. What there
// is nothing to measure of is left out. Amounts of ARR are in currency.
//
// Source: rules §12a, and §8 for the measures of the quarter alone.
// Units: as each says.
// Rounding: half away from zero, once per figure.
func Figures(m account.Measures, currency money.Currency) []Figure {
	var out figures
	out.part("nps", 1, "points", int64(m.Promoters-m.Detractors)*100, int64(m.NPSAnswers))
	out.part("csat", 2, "points", m.CSATMillionths, 1_000_000*int64(m.CSATAnswers))
	out.percent("adoption", m.AdoptedARR, m.MeasuredARR)
	out.median("time_to_value", "days", 1, ratios(m.OnboardingDays))
	out.percent("grr", m.Quarter.Gross, m.Quarter.Opening)
	out.percent("nrr", m.Quarter.Net, m.Quarter.Opening)
	out.percent("logo_churn", int64(m.Quarter.Lost), int64(m.Quarter.Logos))
	out.percent("revenue_churn", m.Quarter.Opening-m.Quarter.Gross, m.Quarter.Opening)
	out.percent("review_coverage", int64(m.ReviewsDone), int64(m.ReviewScope))
	out.percent("health_coverage", int64(m.WeeksScored), int64(m.WeeksOwned))
	out.part("contacts_per_account", 1, "contacts", int64(m.Contacts), int64(m.Accounts))
	out.percent("risk_response", int64(m.EpisodesMet), int64(m.EpisodesDue))
	out.median("escalation_response", "hours", 3600, ratios(m.ResponseSeconds))
	out.percent("forecast_accuracy", int64(m.ForecastsRight), int64(m.TermEnds))
	out.percent("at_risk", m.AtRiskARR, m.ARR)
	amount := func(name string, minor int64) {
		out = append(out, Figure{name, money.Money{Minor: minor, Currency: currency}.Decimal(), string(currency)})
	}
	for _, s := range m.Mix {
		name := "mix." + cmp.Or(s.Name, "unsegmented") + "."
		amount(name+"healthy", s.HealthyARR)
		amount(name+"at_risk", s.AtRiskARR)
		amount(name+"unscored", s.Rest)
	}
	for _, s := range m.Pipeline {
		amount("pipeline."+cmp.Or(s.Name, "unnamed"), s.ARR)
	}
	return out
}

type figures []Figure

func (f *figures) percent(name string, num, den int64) {
	if den != 0 {
		f.add(name, "%", 1, new(big.Rat).Mul(big.NewRat(num, den), big.NewRat(100, 1)))
	}
}

func (f *figures) part(name string, places int, unit string, num, den int64) {
	if den != 0 {
		f.add(name, unit, places, big.NewRat(num, den))
	}
}

// median adds the middle of some figures, each ÷ den.
func (f *figures) median(name, unit string, den int64, of []*big.Rat) {
	if len(of) > 0 {
		f.add(name, unit, 1, new(big.Rat).Mul(median(of), big.NewRat(1, den)))
	}
}

func (f *figures) add(name, unit string, places int, value *big.Rat) {
	text := value.FloatString(places)
	if strings.Trim(text, "-0.") == "" {
		text = strings.TrimPrefix(text, "-") // −0.04 is 0.0
	}
	*f = append(*f, Figure{name, text, unit})
}

func ratios[T int | int64](of []T) []*big.Rat {
	out := make([]*big.Rat, len(of))
	for i, n := range of {
		out[i] = big.NewRat(int64(n), 1)
	}
	return out
}

// median is the middle of figures, of an even number of them the mean of both
// middles; there is at least one.
func median(figures []*big.Rat) *big.Rat {
	sorted := slices.SortedFunc(slices.Values(figures), (*big.Rat).Cmp)
	n := len(sorted)
	sum := new(big.Rat).Add(sorted[(n-1)/2], sorted[n/2])
	return sum.Mul(sum, big.NewRat(1, 2))
}
