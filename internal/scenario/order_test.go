package scenario_test

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/naive"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/scenario"
)

var orders = flag.Int("orders", 3000, "generated histories to play in other orders")

// upshot is what is left of a play when the way there is forgotten.
type upshot struct {
	Posted   map[ledger.Key]int64 // and so every balance by payee, bucket, component and deal
	Credits  map[event.PayeeID][]account.Credit
	Episodes map[string]string // status and payee by id
}

// upshotOf reads a play's records. What was published of an episode and taken
// back cannot be unsaid: it counts as what the facts say, which must not be a breach.
func upshotOf(t *testing.T, p *scenario.Played, facts map[string]string) upshot {
	t.Helper()
	u := upshot{map[ledger.Key]int64{}, map[event.PayeeID][]account.Credit{}, map[string]string{}}
	ids, _ := p.Payees()
	for _, id := range ids {
		_ = p.EntriesOf(id, func(e *ledger.Entry) error {
			u.Posted[e.Step()] += e.Minor
			return nil
		})
		if credits, _ := p.Credits(id); len(credits) > 0 {
			u.Credits[id] = credits
		}
	}
	maps.DeleteFunc(u.Posted, func(_ ledger.Key, minor int64) bool { return minor == 0 })
	_ = p.AllEpisodes(func(e tenant.Episode) error {
		says := e.Status() + " " + string(e.Payee)
		if fact := facts[e.ID()]; e.Status() == string(tenant.Retracted) && !strings.HasPrefix(fact, "breached") && !strings.HasPrefix(fact, "resolved") {
			says = fact
		}
		if says != "" && !strings.HasPrefix(e.Dispute, "claims on ") { // of which the facts above do not tell
			u.Episodes[e.ID()] = says
		}
		return nil
	})
	return u
}

// unequal lists what two maps have of every key they differ in.
func unequal[K comparable, V any](a, b map[K]V) string {
	text := ""
	for k := range maps.Keys(a) {
		if !reflect.DeepEqual(a[k], b[k]) {
			text += fmt.Sprintf("\n%+v: %+v, %+v", k, a[k], b[k])
		}
	}
	for k := range maps.Keys(b) {
		if _, ok := a[k]; !ok {
			text += fmt.Sprintf("\n%+v: nothing, %+v", k, b[k])
		}
	}
	return text
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
		says[tenant.Episode{Account: e.Account, Dispute: e.Dispute, Opened: e.OpenedAt}.ID()] = e.Status + " " + string(e.Payee)
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

// shuffled is arrivals in any order, some of them repeated.
func shuffled(r *rand.Rand, arrivals []scenario.Arrival) []scenario.Arrival {
	out := slices.Clone(arrivals)
	for range r.IntN(len(arrivals)) {
		out = append(out, arrivals[r.IntN(len(arrivals))])
	}
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// reads is planfile.Parse that reads a text once and gives a copy each time: one
// history is played many times, and to read its plans anew took half of it.
func reads() tenant.Parser {
	read := map[string]plan.Plan{}
	return func(yaml string) (*plan.Plan, error) {
		p, ok := read[yaml]
		if !ok {
			parsed, err := planfile.Parse(yaml)
			if err != nil {
				return nil, err
			}
			p, read[yaml] = *parsed, *parsed
		}
		return &p, nil
	}
}

// begun is scenario.Start with plans that are read by parse.
func begun(t *testing.T, plans plan.Set, parse tenant.Parser, cached int) *scenario.Played {
	t.Helper()
	p, err := scenario.Start("default", plans, cached)
	if err == nil {
		p.Engine, err = tenant.New("default", plans, parse, p.Engine.State(), cached)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// playAll plays arrivals in the order given.
func playAll(t *testing.T, plans plan.Set, parse tenant.Parser, arrivals []scenario.Arrival, asOf time.Time) *scenario.Played {
	t.Helper()
	p := begun(t, plans, parse, 0)
	for _, a := range arrivals {
		if err := p.Arrive(a); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Finish(asOf); err != nil {
		t.Fatal(err)
	}
	if dirty := p.Engine.State().Dirty; len(dirty) > 0 {
		t.Fatalf("all is settled and %v are still to be", dirty)
	}
	return p
}

// shards runs a check on the seeds of n histories, and on some that once
// failed it, on two cores.
func shards(t *testing.T, n int, failed []uint64, check func(t *testing.T, seed uint64)) {
	t.Helper()
	if testing.Short() {
		n /= 20
	}
	const cores = 2
	for shard := range cores {
		t.Run(fmt.Sprintf("shard %d", shard), func(t *testing.T) {
			t.Parallel()
			for i := shard; i < n && !t.Failed(); i += cores {
				check(t, *firstSeed+uint64(i))
			}
			for i := shard; i < len(failed); i += cores {
				check(t, failed[i])
			}
		})
	}
}

// Any order of arrival, with repeats, comes to the same.
func TestArrivalOrderLeavesNoTrace(t *testing.T) {
	shards(t, *orders, []uint64{503126}, func(t *testing.T, seed uint64) {
		plans, told, arrivals, asOf := history(t, seed)
		r := rand.New(rand.NewPCG(seed, 11))
		plans, inForce, arrivals := published(t, seed, plans, arrivals, asOf)
		facts := episodesTold(t, inForce, told, asOf)
		arrivals = repriced(t, r, arrivals, asOf)
		parse := reads()
		want := upshotOf(t, playAll(t, plans, parse, arriving(r, arrivals, asOf), asOf), facts)
		for range 2 {
			got := upshotOf(t, playAll(t, plans, parse, arriving(r, shuffled(r, arrivals), asOf), asOf), facts)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("seed %d, in order and in another order: %s%s%s", seed,
					unequal(want.Posted, got.Posted), unequal(want.Credits, got.Credits), unequal(want.Episodes, got.Episodes))
				return
			}
		}
	})
}

// Both subscriptions are cancelled for one day, and then the churn of that day
// is: nothing is lost, in any order. It takes all three to meet, which
// generated histories do too seldom.
func TestChurnOfSeveralSubscriptionsCancelled(t *testing.T) {
	plans, _, _, _ := history(t, 1)
	p := *plans[0]
	p.Evidence.Churn = "any"
	set := &account.Setting{Plans: plan.Set{&p}, Zone: p.Zone, Calendar: p.Periods.Calendar}
	start, day := civil.On(2027, time.January, 1), civil.On(2027, time.May, 20)
	told := func(id int, kind event.Type) event.Header {
		return event.Header{Identity: event.Identity{Source: "s", ID: fmt.Sprint(id)}, Type: kind, Time: day.Start(time.UTC).Add(time.Duration(id) * time.Hour)}
	}
	term := event.Term{Start: start, End: start.Add(365), ARR: money.Money{Minor: 50_000_00, Currency: p.Currency}}
	facts := []event.Event{
		event.AccountAssigned{Header: told(1, "crm.account.assigned.v1"), Account: "a", Payee: "csm-1", Role: event.CSM, Effective: start},
		event.SubscriptionStarted{Header: told(2, "billing.subscription.started.v1"), Account: "a", Subscription: "x", Term: term},
		event.SubscriptionStarted{Header: told(3, "billing.subscription.started.v1"), Account: "a", Subscription: "y", Term: term},
		event.SubscriptionCancelled{Header: told(4, "billing.subscription.cancelled.v1"), Account: "a", Subscription: "x", Effective: day},
		event.SubscriptionCancelled{Header: told(5, "billing.subscription.cancelled.v1"), Account: "a", Subscription: "y", Effective: day},
		event.ChurnCancelled{Header: told(6, "crm.churn.cancelled.v1"), Account: "a", Effective: day},
	}
	r := rand.New(rand.NewPCG(1, 17))
	for range 500 {
		state := account.New("a", set)
		for _, e := range facts {
			if _, err := state.Add(e); err != nil {
				t.Fatal(err)
			}
		}
		q := p.Periods.Calendar.QuarterOf(day)
		if kept := state.Retention(account.Holders{{Payee: "csm-1", Role: event.CSM}}, account.WindowQuarter, q, nil); kept.Gross != kept.Opening {
			t.Fatalf("told in the order %v, %s keeps %d of %d", facts, q, kept.Gross, kept.Opening)
		}
		r.Shuffle(len(facts), func(i, j int) { facts[i], facts[j] = facts[j], facts[i] })
	}
}

// stepped plays arrivals like scenario.Play, with an engine that keeps at most
// cached facts at hand, and shows the play before each arrival.
func stepped(t *testing.T, plans plan.Set, parse tenant.Parser, arrivals []scenario.Arrival, asOf time.Time, cached int, before func(i int, p *scenario.Played)) *scenario.Played {
	t.Helper()
	p := begun(t, plans, parse, cached)
	for i, a := range arrivals {
		before(i, p)
		if err := p.Arrive(a); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Finish(asOf); err != nil {
		t.Fatal(err)
	}
	return p
}

// restless is a history with everything that asks an engine to remember: in
// some order, with rules that change, quarters that are locked and opened, and
// sometimes more accounts than one step takes.
func restless(t *testing.T, seed uint64) (plan.Set, []scenario.Arrival, time.Time) {
	t.Helper()
	plans, _, arrivals, asOf := history(t, seed)
	r := rand.New(rand.NewPCG(seed, 13))
	plans, _, arrivals = published(t, seed, plans, arrivals, asOf)
	arrivals = repriced(t, r, arrivals, asOf)
	if r.IntN(2) == 0 {
		arrivals = shuffled(r, arrivals)
	}
	if r.IntN(3) == 0 {
		arrivals = lockedByHand(t, r, plans, arrivals, asOf)
	}
	arrivals = atOnce(r, arriving(r, arrivals, asOf))
	if r.IntN(25) == 0 {
		arrivals = crowded(t, arrivals)
	}
	return plans, arrivals, asOf
}

// What an engine has at hand is a function of its records: one that forgets,
// one that is stopped and started again before every arrival, and one that
// replays any part of them write what one writes that remembers all.
func TestRecordsAreAFunctionOfArrivals(t *testing.T) {
	shards(t, *orders/4, []uint64{500149, 900100}, func(t *testing.T, seed uint64) {
		plans, arrivals, asOf := restless(t, seed)
		same := func(how string, got, want *scenario.Played) {
			if diff := firstOther(got, want); diff != "" {
				t.Errorf("seed %d, %s: %s", seed, how, diff)
			}
		}
		parse := reads()
		want := stepped(t, plans, parse, arrivals, asOf, 0, func(i int, p *scenario.Played) {
			if i%16 == 15 {
				part := begun(t, plans, parse, 0)
				for _, a := range arrivals[:i] {
					if err := part.Arrive(a); err != nil {
						t.Fatal(err)
					}
				}
				same(fmt.Sprintf("the first %d", i), part, p)
			}
		})
		same("again", playAll(t, plans, parse, arrivals, asOf), want)
		same("with a tiny cache", stepped(t, plans, parse, arrivals, asOf, 1, func(int, *scenario.Played) {}), want)
		same("started again", stepped(t, plans, parse, arrivals, asOf, 1, func(_ int, p *scenario.Played) {
			var err error
			if p.Engine, err = tenant.New("default", plans, parse, p.Engine.State(), 1); err != nil {
				t.Fatal(err)
			}
		}), want)
	})
}

// apart is where two values of maps and lists first differ.
func apart(a, b reflect.Value) string {
	if a.Kind() == reflect.Map && b.Kind() == reflect.Map {
		for _, k := range append(a.MapKeys(), b.MapKeys()...) {
			x, y := a.MapIndex(k), b.MapIndex(k)
			switch {
			case !x.IsValid() || !y.IsValid():
				return fmt.Sprintf("%+v: %+v, want %+v", k, x, y)
			case !reflect.DeepEqual(x.Interface(), y.Interface()):
				return fmt.Sprintf("%+v: %s", k, apart(x, y))
			}
		}
	}
	return fmt.Sprintf("%+v, want %+v", a, b)
}

func entriesOf(p *scenario.Played, id event.PayeeID) []ledger.Entry {
	var out []ledger.Entry
	_ = p.EntriesOf(id, func(e *ledger.Entry) error {
		out = append(out, *e)
		return nil
	})
	return out
}

// firstOther is the first entry in which two plays differ, or that something
// else of their records or their engines does.
func firstOther(got, want *scenario.Played) string {
	ids, _ := want.Payees()
	for _, id := range ids {
		mine, theirs := entriesOf(got, id), entriesOf(want, id)
		for i := range max(len(mine), len(theirs)) {
			if i >= len(mine) || i >= len(theirs) || !reflect.DeepEqual(mine[i], theirs[i]) {
				show := func(list []ledger.Entry) string {
					if i >= len(list) {
						return "no more"
					}
					e := list[i]
					return fmt.Sprintf("%+v %d posted at %s for %v: %s", e.Key, e.Minor, e.At, e.CausedBy, e.Text)
				}
				return fmt.Sprintf("entry %d of %s: %s\nwant %s", i+1, id, show(mine), show(theirs))
			}
		}
	}
	if !reflect.DeepEqual(got.Memory, want.Memory) {
		a, b := reflect.ValueOf(got.Memory).Elem(), reflect.ValueOf(want.Memory).Elem()
		for i := range a.NumField() {
			x := reflect.NewAt(a.Field(i).Type(), a.Field(i).Addr().UnsafePointer()).Elem().Interface()
			y := reflect.NewAt(b.Field(i).Type(), b.Field(i).Addr().UnsafePointer()).Elem().Interface()
			if a.Type().Field(i).Name != "timers" && !reflect.DeepEqual(x, y) { // a heap of them may be in any of its orders
				return fmt.Sprintf("all entries are equal, %s are not: %s", a.Type().Field(i).Name, apart(reflect.ValueOf(x), reflect.ValueOf(y)))
			}
		}
	}
	if a, b := got.Engine.State(), want.Engine.State(); !reflect.DeepEqual(a, b) {
		return fmt.Sprintf("all records are equal, the engines' states are not: %+v, want %+v", a, b)
	}
	return ""
}
