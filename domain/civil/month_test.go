package civil

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestMonthsAreThreeToAQuarter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Calendar{StartMonth: time.Month(rapid.IntRange(0, 12).Draw(t, "month")), StartDay: rapid.IntRange(0, 28).Draw(t, "day")}
		d := Date(rapid.IntRange(-30_000, 60_000).Draw(t, "date"))
		m, q := c.MonthOf(d), c.QuarterOf(d)
		if m.Quarter() != q || m < q.FirstMonth() || m > q.FirstMonth()+2 {
			t.Fatalf("%v is in month %d and in %v, whose first is %d", d, m, q, q.FirstMonth())
		}
		first := c.First(q)
		if got := c.MonthOf(first); got != q.FirstMonth() || c.MonthOf(first-1) != got-1 {
			t.Fatalf("MonthOf(%v) = %d, want the first of %v, %d, and the one before on the day before", first, got, q, q.FirstMonth())
		}
	})
}

func TestMonthNames(t *testing.T) {
	for _, tt := range []struct {
		c    Calendar
		on   Date
		want string
	}{
		{Calendar{}, On(2027, time.March, 31), "2027-03"},
		{Calendar{}, On(2027, time.December, 1), "2027-12"},
		{Calendar{StartMonth: time.February}, On(2027, time.January, 31), "2027-01"},
		{Calendar{StartMonth: time.February, StartDay: 15}, On(2027, time.March, 14), "2027-02"},
		{Calendar{StartMonth: time.February, StartDay: 15}, On(2028, time.January, 14), "2027-12"},
	} {
		if got := tt.c.Name(tt.c.MonthOf(tt.on)); got != tt.want {
			t.Errorf("the month of %v in %+v is %s, want %s", tt.on, tt.c, got, tt.want)
		}
	}
}
