package scenario_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/naive"
	"github.com/trueup/trueup/internal/scenario"
)

// upshot is what is left of a play when the way there is forgotten.
type upshot struct {
	Posted   map[ledger.Key]int64 // and so every balance by payee, bucket, component and deal
	Credits  map[event.PayeeID][]account.Credit
	Episodes map[string]string // status and payee by id
}

// upshotOf reads a play's records. What was published of an episode and taken
// back cannot be unsaid: it counts as what the facts say.
func upshotOf(t *testing.T, p *scenario.Played, facts map[string]string) upshot {
	t.Helper()
	u := upshot{map[ledger.Key]int64{}, map[event.PayeeID][]account.Credit{}, map[string]string{}}
	ids, _ := p.Payees()
	for _, id := range ids {
		_ = p.EntriesOf(id, func(e *ledger.Entry) error {
			u.Posted[e.Key] += e.Minor
			return nil
		})
		if credits, _ := p.Credits(id); len(credits) > 0 {
			u.Credits[id] = credits
		}
	}
	maps.DeleteFunc(u.Posted, func(_ ledger.Key, minor int64) bool { return minor == 0 })
	_ = p.AllEpisodes(func(e tenant.Episode) error {
		says := e.Status() + " " + string(e.Payee)
		if e.Status() == string(tenant.Retracted) {
			says = facts[e.ID()]
		}
		if says != "" {
			u.Episodes[e.ID()] = says
		}
		return nil
	})
	return u
}

// episodesTold is what the facts say of risk episodes.
func episodesTold(t *testing.T, plans plan.Set, told []naive.Arrival, asOf time.Time) map[string]string {
	t.Helper()
	told = slices.Clone(told)
	for i := range told {
		told[i].Arrived = asOf
	}
	result, err := naive.Compute(plans, told, asOf)
	if err != nil {
		t.Fatal(err)
	}
	says := map[string]string{}
	for _, e := range result.Episodes {
		says[tenant.Episode{Account: e.Account, Opened: e.OpenedAt}.ID()] = e.Status + " " + string(e.Payee)
	}
	return says
}

// arriving gives arrivals new instants in the order they are in, the last of
// them by asOf: mostly spread over two years, sometimes all at once.
func arriving(r *rand.Rand, arrivals []scenario.Arrival, asOf time.Time) []scenario.Arrival {
	span := []time.Duration{800 * 24 * time.Hour, 800 * 24 * time.Hour, 30 * 24 * time.Hour, 3}[r.IntN(4)]
	ago := make([]time.Duration, len(arrivals))
	for i := range ago {
		ago[i] = time.Duration(r.Int64N(int64(span)))
	}
	slices.Sort(ago)
	slices.Reverse(ago)
	out := slices.Clone(arrivals)
	for i := range out {
		out[i].Arrived = asOf.Add(-ago[i])
	}
	return out
}

// play plays arrivals in the order given.
func playAll(t *testing.T, plans plan.Set, arrivals []scenario.Arrival, asOf time.Time) *scenario.Played {
	t.Helper()
	p, err := scenario.Play("default", plans, arrivals, asOf)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// shards runs a check on the seeds of a number of histories, on both cores.
func shards(t *testing.T, histories int, check func(t *testing.T, seed uint64)) {
	t.Helper()
	if testing.Short() {
		histories /= 10
	}
	const n = 2
	for shard := range n {
		t.Run(fmt.Sprintf("shard %d", shard), func(t *testing.T) {
			t.Parallel()
			for i := shard; i < histories && !t.Failed(); i += n {
				check(t, *firstSeed+uint64(i))
			}
		})
	}
}

// Any order of arrival, with repeats, comes to the same.
func TestArrivalOrderLeavesNoTrace(t *testing.T) {
	shards(t, 3000, func(t *testing.T, seed uint64) {
		plans, told, arrivals, asOf := history(t, seed)
		facts := episodesTold(t, plans, told, asOf)
		r := rand.New(rand.NewPCG(seed, 11))
		want := upshotOf(t, playAll(t, plans, arriving(r, arrivals, asOf), asOf), facts)
		for range 2 {
			shuffled := slices.Clone(arrivals)
			for range r.IntN(len(arrivals)) {
				shuffled = append(shuffled, arrivals[r.IntN(len(arrivals))])
			}
			r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
			got := upshotOf(t, playAll(t, plans, arriving(r, shuffled, asOf), asOf), facts)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("seed %d: in order\n%+v\nin another order\n%+v", seed, want, got)
				return
			}
		}
	})
}

// stepped plays arrivals with an engine that keeps at most cached facts at
// hand, and hears of the play before each arrival and after the last.
func stepped(t *testing.T, plans plan.Set, arrivals []scenario.Arrival, asOf time.Time, cached int, before func(i int, p *scenario.Played)) *scenario.Played {
	t.Helper()
	p, err := scenario.Start("default", plans, cached)
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range arrivals {
		if a.Arrived.After(asOf) {
			break
		}
		before(i, p)
		if err := p.Arrive(a); err != nil {
			t.Fatal(err)
		}
	}
	before(len(arrivals), p)
	if err := p.Finish(asOf); err != nil {
		t.Fatal(err)
	}
	return p
}

// What an engine has at hand is a function of its records: one that forgets,
// and one that is stopped and started again before every arrival, write what
// one writes that remembers all, and so does a replay of any part.
func TestRecordsAreAFunctionOfArrivals(t *testing.T) {
	nothing := func(int, *scenario.Played) {}
	shards(t, 2000, func(t *testing.T, seed uint64) {
		plans, _, arrivals, asOf := history(t, seed)
		prefix, err := scenario.Start("default", plans, 0)
		if err != nil {
			t.Fatal(err)
		}
		_ = prefix
		want := stepped(t, plans, arrivals, asOf, 0, nothing)
		for name, got := range map[string]*scenario.Played{
			"again":             stepped(t, plans, arrivals, asOf, 0, nothing),
			"with a tiny cache": stepped(t, plans, arrivals, asOf, 1, nothing),
			"restarted": stepped(t, plans, arrivals, asOf, 1, func(_ int, p *scenario.Played) {
				if p.Engine, err = tenant.New("default", plans, p.Engine.State(), 1); err != nil {
					t.Fatal(err)
				}
			}),
		} {
			if diff := firstOther(got, want); diff != "" {
				t.Errorf("seed %d, %s: %s", seed, name, diff)
			}
		}
	})
}

// firstOther is the first entry in which two plays differ, or that something
// else of their records does.
func firstOther(got, want *scenario.Played) string {
	ids, _ := want.Payees()
	for _, id := range ids {
		var mine []*ledger.Entry
		_ = got.EntriesOf(id, func(e *ledger.Entry) error {
			mine = append(mine, e)
			return nil
		})
		i, diff := 0, ""
		_ = want.EntriesOf(id, func(e *ledger.Entry) error {
			if diff == "" && (i >= len(mine) || !reflect.DeepEqual(mine[i], e)) {
				diff = fmt.Sprintf("entry %d of %s is not %+v", i+1, id, *e)
				if i < len(mine) {
					diff += fmt.Sprintf(" but %+v", *mine[i])
				}
			}
			i++
			return nil
		})
		if diff == "" && i < len(mine) {
			diff = fmt.Sprintf("%s has an entry too many: %+v", id, *mine[i])
		}
		if diff != "" {
			return diff
		}
	}
	if !reflect.DeepEqual(got.Memory, want.Memory) {
		return "all entries are equal, other records are not"
	}
	return ""
}
