package tenant

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/trueup/trueup/domain/event"
)

// A cache holds what was put last, weighs what it holds, and no more than its
// limit but for one account; what is asked for again and again mostly stays.
func TestCache(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	c := newCache(200)
	often := &accountRecord{id: "often"}
	c.put(often.id, often)
	missed := 0
	for i := range 5000 {
		id := event.AccountID(strconv.Itoa(r.IntN(100)))
		switch got := c.get(id); {
		case r.IntN(20) == 0:
			c.drop(id)
		case got == nil:
			rec := &accountRecord{id: id}
			for n := range r.IntN(30) {
				rec.seen.put(printOf(event.Identity{Source: "crm", ID: strconv.Itoa(n)}, Sum{}))
			}
			c.put(id, rec)
			if c.get(id) != rec {
				t.Fatalf("after %d steps: what was just put is not there", i)
			}
		default:
			got.seen.put(printOf(event.Identity{Source: "crm", ID: "more" + strconv.Itoa(i)}, Sum{}))
			c.grew(got)
		}
		if c.get("often") == nil {
			missed++
			c.put(often.id, often)
		}
		weight := 0
		for _, rec := range c.held {
			weight += rec.seen.len() + ownWeight
		}
		if weight != c.weight {
			t.Fatalf("after %d steps: weight %d, held %d", i, c.weight, weight)
		}
		if len(c.round) > 2*len(c.held)+65 {
			t.Fatalf("after %d steps: %d in the round for %d held", i, len(c.round), len(c.held))
		}
	}
	if missed > 250 { // one in twenty; one in five of the others is there
		t.Errorf("what is asked for at every step was gone %d times", missed)
	}
	if c.weight > 2*c.limit {
		t.Errorf("weight %d at a limit of %d", c.weight, c.limit)
	}
}

// A pinned account stays at hand whatever else is put, until it is unpinned.
func TestCachePins(t *testing.T) {
	c := newCache(100)
	pinned := &accountRecord{id: "pinned"}
	c.put(pinned.id, pinned)
	c.pin(pinned)
	more := func() {
		for i := range 100 {
			rec := &accountRecord{id: event.AccountID(strconv.Itoa(i))}
			c.put(rec.id, rec)
		}
	}
	if more(); c.get(pinned.id) != pinned || c.held[pinned.id] != nil {
		t.Errorf("held %v and got %v, want it let go and there", c.held[pinned.id], c.get(pinned.id))
	}
	if c.unpin(); c.get(pinned.id) != nil {
		t.Error("there after it was unpinned")
	}
	if c.pin(pinned); c.get(pinned.id) != pinned {
		t.Error("pinned while it was not held, and not there")
	}
}
