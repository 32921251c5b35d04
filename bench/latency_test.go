package main

import (
	"path/filepath"
	"runtime/metrics"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain/event"
)

func TestPercentile(t *testing.T) {
	var sorted []time.Duration
	for n := range 1000 {
		sorted = append(sorted, time.Duration(n+1))
	}
	for _, tt := range []struct {
		p    float64
		want time.Duration
	}{{50, 500}, {99, 990}, {99.9, 999}, {100, 1000}, {0, 1}} {
		if got := percentile(sorted, tt.p); got != tt.want {
			t.Errorf("percentile(1…1000, %g) = %d, want %d", tt.p, got, tt.want)
		}
	}
	if got := percentile(nil, 50); got != 0 {
		t.Errorf("percentile(nothing, 50) = %d, want 0", got)
	}
	tail := tailOf("p", "n", sorted).Points
	if last := tail[len(tail)-1]; last[0] != 1000 || last[1] != inMillis(999) {
		t.Errorf("the tail of 1000 samples ends at %v, want one in 1000 slower than 999 ns", last)
	}
}

// TestCommitsOf holds the count in the meta pages against bbolt: what is rolled
// back is none, and what is open neither.
func TestCommitsOf(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	before, err := commitsOf(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 5 {
		tx, err := db.Begin(true)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.CreateBucketIfNotExists([]byte{'a' + byte(n)}); err != nil { //nolint:gosec // five letters
			t.Fatal(err)
		}
		end := tx.Commit
		if n == 2 {
			end = tx.Rollback
		}
		if err := end(); err != nil {
			t.Fatal(err)
		}
	}
	if after, err := commitsOf(path); err != nil || after-before != 4 {
		t.Errorf("commitsOf: %d more after 4 commits and a rollback (%v), want 4", after-before, err)
	}
}

func TestQuantile(t *testing.T) {
	before := &metrics.Float64Histogram{Counts: []uint64{5, 0, 0}, Buckets: []float64{0, 1, 2, 3}}
	after := &metrics.Float64Histogram{Counts: []uint64{5, 98, 2}, Buckets: []float64{0, 1, 2, 3}}
	for p, want := range map[float64]time.Duration{50: 2 * time.Second, 99: 3 * time.Second} {
		if got := quantile(after, before, p); got != want {
			t.Errorf("quantile %g = %v, want %v: what was there before counts not", p, got, want)
		}
	}
}

// TestScripts holds what the studies are told to what they are for: each booking
// earns, and a churn claws back every deal that was booked.
func TestScripts(t *testing.T) {
	b := &bench{o: options{seed: 1}}
	s, err := b.script(true, 100, 50, bookings)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.measured) != 50 {
		t.Errorf("%d bookings, want 50", len(s.measured))
	}
	for _, m := range s.measured {
		if m.outs == 0 || m.entries == 0 {
			t.Errorf("booking %s earns nothing", m.id.ID)
		}
	}
	if s, err = b.script(false, 40, 40, churns); err != nil {
		t.Fatal(err)
	}
	entries := 0
	for _, m := range s.measured {
		if m.typ != event.Type("crm.churn.effective.v1") {
			t.Errorf("%s is measured, want churns alone", m.typ)
		}
		entries += m.entries
	}
	if n := len(s.measured); n == 0 || entries < n*heavyDeals*3/4 {
		t.Errorf("%d entries for %d churns, want nearly %d each", entries, n, heavyDeals)
	}
}
