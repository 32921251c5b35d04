package scenario_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/scenario"
)

// timerBook is kept of a play by somebody who does not know the rules: which
// timers were set and neither fired nor cleared, and whether each fires once,
// not before its time, and in order.
type timerBook struct {
	arrival time.Time // the latest by the broker, whatever the engine makes of it
	live    map[tenant.Timer]bool
	last    time.Time // due instant of the one that fired last
	fired   [tenant.SweepOn + 1]int
	counts  map[string]int // of what was seen
}

// watched starts a book of a play.
func watched(p *scenario.Played) *timerBook {
	b := &timerBook{live: map[tenant.Timer]bool{}, counts: map[string]int{}}
	p.Watch(b.see)
	return b
}

// arrives notes that an input was stored at an instant.
func (b *timerBook) arrives(at time.Time) {
	if at.After(b.arrival) {
		b.arrival = at.UTC()
	}
}

func (b *timerBook) see(fired *tenant.Timer, c *tenant.Changes) error {
	at := b.arrival
	if fired != nil {
		if err := b.fires(*fired, c); err != nil {
			return err
		}
		at = fired.Due
	}
	for _, t := range c.Clear {
		delete(b.live, t)
	}
	for _, t := range c.Set {
		if t.Due.Before(at) {
			return fmt.Errorf("%v is set at %s, when it is past", t, at)
		}
		for other := range b.live {
			alone := t.Kind != tenant.SettlePools && t.Kind != tenant.SweepOn // those two do nothing where there is nothing to do
			if alone && other.Kind == t.Kind && other.ID == t.ID && !other.Due.Equal(t.Due) {
				return fmt.Errorf("%v is set while %v waits: it should have been cleared", t, other)
			}
		}
		b.live[t] = true
	}
	for _, o := range c.Outcomes {
		switch o := o.(type) {
		case tenant.RiskTurned:
			b.counts[o.Episode.SLA()+" "+string(o.Turn.Turn)]++
			if o.Turn.Turn == account.Breached && !at.After(o.Episode.Deadline) {
				return fmt.Errorf("%s is breached at %s, by %s", o.Episode.ID(), at, o.Episode.Deadline)
			}
		case tenant.Adjusted:
			b.counts[o.Entry.Kind.String()]++
			b.counts[string(o.Entry.Reason)]++
		case tenant.Noticed:
			b.counts[noticeName(o)]++
		default:
			b.counts[fmt.Sprintf("%T", o)]++
		}
	}
	return nil
}

func noticeName(n tenant.Noticed) string {
	if n.Opportunity == "" {
		return "renewal window"
	}
	return "expansion review"
}

func (b *timerBook) fires(t tenant.Timer, c *tenant.Changes) error {
	b.fired[t.Kind]++
	switch {
	case !b.live[t]:
		return fmt.Errorf("%v fires and is not set: for the second time, or never", t)
	case t.Due.After(b.arrival):
		return fmt.Errorf("%v fires at %s, before its time", t, b.arrival)
	case t.Due.Before(b.last):
		return fmt.Errorf("%v fires after one that is due %s", t, b.last)
	case !slices.Contains(c.Clear, t):
		return fmt.Errorf("%v fires and stays", t)
	}
	for other := range b.live {
		if before(other, t) {
			return fmt.Errorf("%v fires before %v", t, other)
		}
	}
	b.last = t.Due
	for _, e := range c.Entries {
		if !e.At.Equal(t.Due) {
			return fmt.Errorf("%v posts %v at %s", t, e.Key, e.At)
		}
	}
	for _, l := range c.Locks {
		if !l.At.Equal(t.Due) {
			return fmt.Errorf("%v locks %s at %s", t, l.Period, l.At)
		}
	}
	return nil
}

// before is the order that timers should fire in: of one instant accounts come
// before payees, both before pools, these before a quarter's end and that before
// a lock, and a change of the rules goes on after them all.
func before(t, u tenant.Timer) bool {
	order := []tenant.TimerKind{tenant.WakeAccount, tenant.WakePayee, tenant.SettlePools, tenant.EndQuarter, tenant.LockQuarter, tenant.SweepOn}
	i, j := slices.Index(order, t.Kind), slices.Index(order, u.Kind)
	return t.Due.Before(u.Due) || t.Due.Equal(u.Due) && (i < j || i == j && t.ID < u.ID)
}

// left is a timer that should have fired by an instant.
func (b *timerBook) left(by time.Time) error {
	for t := range b.live {
		if !t.Due.After(by) {
			return fmt.Errorf("%v has not fired by %s", t, by)
		}
	}
	return nil
}
