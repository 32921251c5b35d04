package account

import (
	"slices"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/few"
)

// The clocks.
const (
	RiskSLA    = "risk_intervention"
	DisputeSLA = "dispute"
)

// Episode is one run of a clock. That of risk runs from the first low score to
// an intervention, a recovery, a churn or the deadline; an episode is its
// account and opening instant. That of disputes runs from the opening to the
// decision. Source: rules §10, readings R31.
type Episode struct {
	SLA         string
	Start       time.Time
	Score       event.HealthScored // of a risk: the one that opened it
	Dispute     string
	Opportunity event.OpportunityID
	Payee       event.PayeeID // the account's CSM that day
	Deadline    time.Time     // that instant is in time

	answered  time.Time // a dispute's decision, zero: none
	warnAt    time.Time
	recovered time.Time // first good score after, zero: none
	settled   bool      // nothing newer can change it
}

// episodes derives the account's episodes from its scores and interventions.
type episodes struct {
	logged few.Map[string, event.InterventionLogged] // latest statement per id
	times  []time.Time                               // of logged, in order
	list   []Episode
	low    bool
	walked int  // scores gone through
	open   int  // those of the list before it are settled
	again  bool // scores must be gone through again
	anew   bool // some may be gone since Rederived was last asked
	moved  bool // some may differ from what Episodes last listed
}

// redoEpisodes has the episodes derived again that opened at or after an
// instant, and what became of the others from then on.
func (s *State) redoEpisodes(from time.Time) {
	r := &s.risk
	r.moved = true
	if i := s.health.from(from); i < r.walked {
		r.walked, r.low, r.again = i, s.lowBefore(i), true
	}
	n, _ := slices.BinarySearchFunc(r.list, from, func(e Episode, at time.Time) int { return e.Start.Compare(at) })
	r.anew = r.anew || n < len(r.list)
	r.list = r.list[:n]
	if n > 0 && !r.list[n-1].recovered.Before(from) {
		r.list[n-1].recovered = time.Time{}
	}
	for i := range r.list {
		if e := &r.list[i]; !e.Deadline.Before(from) {
			e.settled = false
			r.open = min(r.open, i)
		}
	}
	r.open = min(r.open, n)
}

// sameAgain takes a score that comes late, the only one of its instant, where
// it is as low or as good as the one before it, and so changes no episode. It
// reports whether it is.
func (s *State) sameAgain(e event.HealthScored) bool {
	r, list := &s.risk, &s.health.list
	i := s.health.from(e.MeasuredAt)
	if i >= r.walked || list.At(i+1).sameInstant(list.At(i)) || s.low(list.At(i)) != s.lowBefore(i) {
		return false
	}
	r.walked++
	return true
}

// low reports whether a score is one that opens an episode.
func (s *State) low(x *score) bool {
	return !x.reaches(s.set.Plans.Settings(civil.In(x.at(), s.set.Zone)).SLA.Risk.Below)
}

// lowBefore reports whether the last score before one of the list is low.
func (s *State) lowBefore(i int) bool {
	if i == 0 {
		return false
	}
	return s.low(s.health.last(s.health.list.At(i - 1).at()))
}

// log takes an intervention, and reports whether it restates a known one.
func (r *episodes) log(e event.InterventionLogged) (known bool) {
	r.moved = true
	old, again := r.logged.Find(e.Intervention)
	known = again
	if known && event.Newer(old.Header, e.Header) {
		return true
	}
	r.logged.Put(e.Intervention, e)
	if !known && (len(r.times) == 0 || !e.LoggedAt.Before(r.times[len(r.times)-1])) {
		r.times = append(r.times, e.LoggedAt)
		// It may still have come in time for an episode that had ended without.
		for i := len(r.list) - 1; i >= 0 && !r.list[i].Deadline.Before(e.LoggedAt); i-- {
			r.list[i].settled = false
			r.open = min(r.open, i)
		}
		return false
	}
	r.times = r.times[:0]
	for _, l := range r.logged.All() {
		r.times = append(r.times, l.LoggedAt)
	}
	slices.SortFunc(r.times, time.Time.Compare)
	for i := range r.list { // any may now be answered by another
		r.list[i].settled = false
	}
	r.open = 0
	return known
}

// Episodes lists the account's risk episodes that something newer may still
// change, by opening, and its contests of which that holds.
func (s *State) Episodes() []*Episode {
	s.deriveEpisodes()
	var out []*Episode
	r := &s.risk
	r.moved = false
	for r.open < len(r.list) && r.list[r.open].settled {
		r.open++
	}
	for i := r.open; i < len(r.list); i++ {
		if e := &r.list[i]; !e.settled {
			out = append(out, e)
		}
	}
	for _, c := range s.contests() {
		if !c.settled {
			out = append(out, c)
		}
	}
	return out
}

func (s *State) deriveEpisodes() {
	r := &s.risk
	r.again = false
	for r.walked < s.health.list.Len() {
		s.walkScore()
	}
}

// Rederived reports, once, that episodes may have gone or moved since it was
// last asked.
func (s *State) Rederived() bool {
	anew := s.risk.anew
	s.risk.anew = false
	return anew
}

// HasEpisode reports whether an episode opens at an instant.
func (s *State) HasEpisode(sla, dispute string, opened time.Time) bool {
	if sla == DisputeSLA {
		return slices.ContainsFunc(s.contests(), func(e *Episode) bool { return e.Dispute == dispute && e.Start.Equal(opened) })
	}
	_, found := slices.BinarySearchFunc(s.risk.list, opened, func(e Episode, at time.Time) int { return e.Start.Compare(at) })
	return found
}

// walkScore goes through the scores of the next instant, in the order they
// were stated: a low one opens an episode where the one before was not low, a
// good one ends the run.
func (s *State) walkScore() {
	r, list := &s.risk, &s.health.list
	group := append(make([]*score, 0, 4), list.At(r.walked))
	for r.walked++; r.walked < list.Len() && list.At(r.walked).sameInstant(group[0]); r.walked++ {
		group = append(group, list.At(r.walked))
	}
	slices.SortFunc(group, func(a, b *score) int {
		if b.newer(a) {
			return -1
		}
		return 1
	})
	at := group[0].at()
	day := civil.In(at, s.set.Zone)
	clock := s.set.Plans.Settings(day).SLA.Risk
	for _, x := range group {
		low := !x.reaches(clock.Below)
		switch {
		case !low && r.low:
			r.moved = true
			if n := len(r.list); n > 0 && r.list[n-1].recovered.IsZero() {
				// It may have been told late, of an episode that seemed over.
				r.list[n-1].recovered, r.list[n-1].settled = at, false
				r.open = min(r.open, n-1)
			}
		case low && !r.low && s.arr.aliveOn(day):
			r.moved = true
			deadline := s.after(at, clock.Hours, clock.Clock)
			r.list = append(r.list, Episode{
				SLA: RiskSLA, Start: at, Score: x.event(s.ID), Payee: s.owners.at(event.CSM, day), Deadline: deadline,
				warnAt: s.after(at, clock.Hours-clock.Warn, clock.Clock),
			})
		}
		r.low = low
	}
}

// unanswered is the day of the earliest risk episode that an intervention at an
// instant would be the first to answer; that of the instant where there is none.
func (s *State) unanswered(at time.Time) civil.Date {
	if s.risk.again {
		return noChange
	}
	first := civil.In(at, s.set.Zone)
	for i := len(s.risk.list) - 1; i >= 0; i-- {
		start := s.risk.list[i].Start
		if start.After(at) {
			continue
		}
		if before := s.risk.firstIntervention(start); !before.IsZero() && before.Before(at) {
			break
		}
		first = civil.In(start, s.set.Zone)
	}
	return first
}

// firstIntervention is the first logged at or after an instant, or zero.
func (r *episodes) firstIntervention(from time.Time) time.Time {
	i, _ := slices.BinarySearchFunc(r.times, from, time.Time.Compare)
	if i == len(r.times) {
		return time.Time{}
	}
	return r.times[i]
}
