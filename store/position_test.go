package store

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/planfile"
)

// passing has the input stand at one position after another, as recording does.
func passing(t *testing.T, s *Store, positions ...tenant.Position) {
	t.Helper()
	for _, p := range positions {
		if err := s.db.Update(func(tx *bbolt.Tx) error { return putPosition(tx, p) }); err != nil {
			t.Fatal(err)
		}
	}
}

// The position and the checkpoints are listed from the newest on and are never
// many, whatever lives the stream had.
func TestPositions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "l.db")
	s := opened(t, path, options(planfile.Default()))
	var all []tenant.Position
	pass := func(life time.Time, n int) {
		for i := range n {
			p := tenant.Position{Created: life, Seq: uint64(i+1) * (checkpointEvery - 1), Time: life.Add(time.Duration(i+1) * time.Hour)}
			passing(t, s, p)
			all = append(all, p)
		}
	}
	want := func(what string, n int) {
		t.Helper()
		got, err := s.Positions()
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != n {
			t.Fatalf("%s: Positions() gives %d, want %d", what, len(got), n)
		}
		last := slices.Clone(all[len(all)-n:])
		slices.Reverse(last)
		if !slices.Equal(got, last) {
			t.Errorf("%s: Positions() = %v, want %v", what, got, last)
		}
	}
	pass(created, 1)
	want("the first", 1)
	pass(created, 0)
	// 4095, 8190, …: each is in a stretch of its own.
	for i := 1; i < 200; i++ {
		p := tenant.Position{Created: created, Seq: uint64(i+1) * (checkpointEvery - 1), Time: created.Add(time.Duration(i+1) * time.Hour)}
		passing(t, s, p)
		all = append(all, p)
	}
	want("a long stream", 1+checkpointsKept)
	pass(created.AddDate(1, 0, 0), 5)
	want("made anew", 1+checkpointsKept)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = opened(t, path, options(nil))
	want("opened again", 1+checkpointsKept)
	pass(created.AddDate(2, 0, 0), 60)
	want("and again made anew", 1+checkpointsKept)
}

// Within one stretch there is one checkpoint at most.
func TestCheckpointsAreSparse(t *testing.T) {
	s := fresh(t, planfile.Default())
	for seq := uint64(1); seq < 3*checkpointEvery; seq += 97 {
		p := tenant.Position{Created: created, Seq: seq, Time: created.Add(time.Duration(seq) * time.Second)}
		passing(t, s, p)
	}
	got, err := s.Positions()
	if err != nil || len(got) != 3 {
		t.Errorf("Positions() = %v, %v, want the position and two checkpoints", got, err)
	}
}
