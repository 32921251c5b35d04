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
}

// Settling derives the deals that facts have touched, and those that change by
// themselves up to a day, and lists their opportunities, by first booking.
func (s *State) Settling(day civil.Date) ([]Settled, error) {
	if !s.all && !s.stale && s.soonest > day && s.touched.Len() == 0 {
		return nil, nil
	}
	s.shrunk, s.soonest = nil, civil.Never
	for _, d := range s.deals {
		if d.stale = d.stale || s.all || d.turns <= day; d.stale {
			s.Touch(d.Opportunity)
		}
	}
	for _, d := range s.deals {
		if d.stale = d.stale || d.derived.book && s.touched.Has(d.Opportunity); d.stale {
			if err := s.derive(d); err != nil {
				return nil, err
			}
			d.stale, d.turns = false, d.next(day)
		}
		s.soonest = min(s.soonest, d.turns)
	}
	s.all, s.stale = false, false
	if s.touched.Len() == 0 {
		return nil, nil
	}
	out := make([]Settled, 0, s.touched.Len())
	for id := range s.touched.All() {
		st, err := s.settled(id, day)
		if err != nil {
			return nil, err
		}
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

// Wake is the first day with whose start the account's deals change by
// themselves, or civil.Never, and the first instant after asOf at which an
// episode does, or zero. It is to be asked after Settling and Transitions.
func (s *State) Wake(asOf time.Time) (day civil.Date, at time.Time) {
	for _, e := range s.Episodes() {
		if _, next := s.Transitions(e, asOf); !next.IsZero() && (at.IsZero() || next.Before(at)) {
			at = next
		}
	}
	return s.firstTurn(), at
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
