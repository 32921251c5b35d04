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
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/scenario"
)

// published has some of a history's plans published by events instead of given
// at the start, at any time, also long after they take effect, and some of
// those taken back. It gives the plans given, and those in force in the end.
func published(t *testing.T, seed uint64, plans plan.Set, arrivals []scenario.Arrival, asOf time.Time) (given, inForce plan.Set, all []scenario.Arrival) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 19))
	if r.IntN(3) == 0 {
		return plans, plans, arrivals
	}
	var told []naive.Arrival
	tell := func(e func(event.Header) event.Event, kind event.Type, id string) event.Header {
		at := asOf.Add(-time.Duration(r.Int64N(int64(800 * 24 * time.Hour))))
		if len(arrivals) > 0 && r.IntN(2) == 0 { // with others
			if near := arrivals[r.IntN(len(arrivals))].Arrived; !near.After(asOf) {
				at = near
			}
		}
		h := event.Header{Identity: event.Identity{Source: "admin", ID: id}, Type: kind, Time: at.Truncate(time.Second).UTC()}
		told = append(told, naive.Arrival{Event: e(h), Arrived: at})
		return h
	}
	keep := r.IntN(len(plans))
	for i, p := range plans {
		if i == keep || r.IntN(3) == 0 {
			given, inForce = append(given, p), append(inForce, p)
			continue
		}
		yaml := string(planfile.Canonical(p))
		h := tell(func(h event.Header) event.Event { return event.PlanPublished{Header: h, YAML: yaml} }, "admin.plan.published.v1", "publishes "+p.ID())
		if r.IntN(8) > 0 {
			inForce = append(inForce, p)
			continue
		}
		tell(func(by event.Header) event.Event {
			return event.FactRetracted{Header: by, Retracted: h.Identity, Reason: "not agreed", By: event.By{By: "cfo", ByRole: "cfo"}}
		}, "admin.fact.retracted.v1", "retracts "+p.ID())
	}
	return sorted(t, given), sorted(t, inForce), withAdmin(t, arrivals, told)
}

func sorted(t *testing.T, plans plan.Set) plan.Set {
	t.Helper()
	set, problems := plan.NewSet(plans...)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return set
}

func withAdmin(t *testing.T, arrivals []scenario.Arrival, told []naive.Arrival) []scenario.Arrival {
	t.Helper()
	all := slices.Concat(arrivals, arrivalsOf(t, told))
	scenario.Sort(all)
	return all
}

// repriced tells some exchange rates more.
func repriced(t *testing.T, r *rand.Rand, arrivals []scenario.Arrival, asOf time.Time) []scenario.Arrival {
	t.Helper()
	var told []naive.Arrival
	for i := range r.IntN(3) {
		on := civil.On(2026, time.January, 1).Add(r.IntN(800))
		h := event.Header{
			Identity: event.Identity{Source: "admin", ID: fmt.Sprintf("rate %d", i)}, Type: "admin.fx.set.v1",
			Time: on.Start(time.UTC).Add(time.Duration(r.IntN(86400)) * time.Second),
		}
		told = append(told, naive.Arrival{
			Event: event.RateSet{
				Header: h, Base: []money.Currency{"EUR", "JPY", "KWD"}[r.IntN(3)], Quote: "USD", Effective: on, Rate: money.Ratio{Num: 1 + r.Int64N(300), Den: 200},
			},
			Arrived: asOf,
		})
	}
	return withAdmin(t, arrivals, told)
}

// lockedByHand locks and opens some quarters by hand.
func lockedByHand(t *testing.T, r *rand.Rand, plans plan.Set, arrivals []scenario.Arrival, asOf time.Time) []scenario.Arrival {
	t.Helper()
	var told []naive.Arrival
	q := plans[0].Periods.Calendar.QuarterOf(civil.On(2026, time.January, 1).Add(r.IntN(700)))
	for i := range r.IntN(6) {
		if r.IntN(3) == 0 {
			q++
		}
		h := event.Header{Identity: event.Identity{Source: "admin", ID: fmt.Sprintf("lock %d", i)}, Time: asOf.Add(-time.Hour).Truncate(time.Second).UTC()}
		by := event.By{By: "controller", ByRole: "cfo"}
		var e event.Event
		if h.Type = "admin.period.locked.v1"; r.IntN(2) == 0 {
			e = event.PeriodLocked{Header: h, By: by, Period: q}
		} else {
			h.Type = "admin.period.reopened.v1"
			e = event.PeriodReopened{Header: h, By: by, Period: q}
		}
		told = append(told, naive.Arrival{Event: e, Arrived: asOf})
	}
	out := slices.Clone(arrivals)
	for _, a := range arrivalsOf(t, told) {
		out = slices.Insert(out, r.IntN(len(out)+1), a)
	}
	return out
}

// atOnce has what follows a change of the rules come while it is still on its
// way through the tenant.
func atOnce(r *rand.Rand, arrivals []scenario.Arrival) []scenario.Arrival {
	out := slices.Clone(arrivals)
	for i, a := range out {
		switch a.Event.(type) {
		case event.PlanPublished, event.RateSet, event.FactRetracted:
			for j := i + 1; j < min(len(out), i+1+r.IntN(5)); j++ {
				if at := a.Arrived.Add(time.Duration(j-i) * 60 * time.Millisecond); out[j].Arrived.After(at) {
					out[j].Arrived = at
				}
			}
		default:
		}
	}
	return out
}

// crowded has more accounts and payees than a change of the rules takes in one
// step, told before everything else.
func crowded(t *testing.T, arrivals []scenario.Arrival) []scenario.Arrival {
	t.Helper()
	var told []naive.Arrival
	at := arrivals[0].Arrived
	head := func(kind event.Type, id string) event.Header {
		return event.Header{Identity: event.Identity{Source: "crm", ID: id}, Type: kind, Time: at.Truncate(time.Second).UTC()}
	}
	start := civil.On(2026, time.January, 1)
	for i := range 300 {
		id := fmt.Sprintf("acct-%d", 3000+i) // among the others
		told = append(told, naive.Arrival{Event: event.SubscriptionStarted{
			Header: head("billing.subscription.started.v1", "starts "+id), Account: event.AccountID(id), Subscription: event.SubscriptionID("sub-" + id),
			Term: event.Term{Start: start, End: start.AddYears(1), ARR: money.Money{Minor: 100_00, Currency: "EUR"}},
		}, Arrived: at})
	}
	for i := range 20 {
		id := event.PayeeID(fmt.Sprintf("csm-1%02d", i))
		told = append(told, naive.Arrival{
			Event: event.PayeeEnrolled{Header: head("crm.payee.enrolled.v1", "enrols "+string(id)), Payee: id, Role: event.CSM, Effective: start}, Arrived: at,
		})
	}
	return slices.Concat(arrivalsOf(t, told), arrivals)
}
