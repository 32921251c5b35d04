package money_test

import (
	"testing"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/money"
)

func TestCurrenciesInUse(t *testing.T) {
	for code, want := range map[string]int{
		"USD": 2, "EUR": 2, "GBP": 2, "CHF": 2, "CAD": 2, "AUD": 2, "BRL": 2, "INR": 2, "MXN": 2, "SEK": 2, "CNY": 2,
		"ZWG": 2, "XCG": 2, "SLE": 2, "VED": 2, "MRU": 2, "STN": 2, // the newest codes
		"JPY": 0, "KRW": 0, "CLP": 0, "VND": 0, "ISK": 0, "XOF": 0, "UGX": 0,
		"KWD": 3, "BHD": 3, "JOD": 3, "TND": 3, "OMR": 3, "IQD": 3, "LYD": 3,
		"CLF": 4, "UYW": 4,
	} {
		c, err := money.ParseCurrency(code)
		if err != nil || string(c) != code || c.Exponent() != want {
			t.Errorf("ParseCurrency(%q) = %q with %d decimals, %v, want %d", code, c, c.Exponent(), err, want)
		}
	}
}

func TestCurrenciesRefused(t *testing.T) {
	for why, codes := range map[string][]string{
		"retired":       {"HRK", "DEM", "FRF", "LTL", "EEK", "BYR", "VEF", "ZWL", "ZWD", "SLL", "ANG", "CUC", "MRO", "STD", "TRL"},
		"not money":     {"XAU", "XAG", "XDR", "XTS", "XXX", "XBA"},
		"not a code":    {"", "US", "USDD", "usd", "Usd", "U$D", " USD", "USD ", "EURO"},
		"never existed": {"ABC", "ZZZ"},
	} {
		for _, code := range codes {
			if got, err := money.ParseCurrency(code); domain.KindOf(err) != domain.Invalid || err == nil {
				t.Errorf("%s: ParseCurrency(%q) = %q, %v, want an Invalid error", why, code, got, err)
			}
			if got := money.Currency(code).Exponent(); got != 0 {
				t.Errorf("%s: Currency(%q).Exponent() = %d, want 0", why, code, got)
			}
		}
	}
}
