package money

import (
	"maps"
	"slices"
	"strings"

	"github.com/trueup/trueup/domain"
)

// Currency is an ISO 4217 code: three capital letters.
type Currency string

// ParseCurrency takes a code that is in ISO 4217 and in use.
func ParseCurrency(code string) (Currency, error) {
	if _, ok := Currency(code).exponent(); !ok {
		return "", domain.Errorf(domain.Invalid, "currency %q is not in ISO 4217", code)
	}
	return Currency(code), nil
}

// Currencies are all that ParseCurrency takes, sorted.
func Currencies() []Currency { return slices.Sorted(maps.Keys(exponents)) }

// Exponent is how many decimals the currency has: 2 for USD, 0 for JPY, 3 for
// KWD. Codes that are not in ISO 4217 have 0.
func (c Currency) Exponent() int {
	exp, _ := c.exponent()
	return exp
}

func (c Currency) exponent() (int, bool) {
	if c == "USD" {
		return 2, true
	}
	exp, ok := exponents[c]
	return int(exp), ok
}

// exponents is ISO 4217's list one of active codes for money that is paid in:
// without funds, metals and test codes that have no minor unit.
var exponents = func() map[Currency]uint8 {
	m := map[Currency]uint8{}
	for exp, codes := range [...]string{
		0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
		2: "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW " +
			"CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG " +
			"HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR " +
			"MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD " +
			"SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER " +
			"ZAR ZMW ZWG",
		3: "BHD IQD JOD KWD LYD OMR TND",
		4: "CLF UYW",
	} {
		for code := range strings.FieldsSeq(codes) {
			m[Currency(code)] = uint8(exp)
		}
	}
	return m
}()
