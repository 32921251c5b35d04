package pages

import (
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

const minus = "−"

// amount is a decimal with its thousands separated and a minus that is as wide
// as a digit: -1200.50 is −1,200.50.
func amount(decimal string) string {
	sign, digits := "", decimal
	if strings.HasPrefix(digits, "-") {
		sign, digits = minus, digits[1:]
	}
	if strings.Trim(digits, "0123456789.") != "" {
		return decimal // no number
	}
	whole, fraction, has := strings.Cut(digits, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if has {
		whole += "." + fraction
	}
	return sign + whole
}

var numbers = regexp.MustCompile(`[0-9]+(\.[0-9]+)?`)

// figure is a figure of a flag, which may be from one number to another, with its
// thousands separated.
func figure(text string) string { return numbers.ReplaceAllStringFunc(text, amount) }

// change is an amount with its sign, whichever it is.
func change(decimal string) string {
	if decimal == "" || strings.HasPrefix(decimal, "-") || nothing(decimal) {
		return amount(decimal)
	}
	return "+" + amount(decimal)
}

// nothing reports whether a decimal is zero, or is not there.
func nothing(decimal string) bool { return strings.Trim(decimal, "-0.") == "" }

func negative(decimal string) bool { return strings.HasPrefix(decimal, "-") && !nothing(decimal) }

// percent is a ratio of six decimals in percent: 0.982000 is 98.2%.
func percent(ratio string) string {
	r, ok := new(big.Rat).SetString(ratio)
	if !ok {
		return ratio
	}
	text := r.Mul(r, big.NewRat(100, 1)).FloatString(4)
	return amount(strings.TrimSuffix(strings.TrimRight(text, "0"), ".")) + "%"
}

// score is a decimal without the zeros at its end.
func score(decimal string) string {
	if !strings.Contains(decimal, ".") {
		return decimal
	}
	return strings.TrimSuffix(strings.TrimRight(decimal, "0"), ".")
}

// instantOf reads a day or an instant.
func instantOf(text string) (at time.Time, whole bool) {
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return at, false
	}
	at, err := time.Parse(time.DateOnly, text)
	return at, err == nil
}

// day is a day, or the day of an instant, for people.
func day(text string) string {
	at, _ := instantOf(text)
	if at.IsZero() {
		return text
	}
	return at.UTC().Format("2 Jan 2006")
}

// instant is a day or an instant for people, to the minute.
func instant(v any) string {
	text, ok := v.(string)
	if at, is := v.(time.Time); is {
		text, ok = at.UTC().Format(time.RFC3339Nano), true
	}
	if !ok || text == "" {
		return ""
	}
	at, whole := instantOf(text)
	switch {
	case at.IsZero():
		return text
	case whole:
		return at.Format("2 Jan 2006")
	}
	return at.UTC().Format("2 Jan 2006 15:04") + " UTC"
}

// stamp is an instant for machines.
func stamp(v any) string {
	if at, ok := v.(time.Time); ok {
		return at.UTC().Format(time.RFC3339)
	}
	return fmt.Sprint(v)
}

// span is a length of time in its two largest units: 2 d 3 h.
func span(d time.Duration) string {
	d = d.Abs()
	days, hours, minutes := int(d.Hours())/24, int(d.Hours())%24, int(d.Minutes())%60
	switch {
	case days > 0:
		return fmt.Sprintf("%d d %d h", days, hours)
	case hours > 0:
		return fmt.Sprintf("%d h %d min", hours, minutes)
	}
	return fmt.Sprintf("%d min", minutes)
}

// month is 2027-03 for people.
func month(text string) string {
	at, err := time.Parse("2006-01", text)
	if err != nil {
		return text
	}
	return at.Format("Jan 2006")
}

// pretty is JSON with its lines broken, or the bytes as they are where they are
// text that is no JSON.
func pretty(b []byte) string {
	var v any
	if json.Unmarshal(b, &v) == nil {
		var out strings.Builder
		enc := json.NewEncoder(&out)
		enc.SetEscapeHTML(false) // the template escapes
		enc.SetIndent("", "  ")
		if json.Valid(b) {
			var raw json.RawMessage = b
			if enc.Encode(raw) == nil {
				return strings.TrimSpace(out.String())
			}
		}
	}
	if utf8.Valid(b) {
		return string(b)
	}
	return fmt.Sprintf("%q", b)
}

// count is a number with its noun: 1 line, 1,204 lines.
func count(n any, one, many string) string {
	text := fmt.Sprint(n)
	if text == "1" {
		return "1 " + one
	}
	return amount(text) + " " + many
}

// short is the head of a long id.
func short(id string) string {
	if len(id) > 8 {
		return id[:8]
	}
	return id
}

// less is one decimal less another of the same currency.
func less(a, b string) string {
	x, ok := new(big.Rat).SetString(a)
	y, too := new(big.Rat).SetString(b)
	if !ok || !too {
		return a
	}
	_, fraction, _ := strings.Cut(a, ".")
	return x.Sub(x, y).FloatString(len(fraction))
}
