package scenario_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/scenario"
)

// edgeCase is a tenant in a zone, told of one fact at a time.
type edgeCase struct {
	*testing.T
	zone   *time.Location
	ledger *scenario.Played
	book   *timerBook
	turns  []string // of episodes, in the zone
	due    map[tenant.TimerKind][]string
	set    map[tenant.TimerKind][]string
	locks  map[civil.Quarter]string
	ids    int
}

// local is an instant as the zone's clocks show it.
func (c *edgeCase) local(at time.Time) string { return at.In(c.zone).Format(time.RFC3339Nano) }

func parse(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// inZone is a tenant nothing has arrived at.
func inZone(t *testing.T, zone string, change func(*plan.Plan)) *edgeCase {
	t.Helper()
	plans, _, _, _ := history(t, 1)
	p := *plans[0]
	p.Zone, p.EffectiveFrom, p.LedgerStarts, p.Periods.Calendar = zoneOf(t, zone), civil.On(2011, time.January, 1), nil, civil.Calendar{}
	p.SLA.Risk = plan.RiskClock{Below: money.Ratio{Num: 65, Den: 1}, Hours: 168, Warn: 24, Clock: "elapsed"}
	if change != nil {
		change(&p)
	}
	ledger, err := scenario.Start("default", plan.Set{&p}, 0)
	if err != nil {
		t.Fatal(err)
	}
	c := &edgeCase{T: t, zone: p.Zone, ledger: ledger, due: map[tenant.TimerKind][]string{}, set: map[tenant.TimerKind][]string{}, locks: map[civil.Quarter]string{}}
	c.book = watched(ledger)
	ledger.Watch(func(fired *tenant.Timer, ch *tenant.Changes) error {
		if fired != nil {
			c.due[fired.Kind] = append(c.due[fired.Kind], c.local(fired.Due))
		}
		for _, s := range ch.Set {
			c.set[s.Kind] = append(c.set[s.Kind], c.local(s.Due))
		}
		for _, l := range ch.Locks {
			c.locks[l.Period] = c.local(l.At)
		}
		for _, o := range ch.Outcomes {
			if o, ok := o.(tenant.RiskTurned); ok && o.Turn.Turn != account.Opened {
				c.turns = append(c.turns, c.local(o.Turn.At)+" "+string(o.Turn.Turn))
			}
		}
		return c.book.see(fired, ch)
	})
	return c
}

// told has a fact arrive when it happened.
func (c *edgeCase) told(at time.Time, e func(event.Header) event.Event) {
	c.Helper()
	c.ids++
	in := tenant.Input{Event: e(event.Header{Identity: event.Identity{Source: "test", ID: fmt.Sprint(c.ids)}, Time: at.UTC()}), Arrived: at}
	c.book.arrives(at)
	if err := c.ledger.Arrive(scenario.Arrival{Input: in}); err != nil {
		c.Fatal(err)
	}
}

func (c *edgeCase) tick(at time.Time) {
	c.Helper()
	c.told(at, func(h event.Header) event.Event { return event.Ticked{Header: h} })
}

// A risk is answered within 168 hours, whatever clocks on the wall do between.
// The days of the deadlines by hand: seven days later by the date, an hour (on
// Lord Howe half of one) later by the clock where it went ahead, and as much
// earlier where it went back.
func TestWeekOfRiskOverOddDays(t *testing.T) {
	for _, tt := range []struct{ zone, opened, warned, deadline string }{
		// 14 March 2027: 2:00 is 3:00. 8 March 14:00Z + 168 h = 15 March 14:00Z.
		{"America/New_York", "2027-03-08T09:00:00-05:00", "2027-03-14T10:00:00-04:00", "2027-03-15T10:00:00-04:00"},
		// 7 November 2027: 2:00 is 1:00. 1 November 13:00Z + 168 h = 8 November 13:00Z.
		{"America/New_York", "2027-11-01T09:00:00-04:00", "2027-11-07T08:00:00-05:00", "2027-11-08T08:00:00-05:00"},
		// The deadline is the hour that comes twice: 31 October 05:30Z + 168 h = 7 November 05:30Z, the first 1:30.
		{"America/New_York", "2027-10-31T01:30:00-04:00", "2027-11-06T01:30:00-04:00", "2027-11-07T01:30:00-04:00"},
		// 28 March 2027: 2:00 is 3:00. 24 March 11:00Z + 168 h = 31 March 11:00Z.
		{"Europe/Berlin", "2027-03-24T12:00:00+01:00", "2027-03-30T13:00:00+02:00", "2027-03-31T13:00:00+02:00"},
		// 31 October 2027: 3:00 is 2:00. 27 October 10:00Z + 168 h = 3 November 10:00Z.
		{"Europe/Berlin", "2027-10-27T12:00:00+02:00", "2027-11-02T11:00:00+01:00", "2027-11-03T11:00:00+01:00"},
		// 3 October 2027: 2:00 is 2:30. 30 September 01:30Z + 168 h = 7 October 01:30Z.
		{"Australia/Lord_Howe", "2027-09-30T12:00:00+10:30", "2027-10-06T12:30:00+11:00", "2027-10-07T12:30:00+11:00"},
		// 4 April 2027: 2:00 is 1:30. 1 April 01:00Z + 168 h = 8 April 01:00Z.
		{"Australia/Lord_Howe", "2027-04-01T12:00:00+11:00", "2027-04-07T11:30:00+10:30", "2027-04-08T11:30:00+10:30"},
		// 5 September 2027: 0:00 is 1:00. 1 September 16:00Z + 168 h = 8 September 16:00Z.
		{"America/Santiago", "2027-09-01T12:00:00-04:00", "2027-09-07T13:00:00-03:00", "2027-09-08T13:00:00-03:00"},
		// 30 April 2027: 0:00 is 1:00. 28 April 10:00Z + 168 h = 5 May 10:00Z.
		{"Africa/Cairo", "2027-04-28T12:00:00+02:00", "2027-05-04T13:00:00+03:00", "2027-05-05T13:00:00+03:00"},
		// Opened at the midnight that is not: 21 March 22:00Z + 168 h = 28 March 22:00Z.
		{"Asia/Beirut", "2027-03-22T00:00:00+02:00", "2027-03-28T01:00:00+03:00", "2027-03-29T01:00:00+03:00"},
		// No daylight saving; a February of 29 days, and one of 28.
		{"Asia/Kathmandu", "2028-02-25T12:00:00+05:45", "2028-03-02T12:00:00+05:45", "2028-03-03T12:00:00+05:45"},
		{"Asia/Kathmandu", "2027-02-25T12:00:00+05:45", "2027-03-03T12:00:00+05:45", "2027-03-04T12:00:00+05:45"},
		// Due within the leap day.
		{"America/New_York", "2028-02-22T23:59:59-05:00", "2028-02-28T23:59:59-05:00", "2028-02-29T23:59:59-05:00"},
		// 30 December 2011 was left out: eight dates are seven days. 28 December 22:00Z + 168 h = 4 January 22:00Z.
		{"Pacific/Apia", "2011-12-28T12:00:00-10:00", "2012-01-04T12:00:00+14:00", "2012-01-05T12:00:00+14:00"},
	} {
		c := inZone(t, tt.zone, nil)
		opened, warned, deadline := parse(t, tt.opened), parse(t, tt.warned), parse(t, tt.deadline)
		day := civil.In(opened, c.zone)
		c.told(opened.Add(-time.Hour), func(h event.Header) event.Event {
			return event.AccountAssigned{Header: h, Account: "a", Payee: "csm-1", Role: event.CSM, Effective: day - 1}
		})
		c.told(opened.Add(-time.Hour), func(h event.Header) event.Event {
			return event.SubscriptionStarted{Header: h, Account: "a", Subscription: "s", Term: event.Term{Start: day - 1, End: day + 364, ARR: money.Money{Minor: 1_000_00, Currency: "USD"}}}
		})
		c.told(opened, func(h event.Header) event.Event {
			return event.HealthScored{Header: h, Account: "a", Score: money.Ratio{Num: 64, Den: 1}, ScaleMax: money.Ratio{Num: 100, Den: 1}, MeasuredAt: opened.UTC()}
		})
		want := []string{tt.warned + " warned", tt.deadline + " breached"}
		for _, step := range []struct {
			at    time.Time
			turns int
		}{{warned.Add(-1), 0}, {warned, 1}, {deadline.Add(-1), 1}, {deadline, 1}, {deadline.Add(1), 2}, {deadline.Add(time.Hour), 2}} {
			c.tick(step.at)
			if !slices.Equal(c.turns, want[:step.turns]) {
				t.Errorf("%s: opened %s, by %s: %q, want %q", tt.zone, tt.opened, c.local(step.at), c.turns, want[:step.turns])
			}
		}
		// The deadline itself is in time, so the clock alone says nothing before the instant after it.
		if fired := c.due[tenant.WakeAccount]; !slices.Contains(fired, c.local(deadline.Add(1))) || slices.Contains(fired, tt.deadline) {
			t.Errorf("%s: opened %s, woken at %q, want the instant after %s", tt.zone, tt.opened, fired, tt.deadline)
		}
	}
}

// A quarter ends with the last instant of its last day, and locks with the
// first of a day, also where that is no midnight, or one of two, or where the
// day is left out.
func TestQuarterEndAndLockOnOddDays(t *testing.T) {
	for _, tt := range []struct {
		name, zone   string
		month        time.Month // when the year starts
		day, wait    int        // days until it locks
		last         civil.Date // of the quarter
		ended, locks string
	}{
		{"the next one has no midnight", "Asia/Beirut", time.March, 28, 10, civil.On(2027, time.March, 27), "2027-03-27T23:59:59.999999999+02:00", "2027-04-07T00:00:00+03:00"},
		{"locks where there is no midnight", "Asia/Beirut", time.March, 18, 10, civil.On(2027, time.March, 17), "2027-03-17T23:59:59.999999999+02:00", "2027-03-28T01:00:00+03:00"},
		{"locks after 23:00 came twice", "Asia/Beirut", time.October, 21, 10, civil.On(2027, time.October, 20), "2027-10-20T23:59:59.999999999+03:00", "2027-10-31T00:00:00+02:00"},
		{"the next one has two midnights", "America/Havana", time.November, 7, 10, civil.On(2027, time.November, 6), "2027-11-06T23:59:59.999999999-04:00", "2027-11-17T00:00:00-05:00"},
		{"locks at the first of two midnights", "America/Havana", time.October, 28, 10, civil.On(2027, time.October, 27), "2027-10-27T23:59:59.999999999-04:00", "2027-11-07T00:00:00-04:00"},
		{"the next one has no midnight", "America/Santiago", time.September, 5, 10, civil.On(2027, time.September, 4), "2027-09-04T23:59:59.999999999-04:00", "2027-09-15T00:00:00-03:00"},
		{"ends with the second 23:59", "America/Santiago", time.April, 4, 0, civil.On(2027, time.April, 3), "2027-04-03T23:59:59.999999999-04:00", "2027-04-04T00:00:00-04:00"},
		{"locks where there is no midnight", "Africa/Cairo", time.April, 20, 10, civil.On(2027, time.April, 19), "2027-04-19T23:59:59.999999999+02:00", "2027-04-30T01:00:00+03:00"},
		{"ends before the change of half an hour", "Australia/Lord_Howe", time.October, 3, 10, civil.On(2027, time.October, 2), "2027-10-02T23:59:59.999999999+10:30", "2027-10-13T00:00:00+11:00"},
		{"the last day is the leap day", "America/New_York", time.December, 1, 12, civil.On(2028, time.February, 29), "2028-02-29T23:59:59.999999999-05:00", "2028-03-13T00:00:00-04:00"},
		{"locks on the leap day", "Asia/Kathmandu", time.February, 19, 10, civil.On(2028, time.February, 18), "2028-02-18T23:59:59.999999999+05:45", "2028-02-29T00:00:00+05:45"},
		{"locks on the day left out: with the next", "Pacific/Apia", time.December, 20, 10, civil.On(2011, time.December, 19), "2011-12-19T23:59:59.999999999-10:00", "2011-12-31T00:00:00+14:00"},
	} {
		cal := civil.Calendar{StartMonth: tt.month, StartDay: tt.day}
		c := inZone(t, tt.zone, func(p *plan.Plan) { p.Periods.Calendar, p.Periods.LockAfterDays = cal, tt.wait })
		q := cal.QuarterOf(tt.last)
		ended, locks := parse(t, tt.ended), parse(t, tt.locks)
		c.told(tt.last.Start(c.zone), func(h event.Header) event.Event {
			return event.PayeeEnrolled{Header: h, Payee: "csm-1", Role: event.CSM, Effective: tt.last}
		})
		c.tick(ended.Add(-1))
		if fired := c.due[tenant.EndQuarter]; len(fired) > 0 {
			t.Errorf("%s in %s: %s ended at %q, early", tt.name, tt.zone, q, fired)
		}
		c.tick(ended)
		if fired := c.due[tenant.EndQuarter]; !slices.Equal(fired, []string{tt.ended}) {
			t.Errorf("%s in %s: %s ended at %q, want %q", tt.name, tt.zone, q, fired, tt.ended)
		}
		c.tick(locks.Add(-1))
		if at := c.locks[q]; at != "" {
			t.Errorf("%s in %s: %s locked at %s, early", tt.name, tt.zone, q, at)
		}
		c.tick(locks)
		if at := c.locks[q]; at != tt.locks {
			t.Errorf("%s in %s: %s locked at %q, want %q", tt.name, tt.zone, q, at, tt.locks)
		}
	}
}

// What an ended quarter's settling waits for is the next local midnight, or
// the first instant of a day that has none.
func TestSettlingWaitsForTheNextDay(t *testing.T) {
	for _, tt := range []struct{ zone, told, want string }{
		{"Asia/Beirut", "2027-03-27T22:30:00+02:00", "2027-03-28T01:00:00+03:00"},
		{"Asia/Beirut", "2027-03-28T01:00:00+03:00", "2027-03-29T00:00:00+03:00"},
		{"Asia/Beirut", "2027-10-30T23:30:00+03:00", "2027-10-31T00:00:00+02:00"}, // an hour and a half later
		{"Asia/Beirut", "2027-10-30T23:30:00+02:00", "2027-10-31T00:00:00+02:00"}, // half an hour later
		{"America/Havana", "2027-11-06T23:00:00-04:00", "2027-11-07T00:00:00-04:00"},
		{"America/Havana", "2027-11-07T00:30:00-05:00", "2027-11-08T00:00:00-05:00"},
		{"America/Santiago", "2027-09-04T23:59:59-04:00", "2027-09-05T01:00:00-03:00"},
		{"Pacific/Apia", "2011-12-29T12:00:00-10:00", "2011-12-31T00:00:00+14:00"},
		{"America/New_York", "2028-02-28T12:00:00-05:00", "2028-02-29T00:00:00-05:00"},
		{"America/New_York", "2028-02-29T12:00:00-05:00", "2028-03-01T00:00:00-05:00"},
	} {
		c := inZone(t, tt.zone, nil)
		at := parse(t, tt.told)
		c.told(at, func(h event.Header) event.Event {
			return event.PayeeEnrolled{Header: h, Payee: "csm-1", Role: event.CSM, Effective: civil.In(at, c.zone) - 200}
		})
		if set := c.set[tenant.SettlePools]; !slices.Equal(set, []string{tt.want}) {
			t.Errorf("%s, told at %s: settled at %q, want %q", tt.zone, tt.told, set, tt.want)
		}
	}
}

// A renewal's window opens, and a missed one's grace ends, with the first
// instant of a day. Rules §10: 120 days before the term's end; §7: 30 days of
// grace after it.
func TestNoticesOnOddDays(t *testing.T) {
	for _, tt := range []struct {
		zone   string
		end    civil.Date // of the term
		window string
	}{
		{"Asia/Beirut", civil.On(2027, time.July, 26), "2027-03-28T01:00:00+03:00"},      // July 25 + June 30 + May 31 + April 30 + 4 = 120
		{"America/Havana", civil.On(2028, time.March, 6), "2027-11-07T00:00:00-04:00"},   // March 5 + February 29 + January 31 + December 31 + 24 = 120
		{"America/New_York", civil.On(2028, time.June, 28), "2028-02-29T00:00:00-05:00"}, // June 27 + May 31 + April 30 + March 31 + 1 = 120
	} {
		c := inZone(t, tt.zone, nil)
		c.told((tt.end - 200).Start(c.zone), func(h event.Header) event.Event {
			return event.SubscriptionStarted{Header: h, Account: "a", Subscription: "s", Term: event.Term{Start: tt.end - 365, End: tt.end, ARR: money.Money{Minor: 1_000_00, Currency: "USD"}}}
		})
		for _, step := range []struct {
			at   time.Time
			want int
		}{{parse(t, tt.window).Add(-1), 0}, {parse(t, tt.window), 1}, {parse(t, tt.window).Add(time.Hour), 1}} {
			c.tick(step.at)
			if n := c.book.counts["renewal window"]; n != step.want {
				t.Errorf("%s, term ends %s: %d notices by %s, want %d", tt.zone, tt.end, n, c.local(step.at), step.want)
			}
		}
		if fired := c.due[tenant.WakeAccount]; !slices.Contains(fired, tt.window) {
			t.Errorf("%s, term ends %s: woken at %q, want %s", tt.zone, tt.end, fired, tt.window)
		}
	}
}
