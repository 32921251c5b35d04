package naive

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/wire"
)

// TestBucketsAgree: a payee's buckets are the sums of their components, and
// what deals hold is all that is held beside what was brought.
func TestBucketsAgree(t *testing.T) {
	for seed := range uint64(histories) {
		plans, arrivals, asOf := Generate(rand.New(rand.NewPCG(seed, 4)))
		got, err := Compute(plans, arrivals, asOf)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		w := newWorld(plans, arrivals, asOf)
		for p, b := range got.Balances {
			components, deals, heldByDeals := int64(0), int64(0), int64(0)
			for _, sum := range got.Components[p] {
				components += sum
			}
			for _, d := range got.Deals[p] {
				deals += d[held] + d[payable]
				heldByDeals += d[held]
			}
			brought := int64(0)
			for _, m := range w.postings(p) {
				if m.opening && m.to == held && w.posted(m) {
					brought += m.amount
				}
			}
			perDeal := got.Components[p]["expansion"] + got.Components[p]["sourcing"] + got.Components[p]["spiff"] + got.Components[p][accelerator]
			if b[held]+b[payable]+b[paid] != components || b[held] != heldByDeals+brought || deals != perDeal {
				t.Errorf("seed %d: %s has %v, of components %v and deals %v", seed, p, b, got.Components[p], got.Deals[p])
			}
		}
	}
}

// TestRoundTrip: every event goes over the wire and comes back as it was.
func TestRoundTrip(t *testing.T) {
	types := map[event.Type]int{}
	for seed := range uint64(histories) {
		_, arrivals, _ := GenerateWith(rand.New(rand.NewPCG(seed, 6)), AllFeatures)
		for _, a := range arrivals {
			types[a.Event.Head().Type]++
			b, err := wire.Encode(a.Event)
			if err != nil {
				t.Fatalf("seed %d: %#v: %v", seed, a.Event, err)
			}
			in, err := wire.DecodeLine(b, "")
			if err != nil {
				t.Fatalf("seed %d: %v: %s", seed, err, b)
			}
			if !reflect.DeepEqual(in.Event, a.Event) {
				t.Fatalf("seed %d: told %#v, read %#v", seed, a.Event, in.Event)
			}
		}
	}
	if len(types) < 46 {
		t.Errorf("%d types are told, want at least 46", len(types))
	}
}

// TestShrink: without features a history is the plainest part of itself, and an
// equal source draws the same features.
func TestShrink(t *testing.T) {
	for seed := range uint64(100) {
		source := func() *rand.Rand { return rand.New(rand.NewPCG(seed, 7)) }
		plans, whole, asOf := Generate(source())
		again, same, at := GenerateWith(source(), DrawFeatures(source()))
		if !reflect.DeepEqual(plans, again) || !reflect.DeepEqual(whole, same) || !asOf.Equal(at) {
			t.Fatalf("seed %d: GenerateWith makes another history of %v", seed, DrawFeatures(source()))
		}
		_, plain, at := GenerateWith(source(), 0)
		if !asOf.Equal(at) || len(plain) > len(whole) {
			t.Errorf("seed %d: plain %d events at %v, whole %d at %v", seed, len(plain), at, len(whole), asOf)
		}
	}
}

// TestEveryFeatureMatters: each changes what some histories come to.
func TestEveryFeatureMatters(t *testing.T) {
	for f := range (AllFeatures &^ Others).each() {
		changed := 0
		for seed := range uint64(60) {
			source := func() *rand.Rand { return rand.New(rand.NewPCG(seed, 8)) }
			result := func(f Features) Result {
				r, err := Compute(GenerateWith(source(), f))
				if err != nil {
					t.Fatalf("seed %d: %v: %v", seed, f, err)
				}
				return r
			}
			if !reflect.DeepEqual(result(f), result(0)) {
				changed++
			}
		}
		t.Logf("%v: %d of 60", f, changed)
		if changed < 6 {
			t.Errorf("%v changes %d of 60 histories", f, changed)
		}
	}
}
