package civil_test

import (
	"fmt"
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/civil"
)

func TestParseDateAgreesWithTheCalendar(t *testing.T) {
	date := civil.On(1990, time.January, 1)
	for day := time.Date(1990, time.January, 1, 0, 0, 0, 0, time.UTC); day.Year() <= 2100; day = day.AddDate(0, 0, 1) {
		text := day.Format(time.DateOnly)
		got, err := civil.ParseDate(text)
		if err != nil || got != date {
			t.Fatalf("ParseDate(%q) = %d, %v, want %d", text, got, err, date)
		}
		if got.String() != text || got.Year() != day.Year() || got.Month() != day.Month() || got.Day() != day.Day() {
			t.Fatalf("ParseDate(%q) is %s: %d %v %d", text, got, got.Year(), got.Month(), got.Day())
		}
		date++
	}
}

// Every day number of every month, the ones that do not exist too.
func TestParseDateTakesOnlyDaysThatExist(t *testing.T) {
	for _, year := range []int{1899, 1900, 1999, 2000, 2027, 2028, 2100, 9999} {
		for month := range 14 {
			for day := range 34 {
				text := fmt.Sprintf("%04d-%02d-%02d", year, month, day)
				want, wantErr := time.Parse(time.DateOnly, text)
				exists := wantErr == nil && year >= 1900
				got, err := civil.ParseDate(text)
				if (err == nil) != exists || exists && got != civil.Date(want.Unix()/86400) {
					t.Errorf("ParseDate(%q) = %v, %v, want exists %v", text, got, err, exists)
				}
			}
		}
	}
}

func TestParseDateRefusesJunk(t *testing.T) {
	for _, text := range []string{
		"", "never", "2027", "2027-01", "2027-1-01", "2027-01-1", "27-01-01", "02027-01-01", "20270101", "2027/01/01", "01-01-2027",
		"2027-01-01 ", " 2027-01-01", "2027-01-01T00:00:00Z", "2027-01-0a", "2o27-01-01", "+027-01-01", "-027-01-01", "2027--1-01",
		"2027-01--1", "2027-+1-01", "2027-01-+1", "2027-Jan-1", "2027-１-01", "0000-00-00",
	} {
		if got, err := civil.ParseDate(text); domain.KindOf(err) != domain.Invalid || err == nil {
			t.Errorf("ParseDate(%q) = %v, %v, want an Invalid error", text, got, err)
		}
	}
}

func TestParseDateAgreesWithTimeParse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[0-9]{4}[-/][0-9 ]{2}-[0-9]{2}|.{10}`).Draw(t, "text")
		want, wantErr := time.Parse(time.DateOnly, text)
		exists := wantErr == nil && want.Year() >= 1900
		if got, err := civil.ParseDate(text); (err == nil) != exists || exists && got.String() != text {
			t.Fatalf("ParseDate(%q) = %v, %v, time.Parse: %v", text, got, err, wantErr)
		}
	})
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestStartWhereClocksJump(t *testing.T) {
	for _, tt := range []struct {
		name, zone, date, want string
		hours                  float64 // in the whole day
	}{
		{"plain day", "UTC", "2027-03-31", "2027-03-31T00:00:00Z", 24},
		{"spring in New York", "America/New_York", "2027-03-14", "2027-03-14T00:00:00-05:00", 23},
		{"autumn in New York", "America/New_York", "2027-11-07", "2027-11-07T00:00:00-04:00", 25},
		{"half an hour on Lord Howe, spring", "Australia/Lord_Howe", "2027-10-03", "2027-10-03T00:00:00+10:30", 23.5},
		{"half an hour on Lord Howe, autumn", "Australia/Lord_Howe", "2027-04-04", "2027-04-04T00:00:00+11:00", 24.5},
		{"no midnight in São Paulo", "America/Sao_Paulo", "2018-11-04", "2018-11-04T01:00:00-02:00", 23},
		{"the day before ends an hour early", "America/Sao_Paulo", "2018-11-03", "2018-11-03T00:00:00-03:00", 24},
		{"23:00 twice in São Paulo", "America/Sao_Paulo", "2018-02-17", "2018-02-17T00:00:00-02:00", 25},
		{"the day after starts once", "America/Sao_Paulo", "2018-02-18", "2018-02-18T00:00:00-03:00", 24},
		{"no midnight in Beirut", "Asia/Beirut", "2027-03-28", "2027-03-28T01:00:00+03:00", 23},
		{"23:00 twice in Beirut", "Asia/Beirut", "2027-10-30", "2027-10-30T00:00:00+03:00", 25},
		{"midnight twice in Amman", "Asia/Amman", "2021-10-29", "2021-10-29T00:00:00+03:00", 25},
		{"midnight twice in Havana", "America/Havana", "2027-11-07", "2027-11-07T00:00:00-04:00", 25},
		{"no midnight in Santiago", "America/Santiago", "2027-09-05", "2027-09-05T01:00:00-03:00", 23},
		{"23:00 twice in Santiago", "America/Santiago", "2027-04-03", "2027-04-03T00:00:00-03:00", 25},
		{"the day after 23:00 came twice", "America/Santiago", "2027-04-04", "2027-04-04T00:00:00-04:00", 24},
		{"no midnight in Cairo", "Africa/Cairo", "2027-04-30", "2027-04-30T01:00:00+03:00", 23},
		{"23:00 twice in Cairo", "Africa/Cairo", "2027-10-28", "2027-10-28T00:00:00+03:00", 25},
		{"the day before the one left out in Apia", "Pacific/Apia", "2011-12-29", "2011-12-29T00:00:00-10:00", 24},
		{"a day left out in Apia", "Pacific/Apia", "2011-12-30", "2011-12-31T00:00:00+14:00", 0},
		{"the day after the one left out in Apia", "Pacific/Apia", "2011-12-31", "2011-12-31T00:00:00+14:00", 24},
		{"leap day", "Asia/Kolkata", "2028-02-29", "2028-02-29T00:00:00+05:30", 24},
	} {
		d, err := civil.ParseDate(tt.date)
		if err != nil {
			t.Fatal(err)
		}
		want, err := time.Parse(time.RFC3339, tt.want)
		if err != nil {
			t.Fatal(err)
		}
		z := zone(t, tt.zone)
		got, end := d.Start(z), d.End(z)
		if !got.Equal(want) {
			t.Errorf("%s: %s.Start(%s) = %s, want %s", tt.name, d, tt.zone, got.Format(time.RFC3339), tt.want)
		}
		if length := end.Sub(got) + 1; length != time.Duration(tt.hours*float64(time.Hour)) {
			t.Errorf("%s: %s has %v in %s, want %v hours", tt.name, d, length, tt.zone, tt.hours)
		}
	}
}

// A day is exactly the instants at which a clock shows it, and days follow
// each other without a gap.
func TestADayIsTheInstantsThatShowIt(t *testing.T) {
	for _, name := range []string{
		"UTC", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Beirut", "America/Havana", "Asia/Kolkata",
		"Pacific/Kiritimati", "Europe/London", "Africa/Cairo", "America/Asuncion", "Atlantic/Azores", "America/Santiago", "Asia/Kathmandu", "Pacific/Apia",
	} {
		z := zone(t, name)
		for d := civil.On(2015, time.January, 1); d < civil.On(2031, time.January, 1); d++ {
			start, end := d.Start(z), d.End(z)
			if got := civil.In(start, z); got != d {
				t.Errorf("%s: %s starts at %s, which is on %s", name, d, start, got)
			}
			if got := civil.In(start.Add(-1), z); got != d-1 {
				t.Errorf("%s: the instant before %s starts at %s is on %s", name, d, start, got)
			}
			if got := civil.In(end, z); got != d {
				t.Errorf("%s: %s ends at %s, which is on %s", name, d, end, got)
			}
			if next := (d + 1).Start(z); !end.Add(1).Equal(next) {
				t.Errorf("%s: %s ends at %s, the next day starts at %s", name, d, end, next)
			}
		}
	}
}

func TestAddYears(t *testing.T) {
	for _, tt := range []struct {
		from  string
		years int
		want  string
	}{
		{"2027-03-31", 1, "2028-03-31"},
		{"2028-02-29", 1, "2029-02-28"},
		{"2028-02-29", 4, "2032-02-29"},
		{"2028-02-29", -1, "2027-02-28"},
		{"2096-02-29", 4, "2100-02-28"}, // 2100 is no leap year
		{"2027-02-28", 1, "2028-02-28"},
		{"2027-06-15", 0, "2027-06-15"},
	} {
		from, err := civil.ParseDate(tt.from)
		if err != nil {
			t.Fatal(err)
		}
		if got := from.AddYears(tt.years); got.String() != tt.want {
			t.Errorf("%s.AddYears(%d) = %s, want %s", tt.from, tt.years, got, tt.want)
		}
	}
}

func TestAddAndSubCountDays(t *testing.T) {
	jan1, mar1 := civil.On(2028, time.January, 1), civil.On(2028, time.March, 1)
	if got := mar1.Sub(jan1); got != 60 { // a leap year
		t.Errorf("%s.Sub(%s) = %d, want 60", mar1, jan1, got)
	}
	if got := jan1.Add(60); got != mar1 {
		t.Errorf("%s.Add(60) = %s, want %s", jan1, got, mar1)
	}
	if got := mar1.Add(-60); got != jan1 {
		t.Errorf("%s.Add(-60) = %s, want %s", mar1, got, jan1)
	}
	for _, days := range []int{0, 1, 1 << 40} {
		if got := civil.Never.Add(days); got != civil.Never {
			t.Errorf("Never.Add(%d) = %d, want Never", days, got)
		}
	}
	if got := jan1.Add(1 << 40); got != civil.Never {
		t.Errorf("%s.Add(1<<40) = %d, want Never", jan1, got)
	}
	if got := civil.Never.String(); got != "never" {
		t.Errorf("Never.String() = %q", got)
	}
}

func TestInIsTheDateTheClockShows(t *testing.T) {
	newYork := zone(t, "America/New_York")
	for _, tt := range []struct{ at, want string }{
		{"2027-04-01T03:59:59Z", "2027-03-31"},
		{"2027-04-01T04:00:00Z", "2027-04-01"},
		{"2027-01-01T04:59:59Z", "2026-12-31"},
		{"2027-01-01T05:00:00Z", "2027-01-01"},
	} {
		at, err := time.Parse(time.RFC3339, tt.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := civil.In(at, newYork); got.String() != tt.want {
			t.Errorf("In(%s, New York) = %s, want %s", tt.at, got, tt.want)
		}
	}
}
