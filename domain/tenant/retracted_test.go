package tenant

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/trueup/trueup/domain/event"
)

// retracts is a retraction told as an id at an hour, of a fact.
func retracts(id string, hour int, of string) event.FactRetracted {
	return event.FactRetracted{
		Header:    event.Header{Identity: event.Identity{Source: "admin", ID: id}, Time: time.Date(2027, time.January, 1, hour, 0, 0, 0, time.UTC)},
		Retracted: event.Identity{Source: "admin", ID: of},
	}
}

// ids are the ids retracted, in order.
func ids(gone map[event.Identity]bool) string {
	var out []string
	for id := range maps.Keys(gone) {
		out = append(out, id.ID)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// Source: rules §1a; readings R35: worked off from the latest; one that is
// itself retracted takes nothing away. f is a fact, r1 and so on retractions.
func TestRetracted(t *testing.T) {
	for _, tt := range []struct {
		name     string
		facts    []event.Event
		anywhere []event.FactRetracted
		want     string
	}{
		{"none", []event.Event{event.ChurnEffective{}}, nil, ""},
		{"one", []event.Event{retracts("r1", 1, "f")}, nil, "f"},
		{"retracted itself", []event.Event{retracts("r1", 1, "f"), retracts("r2", 2, "r1")}, nil, "r1"},
		{"thrice", []event.Event{retracts("r1", 1, "f"), retracts("r2", 2, "r1"), retracts("r3", 3, "r2")}, nil, "f r2"},
		{"of two the one that stands", []event.Event{retracts("r1", 1, "f"), retracts("r2", 2, "f"), retracts("r3", 3, "r1")}, nil, "f r1"},
		{"an earlier one retracts no later one that took it away", []event.Event{retracts("r1", 1, "r2"), retracts("r2", 2, "r1")}, nil, "r1"},
		{"an earlier one retracts a later one", []event.Event{retracts("r1", 1, "r2"), retracts("r2", 2, "f")}, nil, "f r2"}, // r2 was worked off before
		{"of one instant by id", []event.Event{retracts("r1", 1, "r2"), retracts("r2", 1, "r1")}, nil, "r1"},
		{"itself", []event.Event{retracts("r1", 1, "r1")}, nil, "r1"},
		{"from anywhere", nil, []event.FactRetracted{retracts("r1", 1, "f")}, "f"},
		{"from anywhere, of one among the facts", []event.Event{retracts("r1", 1, "f")}, []event.FactRetracted{retracts("r2", 2, "r1")}, "r1"},
		{"one from anywhere is not retracted from a scope", []event.Event{retracts("r2", 2, "r1")}, []event.FactRetracted{retracts("r1", 1, "f")}, "f r1"},
	} {
		forth := retracted(tt.facts, tt.anywhere)
		back := slices.Clone(tt.facts)
		slices.Reverse(back)
		if got := ids(forth); got != tt.want {
			t.Errorf("%s: %q retracted, want %q", tt.name, got, tt.want)
		}
		if got := ids(retracted(back, tt.anywhere)); got != tt.want {
			t.Errorf("%s, told backwards: %q retracted, want %q", tt.name, got, tt.want)
		}
	}
}

// The order in which retractions are told of leaves no trace.
func TestRetractedOrderLeavesNoTrace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var facts []event.Event
		var anywhere []event.FactRetracted
		for i := range rapid.IntRange(0, 8).Draw(t, "retractions") {
			r := retracts(fmt.Sprint("r", i), rapid.IntRange(0, 3).Draw(t, "hour"), rapid.SampledFrom([]string{"f", "g", "r0", "r1", "r2", "r3"}).Draw(t, "of"))
			if rapid.Bool().Draw(t, "anywhere") {
				anywhere = append(anywhere, r)
			} else {
				facts = append(facts, r)
			}
		}
		if len(facts) == 0 {
			facts = []event.Event{event.ChurnEffective{}}
		}
		if len(anywhere) == 0 {
			anywhere = []event.FactRetracted{retracts("r9", 0, "h")}
		}
		a := ids(retracted(facts, anywhere))
		if b := ids(retracted(rapid.Permutation(facts).Draw(t, "arrived"), rapid.Permutation(anywhere).Draw(t, "arrived anywhere"))); a != b {
			t.Fatalf("%q retracted, or %q in another order", a, b)
		}
	})
}
