// Package naive computes what every payee has the slow and obvious way: from
// the whole set of events at once, with no state that is carried along, no
// ledger and no posting. It exists to be compared with the engine, so it is
// written from the rules alone and shares only their vocabulary (dates, money,
// events, plans). Each function names the rule it follows: § for the sections
// of docs' rules, R for the numbered readings.
package naive

import (
	"cmp"
	"slices"
	"time"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/plan"
)

// Arrival is one event and when it arrived.
type Arrival struct {
	Event   event.Event
	Arrived time.Time
}

// Result is what the events come to. Amounts are minor units of the plans'
// currency. A zero is left out of every map, so that equal results are deeply
// equal.
type Result struct {
	// Balances by bucket: held, payable, paid.
	Balances map[event.PayeeID]map[string]int64
	// Components sums a component's entries other than releases and payouts.
	// Adjustments are "manual", awarded SPIFs "spif".
	Components map[event.PayeeID]map[string]int64
	// Deals is what each deal contributes to held and payable.
	Deals map[event.PayeeID]map[event.OpportunityID]map[string]int64
	// Credits is the credited ARR that counts.
	Credits map[event.PayeeID]map[event.OpportunityID]int64
	// Episodes of the risk clock, by account, then opening.
	Episodes []Episode
}

// Episode is one run of the risk clock. Status is open, met, breached,
// resolved or closed, and At is when it became that: for an open one the
// opening, for a breached one the deadline.
type Episode struct {
	Account            event.AccountID
	Payee              event.PayeeID
	OpenedAt, Deadline time.Time
	Status             string
	At                 time.Time
}

// world is everything known at one instant.
type world struct {
	plans plan.Set
	// tenant is a plan whose tenant settings hold (R33). The generator keeps
	// them equal in all plans; with settings that change, only those of the
	// last day are used.
	tenant *plan.Plan
	asOf   time.Time
	today  civil.Date
	// told has each event once, in the order in which they stand: of two about
	// one thing the later in told wins.
	told []event.Event
	// Answers that are asked for again and again; they depend on told alone.
	lives map[event.AccountID]life
	jobs  map[event.PayeeID][]employment
}

// Compute gives what every payee has at asOf. Events that arrive after asOf
// are not known then.
func Compute(plans plan.Set, arrivals []Arrival, asOf time.Time) (Result, error) {
	if len(plans) == 0 {
		return Result{}, domain.Errorf(domain.Invalid, "no plan")
	}
	w := newWorld(plans, arrivals, asOf)
	sums := tally{Result{
		Balances:   map[event.PayeeID]map[string]int64{},
		Components: map[event.PayeeID]map[string]int64{},
		Deals:      map[event.PayeeID]map[event.OpportunityID]map[string]int64{},
		Credits:    map[event.PayeeID]map[event.OpportunityID]int64{},
	}}
	lines, credits, err := w.dealLines()
	if err != nil {
		return Result{}, err
	}
	for _, c := range credits {
		if w.due(c.booked) && !w.due(c.lost) {
			add(sums.Credits, c.payee, c.opportunity, c.arr)
		}
	}
	for _, l := range lines {
		sums.line(w, l)
	}
	for _, p := range w.payees() {
		pays, err := w.trueUps(p)
		if err != nil {
			return Result{}, err
		}
		for _, t := range append(pays, w.postings(p)...) {
			add(sums.Balances, p, "payable", t.amount)
			add(sums.Components, p, t.component, t.amount)
		}
		paid := w.paid(p)
		add(sums.Balances, p, "paid", paid)
		add(sums.Balances, p, "payable", -paid)
	}
	sums.Episodes = w.episodes()
	return sums.Result, nil
}

// newWorld keeps what has arrived by asOf, each identity once and as it was
// told first (R3), sorted so that the later statement stands: by time, then
// source, then id (§1a).
func newWorld(plans plan.Set, arrivals []Arrival, asOf time.Time) *world {
	tenant := plans.Settings(civil.In(asOf, time.UTC))
	w := &world{
		plans: plans, tenant: tenant, asOf: asOf, today: civil.In(asOf, tenant.Zone),
		lives: map[event.AccountID]life{}, jobs: map[event.PayeeID][]employment{},
	}
	arrivals = slices.Clone(arrivals)
	slices.SortStableFunc(arrivals, func(a, b Arrival) int { return a.Arrived.Compare(b.Arrived) })
	type key struct {
		scope event.Scope
		id    event.Identity
	}
	seen := map[key]bool{}
	for _, a := range arrivals {
		k := key{a.Event.Scope(), a.Event.Head().Identity}
		if a.Arrived.After(asOf) || seen[k] {
			continue
		}
		seen[k] = true
		w.told = append(w.told, a.Event)
	}
	slices.SortStableFunc(w.told, func(a, b event.Event) int {
		x, y := a.Head(), b.Head()
		return cmp.Or(x.Time.Compare(y.Time), cmp.Compare(x.Source, y.Source), cmp.Compare(x.ID, y.ID))
	})
	return w
}

// due reports whether a step of that date counts: from 00:00 of it in the
// plan's zone (R2).
func (w *world) due(d civil.Date) bool { return d <= w.today }

// date is the civil date of an instant in the plan's zone.
func (w *world) date(t time.Time) civil.Date { return civil.In(t, w.tenant.Zone) }

// payees are all who could have a pool or a posting: the payees that events
// are about.
func (w *world) payees() []event.PayeeID {
	found := map[event.PayeeID]bool{}
	for _, e := range w.told {
		if p := e.Scope().Payee; p != "" {
			found[p] = true
		}
	}
	return sorted(found)
}

// tally adds things up into a Result.
type tally struct{ Result }

// line puts a deal's line where it is at the world's instant: nowhere before
// the booking and once lost, payable when all gates are open, else held.
func (t tally) line(w *world, l line) {
	if !w.due(l.booked) || w.due(l.lost) {
		return
	}
	bucket := "held"
	if w.due(l.opens) {
		bucket = "payable"
	}
	add(t.Balances, l.payee, bucket, l.amount)
	add(t.Components, l.payee, l.component, l.amount)
	if l.amount == 0 {
		return
	}
	if t.Deals[l.payee] == nil {
		t.Deals[l.payee] = map[event.OpportunityID]map[string]int64{}
	}
	add(t.Deals[l.payee], l.opportunity, bucket, l.amount)
}

// add sums into a map of maps and leaves no zeros and no empty maps behind.
func add[K, L comparable](sums map[K]map[L]int64, k K, l L, amount int64) {
	if amount == 0 {
		return
	}
	if sums[k] == nil {
		sums[k] = map[L]int64{}
	}
	sums[k][l] += amount
	if sums[k][l] != 0 {
		return
	}
	delete(sums[k], l)
	if len(sums[k]) == 0 {
		delete(sums, k)
	}
}

func sorted[K cmp.Ordered](set map[K]bool) []K {
	var keys []K
	for k := range set {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
