// Package civil has dates without a time of day, instants seen from a time
// zone, and the quarters of a plan's year.
package civil

import (
	"fmt"
	"time"

	"github.com/trueup/trueup/domain"
)

// Date is a day of the proleptic Gregorian calendar, counted from 1970-01-01.
type Date int32

// Never is later than every date that can be parsed.
const Never Date = 1<<31 - 1

// On is the date of a year, month and day that exist.
func On(year int, month time.Month, day int) Date {
	return Date(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// ParseDate reads YYYY-MM-DD. A day the calendar does not have is an error.
func ParseDate(s string) (Date, error) {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return 0, domain.Errorf(domain.Invalid, "date %q is not YYYY-MM-DD", s)
	}
	year, okY := digits(s[:4])
	month, okM := digits(s[5:7])
	day, okD := digits(s[8:])
	if !okY || !okM || !okD {
		return 0, domain.Errorf(domain.Invalid, "date %q is not YYYY-MM-DD", s)
	}
	if year < 1900 || year > 9999 || month < 1 || month > 12 || day < 1 || day > daysIn(year, time.Month(month)) {
		return 0, domain.Errorf(domain.Invalid, "date %q does not exist", s)
	}
	return On(year, time.Month(month), day), nil
}

func digits(s string) (int, bool) {
	n := 0
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

func daysIn(year int, month time.Month) int {
	return time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// In is the date a clock in zone shows at instant t.
func In(t time.Time, zone *time.Location) Date {
	_, east := t.In(zone).Zone()
	seconds := t.Unix() + int64(east)
	day := seconds / 86400
	if seconds%86400 < 0 {
		day--
	}
	return Date(day)
}

// Start is the first instant of d in zone.
func (d Date) Start(zone *time.Location) time.Time {
	y, m, day := d.utc().Date()
	t := time.Date(y, m, day, 0, 0, 0, 0, zone)
	// Where clocks jump over midnight time.Date may answer with the evening before.
	for In(t, zone) < d {
		t = t.Add(30 * time.Minute)
	}
	// Where midnight comes twice it may answer with the second.
	for In(t.Add(-1), zone) >= d {
		t = t.Add(-30 * time.Minute)
	}
	return t
}

// End is the last nanosecond of d in zone.
func (d Date) End(zone *time.Location) time.Time { return (d + 1).Start(zone).Add(-1) }

// Sub counts the days from e to d.
func (d Date) Sub(e Date) int { return int(d) - int(e) }

// Add moves d by days; the result is never past Never.
func (d Date) Add(days int) Date {
	if sum := int64(d) + int64(days); sum < int64(Never) {
		return Date(sum)
	}
	return Never
}

// AddYears moves d by whole years; 29 February becomes the 28th where it must.
func (d Date) AddYears(years int) Date {
	y, m, day := d.utc().Date()
	y += years
	return On(y, m, min(day, daysIn(y, m)))
}

// Year of d.
func (d Date) Year() int { return d.utc().Year() }

// Month of d.
func (d Date) Month() time.Month { return d.utc().Month() }

// Day of d's month, from 1.
func (d Date) Day() int { return d.utc().Day() }

func (d Date) utc() time.Time { return time.Unix(int64(d)*86400, 0).UTC() }

// String is YYYY-MM-DD.
func (d Date) String() string {
	if d == Never {
		return "never"
	}
	y, m, day := d.utc().Date()
	return fmt.Sprintf("%04d-%02d-%02d", y, m, day)
}
