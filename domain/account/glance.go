package account

import (
	"cmp"
	"slices"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// Glance is the part of what is measured that is looked at while the quarter
// runs, whenever something of a book has moved.
type Glance struct {
	ARR       int64 // owned on the last day, minor units
	AtRiskARR int64 // of that, where the last score would open a risk episode
	Living    int   // accounts owned on the last day that have not churned

	Leads                   int // expansions the payee sourced in the quarter
	Qualified, QualifiedWon int // the payee's, qualified in the 90 days up to the last day; closed won
}

// Add takes another account's, or another payee's.
func (g *Glance) Add(o Glance) error { return g.Replace(Glance{}, o) }

// Replace takes one part of the sum for another.
func (g *Glance) Replace(was, now Glance) error {
	g.Living += now.Living - was.Living
	g.Leads += now.Leads - was.Leads
	g.Qualified += now.Qualified - was.Qualified
	g.QualifiedWon += now.QualifiedWon - was.QualifiedWon
	var sums sums
	sums.add(&g.ARR, now.ARR-was.ARR)
	sums.add(&g.AtRiskARR, now.AtRiskARR-was.AtRiskARR)
	return sums.err
}

// Glance is that part of Measures, for a fraction of the work, as of the end of
// a day, which is not after the quarter's last.
func (s *State) Glance(h Holders, q civil.Quarter, last civil.Date) Glance {
	var m Measures
	l := look{Holding: Holding{State: s, holders: h}, m: &m, first: s.set.Calendar.First(q), last: last}
	if l.last < l.first {
		return m.Glance
	}
	l.pipeline()
	if s.owners.anyOn(h, l.last) {
		l.standing()
	}
	return m.Glance
}

// Span is a day that glances are as of, and from its quarter's first instant to
// its own last.
type Span struct {
	Day         civil.Date
	From, Until time.Time
}

// SpanOf is that of a day.
func (s *Setting) SpanOf(day civil.Date) Span {
	return Span{day, s.Calendar.First(s.Calendar.QuarterOf(day)).Start(s.Zone), day.End(s.Zone)}
}

// Glanced reports whether a fact that comes can change what a glance sees of the
// account, on a day or on the last of an earlier quarter; and if not, whether it
// can change when the calendar does.
func (s *State) Glanced(e event.Event, on Span) (now, later bool) {
	switch e := e.(type) {
	case event.InterventionLogged, event.ReviewHeld, event.ContactEngaged, event.SurveyAnswered, event.AdoptionMeasured,
		event.OnboardingCompleted, event.ForecastRecorded, event.ChurnNotified, event.Invoice, event.CreditNoteIssued,
		event.ExceptionApproved, event.DisputeOpened, event.DisputeDecided:
		return false, false
	case event.RenewalBooked: // most are of a term to come
		return e.Term.Start <= on.Day, true
	case event.HealthScored:
		// The usual score is of these days, and says again what the last one did.
		last := s.health.last(on.Until)
		below := s.set.Plans.Settings(on.Day).SLA.Risk.Below
		now = last == nil || e.MeasuredAt.Before(on.From) || e.MeasuredAt.After(on.Until) ||
			last.compareAt(e.MeasuredAt) >= 0 || last.reaches(below) != reaches(e.Score, e.ScaleMax, below)
		return now, now
	default:
		return true, true
	}
}

// Turns is the first day after a day on which a glance may see something else
// though no fact has come; civil.Never where there is none.
func (s *State) Turns(after civil.Date) civil.Date {
	next := civil.Never
	turns := func(d civil.Date) {
		if d > after {
			next = min(next, d)
		}
	}
	if i, _ := slices.BinarySearchFunc(s.arr.levels, after+1, func(l level, d civil.Date) int { return cmp.Compare(l.date, d) }); i < len(s.arr.levels) {
		turns(s.arr.levels[i].date)
	}
	for _, r := range s.owners.byRole {
		for _, a := range slices.Backward(r.assigned) {
			if a.Effective <= after {
				break
			}
			turns(a.Effective)
		}
	}
	end := after.End(s.set.Zone)
	if at, any := s.health.next(end); any {
		turns(civil.In(at, s.set.Zone))
	}
	for _, o := range s.attention.claimed[s.attention.claimedUntil(after+1):] {
		o.turns(s.set.Zone, turns)
	}
	return next
}

// turns tells the days on which what is claimed of an opportunity begins to
// count, or stops.
func (o *sourced) turns(zone *time.Location, tell func(civil.Date)) {
	for _, l := range o.leads {
		tell(civil.In(l.At, zone))
	}
	if q := o.qualified(zone); q != civil.Never {
		tell(q + trailing)
	}
	if o.latest.won && o.latest.SourcedBy != "" {
		tell(civil.In(o.latest.ClosedAt, zone))
	}
}
