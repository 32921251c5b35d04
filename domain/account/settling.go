package account

import (
	"slices"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
)

// Settled is an opportunity to be settled: what its deals, of every origin,
// make due by a day and credit on it. Deals that are no more make nothing due.
type Settled struct {
	Opportunity event.OpportunityID
	Due         []ledger.Step
	Credits     []Credit
	First       civil.Date // the earliest booking; civil.Never without deals
	Moved       Moved      // since they were last settled
}

// Settling derives the deals that facts have touched, and those that change by
// themselves up to a day, and lists their opportunities, by first booking.
func (s *State) Settling(day civil.Date) ([]Settled, error) {
	if !s.all && !s.stale && s.soonest > day && s.touched.Len() == 0 {
		return nil, nil
	}
	s.shrunk, s.soonest = nil, civil.Never
	for _, d := range s.deals {
		if d.stale = d.stale || s.all || d.turns <= day; d.stale && !s.touched.Has(d.Opportunity) {
			s.touched.Put(d.Opportunity, Still)
		}
	}
	for _, d := range s.deals {
		if d.stale = d.stale || d.derived.book && s.touched.Has(d.Opportunity); d.stale {
			was, passed := d.derived.shares, d.passed
			if err := s.derive(d); err != nil {
				return nil, err
			}
			d.passed = d.passedBy(day)
			s.touched.Put(d.Opportunity, max(s.touched.Get(d.Opportunity), d.movedFrom(was, d.turns <= day, passed, day)))
			d.stale, d.turns = false, d.next(day)
		}
		s.soonest = min(s.soonest, d.turns)
	}
	s.all, s.stale = false, false
	if s.touched.Len() == 0 {
		return nil, nil
	}
	out := make([]Settled, 0, s.touched.Len())
	for id, moved := range s.touched.All() {
		st, err := s.settled(id, day)
		if err != nil {
			return nil, err
		}
		st.Moved = moved
		out = append(out, st)
	}
	s.touched.Clear()
	slices.SortStableFunc(out, func(a, b Settled) int { return int(a.First) - int(b.First) })
	return out, nil
}

func (s *State) settled(id event.OpportunityID, day civil.Date) (Settled, error) {
	st := Settled{Opportunity: id, First: civil.Never}
	for _, d := range s.dealsOf(id) {
		credits, err := d.CreditsOn(day)
		if err != nil {
			return st, err
		}
		st.First = min(st.First, d.Booked)
		st.Due = append(st.Due, d.Due(day)...)
		st.Credits = append(st.Credits, credits...)
	}
	var err error
	st.Due, err = ledger.Merge(st.Due)
	return st, err
}

// Wake is the first instant after asOf at which the account changes by itself,
// or zero. It is to be asked after Settling and Transitions.
func (s *State) Wake(asOf time.Time) time.Time {
	var wake time.Time
	if first := s.firstTurn(); first != civil.Never {
		wake = first.Start(s.set.Zone)
	}
	for _, e := range s.Episodes() {
		if _, next := s.Transitions(e, asOf); !next.IsZero() && (wake.IsZero() || next.Before(wake)) {
			wake = next
		}
	}
	return wake
}

// firstTurn is when the first deal changes by itself. One that is no more may
// have been the soonest.
func (s *State) firstTurn() civil.Date {
	if s.soonest == civil.Never {
		return civil.Never
	}
	first := civil.Never
	for _, d := range s.deals {
		first = min(first, d.turns)
	}
	s.soonest = first
	return first
}

// Deals lists every deal of the account, by booking date.
func (s *State) Deals() []*Deal { return s.deals }
