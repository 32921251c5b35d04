package account

import (
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// Standing is an account in a book on a day, as its measures have it.
type Standing struct {
	Segment string
	ARR     int64 // minor units of the tenant's currency
	Living  bool
	Scored  bool
	Score   event.HealthScored // the last, where Scored
	AtRisk  bool               // it would open a risk episode
}

// Standing gives the account as holders own it on a day; false where they do not.
//
// Source: rules §12 and §12a, as Measures have it.
// Units: minor units of ARR.
// Rounding: none.
func (s *State) Standing(h Holders, day civil.Date) (Standing, bool) {
	l := look{Holding: s.Holding(h), last: day}
	if !l.owns(day) {
		return Standing{}, false
	}
	st := Standing{Segment: l.segment(), ARR: s.arr.At(day), Living: s.arr.aliveOn(day)}
	if score := s.health.last(day.End(s.set.Zone)); score != nil {
		st.Score, st.Scored = score.event(s.ID), true
		st.AtRisk = !score.reaches(s.set.Plans.Settings(day).SLA.Risk.Below)
	}
	return st, true
}

// Of100 is a score as people read it, with the scale it was told on where that
// is not 100.
func (st Standing) Of100() string { return scoreText(st.Score.Score, st.Score.ScaleMax) }
