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
	if s.all {
		s.touchBooked(noChange, civil.Never)
		s.all = false
	}
	if s.turning.first() <= day {
		for _, d := range s.turning.list {
			if d.day > day {
				break
			}
			s.spoilDeal(d.Deal)
		}
	}
	for _, d := range s.stale {
		if !d.gone && !s.touched.Has(d.Opportunity) {
			s.touched.Put(d.Opportunity, Still)
		}
	}
	if s.touched.Len() == 0 {
		s.stale = s.stale[:0]
		return nil, nil
	}
	for id := range s.touched.All() {
		for _, d := range s.named.Get(id) {
			if d.derived.book {
				s.spoilDeal(d)
			}
		}
	}
	if err := s.deriveStale(day); err != nil {
		return nil, err
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

// Rests reports whether nothing can differ that Settling, Episodes, FallenDue and
// FlagFigures give on a day from what they last gave, an instant that Wake or
// NextNotice told aside.
func (s *State) Rests(today civil.Date) bool {
	s.deriveEpisodes()
	f, a := &s.flagged, &s.announced
	return !s.all && len(s.stale) == 0 && s.touched.Len() == 0 && s.turning.first() > today && !s.risk.moved && !s.recontest &&
		f.from == civil.Never && f.on <= today && today < f.until &&
		a.from <= today && today < min(a.until, a.heard)
}

// deriveStale derives the deals that are stale, by booking.
func (s *State) deriveStale(day civil.Date) error {
	s.survives = nil
	s.stale = slices.DeleteFunc(s.stale, func(d *Deal) bool { return d.gone })
	slices.SortFunc(s.stale, compareDeals)
	for _, d := range s.stale {
		settledBy, turns, was, passed := d.settledBy, d.turns, d.derived.shares, d.passed
		if err := s.derive(d); err != nil {
			return err
		}
		d.passed = d.passedBy(day)
		s.touched.Put(d.Opportunity, max(s.touched.Get(d.Opportunity), d.movedFrom(was, turns <= day, passed, day)))
		d.stale, d.turns = false, d.next(day)
		s.lasting.move(d, settledBy, d.settledBy)
		s.turning.move(d, turns, d.turns)
	}
	clear(s.stale)
	s.stale = s.stale[:0]
	return nil
}

func (s *State) settled(id event.OpportunityID, day civil.Date) (Settled, error) {
	st := Settled{Opportunity: id, First: civil.Never}
	for _, d := range s.dealsOf(id) {
		credits, err := d.CreditsOn(day)
		if err != nil {
			return st, err
		}
		st.First = min(st.First, d.Booked)
		st.Due = d.addDue(st.Due, day)
		if st.Credits == nil { // most have one deal
			st.Credits = credits
			continue
		}
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
	return s.turning.first(), at
}

// Deals lists every deal of the account, by booking date.
func (s *State) Deals() []*Deal { return s.deals }
