package wire

import (
	"fmt"
	"strings"

	"github.com/trueup/trueup/domain/money"
)

// Patterns that JavaScript's regular expressions and Go's read alike.
const (
	// An id has no control characters, and no space at either end.
	idPattern      = `^[^\x00-\x20\x7f-\xa0]([^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\xa0])?$`
	datePattern    = `^(199[0-9]|2[01][0-9]{2})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$`
	instantPattern = `^(19[7-9][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])` +
		`T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	periodPattern      = `^(199[0-9]|2[01][0-9]{2})-Q[1-4]$`
	signedPattern      = `^-?[0-9]+(\.[0-9]+)?$`
	notNegativePattern = `^(-0+(\.0+)?|[0-9]+(\.[0-9]+)?)$`
	aboveZeroPattern   = `^([0-9]*[1-9][0-9]*(\.[0-9]+)?|[0-9]+\.[0-9]*[1-9][0-9]*)$`
	percentPattern     = `^(-0+(\.0{1,12})?|0*[0-9]{1,4}(\.[0-9]{1,12})?|0*10000(\.0{1,12})?)%$`
)

// Forms are the shapes that several fields take, by name.
func Forms() map[string]Shape {
	all := map[string]Shape{
		formID:        {"type": "string", "minLength": 1, "maxLength": maxID, "pattern": idPattern, "description": fmt.Sprintf("An id or another short name: up to %d bytes, no control characters, no space at either end.", maxID)},
		formAttribute: {"type": "string", "minLength": 1, "maxLength": maxAttribute, "pattern": idPattern, "description": fmt.Sprintf("An attribute of an envelope: up to %d bytes, no control characters, no space at either end.", maxAttribute)},
		formText:      {"type": "string", "minLength": 1, "description": "Anything people wrote."},
		formDate:      {"type": "string", "format": "date", "pattern": datePattern, "description": "A civil date in the plan's time zone, YYYY-MM-DD, 1990 to 2199."},
		formInstant:   {"type": "string", "format": "date-time", "pattern": instantPattern, "description": "A point in time, RFC 3339 with seconds and an offset; kept in UTC to the nanosecond."},
		formPeriod:    {"type": "string", "pattern": periodPattern, "description": "A quarter of the plan's year, such as 2027-Q1."},
		formCurrency:  currencyForm(),
		formPercent:   {"type": "string", "maxLength": 60, "pattern": percentPattern, "description": `A percentage with its sign, such as "87.5%", 0% to 10000%.`},
		formDecimal:   {"type": "string", "maxLength": 60, "pattern": aboveZeroPattern, "description": `A plain decimal in quotes, such as "1.0825", above zero, up to 15 places.`},
		formSplit: {
			"type": "object", "minProperties": 1, "propertyNames": refer(formID),
			"additionalProperties": Shape{"type": "integer", "minimum": 0, "maximum": whole},
			"description":          fmt.Sprintf("Each payee's part in 1/%d of the deal; together %d.", whole, whole),
		},
	}
	for s, name := range formOfMoney {
		all[name] = moneyForm(sign(s)) //nolint:gosec // there are three
	}
	return all
}

func currencyForm() Shape {
	var codes []any
	for _, c := range money.Currencies() {
		codes = append(codes, string(c))
	}
	return Shape{"enum": codes, "description": "A currency code of ISO 4217 that money is paid in."}
}

// moneyForm is an amount; it has no more decimals than its currency.
func moneyForm(s sign) Shape {
	pattern, which := signedPattern, "of either sign"
	switch s {
	case notNegative:
		pattern, which = notNegativePattern, "not below zero"
	case aboveZero:
		pattern, which = aboveZeroPattern, "above zero"
	case anySign:
	}
	byPlaces := map[int][]any{}
	for _, c := range money.Currencies() {
		byPlaces[c.Exponent()] = append(byPlaces[c.Exponent()], string(c))
	}
	var rules []any
	for places := range 5 {
		if len(byPlaces[places]) == 0 {
			continue
		}
		most := `^[^.]*$`
		if places > 0 {
			most = fmt.Sprintf(`^[^.]*(\.[^.]{1,%d})?$`, places)
		}
		rules = append(rules, Shape{
			"if":   Shape{"properties": Shape{"currency": Shape{"enum": byPlaces[places]}}, "required": []string{"currency"}},
			"then": Shape{"properties": Shape{"amount": Shape{"pattern": most}}},
		})
	}
	return Shape{
		"type": "object", "additionalProperties": false, "required": []string{"amount", "currency"},
		"description": "Money, " + which + ": a decimal string in major units, with no more decimals than the currency has, and the currency. At most 10^15 minor units.",
		"properties": Shape{
			"amount":   Shape{"type": "string", "maxLength": 40, "pattern": pattern},
			"currency": refer(formCurrency),
		},
		"allOf": rules,
	}
}

// stagePattern is a stage whose letters alone, lower-cased, spell a name.
func stagePattern(names ...string) string {
	const other = `[^A-Za-z]*`
	var all []string
	for _, name := range names {
		var b strings.Builder
		for _, c := range strings.ToUpper(name) {
			fmt.Fprintf(&b, "[%c%c]%s", c, c+'a'-'A', other)
		}
		all = append(all, b.String())
	}
	return "^" + other + "(" + strings.Join(all, "|") + ")$"
}
