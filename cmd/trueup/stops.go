package main

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"sync"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/store"
)

// stops counts how often workers of a ledger stopped by themselves, and what
// for: whoever is started after one can tell. They are kept in a file beside the
// ledger, which is no part of it; where that cannot be written they are not.
type stops struct {
	mu     sync.Mutex
	path   string
	counts map[string]int
}

// What workers stop for.
const (
	stopLedger    = "ledger"     // an assertion did not hold, or a record is malformed
	stopDisk      = "disk"       // a commit failed
	stopTakenOver = "taken_over" // another worker, or another ledger's stream
	stopOther     = "other"
)

// openStops reads the counts. What cannot be read counts from zero.
func openStops(ledger string) *stops {
	s := &stops{path: ledger + ".stops", counts: map[string]int{}}
	if b, err := os.ReadFile(s.path); err == nil {
		_ = json.Unmarshal(b, &s.counts) // as far as it is whole
	}
	for _, reason := range []string{stopLedger, stopDisk, stopTakenOver, stopOther} {
		s.counts[reason] = max(s.counts[reason], 0)
	}
	for reason := range s.counts {
		switch reason {
		case stopLedger, stopDisk, stopTakenOver, stopOther:
		default:
			delete(s.counts, reason)
		}
	}
	return s
}

// list is the counts.
func (s *stops) list() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.counts)
}

// add counts a stop.
func (s *stops) add(why error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[stopReason(why)]++
	b, err := json.Marshal(s.counts)
	if err != nil {
		return err
	}
	temp := s.path + ".new"
	if err := os.WriteFile(temp, b, 0o600); err != nil {
		return err
	}
	return os.Rename(temp, filepath.Clean(s.path))
}

func stopReason(why error) string {
	switch {
	case errors.Is(why, broker.ErrFenced):
		return stopTakenOver
	case domain.KindOf(why) == domain.Corrupt:
		return stopLedger
	case errors.Is(why, store.ErrStopped):
		return stopDisk
	}
	return stopOther
}
