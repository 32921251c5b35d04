package civil

import (
	"fmt"
	"time"

	"github.com/trueup/trueup/domain"
)

// Calendar cuts years into quarters. A year is named for the calendar year in
// which it starts. The zero value starts years on 1 January.
type Calendar struct {
	StartMonth time.Month // 0 is January
	StartDay   int        // 1 to 28; 0 is 1
}

// Quarter is three months of a Calendar's year, counted from Q1 of year 0.
// Quarters of one calendar compare and subtract as integers.
type Quarter int32

// QuarterOf is the quarter that holds d.
func (c Calendar) QuarterOf(d Date) Quarter {
	month, day := c.start()
	y, m, on := d.utc().Date()
	months := y*12 + int(m) - int(month)
	if on < day {
		months--
	}
	return Quarter(floorDiv(months, 3))
}

// First is q's first day.
func (c Calendar) First(q Quarter) Date {
	month, day := c.start()
	months := int(q)*3 + int(month) - 1
	return On(floorDiv(months, 12), time.Month(months-12*floorDiv(months, 12)+1), day)
}

// Last is q's last day.
func (c Calendar) Last(q Quarter) Date { return c.First(q+1) - 1 }

// Days is how many days q has.
func (c Calendar) Days(q Quarter) int { return c.First(q + 1).Sub(c.First(q)) }

func (c Calendar) start() (time.Month, int) {
	return max(c.StartMonth, time.January), max(c.StartDay, 1)
}

// Year is the year q belongs to; Number is 1 to 4 within it.
func (q Quarter) Year() int { return floorDiv(int(q), 4) }

// Number of q within its year, 1 to 4.
func (q Quarter) Number() int { return int(q) - 4*q.Year() + 1 }

// YearStart is Q1 of q's year.
func (q Quarter) YearStart() Quarter { return q - Quarter(q.Number()-1) }

// String is like 2027-Q1.
func (q Quarter) String() string { return fmt.Sprintf("%04d-Q%d", q.Year(), q.Number()) }

// ParseQuarter reads what String writes.
func ParseQuarter(s string) (Quarter, error) {
	if len(s) == 7 && s[4:6] == "-Q" && s[6] >= '1' && s[6] <= '4' {
		if year, ok := digits(s[:4]); ok && year >= 1900 {
			return Quarter(year*4 + int(s[6]-'1')), nil
		}
	}
	return 0, domain.Errorf(domain.Invalid, "period %q is not like 2027-Q1", s)
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
