package naive

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/plan"
)

const histories = 400

// TestGenerateIsValid: plans without problems, every event with an identity of
// its own, a type of its system, and an arrival that is not before it happened.
func TestGenerateIsValid(t *testing.T) {
	for seed := range uint64(histories) {
		plans, arrivals, asOf := Generate(rand.New(rand.NewPCG(seed, 1)))
		for _, p := range plans {
			if problems := p.Check(); len(problems) > 0 {
				t.Fatalf("seed %d: plan %s: %v", seed, p.ID(), problems)
			}
		}
		if len(arrivals) > maxEvents || asOf.IsZero() {
			t.Fatalf("seed %d: %d events as of %v", seed, len(arrivals), asOf)
		}
		seen := map[event.Identity]bool{}
		for _, a := range arrivals {
			h := a.Event.Head()
			if seen[h.Identity] {
				t.Fatalf("seed %d: %v is told twice", seed, h.Identity)
			}
			seen[h.Identity] = true
			if system, _, _ := strings.Cut(h.Source, "/"); !strings.HasPrefix(string(h.Type), system+".") || !strings.HasSuffix(string(h.Type), ".v1") {
				t.Errorf("seed %d: %s says %s", seed, h.Source, h.Type)
			}
			if a.Arrived.Before(h.Time) || h.Time.Location() != time.UTC {
				t.Errorf("seed %d: %s of %v arrived %v", seed, h.Type, h.Time, a.Arrived)
			}
			if problem := fieldProblem(a.Event); problem != "" {
				t.Errorf("seed %d: %s %s: %s", seed, h.Type, h.ID, problem)
			}
		}
	}
}

// fieldProblem is what a decoder would refuse.
func fieldProblem(e event.Event) string {
	switch e := e.(type) {
	case event.SubscriptionStarted:
		return termProblem(e.Term)
	case event.RenewalBooked:
		return termProblem(e.Term)
	case event.RenewalStage:
		if e.Stage.Won() {
			return termProblem(e.Term)
		}
		if e.Term.Start == 0 && e.Term.End == 0 {
			return "no date"
		}
	case event.ExpansionBooked:
		if e.ARR.Minor <= 0 || e.ARR.Currency == "" || e.ClosedAt.IsZero() {
			return "no deal"
		}
	case event.ExpansionStage:
		if e.Stage.Won() && e.ARR.Minor <= 0 || !e.ClosedAt.Equal(e.Time) {
			return "no deal"
		}
	case event.ContractionBooked:
		if e.Decrease.Minor <= 0 {
			return "no decrease"
		}
	case event.HealthScored:
		if e.Score.Num < 0 || e.Score.Cmp(e.ScaleMax) > 0 || e.MeasuredAt.After(e.Time) {
			return "score out of its scale, or told before it was measured"
		}
	}
	return ""
}

func termProblem(t event.Term) string {
	if t.Start >= t.End || t.ARR.Minor < 0 || t.ARR.Currency == "" {
		return "not a term"
	}
	return ""
}

// TestGenerateIsNotBoring counts what the histories are for. Each must be
// frequent, or the comparison with the engine proves little.
func TestGenerateIsNotBoring(t *testing.T) {
	count := map[string]int{}
	for seed := range uint64(histories) {
		plans, arrivals, asOf := Generate(rand.New(rand.NewPCG(seed, 2)))
		for what, did := range happenings(t, plans, arrivals, asOf) {
			if did {
				count[what]++
			}
		}
	}
	t.Log(count)
	for what, atLeast := range map[string]int{
		"clawback": 10, "forfeiture": 20, "release": 15, "held": 20, "renewal_missed": 10, "expansion_cancelled": 10,
		"retention": 25, "breached": 15, "met": 5, "resolved": 5, "closed": 5, "paid": 15, "credit without money": 10,
	} {
		if got := count[what] * 100 / histories; got < atLeast {
			t.Errorf("%s in %d%% of histories, want at least %d%%", what, got, atLeast)
		}
	}
}

// happenings are the kinds of thing that have happened in one history.
func happenings(t *testing.T, plans plan.Set, arrivals []Arrival, asOf time.Time) map[string]bool {
	t.Helper()
	got, err := Compute(plans, arrivals, asOf)
	if err != nil {
		t.Fatalf("Compute: %v", err)
	}
	w := newWorld(plans, arrivals, asOf)
	lines, _, err := w.dealLines()
	if err != nil {
		t.Fatalf("dealLines: %v", err)
	}
	is := map[string]bool{}
	for _, l := range lines {
		for what, did := range lineHappenings(w, l) {
			is[what] = is[what] || did
		}
	}
	for p, components := range got.Components {
		is["retention"] = is["retention"] || components["retention"] != 0
		is["paid"] = is["paid"] || got.Balances[p]["paid"] != 0
	}
	for p, deals := range got.Credits {
		for o := range deals {
			is["credit without money"] = is["credit without money"] || got.Deals[p][o] == nil
		}
	}
	for _, e := range got.Episodes {
		is[e.Status] = true
	}
	return is
}

// lineHappenings are what has become of one line.
func lineHappenings(w *world, l line) map[string]bool {
	is := map[string]bool{}
	for _, m := range l.moves() {
		if !w.due(m.on) {
			continue
		}
		is["clawback"] = is["clawback"] || m.from == payable && m.to == expense
		is["forfeiture"] = is["forfeiture"] || m.from == held && m.to == expense
		is["release"] = is["release"] || m.to == payable && m.from == held
	}
	for _, c := range l.cuts {
		if w.due(c.on) {
			is[c.reason] = true
		}
	}
	if w.due(l.earned) && l.stands(w.today) != 0 && !w.due(l.opens) {
		is["held"] = true
	}
	return is
}

// TestAnyOrder: neither the order of arrival nor repeats change anything.
func TestAnyOrder(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 3))
		plans, arrivals, asOf := Generate(r)
		want, err := Compute(plans, arrivals, asOf)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		again := append(arrivals[:len(arrivals):len(arrivals)], arrivals...)
		r.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
		if got, err := Compute(plans, again, asOf); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("seed %d: %v, %v in another order, want %v", seed, got, err, want)
		}
	}
}

// TestOtherEventsChangeNothing: neither does what the rules do not read.
func TestOtherEventsChangeNothing(t *testing.T) {
	for seed := range uint64(100) {
		plans, arrivals, asOf := Generate(rand.New(rand.NewPCG(seed, 3)))
		var read []Arrival
		for _, a := range arrivals {
			if !isOther(a.Event) {
				read = append(read, a)
			}
		}
		want, err := Compute(plans, read, asOf)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if got, err := Compute(plans, arrivals, asOf); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("seed %d: %v, %v, want %v", seed, got, err, want)
		}
	}
}

func isOther(e event.Event) bool {
	switch e.(type) {
	case event.SurveyAnswered, event.AdoptionMeasured, event.OnboardingCompleted, event.ForecastRecorded,
		event.HandoffIntroduced, event.HandoffClosed:
		return true
	}
	return false
}

func TestWithinTwoYears(t *testing.T) {
	for seed := range uint64(100) {
		_, arrivals, _ := Generate(rand.New(rand.NewPCG(seed, 5)))
		for _, a := range arrivals {
			if d := civil.In(a.Event.Head().Time, time.UTC); d < civil.On(2025, time.October, 1) || d > civil.On(2028, time.December, 31) {
				t.Errorf("seed %d: %s on %v", seed, a.Event.Head().Type, d)
			}
		}
	}
}
