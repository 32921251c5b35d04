package civil

import (
	"fmt"
	"time"
)

// Month is a month of a Calendar's year, counted from the first of year 0: a
// quarter has three. It starts on the day of the month that the year starts on.
type Month int32

// MonthOf is the month that holds d.
func (c Calendar) MonthOf(d Date) Month {
	month, day := c.start()
	months := d.Year()*12 + int(d.Month()) - int(month)
	if d.Day() < day {
		months--
	}
	return Month(months)
}

// Quarter is the one the month is in.
func (m Month) Quarter() Quarter { return Quarter(floorDiv(int(m), 3)) }

// FirstMonth is a quarter's first; two more follow.
func (q Quarter) FirstMonth() Month { return Month(q) * 3 }

// Name is the calendar month in which m starts, like 2027-03.
func (c Calendar) Name(m Month) string {
	month, _ := c.start()
	months := int(m) + int(month) - 1
	return fmt.Sprintf("%04d-%02d", floorDiv(months, 12), time.Month(months-12*floorDiv(months, 12)+1))
}
