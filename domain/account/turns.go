package account

import (
	"slices"
	"time"

	"github.com/trueup/trueup/domain/civil"
)

// Turn is what can happen to a risk episode.
type Turn string

// The turns, in the order they can come.
const (
	Opened   Turn = "opened"
	Warned   Turn = "warned"
	Met      Turn = "met"
	Closed   Turn = "closed"
	Breached Turn = "breached"
	Resolved Turn = "resolved"
)

// Transition is a turn and when it happened.
type Transition struct {
	Turn Turn
	At   time.Time
}

// Transitions lists what has happened to an episode up to an instant, and the
// next instant at which the clock alone changes it (zero: none). The episode
// is settled when only an older fact can change it.
func (s *State) Transitions(e *Episode, asOf time.Time) (done []Transition, next time.Time) {
	all := append(make([]Transition, 0, 4), Transition{Opened, e.Start})
	intervened, end, ended := e.answered, time.Time{}, false
	if e.SLA == RiskSLA {
		intervened = s.risk.firstIntervention(e.Start)
		end, ended = s.endsNeutrally(e)
	}
	switch {
	case !intervened.IsZero() && !intervened.After(e.Deadline) && (!ended || !intervened.After(end)):
		all = append(all, Transition{Met, intervened})
	case ended:
		all = append(all, Transition{Closed, end})
	default:
		all = append(all, Transition{Breached, e.Deadline})
		if !intervened.IsZero() {
			all = append(all, Transition{Resolved, intervened})
		}
	}
	if e.warnAt.Before(all[1].At) && e.warnAt.After(e.Start) {
		all = slices.Insert(all, 1, Transition{Warned, e.warnAt})
	}
	for i, t := range all {
		at := t.At
		if t.Turn == Breached {
			at = at.Add(1) // the deadline itself is still in time
		}
		if at.After(asOf) {
			return all[:i], at
		}
	}
	e.settled = all[len(all)-1].Turn != Breached
	return all, time.Time{}
}

// endsNeutrally is when a good score or a churn ended the episode before its
// deadline.
func (s *State) endsNeutrally(e *Episode) (time.Time, bool) {
	end := e.recovered
	if c, ok := s.arr.churnFrom(civil.In(e.Start, s.set.Zone) + 1); ok {
		if at := c.date.Start(s.set.Zone); end.IsZero() || at.Before(end) {
			end = at
		}
	}
	return end, !end.IsZero() && end.Before(e.Deadline)
}
