package naive

import (
	"fmt"
	"math/rand/v2"
	"time"
	_ "time/tzdata" // zones must load wherever the tests run

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// maxEvents is the size of the largest history.
const maxEvents = 60

// generator makes one history. What it remembers of what it told is only there
// to aim the next event at an edge of an earlier one.
type generator struct {
	r        *rand.Rand
	tenant   *plan.Plan
	edges    []civil.Date // the grid: quarter edges and a few dates around an anchor
	csms     []event.PayeeID
	aes      []event.PayeeID
	stories  []*story
	arrivals []Arrival
	ids      int
}

// story is what has been told of one account.
type story struct {
	id      event.AccountID
	subs    []event.SubscriptionStarted
	renewed []event.RenewalBooked
	deals   []event.Deal
	churns  []civil.Date
	scores  []event.HealthScored
	low     []time.Time // when a low score was measured
}

// Generate makes a small and nasty history: plans that agree with each other,
// events with valid fields, and an instant to look from. Coincidences (one date
// for several things, an edge of a window, a correction) are frequent.
func Generate(r *rand.Rand) (plans plan.Set, arrivals []Arrival, asOf time.Time) {
	plans = plansFor(r)
	g := &generator{r: r, tenant: plans[0]}
	g.edges = g.grid()
	g.people()
	size := 10 + r.IntN(maxEvents-9)
	for i := range 1 + r.IntN(min(4, 1+size/10)) {
		g.stories = append(g.stories, &story{id: event.AccountID(fmt.Sprintf("acct-%d", i+1))})
		g.open(g.stories[i])
	}
	for range 20 * maxEvents {
		if len(g.arrivals) >= size {
			break
		}
		g.step()
	}
	g.arrivals = g.arrivals[:min(len(g.arrivals), maxEvents)]
	return plans, g.arrivals, g.lookFrom()
}

// lookFrom is mostly the end of a late day, so that what was told has happened.
func (g *generator) lookFrom() time.Time {
	zone := g.tenant.Zone
	switch g.r.IntN(10) {
	case 0:
		return g.edge().End(zone)
	case 1:
		return g.edge().Start(zone)
	case 2:
		return g.instant(g.edge())
	case 3, 4:
		return civil.On(2027, time.July, 1).Add(g.r.IntN(180)).End(zone)
	}
	return civil.On(2027, time.December, 31).Add(g.r.IntN(90)).End(zone)
}

// step tells one more thing, or nothing where there is nothing to tell it about.
func (g *generator) step() {
	s := pick(g.r, g.stories)
	steps := []struct {
		weight int
		tell   func(*story)
	}{
		{16, g.book},
		{4, g.correctDeal},
		{4, g.cancelDeal},
		{5, g.moveStage},
		{12, g.renew},
		{3, g.correctRenewal},
		{3, g.loseRenewal},
		{8, g.churn},
		{3, g.uncancel},
		{3, g.cancelSubscription},
		{4, g.reactivate},
		{3, g.start},
		{2, g.correctStart},
		{3, g.change},
		{4, g.contract},
		{12, g.score},
		{2, g.correctScore},
		{7, g.intervene},
		{6, g.assign},
		{3, g.enrolAgain},
		{2, g.terminate},
		{4, g.payout},
		{2, g.adjust},
		{2, g.award},
		{5, g.tellOther},
	}
	total := 0
	for _, st := range steps {
		total += st.weight
	}
	n := g.r.IntN(total)
	for _, st := range steps {
		if n -= st.weight; n < 0 {
			st.tell(s)
			return
		}
	}
}

// head is a fresh header. Two sources for each system, so that ties are broken
// by source as well as by id.
func (g *generator) head(kind event.Type, at time.Time) event.Header {
	g.ids++
	system := "crm"
	switch kind[0] {
	case 'b':
		system = "billing"
	case 'a':
		system = "admin"
	}
	if g.chance(15) {
		system += "/other"
	}
	return event.Header{
		Identity: event.Identity{Source: system, ID: fmt.Sprintf("e%d", g.ids)},
		Type:     kind, Time: at.UTC(),
	}
}

// tell lets an event arrive: mostly soon after it happened, sometimes months.
func (g *generator) tell(e event.Event) {
	lag := time.Duration(g.r.IntN(7200)) * time.Second
	switch n := g.r.IntN(100); {
	case n < 10:
		lag = time.Duration(20+g.r.IntN(130)) * 24 * time.Hour
	case n < 25:
		lag = time.Duration(1+g.r.IntN(10)) * 24 * time.Hour
	case n < 40:
		lag = 0
	}
	g.arrivals = append(g.arrivals, Arrival{e, e.Head().Time.Add(lag)})
}

// grid is the dates that most things happen on.
func (g *generator) grid() []civil.Date {
	var dates []civil.Date
	cal := g.tenant.Periods.Calendar
	first := cal.QuarterOf(civil.On(2026, time.February, 1))
	for q := first; q < first+8; q++ {
		dates = append(dates, cal.First(q), cal.Last(q), cal.First(q)+1)
	}
	anchor := civil.On(2026, time.February, 1).Add(g.r.IntN(540))
	for _, days := range []int{0, 0, 1, 30, 31, 59, 89, 90, 91, 180, 365} {
		dates = append(dates, anchor.Add(days))
	}
	return dates
}

// edge is a date of the grid, or now and then any date.
func (g *generator) edge() civil.Date {
	if g.chance(15) {
		return g.within(civil.On(2026, time.January, 1).Add(g.r.IntN(730)))
	}
	return g.within(pick(g.r, g.edges))
}

// near is a date at an edge of a rule about d.
func (g *generator) near(d civil.Date) civil.Date {
	return g.within(d.Add(pick(g.r, []int{0, 0, 0, 1, -1, 7, 29, 30, 31, 60, 89, 90, 91, 120, 365})))
}

// within keeps a date in the two years that histories are about.
func (*generator) within(d civil.Date) civil.Date {
	return min(max(d, civil.On(2026, time.January, 1)), civil.On(2027, time.December, 31))
}

// instant is a moment of d in the plans' zone, often its first or last.
func (g *generator) instant(d civil.Date) time.Time {
	switch g.r.IntN(6) {
	case 0:
		return d.Start(g.tenant.Zone)
	case 1:
		return d.End(g.tenant.Zone).Truncate(time.Second)
	case 2:
		return d.Start(g.tenant.Zone).Add(time.Duration(g.r.IntN(23)) * time.Hour)
	}
	return d.Start(g.tenant.Zone).Add(12 * time.Hour)
}

// about is when a fact effective on d was stated: that day, ahead, or late.
func (g *generator) about(d civil.Date) time.Time {
	switch n := g.r.IntN(100); {
	case n < 15:
		return g.instant(g.within(d.Add(-g.r.IntN(60))))
	case n < 25:
		return g.instant(d.Add(g.r.IntN(40)))
	}
	return g.instant(d)
}

// later is a time after an earlier statement, now and then the same.
func (g *generator) later(t time.Time) time.Time {
	if g.chance(15) {
		return t
	}
	return t.Add(time.Duration(1+g.r.IntN(60*24)) * time.Hour)
}

// usd is an amount in the plans' currency, or seldom in another.
func (g *generator) usd(minor int64, foreign int) money.Money {
	if g.chance(foreign) {
		return money.Money{Minor: minor, Currency: "EUR"}
	}
	return money.Money{Minor: minor, Currency: g.tenant.Currency}
}

func (g *generator) chance(percent int) bool { return g.r.IntN(100) < percent }

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }
