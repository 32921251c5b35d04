package scenario_test

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/scenario"
	"github.com/trueup/trueup/internal/scenario/scenariotest"
)

const cases = "../../domain/testdata/scenario"

func load(t *testing.T, c scenariotest.Case) (plan.Set, []scenario.Arrival) {
	t.Helper()
	p, err := planfile.Decode("plan.yaml", c.Plan)
	if err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	set, problems := plan.NewSet(p)
	if len(problems) > 0 {
		t.Fatalf("%s: %v", c.Name, problems)
	}
	arrivals, err := scenario.Read(bytes.NewReader(c.Events), "default")
	if err != nil {
		t.Fatal(err)
	}
	return set, arrivals
}

func play(t *testing.T, c scenariotest.Case, set plan.Set, arrivals []scenario.Arrival) *report.Document {
	t.Helper()
	day, err := civil.ParseDate(c.Want.AsOf)
	if err != nil {
		t.Fatal(err)
	}
	played, err := scenario.Play("default", set, arrivals, day.End(set[0].Zone))
	if err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	doc, err := played.Document()
	if err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	return doc
}

func TestScenarios(t *testing.T) {
	for _, c := range scenariotest.All(t, cases) {
		t.Run(c.Name, func(t *testing.T) {
			set, arrivals := load(t, c)
			scenario.Sort(arrivals)
			c.Check(t, play(t, c, set, arrivals), true)
		})
	}
}

// Arrival order and repetition leave no trace in the balances. Only two events
// with one identity and different content keep their order.
func TestScenariosShuffledAndRepeated(t *testing.T) {
	for _, c := range scenariotest.All(t, cases) {
		if c.Name == "same-id-other-content" {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			set, arrivals := load(t, c)
			scenario.Sort(arrivals)
			want := scenariotest.Balances(play(t, c, set, arrivals))
			r := rand.New(rand.NewPCG(1, 2))
			for range 20 {
				shuffled := slices.Clone(arrivals)
				for range len(arrivals) / 2 {
					shuffled = append(shuffled, arrivals[r.IntN(len(arrivals))])
				}
				r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
				if got := scenariotest.Balances(play(t, c, set, shuffled)); !maps.Equal(got, want) {
					t.Fatalf("balances %v, want %v as in order", got, want)
				}
			}
		})
	}
}
