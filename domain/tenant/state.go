package tenant

import (
	"slices"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// State is the tenant's own small state, to be kept with the records and given
// back to New.
type State struct {
	AsOf       time.Time       // the latest arrival, UTC; zero before the first
	HandLocked []civil.Quarter // locked by hand, sorted
	Dirty      []event.PayeeID // whose ended quarters must be settled, sorted
	NextEnd    civil.Quarter   // the quarter whose end is waited for; zero before the first input
	NextLock   civil.Quarter   // the quarter whose lock is waited for
	Reopened   []civil.Quarter // locked once, open again, sorted
	Requested  []civil.Quarter // a payment was requested for, sorted
	World      int             // how many of the tenant's own facts the rules are made of
	Sweep      *Sweep          // a change of the rules on its way; nil: none
	Cleared    []ClearedFlag   // at AsOf, sorted: what is told of a flag again needs another id
}

// State is the tenant's own state after the last call.
func (e *Engine) State() State { return e.state.clone() }

func (s State) clone() State {
	s.HandLocked, s.Dirty = slices.Clone(s.HandLocked), slices.Clone(s.Dirty)
	s.Reopened, s.Requested, s.Cleared = slices.Clone(s.Reopened), slices.Clone(s.Requested), slices.Clone(s.Cleared)
	if s.Sweep != nil {
		sweep := *s.Sweep
		s.Sweep = &sweep
	}
	return s
}

// Advance moves the clock of a quiet tenant to an instant at which no timer is due.
func (e *Engine) Advance(at time.Time) { e.stand(e.Arrival(at)) }

// stand sets the clock.
func (e *Engine) stand(at time.Time) {
	if !at.Equal(e.state.AsOf) {
		e.state.Cleared = nil
	}
	e.state.AsOf = at
}
