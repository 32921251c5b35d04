package observe

import (
	"fmt"
	"testing"
	"time"
)

// The oldest output has waited since it was recorded, to a second, and since
// the start where an earlier run recorded it; what the broker has does not wait.
func TestLag(t *testing.T) {
	start := time.Date(2027, time.March, 1, 12, 0, 0, 0, time.UTC)
	at := func(seconds float64) time.Time { return start.Add(time.Duration(seconds * float64(time.Second))) }
	var l lag
	l.noted(7, 5, start) // two are left from before
	for _, step := range []struct {
		note      uint64 // 0: nothing is recorded
		confirmed uint64
		at        float64
		want      time.Duration
	}{
		{0, 5, 10, 10 * time.Second},
		{9, 5, 20, 20 * time.Second},
		{0, 7, 30, 10 * time.Second},
		{10, 7, 30, 10 * time.Second},
		{12, 7, 30.5, 10500 * time.Millisecond}, // with 10: less than a second later
		{0, 9, 40, 10 * time.Second},
		{0, 11, 41, 11 * time.Second},
		{0, 12, 42, 0},
		{13, 12, 50, 0},
		{0, 12, 51, time.Second},
		{0, 13, 52, 0},
	} {
		if step.note > 0 {
			l.noted(step.note, step.confirmed, at(step.at))
		}
		if got := l.oldest(step.confirmed, at(step.at)); got != step.want {
			t.Errorf("oldest(%d) after %v s = %v, want %v", step.confirmed, step.at, got, step.want)
		}
	}
	for i := range 10_000 { // nobody asks: what is confirmed is forgotten all the same
		n := uint64(i + 14) //nolint:gosec // small
		l.noted(n, n-1, at(100+2*float64(i)))
	}
	if len(l.marks) > 2 {
		t.Errorf("%d marks are kept of one output that waits", len(l.marks))
	}
}

// A label of codes has no more values than it may.
func TestBounded(t *testing.T) {
	counts := map[string]int{}
	for i := range 3 * mostReasons {
		counts[fmt.Sprintf("code_%03d", i)] = 2
	}
	got := bounded(counts)
	if len(got) != mostReasons+1 || got["other"] != 4*mostReasons || got["code_000"] != 2 {
		t.Errorf("bounded = %d values, other %d", len(got), got["other"])
	}
}
