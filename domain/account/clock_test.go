package account

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/plan"
)

func berlin(t rapid.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// working is an account in Berlin, with working time.
func working(t rapid.TB, b plan.Business) *State {
	t.Helper()
	set := setting(func(p *plan.Plan) { p.SLA.Business, p.Zone = b, berlin(t) })
	set.Zone = berlin(t)
	return New("acct-1", set)
}

var (
	weekdays = []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}
	office   = plan.Business{Days: weekdays, From: "09:00", To: "17:00", Holidays: []civil.Date{day("2027-05-06")}}
	everyDay = []time.Weekday{time.Sunday, time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday}
	nights   = plan.Business{Days: everyDay, From: "00:00", To: "06:00"}
)

// Source: rules §10 "Elapsed time (option business with a calendar)". Instants
// are local; 3 May 2027 is a Monday, the 6th a holiday. Clocks in Berlin go
// from 2 to 3 on 28 March and from 3 to 2 on 31 October.
func TestAfter(t *testing.T) {
	for _, tt := range []struct {
		name     string
		clock    string
		calendar plan.Business
		start    string
		hours    int
		want     string
	}{
		{"elapsed", "elapsed", office, "2027-05-03 10:00", 168, "2027-05-10 10:00"},
		{"elapsed, a day of 23 hours in it", "elapsed", office, "2027-03-27 12:00", 24, "2027-03-28 13:00"},
		{"elapsed, a day of 25 hours in it", "elapsed", office, "2027-10-30 12:00", 24, "2027-10-31 11:00"},
		{"unnamed is elapsed", "", office, "2027-05-08 10:00", 1, "2027-05-08 11:00"},

		{"inside a day", "business", office, "2027-05-03 10:00", 4, "2027-05-03 14:00"},
		{"full at closing", "business", office, "2027-05-03 10:00", 7, "2027-05-03 17:00"},
		{"over night", "business", office, "2027-05-03 10:00", 8, "2027-05-04 10:00"},
		{"before opening", "business", office, "2027-05-03 07:00", 1, "2027-05-03 10:00"},
		{"at opening", "business", office, "2027-05-03 09:00", 8, "2027-05-03 17:00"},
		{"at closing", "business", office, "2027-05-03 17:00", 1, "2027-05-04 10:00"},
		{"after closing", "business", office, "2027-05-03 20:00", 1, "2027-05-04 10:00"},
		{"over the weekend", "business", office, "2027-05-07 16:00", 2, "2027-05-10 10:00"},
		{"from a Saturday", "business", office, "2027-05-08 12:00", 1, "2027-05-10 10:00"},
		{"over a holiday", "business", office, "2027-05-05 16:00", 2, "2027-05-07 10:00"},
		{"from a holiday", "business", office, "2027-05-06 12:00", 1, "2027-05-07 10:00"},
		{"two weeks", "business", office, "2027-05-03 09:00", 72, "2027-05-14 17:00"}, // nine days of work
		{"no hours, inside", "business", office, "2027-05-03 10:00", 0, "2027-05-03 10:00"},
		{"no hours, outside: when work begins", "business", office, "2027-05-08 10:00", 0, "2027-05-10 09:00"},

		{"the clock change on a weekend", "business", office, "2027-03-26 16:00", 2, "2027-03-29 10:00"},
		{"a night of five hours", "business", nights, "2027-03-28 00:00", 5, "2027-03-28 06:00"},
		{"… and one more", "business", nights, "2027-03-28 00:00", 6, "2027-03-29 01:00"},
		{"a night of seven hours", "business", nights, "2027-10-31 00:00", 7, "2027-10-31 06:00"},
		{"… less one", "business", nights, "2027-10-31 00:00", 6, "2027-10-31 05:00"},

		{"no working days: elapsed", "business", plan.Business{From: "09:00", To: "17:00"}, "2027-05-03 10:00", 4, "2027-05-03 14:00"},
		{"closes before it opens: elapsed", "business", plan.Business{Days: weekdays, From: "17:00", To: "09:00"}, "2027-05-03 10:00", 4, "2027-05-03 14:00"},
	} {
		local := func(text string) time.Time {
			at, err := time.ParseInLocation("2006-01-02 15:04", text, berlin(t))
			if err != nil {
				t.Fatal(err)
			}
			return at
		}
		got := working(t, tt.calendar).after(local(tt.start).UTC(), tt.hours, tt.clock)
		if !got.Equal(local(tt.want)) {
			t.Errorf("%s: %d hours after %s = %s, want %s", tt.name, tt.hours, tt.start, got.In(berlin(t)), tt.want)
		}
	}
}

// Where a day has no midnight, or two, or is left out, working time is of that
// day and no other: none of it is the evening before, and each of its hours
// counts. Instants are local, with their offset.
func TestAfterOnOddDays(t *testing.T) {
	for _, tt := range []struct {
		name, zone string
		calendar   plan.Business
		start      string
		hours      int
		want       string
	}{
		// Clocks in Beirut go from 24:00 on 27 March to 1:00 on the 28th: five hours until six.
		{"no midnight", "Asia/Beirut", nights, "2027-03-27T12:00:00+02:00", 5, "2027-03-28T06:00:00+03:00"},
		{"no midnight, from the evening before", "Asia/Beirut", nights, "2027-03-27T23:30:00+02:00", 1, "2027-03-28T02:00:00+03:00"},
		{"no midnight in Santiago", "America/Santiago", nights, "2027-09-04T12:00:00-04:00", 6, "2027-09-06T01:00:00-03:00"},
		{"no midnight in Cairo", "Africa/Cairo", nights, "2027-04-29T12:00:00+02:00", 1, "2027-04-30T02:00:00+03:00"},
		// Clocks in Havana go from 1:00 on 7 November back to 0:00: seven hours until six.
		{"midnight twice", "America/Havana", nights, "2027-11-06T12:00:00-04:00", 1, "2027-11-07T00:00:00-05:00"},
		{"midnight twice, the whole night", "America/Havana", nights, "2027-11-06T12:00:00-04:00", 7, "2027-11-07T06:00:00-05:00"},
		// Those in Amman went from 1:00 on 29 October 2021 back to 0:00.
		{"midnight twice in Amman, the whole night", "Asia/Amman", nights, "2021-10-28T12:00:00+03:00", 7, "2021-10-29T06:00:00+02:00"},
		// 30 December 2011, a Friday, was left out in Apia: after Thursday the 29th came Saturday.
		{"a working day left out", "Pacific/Apia", office, "2011-12-29T16:00:00-10:00", 2, "2012-01-02T10:00:00+14:00"},
		{"a day left out before a working one", "Pacific/Apia", plan.Business{Days: everyDay, From: "09:00", To: "17:00"}, "2011-12-29T16:00:00-10:00", 10, "2012-01-01T10:00:00+14:00"},
	} {
		zone, err := time.LoadLocation(tt.zone)
		if err != nil {
			t.Fatal(err)
		}
		instant := func(text string) time.Time {
			at, err := time.Parse(time.RFC3339, text)
			if err != nil {
				t.Fatal(err)
			}
			return at
		}
		set := setting(func(p *plan.Plan) { p.SLA.Business, p.Zone = tt.calendar, zone })
		set.Zone = zone
		if got := New("acct-1", set).after(instant(tt.start), tt.hours, "business"); !got.Equal(instant(tt.want)) {
			t.Errorf("%s: %d hours after %s = %s, want %s", tt.name, tt.hours, tt.start, got.In(zone).Format(time.RFC3339), tt.want)
		}
	}
}

// Between a start and its deadline there is just so much work, by counting it,
// and the deadline is where it ends. No day opens in the hour that comes twice.
func TestAfterCountsWork(t *testing.T) {
	zone := berlin(t)
	const slot = 15 * time.Minute
	rapid.Check(t, func(t *rapid.T) {
		b := plan.Business{
			Days: rapid.SliceOfNDistinct(rapid.SampledFrom(everyDay), 1, 7, func(d time.Weekday) time.Weekday { return d }).Draw(t, "days"),
			From: rapid.SampledFrom([]string{"00:00", "01:00", "09:00"}).Draw(t, "from"),
			To:   rapid.SampledFrom([]string{"03:00", "12:30", "17:00"}).Draw(t, "to"),
		}
		if b.From > b.To {
			b.From = "01:30"
		}
		first := rapid.SampledFrom([]string{"2027-03-25", "2027-05-03", "2027-10-28"}).Draw(t, "first day")
		for range rapid.IntRange(0, 2).Draw(t, "holidays") {
			b.Holidays = append(b.Holidays, day(first).Add(rapid.IntRange(0, 6).Draw(t, "holiday")))
		}
		start := day(first).Start(zone).Add(time.Duration(rapid.IntRange(0, 5*24*4).Draw(t, "quarter-hour")) * slot)
		hours := rapid.IntRange(1, 20).Draw(t, "hours")
		s := working(t, b)
		deadline := s.after(start, hours, "business")

		works := func(at time.Time) bool {
			d, clock := civil.In(at, zone), at.In(zone).Format("15:04")
			for _, h := range b.Holidays {
				if h == d {
					return false
				}
			}
			for _, w := range b.Days {
				if w == at.In(zone).Weekday() {
					return b.From <= clock && clock < b.To
				}
			}
			return false
		}
		worked := time.Duration(0)
		for at := start; at.Before(deadline); at = at.Add(slot) {
			if works(at) {
				worked += slot
			}
		}
		if want := time.Duration(hours) * time.Hour; worked != want || !works(deadline.Add(-slot)) {
			t.Fatalf("from %s to %s %s are worked, want %s", start.In(zone), deadline.In(zone), worked, want)
		}
	})
}

// The clock of disputes runs from the opening to the decision. Source: rules
// §10 "deal desk" and "warning 24 h before".
func TestDisputeClock(t *testing.T) {
	const later = "2027-06-01T00:00:00Z"
	for _, tt := range []struct {
		name  string
		facts []fact
		asOf  string
		want  []string
	}{
		{"decided in time", []fact{disputes("d1", "o1", "2027-03-01"), decides("d1", "o1", "2027-03-02")}, later, []string{"2027-03-01T12:00:00Z opened", "2027-03-02T12:00:00Z met"}},
		{"at the deadline", []fact{disputes("d1", "o1", "2027-03-01"), decides("d1", "o1", "2027-03-03")}, later, []string{"2027-03-01T12:00:00Z opened", "2027-03-02T12:00:00Z warned", "2027-03-03T12:00:00Z met"}},
		{"after it", []fact{disputes("d1", "o1", "2027-03-01"), decides("d1", "o1", "2027-03-04")}, later, []string{"2027-03-01T12:00:00Z opened", "2027-03-02T12:00:00Z warned", "2027-03-03T12:00:00Z breached", "2027-03-04T12:00:00Z resolved"}},
		{"silence", []fact{disputes("d1", "o1", "2027-03-01")}, "2027-03-03T12:00:00Z", []string{"2027-03-01T12:00:00Z opened", "2027-03-02T12:00:00Z warned"}},
		{"a later statement of the decision", []fact{disputes("d1", "o1", "2027-03-01"), decides("d1", "o1", "2027-03-02"), decides("d1", "o1", "2027-03-05")}, later, []string{"2027-03-01T12:00:00Z opened", "2027-03-02T12:00:00Z warned", "2027-03-03T12:00:00Z breached", "2027-03-05T12:00:00Z resolved"}},
		{"a decision alone runs no clock", []fact{decides("d1", "o1", "2027-03-02")}, later, nil},
		{"two claims: from the second", []fact{at("2027-03-01", leads("o1", "csm-1", "new", "2027-03-01")), at("2027-03-02", leads("o1", "csm-2", "new", "2027-03-02"))}, "2027-03-02T13:00:00Z", []string{"2027-03-02T12:00:00Z opened"}},
		{"one claimant twice", []fact{at("2027-03-01", leads("o1", "csm-1", "new", "2027-03-01")), at("2027-03-02", leads("o1", "csm-1", "new", "2027-03-02"))}, later, nil},
	} {
		set := setting(func(p *plan.Plan) { p.SLA.Dispute = plan.DisputeClock{Hours: 48, Warn: 24, Clock: "elapsed"} })
		events := stated(tt.facts...)
		for _, s := range []*State{state(t, set, events...), state(t, set, reversed(events)...)} {
			if got := turns(t, s, tt.asOf); !slices.Equal(got, tt.want) {
				t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
			}
		}
	}
}
