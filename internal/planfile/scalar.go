package planfile

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/money"
)

// Every reader below leaves its target, which holds the default, as it is
// where the field is absent or wrong.

// text is the characters of a scalar as they stand in the file: numbers are
// read from them and never pass through a float.
func (v value) text(want string) (string, bool) {
	if v.node == nil {
		return "", false
	}
	if null(v.node) {
		v.d.rejectf(v.path, "has no value: give %s, or leave the field out", want)
		return "", false
	}
	if !v.is(yaml.ScalarNode, want) {
		return "", false
	}
	return v.node.Value, true
}

var wordForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// word reads a name that people type and entries carry: one word, without the
// @ that stands before a version.
func word[T ~string](v value, into *T) {
	v.note(wordShape(wordForm, string(*into)))
	s, ok := v.text("a name")
	switch {
	case !ok:
	case !wordForm.MatchString(s):
		v.d.rejectf(v.path, "%q is not a name of at most 64 letters, digits, dots, - and _", s)
	default:
		*into = T(s)
	}
}

// label reads a name from another system, such as a segment.
func label(v value, into *string) {
	v.note(labelShape)
	s, ok := v.text("a name")
	switch {
	case !ok:
	case s == "" || len(s) > 100 || s != strings.TrimSpace(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }):
		v.d.rejectf(v.path, "%q is not a name of at most 100 characters without blanks around it", s)
	default:
		*into = s
	}
}

// choice reads one of a closed list.
func choice[T ~string](v value, into *T, allowed ...T) {
	v.note(oneOf(allowed, *into))
	s, ok := v.text("one of " + list(allowed))
	switch {
	case !ok:
	case !slices.Contains(allowed, T(s)) && len(allowed) == 1:
		v.d.rejectf(v.path, "%q is not %s, the only choice there is", s, allowed[0])
	case !slices.Contains(allowed, T(s)):
		v.d.rejectf(v.path, "%q is not one of %s", s, list(allowed))
	default:
		*into = T(s)
	}
}

func list[T ~string](allowed []T) string {
	words := make([]string, len(allowed))
	for i, a := range allowed {
		words[i] = string(a)
	}
	return strings.Join(words, ", ")
}

// set reads a list in which order has no meaning: each item once, sorted by
// key, so that two ways to write it are one plan.
func set[T comparable](v value, into *[]T, read func(value, *T), key func(a, b T) int) {
	v.note(unique)
	items, ok := v.items()
	if !ok {
		return
	}
	var out []T
	for _, item := range items {
		var x T
		if read(item, &x); v.d.bad[item.path] {
			continue
		}
		if slices.Contains(out, x) {
			v.d.rejectf(item.path, "%q is given twice", item.node.Value)
			continue
		}
		out = append(out, x)
	}
	slices.SortFunc(out, key)
	*into = out
}

// whole reads a count from low to high.
func (v value) whole(into *int, low, high int) {
	v.note(wholeShape(low, high, *into))
	s, ok := v.text("a whole number")
	if !ok {
		return
	}
	n, err := strconv.Atoi(s)
	switch {
	case err != nil || strconv.Itoa(n) != s:
		v.d.rejectf(v.path, "%q is not a whole number", s)
	case n < low:
		v.d.rejectf(v.path, "%d is below %d", n, low)
	case n > high:
		v.d.rejectf(v.path, "%d is above %d", n, high)
	default:
		*into = n
	}
}

// maxPercent and maxDecimal bound what people mean; six decimals is what
// messages and statements show. Both keep the plan's arithmetic within int64.
var (
	maxPercent = money.Ratio{Num: 100, Den: 1} // 10,000%
	maxDecimal = money.Ratio{Num: 1_000_000, Den: 1}
)

const maxPlaces = 6

// percent reads a percentage, with its sign, of nothing or more.
func (v value) percent(into *money.Ratio) {
	v.note(ratioShape(percentPattern, *into, pct))
	v.percentTo(into, maxPercent)
}

// share reads a percentage from 0% to 100%.
func (v value) share(into *money.Ratio) {
	v.note(ratioShape(sharePattern, *into, pct))
	v.percentTo(into, money.One)
}

func (v value) percentTo(into *money.Ratio, most money.Ratio) {
	s, ok := v.text("a percentage such as 95%")
	if !ok {
		return
	}
	r, err := money.ParsePercent(s)
	switch {
	case err != nil && !strings.HasSuffix(s, "%"):
		v.d.rejectf(v.path, "%q is not a percentage: it has no %% sign, as in 95%%", s)
	case err != nil:
		v.d.rejectf(v.path, "%q is not a percentage such as 95%% or 97.5%%", s)
	default:
		v.ratio(into, r, s, most, most.Percent())
	}
}

// decimal reads a plain number, such as a multiplier, of nothing or more.
func (v value) decimal(into *money.Ratio) {
	v.note(decimalShape(*into))
	s, ok := v.text("a number such as 1.5")
	if !ok {
		return
	}
	r, err := money.ParseRatio(s)
	switch {
	case err != nil && strings.HasSuffix(s, "%"):
		v.d.rejectf(v.path, "%q is a percentage; here stands a plain number, such as 1.3 for 130%%", s)
	case err != nil:
		v.d.rejectf(v.path, "%q is not a number such as 1.5", s)
	default:
		v.ratio(into, r, s, maxDecimal, maxDecimal.String())
	}
}

func (v value) ratio(into *money.Ratio, r money.Ratio, written string, most money.Ratio, limit string) {
	_, frac, _ := strings.Cut(strings.TrimSuffix(written, "%"), ".")
	switch {
	case r.Num < 0:
		v.d.rejectf(v.path, "%s is below zero", written)
	case r.Cmp(most) > 0:
		v.d.rejectf(v.path, "%s is above %s", written, limit)
	case len(strings.TrimRight(frac, "0")) > maxPlaces:
		v.d.rejectf(v.path, "%s has more than %d decimals", written, maxPlaces)
	default:
		*into = lowest(r)
	}
}

// lowest gives equal ratios equal numerators and denominators, zero included.
func lowest(r money.Ratio) money.Ratio {
	if r.Num == 0 {
		return money.Ratio{Num: 0, Den: 1}
	}
	return r.Lowest()
}

// amount reads a decimal in major units of the plan's currency, nothing or
// more. Where the currency itself is wrong only the form is looked at.
func (v value) amount(into *money.Money) {
	v.note(amountShape(*into))
	const want = "an amount such as 30000.00"
	s, ok := v.text(want)
	if !ok {
		return
	}
	if _, err := money.ParseRatio(s); err != nil {
		v.d.rejectf(v.path, "%q is not %s: digits and a decimal point, in major units", s, want)
		return
	}
	m, err := money.Parse(s, v.d.currency)
	switch {
	case v.d.currency == "":
		v.d.mark(v.path)
	case err != nil:
		v.d.rejectf(v.path, "%s", strings.TrimPrefix(err.Error(), "amount "))
	case m.Minor < 0:
		v.d.rejectf(v.path, "%s is below zero", s)
	default:
		*into = m
	}
}

// date reads YYYY-MM-DD.
func (v value) date(into *civil.Date) {
	v.note(dateShape)
	s, ok := v.text("a date such as 2027-01-01")
	if !ok {
		return
	}
	d, err := civil.ParseDate(s)
	if err != nil {
		v.d.rejectf(v.path, "%s", strings.TrimPrefix(err.Error(), "date "))
		return
	}
	*into = d
}

var zoneForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$`)

// zone reads a name of the IANA time zone database.
func (v value) zone(into **time.Location) {
	v.note(wordShape(zoneForm, zoneName(*into)))
	s, ok := v.text("a time zone such as America/New_York")
	if !ok {
		return
	}
	zone, err := time.LoadLocation(s)
	if err != nil || !zoneForm.MatchString(s) || s == "Local" {
		v.d.rejectf(v.path, "%q is not a time zone of the IANA database, such as America/New_York or UTC", s)
		return
	}
	*into = zone
}

var timeForm = regexp.MustCompile(`^(?:[01][0-9]|2[0-3]):[0-5][0-9]$`)

// clock reads a time of day.
func (v value) clock(into *string) {
	v.note(wordShape(timeForm, *into))
	s, ok := v.text(`a time such as "09:00"`)
	switch {
	case !ok:
	case !timeForm.MatchString(s):
		v.d.rejectf(v.path, `%q is not a time such as "09:00"`, s)
	default:
		*into = s
	}
}
