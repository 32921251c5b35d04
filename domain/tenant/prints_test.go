package tenant

import (
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/event"
)

// Fingerprints are found under the identity they were put under and no other,
// few or many, in whatever order they came.
func TestPrints(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p prints
		want := map[event.Identity]Sum{}
		most := rapid.SampledFrom([]int{3, mostFew - 1, mostFew, mostFew + 100}).Draw(t, "facts")
		seed := rapid.IntRange(0, 1000).Draw(t, "from")
		for i := range most {
			id := event.Identity{Source: "crm", ID: strconv.Itoa((i + seed) * 7919 % 2000)}
			want[id] = Sum{byte(i)}
			p.put(printOf(id, Sum{byte(i)}))
		}
		if p.len() != len(want) || (p.many == nil) != (len(want) <= mostFew) {
			t.Fatalf("%d facts, want %d; many: %v", p.len(), len(want), p.many != nil)
		}
		for i := range p.few {
			if i > 0 && p.few[i-1].name >= p.few[i].name {
				t.Fatalf("place %d is not after the one before", i)
			}
		}
		for id, sum := range want {
			if got, ok := p.find(nameOf(id)); !ok || got != markOf(sum) {
				t.Fatalf("find(%v) = %v, %v, want %v", id, got, ok, sum)
			}
			if _, ok := p.find(nameOf(event.Identity{Source: "billing", ID: id.ID})); ok {
				t.Fatalf("find(%v) found one of another source", id)
			}
		}
	})
}

// What tells the source from the id is part of the identity.
func TestNames(t *testing.T) {
	for _, tt := range [][2]event.Identity{
		{{Source: "crm", ID: "1"}, {Source: "crm1", ID: ""}},
		{{Source: "", ID: "crm1"}, {Source: "crm", ID: "1"}},
		{{Source: "a\x00b", ID: "c"}, {Source: "a", ID: "b\x00c"}},
		{{Source: "a", ID: "\x01"}, {Source: "a\x01", ID: ""}},
	} {
		if nameOf(tt[0]) == nameOf(tt[1]) {
			t.Errorf("nameOf(%q) = nameOf(%q)", tt[0], tt[1])
		}
	}
}

// The same again is known, other content under the same identity is refused.
func TestKnown(t *testing.T) {
	var p prints
	in := func(id string, sum byte) Input {
		return Input{Event: event.ContactEngaged{Header: event.Header{Identity: event.Identity{Source: "crm", ID: id}}}, Sum: Sum{sum}}
	}
	as, err := p.known(in("e1", 1))
	if err != nil {
		t.Fatalf("known(the first) = %v", err)
	}
	p.put(as)
	if _, err := p.known(in("e1", 1)); domain.KindOf(err) != domain.Duplicate {
		t.Errorf("known(the same) = %v, want a duplicate", err)
	}
	if _, err := p.known(in("e1", 2)); domain.KindOf(err) != domain.Invalid || CodeOf(err) != "conflict" {
		t.Errorf("known(other content) = %v, want a conflict", err)
	}
	if _, err := p.known(in("e2", 1)); err != nil {
		t.Errorf("known(another) = %v", err)
	}
}

// Changes are of one call: nothing of the call before is in them, whether that
// one was taken or refused, and what was in them is not in the next.
func TestChangesAreOfOneCall(t *testing.T) {
	e := engine(t)
	e.end(nil)
	engaged := func(id string, sum byte) Input {
		return Input{
			Event: event.ContactEngaged{Header: event.Header{Identity: event.Identity{Source: "crm", ID: id}}, Account: "acct-1", Contact: id},
			Sum:   Sum{sum}, Arrived: e.at,
		}
	}
	for _, tt := range []struct {
		in   Input
		kind domain.Kind
	}{
		{engaged("e1", 1), 0}, {engaged("e2", 1), 0}, {engaged("e2", 2), domain.Invalid}, {engaged("e1", 1), domain.Duplicate}, {engaged("e3", 1), 0},
	} {
		c, err := e.Apply(nothing{}, tt.in)
		if domain.KindOf(err) != tt.kind {
			t.Fatalf("Apply(%v) = %v, want kind %v", tt.in.Event.Head().Identity, err, tt.kind)
		}
		if err == nil && (len(c.Facts) != 1 || c.Facts[0].Event != tt.in.Event) {
			t.Errorf("Apply(%v) keeps %d facts, want that one", tt.in.Event.Head().Identity, len(c.Facts))
		}
	}
	e.out.Set, e.out.Caught, e.out.Retry = make([]Timer, mostRoom+1), true, "p-1"
	e.out.empty()
	if len(e.out.Facts) != 0 || cap(e.out.Facts) == 0 || e.out.Set != nil || e.out.Caught || e.out.Retry != "" {
		t.Errorf("emptied: %+v", *e.out)
	}
	if old := e.out.Facts[:1][0]; old.Event != nil {
		t.Errorf("the room of what was emptied still holds %v", old.Event)
	}
}
