package naive

import (
	"fmt"
	"math/rand/v2"
	"slices"
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
	seed     uint64
	features Features
	r        *rand.Rand // of the feature that is told of now
	prefix   string     // of its ids
	ids      int
	dice     map[Features]*rand.Rand // for what features add to the events of others

	tenant   *plan.Plan
	edges    []civil.Date // the grid: quarter edges and a few dates around an anchor
	csms     []event.PayeeID
	aes      []event.PayeeID
	managers []event.PayeeID
	stories  []*story
	arrivals []Arrival
}

// story is what has been told of one account.
type story struct {
	id       event.AccountID
	subs     []event.SubscriptionStarted
	renewed  []event.RenewalBooked
	deals    []event.Deal
	uplifts  []event.UpliftScheduled
	churns   []civil.Date
	scores   []event.HealthScored
	low      []time.Time // when a low score was measured
	invoices []event.Invoice
}

// Generate makes a small and nasty history: plans that agree with each other,
// events with valid fields, and an instant to look from. Coincidences (one date
// for several things, an edge of a window, a correction) are frequent. It draws
// which features the history has: those of DrawFeatures with an equal r.
func Generate(r *rand.Rand) (plans plan.Set, arrivals []Arrival, asOf time.Time) {
	seed := r.Uint64()
	return generate(seed, drawFeatures(seed))
}

// GenerateWith makes the history that Generate makes from an equal r, with only
// some features: what the others do is the same, so that a failure can be
// shrunk feature by feature.
func GenerateWith(r *rand.Rand, features Features) (plans plan.Set, arrivals []Arrival, asOf time.Time) {
	return generate(r.Uint64(), features)
}

// DrawFeatures says which features Generate draws from an equal r.
func DrawFeatures(r *rand.Rand) Features { return drawFeatures(r.Uint64()) }

func generate(seed uint64, features Features) (plan.Set, []Arrival, time.Time) {
	g := &generator{seed: seed, features: features, dice: map[Features]*rand.Rand{}}
	plans := g.plans()
	g.tenant = plans[0]
	g.speak("e", rand.New(rand.NewPCG(seed, 0)))
	g.edges = g.grid()
	g.people()
	size := 12 + g.r.IntN(34)
	for i := range 1 + g.r.IntN(min(4, 1+size/10)) {
		g.stories = append(g.stories, &story{id: event.AccountID(fmt.Sprintf("acct-%d", i+1))})
		g.open(g.stories[i])
	}
	for range 20 * maxEvents {
		if len(g.arrivals) >= size {
			break
		}
		g.step()
	}
	asOf := g.lookFrom()
	for f := range features.each() {
		g.speak(fmt.Sprintf("%s-", f), rand.New(rand.NewPCG(seed, uint64(f))))
		g.tellOf(f)
	}
	drop := rand.New(rand.NewPCG(seed, 1))
	for len(g.arrivals) > maxEvents {
		i := drop.IntN(len(g.arrivals))
		g.arrivals = slices.Delete(g.arrivals, i, i+1)
	}
	return plans, g.arrivals, asOf
}

// speak makes the next events those of one feature.
func (g *generator) speak(prefix string, r *rand.Rand) { g.prefix, g.r, g.ids = prefix, r, 0 }

// on reports whether the history has a feature.
func (g *generator) on(f Features) bool { return g.features&f != 0 }

// lucky reports whether the history has a feature and it adds to the event that
// is told now; the draw is the feature's own.
func (g *generator) lucky(f Features, percent int) bool {
	return g.on(f) && g.rand(f).IntN(100) < percent
}

// rand is a feature's own dice for what it adds to plans and to other events.
func (g *generator) rand(f Features) *rand.Rand {
	if g.dice[f] == nil {
		g.dice[f] = rand.New(rand.NewPCG(g.seed, uint64(f)<<32))
	}
	return g.dice[f]
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
		{6, g.cancelDeal},
		{5, g.moveStage},
		{13, g.renew},
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
		{14, g.score},
		{2, g.correctScore},
		{7, g.intervene},
		{6, g.assign},
		{3, g.enrolAgain},
		{2, g.terminate},
		{4, g.payout},
		{2, g.adjust},
		{2, g.award},
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
		Identity: event.Identity{Source: system, ID: fmt.Sprintf("%s%d", g.prefix, g.ids)},
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

// name is an id of its own for a thing that events are about.
func (g *generator) name(kind string) string { return fmt.Sprintf("%s-%s%d", kind, g.prefix, g.ids) }

// usd is an amount in the plans' currency, or now and then in another.
func (g *generator) usd(minor int64, foreign int) money.Money {
	if g.chance(foreign) && g.on(Foreign) {
		return money.Money{Minor: minor, Currency: "EUR"}
	}
	return money.Money{Minor: minor, Currency: g.tenant.Currency}
}

func (g *generator) chance(percent int) bool { return g.r.IntN(100) < percent }

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }
