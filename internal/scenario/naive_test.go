package scenario_test

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/naive"
	"github.com/trueup/trueup/internal/scenario"
	"github.com/trueup/trueup/internal/wire"
)

var (
	histories = flag.Int("histories", 10_000, "generated histories to compare with the naive implementation")
	firstSeed = flag.Uint64("seed", 1, "seed of the first history")
)

// history is a generated history as arrivals of the engine.
func history(t *testing.T, seed uint64) (plan.Set, []naive.Arrival, []scenario.Arrival, time.Time) {
	t.Helper()
	plans, told, asOf := naive.Generate(rand.New(rand.NewPCG(seed, 7)))
	var arrivals []scenario.Arrival
	for _, a := range told {
		b, err := wire.Encode(a.Event)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		in, err := wire.DecodeLine(b, "")
		if err != nil {
			t.Fatalf("seed %d: %v: %s", seed, err, b)
		}
		arrivals = append(arrivals, scenario.Arrival{Input: tenant.Input{Event: in.Event, Canonical: in.Canonical, Sum: in.Sum, Arrived: a.Arrived}})
	}
	scenario.Sort(arrivals)
	return plans, told, arrivals, asOf
}

// engineResult reads the engine's records the way naive.Result is laid out.
func engineResult(t *testing.T, p *scenario.Played) naive.Result {
	t.Helper()
	r := naive.Result{
		Balances: map[event.PayeeID]map[string]int64{}, Components: map[event.PayeeID]map[string]int64{},
		Deals: map[event.PayeeID]map[event.OpportunityID]map[string]int64{}, Credits: map[event.PayeeID]map[event.OpportunityID]int64{},
	}
	ids, _ := p.Payees()
	for _, id := range ids {
		balances, components, deals, credits := map[string]int64{}, map[string]int64{}, map[event.OpportunityID]map[string]int64{}, map[event.OpportunityID]int64{}
		_ = p.EntriesOf(id, func(e *ledger.Entry) error {
			balances[e.From.String()] -= e.Minor
			balances[e.To.String()] += e.Minor
			if e.Kind != ledger.Release && e.Kind != ledger.Payout {
				components[e.Component] += e.Minor
			}
			if e.Opportunity != "" {
				if deals[e.Opportunity] == nil {
					deals[e.Opportunity] = map[string]int64{}
				}
				deals[e.Opportunity][e.From.String()] -= e.Minor
				deals[e.Opportunity][e.To.String()] += e.Minor
			}
			return nil
		})
		list, _ := p.Credits(id)
		for _, c := range list {
			credits[c.Opportunity] += c.ARR.Minor
		}
		keep(r.Balances, id, balances)
		keep(r.Components, id, components)
		for opp, d := range deals {
			delete(d, "expense")
			dropZeros(d)
			if len(d) == 0 {
				delete(deals, opp)
			}
		}
		if len(deals) > 0 {
			r.Deals[id] = deals
		}
		keep(r.Credits, id, credits)
	}
	_ = p.AllEpisodes(func(e tenant.Episode) error {
		if ep, ok := outcome(e); ok {
			r.Episodes = append(r.Episodes, ep)
		}
		return nil
	})
	return r
}

// outcome is what an episode has come to, whatever was published on the way: a
// retracted breach had been met or closed in time, or never opened.
func outcome(e tenant.Episode) (naive.Episode, bool) {
	ep := naive.Episode{Account: e.Account, Payee: e.Payee, OpenedAt: e.Opened, Deadline: e.Deadline, Status: e.Status()}
	return ep, ep.Status != string(tenant.Retracted)
}

func keep[K comparable](in map[event.PayeeID]map[K]int64, id event.PayeeID, m map[K]int64) {
	dropZeros(m)
	if b, ok := any(m).(map[string]int64); ok {
		delete(b, "expense")
	}
	if len(m) > 0 {
		in[id] = m
	}
}

func dropZeros[K comparable](m map[K]int64) {
	maps.DeleteFunc(m, func(_ K, v int64) bool { return v == 0 })
}

// A second implementation comes to the same cents. It was written from the rules
// by somebody who had not read the engine, but told how some open points are
// read; where the two then differed, either side was changed.
func TestAgreesWithNaive(t *testing.T) {
	n := *histories
	if testing.Short() {
		n = 500
	}
	bad := 0
	for i := range n {
		seed := *firstSeed + uint64(i)
		plans, told, arrivals, asOf := history(t, seed)
		want, err := naive.Compute(plans, told, asOf)
		if err != nil {
			t.Fatalf("seed %d: naive: %v", seed, err)
		}
		played, err := scenario.Play("default", plans, arrivals, asOf)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		got := engineResult(t, played)
		if diff := compare(got, want); diff != "" {
			t.Errorf("seed %d: %s\n%s", seed, diff, firstDifference(t, plans, told, arrivals, asOf))
			if bad++; bad >= 5 {
				t.Fatalf("stopped after %d histories", i+1)
			}
		}
	}
}

// firstDifference plays the history up to ever later days, for whoever has to
// find out what the two disagree on.
func firstDifference(t *testing.T, plans plan.Set, told []naive.Arrival, arrivals []scenario.Arrival, asOf time.Time) string {
	t.Helper()
	zone := plans[0].Zone
	for d := civil.On(2025, time.December, 31); d.End(zone).Before(asOf); d++ {
		want, err := naive.Compute(plans, told, d.End(zone))
		if err != nil {
			t.Fatal(err)
		}
		played, err := scenario.Play("default", plans, arrivals, d.End(zone))
		if err != nil {
			t.Fatal(err)
		}
		if diff := compare(engineResult(t, played), want); diff != "" {
			return fmt.Sprintf("first on %s: %s", d, diff)
		}
	}
	return "only on the last day"
}

func compare(got, want naive.Result) string {
	for _, c := range []struct {
		name      string
		got, want any
	}{{"deals", got.Deals, want.Deals}, {"balances", got.Balances, want.Balances}, {"components", got.Components, want.Components}, {"credits", got.Credits, want.Credits}} {
		if !reflect.DeepEqual(c.got, c.want) {
			return fmt.Sprintf("%s: engine %v, naive %v", c.name, c.got, c.want)
		}
	}
	// An episode whose breach was published and taken back is of no account here.
	mine := map[string]naive.Episode{}
	for _, e := range got.Episodes {
		mine[string(e.Account)+e.OpenedAt.String()] = e
	}
	for _, w := range want.Episodes {
		e, ok := mine[string(w.Account)+w.OpenedAt.String()]
		if !ok && (w.Status == "met" || w.Status == "closed") {
			continue
		}
		w.At = time.Time{}
		if !ok || e.Status != w.Status || !e.Deadline.Equal(w.Deadline) || e.Payee != w.Payee {
			return fmt.Sprintf("episode: engine %+v, naive %+v", e, w)
		}
		delete(mine, string(w.Account)+w.OpenedAt.String())
	}
	if len(mine) > 0 {
		return fmt.Sprintf("episodes only the engine has: %+v", slices.Collect(maps.Values(mine)))
	}
	return ""
}
