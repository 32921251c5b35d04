//go:build !race

// The race detector allocates, and makes pools forget.

package consumers

import (
	"fmt"
	"math"
	"testing"

	"github.com/trueup/trueup/internal/broker/brokertest"
)

// TestPathAllocations keeps the memory of an event's way from the broker to a
// batch low. It was 47 allocations and 4,000 bytes when this was written,
// of which the router and the broker's client make all but about twelve.
func TestPathAllocations(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector, for which this is short, allocates too")
	}
	const n, most, mostSize = 20_000, 54, 4600
	conn := brokertest.Streams(t, brokertest.Server(t).URL(), "acme") // in a process of its own, not to be counted
	if got, err := conn.PublishAll(t.Context(), company(t, "acme", n), nil); err != nil || got != n {
		t.Fatalf("PublishAll() = %d, %v, want %d", got, err, n)
	}
	allocs, size := math.Inf(1), math.Inf(1)
	for i := range 3 {
		a, s := newPath(t, conn, fmt.Sprint("run-", i), n).read(t, n)
		allocs, size = min(allocs, a), min(size, s)
	}
	t.Logf("%.1f allocations and %.0f bytes an event", allocs, size)
	if allocs > most || size > mostSize {
		t.Errorf("an event's way to the batch makes %.1f allocations and %.0f bytes, want at most %d and %d", allocs, size, most, mostSize)
	}
}
