package account

import (
	"maps"
	"slices"
	"time"

	"github.com/trueup/trueup/domain/civil"
)

// Settling derives the deals that facts have touched and lists them together
// with those that change by themselves up to a day, each once, in order of
// booking. It is followed by settling each of them.
func (s *State) Settling(day civil.Date) ([]*Deal, error) {
	var out []*Deal
	for i := len(s.deals) - 1; i >= 0 && (s.all || len(s.stale) > 0); i-- {
		d := s.deals[i]
		if !s.all && !s.stale[d.Opportunity] {
			continue
		}
		delete(s.stale, d.Opportunity)
		if err := s.derive(d); err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	s.all = false
	clear(s.stale)
	for d, at := range s.waiting {
		if at <= day && !slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	for _, d := range out {
		delete(s.waiting, d)
		if next := d.next(day); next != civil.Never {
			s.waiting[d] = next
		}
	}
	slices.SortFunc(out, compareDeals)
	return out, nil
}

// Wake is the first instant after asOf at which the account changes by itself,
// or zero. It is to be asked after Settling and Transitions.
func (s *State) Wake(asOf time.Time) time.Time {
	first := civil.Never
	for at := range maps.Values(s.waiting) {
		first = min(first, at)
	}
	var wake time.Time
	if first != civil.Never {
		wake = first.Start(s.set.Zone)
	}
	for _, e := range s.Episodes() {
		if _, next := s.Transitions(e, asOf); !next.IsZero() && (wake.IsZero() || next.Before(wake)) {
			wake = next
		}
	}
	return wake
}

// Deals lists every deal of the account, by booking date.
func (s *State) Deals() []*Deal { return s.deals }
