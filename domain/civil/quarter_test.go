package civil_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/civil"
)

var calendars = map[string]civil.Calendar{
	"zero":  {},
	"01-01": {StartMonth: time.January, StartDay: 1},
	"02-01": {StartMonth: time.February, StartDay: 1},
	"07-15": {StartMonth: time.July, StartDay: 15},
	"12-28": {StartMonth: time.December, StartDay: 28},
}

func TestQuarterOf(t *testing.T) {
	for _, tt := range []struct{ starts, date, quarter, first, last string }{
		{"zero", "2027-03-31", "2027-Q1", "2027-01-01", "2027-03-31"},
		{"01-01", "2027-01-01", "2027-Q1", "2027-01-01", "2027-03-31"},
		{"01-01", "2027-04-01", "2027-Q2", "2027-04-01", "2027-06-30"},
		{"01-01", "2027-12-31", "2027-Q4", "2027-10-01", "2027-12-31"},
		{"02-01", "2027-01-31", "2026-Q4", "2026-11-01", "2027-01-31"},
		{"02-01", "2027-02-01", "2027-Q1", "2027-02-01", "2027-04-30"},
		{"02-01", "2028-01-31", "2027-Q4", "2027-11-01", "2028-01-31"},
		{"07-15", "2027-07-14", "2026-Q4", "2027-04-15", "2027-07-14"},
		{"07-15", "2027-07-15", "2027-Q1", "2027-07-15", "2027-10-14"},
		{"07-15", "2027-10-15", "2027-Q2", "2027-10-15", "2028-01-14"},
		{"07-15", "2028-01-14", "2027-Q2", "2027-10-15", "2028-01-14"},
		{"07-15", "2028-02-29", "2027-Q3", "2028-01-15", "2028-04-14"},
		{"12-28", "2027-12-27", "2026-Q4", "2027-09-28", "2027-12-27"},
		{"12-28", "2028-02-29", "2027-Q1", "2027-12-28", "2028-03-27"},
	} {
		cal := calendars[tt.starts]
		d, err := civil.ParseDate(tt.date)
		if err != nil {
			t.Fatal(err)
		}
		q := cal.QuarterOf(d)
		if q.String() != tt.quarter || cal.First(q).String() != tt.first || cal.Last(q).String() != tt.last {
			t.Errorf("year starts %s: QuarterOf(%s) = %s [%s, %s], want %s [%s, %s]",
				tt.starts, tt.date, q, cal.First(q), cal.Last(q), tt.quarter, tt.first, tt.last)
		}
	}
}

func TestQuarterDays(t *testing.T) {
	for _, tt := range []struct {
		starts, quarter string
		want            int
	}{
		{"01-01", "2027-Q1", 90},
		{"01-01", "2028-Q1", 91}, // leap day
		{"01-01", "2027-Q2", 91},
		{"01-01", "2027-Q3", 92},
		{"02-01", "2027-Q4", 92},
		{"07-15", "2027-Q3", 91}, // 2028-01-15 to 2028-04-14, leap day
		{"07-15", "2026-Q3", 90},
	} {
		q, err := civil.ParseQuarter(tt.quarter)
		if err != nil {
			t.Fatal(err)
		}
		if got := calendars[tt.starts].Days(q); got != tt.want {
			t.Errorf("year starts %s: Days(%s) = %d, want %d", tt.starts, q, got, tt.want)
		}
	}
}

// Quarters cut time without gap or overlap, four to a year, and every day is
// in the one that QuarterOf names.
func TestQuartersCutTime(t *testing.T) {
	for name, cal := range calendars {
		previous := cal.QuarterOf(civil.On(1989, time.December, 31))
		for d := civil.On(1990, time.January, 1); d < civil.On(2101, time.January, 1); d++ {
			q := cal.QuarterOf(d)
			switch first, last := cal.First(q), cal.Last(q); {
			case d < first || last < d:
				t.Fatalf("year starts %s: QuarterOf(%s) = %s, which is [%s, %s]", name, d, q, first, last)
			case cal.Days(q) != last.Sub(first)+1:
				t.Fatalf("year starts %s: Days(%s) = %d, but it is [%s, %s]", name, q, cal.Days(q), first, last)
			case cal.First(q+1) != last+1:
				t.Fatalf("year starts %s: %s ends on %s and %s starts on %s", name, q, last, q+1, cal.First(q+1))
			case q != previous && (q != previous+1 || d != first):
				t.Fatalf("year starts %s: %s is the first day of %s, after %s", name, d, q, previous)
			case q.Number() == 1 && first.Year() != q.Year():
				t.Fatalf("year starts %s: %s starts on %s", name, q, first)
			}
			previous = q
		}
	}
}

func TestQuarterParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		year := rapid.IntRange(1900, 9999).Draw(t, "year")
		number := rapid.IntRange(1, 4).Draw(t, "number")
		q := civil.Quarter(4*year + number - 1)
		if q.Year() != year || q.Number() != number {
			t.Fatalf("Quarter(%d) is %d of %d, want %d of %d", q, q.Number(), q.Year(), number, year)
		}
		if start := q.YearStart(); start.Number() != 1 || start.Year() != year {
			t.Fatalf("%s.YearStart() = %s", q, start)
		}
		if got, err := civil.ParseQuarter(q.String()); err != nil || got != q {
			t.Fatalf("ParseQuarter(%q) = %v, %v, want %v", q.String(), got, err, q)
		}
	})
}

func TestParseQuarterRefusesJunk(t *testing.T) {
	for _, text := range []string{
		"", "2027", "2027-Q", "2027-Q0", "2027-Q5", "2027-q1", "2027-01", "2027Q1", "27-Q1", "02027-Q1", "2027-Q11",
		" 2027-Q1", "2027-Q1 ", "2o27-Q1", "+027-Q1", "-027-Q1", "1899-Q4", "2027_Q1", "2027-QQ",
	} {
		if got, err := civil.ParseQuarter(text); domain.KindOf(err) != domain.Invalid || err == nil {
			t.Errorf("ParseQuarter(%q) = %v, %v, want an Invalid error", text, got, err)
		}
	}
}
