package account

import (
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// Touched says what a fact may have changed beside deals and episodes.
type Touched struct {
	// Measures is the first day of which what is measured of the account may
	// differ; civil.Never: of none.
	Measures civil.Date
	// Paid is the same of the part that pay looks at, so never before it.
	Paid civil.Date
	// Standing says that the running quarter's flags of its owners, or of whoever
	// found an expansion, may differ.
	Standing bool
}

var untouched = Touched{Measures: civil.Never, Paid: civil.Never}

// onlyInforms reports whether pay looks at nothing that a fact is measured by.
//
// Source: rules §12a; what pays is in account.Paid.
func onlyInforms(e event.Event) bool {
	switch e.(type) {
	case event.SurveyAnswered, event.AdoptionMeasured, event.OnboardingCompleted, event.ForecastRecorded:
		return true
	default:
		return false
	}
}

// measured says that what is measured may differ from a day on.
func (s *State) measured(from civil.Date) Touched { return Touched{Measures: from} }

// touchDealsFrom marks the deals that something dated on or after a day can
// still change.
func (s *State) touchDealsFrom(date civil.Date) {
	for _, d := range s.lasting.since(date) {
		s.spoilDeal(d.Deal)
	}
}

// spoilDeal has a deal derived afresh.
func (s *State) spoilDeal(d *Deal) {
	if !d.stale {
		d.stale = true
		s.stale = append(s.stale, d)
	}
}

// touchAll marks every deal.
func (s *State) touchAll() { s.all, s.shrunk = true, nil }

// PayeesChanged marks every deal, because what is known of people has changed.
func (s *State) PayeesChanged() {
	s.touchAll()
	s.unflag(noChange)
	s.recontest = true
}

// unflag has what flags and notices look at worked out again from a day on.
func (s *State) unflag(from civil.Date) {
	s.flagged.from, s.announced = min(s.flagged.from, from), announced{}
}

// BookChanged has the deals settled again whose amounts are measured by a
// payee's book, and reports whether there are any.
func (s *State) BookChanged() (any bool) {
	for _, d := range s.deals {
		if d.derived.book {
			s.spoilDeal(d)
			any = true
		}
	}
	return any
}

// Anew marks everything, because the facts or the rules are not what they were.
func (s *State) Anew() {
	s.PayeesChanged()
	s.redoEpisodes(time.Time{})
	s.risk.anew = true
}

// Touch has an opportunity settled again, whether or not it still has deals, as
// one whose shares may have moved.
func (s *State) Touch(id event.OpportunityID) { s.touched.Put(id, CreditsMoved) }
