package wire

import (
	"fmt"
	"time"

	"github.com/trueup/trueup/domain/civil"
)

// parseInstant reads an RFC 3339 instant strictly (time.Parse is looser: it
// takes a comma before the fraction and one digit of an hour). The year in UTC
// is 1970 to 9999. Digits past the nanosecond are cut.
func parseInstant(b []byte) (t time.Time, why string) {
	bad := func() (time.Time, string) {
		return time.Time{}, show(b) + " is not an instant like 2027-02-10T15:04:05Z"
	}
	if len(b) < len("2006-01-02T15:04:05Z") || b[4] != '-' || b[7] != '-' || b[10] != 'T' || b[13] != ':' || b[16] != ':' {
		return bad()
	}
	ok := true
	num := func(b []byte, low, high int) int {
		n := 0
		for _, c := range b {
			ok = ok && c >= '0' && c <= '9'
			n = n*10 + int(c-'0')
		}
		ok = ok && n >= low && n <= high
		return n
	}
	year, month, day := num(b[:4], 0, 9999), num(b[5:7], 1, 12), num(b[8:10], 1, 31)
	hour, minute, second := num(b[11:13], 0, 23), num(b[14:16], 0, 59), num(b[17:19], 0, 59)
	rest, nanos := b[19:], 0
	if rest[0] == '.' {
		digits := 1
		for unit := 100_000_000; digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9'; digits++ {
			nanos += int(rest[digits]-'0') * unit
			unit /= 10
		}
		if digits == 1 {
			return bad()
		}
		rest = rest[digits:]
	}
	offset := 0
	switch {
	case len(rest) == 1 && rest[0] == 'Z':
	case len(rest) == 6 && (rest[0] == '+' || rest[0] == '-') && rest[3] == ':':
		offset = num(rest[1:3], 0, 23)*3600 + num(rest[4:6], 0, 59)*60
		if rest[0] == '-' {
			offset = -offset
		}
	default:
		return bad()
	}
	if !ok {
		return bad()
	}
	t = time.Date(year, time.Month(month), day, hour, minute, second, nanos, time.UTC)
	if t.Day() != day {
		return bad()
	}
	if offset != 0 {
		t = t.Add(-time.Duration(offset) * time.Second)
	}
	return t, implausible(t)
}

// implausible says why an instant cannot be one of an event.
func implausible(t time.Time) string {
	if year := t.UTC().Year(); year < 1970 || year > 9999 {
		return fmt.Sprintf("%q is not plausible: it is not between 1970 and 9999", t.UTC().Format(time.RFC3339))
	}
	return ""
}

// appendInstant writes an instant as a JSON string, in UTC, with as many
// decimals of a second as it has.
func appendInstant(b []byte, t time.Time) []byte {
	return append(t.UTC().AppendFormat(append(b, '"'), time.RFC3339Nano), '"')
}

// appendDate writes YYYY-MM-DD.
func appendDate(b []byte, d civil.Date) []byte {
	y, m, day := time.Unix(int64(d)*86400, 0).UTC().Date()
	return append(b,
		byte('0'+y/1000%10), byte('0'+y/100%10), byte('0'+y/10%10), byte('0'+y%10), '-',
		byte('0'+int(m)/10), byte('0'+int(m)%10), '-', byte('0'+day/10), byte('0'+day%10))
}
