//go:build !race

// The race detector makes pools forget.

package wire_test

import (
	"testing"

	"github.com/trueup/trueup/internal/wire"
)

// TestMixAllocations keeps the memory of decoding what a company tells low: an
// event, its id, account and other names, and its canonical bytes. It was 8.0
// allocations in structured mode and 9.0 in binary mode when this was written.
func TestMixAllocations(t *testing.T) {
	for mode, most := range map[string]float64{"structured": 9.2, "binary": 10.4} {
		events := mix(t, 2000, mode == "binary")
		d := wire.Decoder{Tenant: "acme"}
		got := testing.AllocsPerRun(5, func() {
			for _, raw := range events {
				if _, err := d.Decode(raw); err != nil {
					t.Fatal(err)
				}
			}
		}) / float64(len(events))
		t.Logf("%s: %.2f allocations an event", mode, got)
		if got > most {
			t.Errorf("decoding an event in %s mode makes %.2f allocations, want at most %v", mode, got, most)
		}
	}
}
