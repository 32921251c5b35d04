package naive

import (
	"cmp"
	"slices"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/plan"
)

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
	// one thing the later in told wins. by has the same by account.
	told []event.Event
	by   map[event.AccountID][]event.Event
	memo
}

// memo has answers that are asked for again and again; they depend on told
// alone.
type memo struct {
	lives    map[event.AccountID]life
	jobs     map[event.PayeeID][]employment
	seats    map[seat][]ownership
	renewed  map[event.AccountID][]renewal
	scored   map[event.AccountID][]score
	fated    map[fateKey]map[*deal]*fate
	counting map[countingKey]counted
	booked   []*deal // nil until known
	started  []*deal
	rates    []event.RateSet
	disputed map[event.OpportunityID]dispute
	billed   map[event.OpportunityID]billing
	excepted map[event.AccountID][]event.ExceptionApproved
	risks    []Episode
}

// newWorld keeps what has arrived by asOf and is not refused, each identity
// once and as it was told first (R3), sorted so that the later statement
// stands: by time, then source, then id (§1a).
func newWorld(plans plan.Set, arrivals []Arrival, asOf time.Time) *world {
	tenant := plans.Settings(civil.In(asOf, time.UTC))
	w := &world{
		plans: plans, tenant: tenant, asOf: asOf, today: civil.In(asOf, tenant.Zone),
		by: map[event.AccountID][]event.Event{},
		memo: memo{
			lives: map[event.AccountID]life{}, jobs: map[event.PayeeID][]employment{}, seats: map[seat][]ownership{},
			renewed: map[event.AccountID][]renewal{}, scored: map[event.AccountID][]score{},
			fated: map[fateKey]map[*deal]*fate{}, counting: map[countingKey]counted{},
		},
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
		if a.Arrived.After(asOf) || seen[k] || w.refused(a.Event) {
			continue
		}
		seen[k] = true
		w.told = append(w.told, a.Event)
	}
	slices.SortStableFunc(w.told, func(a, b event.Event) int {
		x, y := a.Head(), b.Head()
		return cmp.Or(x.Time.Compare(y.Time), cmp.Compare(x.Source, y.Source), cmp.Compare(x.ID, y.ID))
	})
	w.told = withoutRetracted(w.told)
	for _, e := range w.told {
		if a := e.Scope().Account; a != "" {
			w.by[a] = append(w.by[a], e)
		}
	}
	return w
}

// refused reports whether an event is rejected: a dispute is decided, and an
// exception approved, only by the roles that may (§4, §8).
func (w *world) refused(e event.Event) bool {
	switch e := e.(type) {
	case event.DisputeDecided:
		return e.ByRole != w.tenant.SLA.Dispute.DecidedBy
	case event.ExceptionApproved:
		return !slices.Contains(w.tenant.Exceptions.ApprovedBy, e.ByRole)
	}
	return false
}

// withoutRetracted takes out what was retracted: the retracted fact counts as
// never told. A retraction looks in the account or payee it names, and
// anywhere when it names neither. Retractions are worked off from the latest,
// so a retraction that is itself retracted later does nothing (R35).
func withoutRetracted(told []event.Event) []event.Event {
	gone := make([]bool, len(told))
	for i := len(told) - 1; i >= 0; i-- {
		r, ok := told[i].(event.FactRetracted)
		if !ok || gone[i] {
			continue
		}
		where := r.Scope()
		for j, e := range told {
			if e.Head().Identity == r.Retracted && (where == event.Tenant || e.Scope() == where) {
				gone[j] = true
			}
		}
	}
	var left []event.Event
	for i, e := range told {
		if !gone[i] {
			left = append(left, e)
		}
	}
	return left
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

// accounts are all that events are about.
func (w *world) accounts() []event.AccountID { return sorted(w.by) }
