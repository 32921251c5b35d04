package scenario_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/internal/naive"
	"github.com/trueup/trueup/internal/scenario"
)

// schedule is what happens to a tenant and to its clocks. All instants are of
// the true clock.
type schedule struct {
	given, inForce plan.Set
	told           []naive.Arrival
	arrivals       []scenario.Arrival
	again          []scenario.Arrival // told twice
	start, quiet   time.Time          // between them things come and clocks are wrong
	end            time.Time
	every          time.Duration // between looks of the sweeper
	worker, broker faultyClock
	restarts       []restart
}

// restart ends a worker and starts it again, some messages back.
type restart struct {
	at   time.Time
	back int
}

// oddZones are zones with something odd about them: half an hour of daylight
// saving, a quarter of an hour of offset, none of it since 2021, a change at
// midnight, or a midnight that comes twice.
var oddZones = []string{
	"America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "America/Santiago", "Africa/Cairo",
	"Asia/Beirut", "America/Havana",
}

// looks is for how many looks of the sweeper things come; then it is left to
// itself for longer than it ever waits.
const (
	looks     = 5000
	leftAlone = 2560 + 40
)

// drawSchedule makes a schedule around an instant at which calendars are odd:
// of a history, whose facts all come in the schedule's time, and of facts that
// make clocks run out at just that instant.
func drawSchedule(t *testing.T, seed uint64) *schedule {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 23))
	plans, told, _, _ := history(t, seed)
	zone := zoneOf(t, oddZones[r.IntN(len(oddZones))])
	for _, p := range plans {
		p.Zone = zone
	}
	s := &schedule{every: []time.Duration{5 * time.Minute, 20 * time.Minute, 2 * time.Hour}[r.IntN(3)]}
	span := looks * s.every
	edge := oddInstant(r, zone)
	s.start = edge.Add(-time.Duration(r.Int64N(int64(span))))
	s.quiet = s.start.Add(span)
	s.end = s.quiet.Add(span/4 + leftAlone*s.every + s.every/2) // between two looks
	told = append(told, pointed(r, edge, s.start, zone)...)
	for _, a := range told {
		if a.Arrived = s.within(r, a.Arrived); a.Arrived.Before(s.quiet) {
			s.told = append(s.told, a)
		}
	}
	s.given, s.inForce, s.arrivals = published(t, seed, plans, arrivalsOf(t, s.told), s.quiet)
	s.arrivals = repriced(t, r, s.arrivals, s.quiet.Add(-time.Duration(r.Int64N(int64(span)))))
	for i := range s.arrivals {
		s.arrivals[i].Arrived = s.within(r, s.arrivals[i].Arrived)
	}
	s.arrivals = slices.DeleteFunc(s.arrivals, func(a scenario.Arrival) bool { return a.Arrived.After(s.quiet) })
	scenario.Sort(s.arrivals)
	for _, a := range s.arrivals {
		if r.IntN(8) == 0 {
			a.Arrived = a.Arrived.Add(time.Duration(r.Int64N(int64(s.quiet.Sub(a.Arrived)) + 1)))
			s.again = append(s.again, a)
		}
	}
	s.worker, s.broker = drawClock(r, s.start, s.quiet), drawClock(r, s.start, s.quiet)
	for range r.IntN(4) {
		s.restarts = append(s.restarts, restart{s.start.Add(time.Duration(r.Int64N(int64(span)))), r.IntN(2) * r.IntN(12)})
	}
	slices.SortFunc(s.restarts, func(a, b restart) int { return a.at.Compare(b.at) })
	return s
}

// within is an instant, or one near the start where that is before it.
func (s *schedule) within(r *rand.Rand, at time.Time) time.Time {
	if soon := s.start.Add(time.Duration(1 + r.Int64N(int64(2*time.Hour)))); at.Before(soon) {
		return soon
	}
	return at
}

func zoneOf(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// oddInstant is when the zone's clocks change, or the start or end of the leap
// day, or of a quarter.
func oddInstant(r *rand.Rand, zone *time.Location) time.Time {
	switch r.IntN(4) {
	case 0:
		return civil.On(2028, time.February, 29).Add(r.IntN(2)).Start(zone)
	case 1:
		cal := civil.Calendar{}
		return cal.First(cal.QuarterOf(civil.On(2026, time.May, 1)) + civil.Quarter(r.IntN(8))).Start(zone)
	}
	day := civil.On(2026, time.March, 1).Add(r.IntN(720)).Start(zone)
	if _, change := day.ZoneBounds(); !change.IsZero() {
		return change
	}
	return day
}

// pointed is the life of an account whose clocks run out at an instant, or a
// second beside it.
func pointed(r *rand.Rand, edge, start time.Time, zone *time.Location) []naive.Arrival {
	var told []naive.Arrival
	head := func(kind event.Type, at time.Time) event.Header {
		return event.Header{Identity: event.Identity{Source: "pointed", ID: fmt.Sprint(len(told))}, Type: kind, Time: at.Truncate(time.Second).UTC()}
	}
	tell := func(e event.Event) {
		lag := time.Duration(0)
		if r.IntN(3) == 0 {
			lag = time.Duration(r.Int64N(int64(9 * 24 * time.Hour)))
		}
		told = append(told, naive.Arrival{Event: e, Arrived: e.Head().Time.Add(lag)})
	}
	beside := func(before time.Duration) time.Time {
		return edge.Add(-before + time.Duration(r.IntN(3)-1)*time.Second).Truncate(time.Second).UTC()
	}
	const week = 168 * time.Hour
	day := civil.In(edge, zone)
	signed := civil.In(start, zone).Add(-200)
	usd := func(minor int64) money.Money { return money.Money{Minor: minor, Currency: "USD"} }
	tell(event.AccountAssigned{Header: head("crm.account.assigned.v1", start), Account: "acct-p", Payee: "csm-1", Role: event.CSM, Effective: signed})
	// The term's grace or its renewal window ends there, or it does itself.
	ends := max(day.Add([]int{-30, -31, 0, 120, 119}[r.IntN(5)]), signed+1)
	tell(event.SubscriptionStarted{
		Header: head("billing.subscription.started.v1", start), Account: "acct-p", Subscription: "sub-p", Term: event.Term{Start: signed, End: ends, ARR: usd(80_000_00)},
	})
	for i, before := range []time.Duration{0, 180 * 24 * time.Hour, 365 * 24 * time.Hour} {
		closed := beside(before)
		tell(event.ExpansionBooked{Header: head("crm.expansion.booked.v1", closed), Deal: event.Deal{
			Opportunity: event.OpportunityID(fmt.Sprint("opp-p-", i)), Account: "acct-p", ARR: usd(20_000_00), ClosedAt: closed, Kind: "seats",
		}})
	}
	tell(event.HealthScored{Header: head("crm.health.scored.v1", edge.Add(-500*24*time.Hour)), Account: "acct-p", Score: money.Ratio{Num: 90, Den: 1}, ScaleMax: money.Ratio{Num: 100, Den: 1}, MeasuredAt: edge.Add(-500 * 24 * time.Hour).UTC()})
	low := beside([]time.Duration{week, week, week - 24*time.Hour, 0}[r.IntN(4)])
	tell(event.HealthScored{Header: head("crm.health.scored.v1", low), Account: "acct-p", Score: money.Ratio{Num: 30, Den: 1}, ScaleMax: money.Ratio{Num: 100, Den: 1}, MeasuredAt: low})
	if r.IntN(2) == 0 {
		at := low.Add(week + time.Duration(r.IntN(3)-1)*time.Second)
		tell(event.InterventionLogged{Header: head("crm.intervention.logged.v1", at), Account: "acct-p", Intervention: "int-p", LoggedAt: at, By: "csm-1", Kind: "call"})
	}
	opened := beside([]time.Duration{48 * time.Hour, 40 * time.Hour}[r.IntN(2)])
	tell(event.DisputeOpened{Header: head("admin.dispute.opened.v1", opened), By: event.By{By: "ae-1", ByRole: "ae"}, Dispute: "dis-p", Opportunity: "opp-p-0", Account: "acct-p", OpenedAt: opened})
	if r.IntN(3) == 0 {
		on := day.Add([]int{89, 90, 91}[r.IntN(3)])
		tell(event.ChurnEffective{Header: head("crm.churn.effective.v1", edge), Account: "acct-p", Effective: on})
	}
	return told
}
