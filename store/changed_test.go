package store

import (
	"path/filepath"
	"slices"
	"testing"
)

func TestChanged(t *testing.T) {
	plans, list := told(t, 2)
	s := opened(t, filepath.Join(t.TempDir(), "l.db"), options(plans))
	defer s.Close()
	waiting := s.Changed()
	if waiting != s.Changed() {
		t.Error("Changed() is another channel before anything changed")
	}
	select {
	case <-waiting:
		t.Fatal("Changed() is closed before anything was recorded")
	default:
	}
	record(t, s, slices.Clone(list[:10]))
	select {
	case <-waiting:
	default:
		t.Fatal("Changed() is open after a batch was recorded")
	}
	select {
	case <-s.Changed():
		t.Fatal("Changed() is closed again before anything more was recorded")
	default:
	}
	m, err := s.Moment()
	if err != nil {
		t.Fatal(err)
	}
	last, err := s.LastOutput()
	if err != nil {
		t.Fatal(err)
	}
	if asOf, err := s.AsOf(); err != nil || !m.AsOf.Equal(asOf) || m.LastOut != last {
		t.Errorf("Moment() = %+v, want as of %v, output %d (%v)", m, asOf, last, err)
	}
}
