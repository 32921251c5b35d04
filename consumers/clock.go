package consumers

import (
	"sync"
	"time"
)

// Clock says what time it is, and when an input arrived.
type Clock interface {
	Now() time.Time
	// Arrived is the arrival instant of an input: stored is the broker's
	// timestamp, recorded the extension recordedtime (zero where absent) and
	// happened the event's time (zero where it could not be read).
	Arrived(stored, recorded, happened time.Time) time.Time
}

// RealClock is the time of day; inputs arrive when the broker stored them.
type RealClock struct{ Time func() time.Time }

// Now is the time of day.
func (c RealClock) Now() time.Time { return c.Time() }

// Arrived is when the broker stored the input.
func (RealClock) Arrived(stored, _, _ time.Time) time.Time { return stored }

// PlayedClock is for demos and tests: it stands at an instant until Start and
// goes on from there. Inputs arrive when they say they were recorded, or else
// when they happened.
type PlayedClock struct {
	wall func() time.Time
	mu   sync.Mutex
	from time.Time
	at   time.Time // of the wall when started; zero: standing
}

// NewPlayedClock stands at an instant; wall is the time of day.
func NewPlayedClock(from time.Time, wall func() time.Time) *PlayedClock {
	return &PlayedClock{wall: wall, from: from}
}

// Start lets the clock go on, once.
func (c *PlayedClock) Start() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at.IsZero() {
		c.at = c.wall()
	}
}

// Now is the instant the clock stands at, or has gone on to.
func (c *PlayedClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at.IsZero() {
		return c.from
	}
	return c.from.Add(c.wall().Sub(c.at))
}

// Arrived is when the input says it was recorded.
func (*PlayedClock) Arrived(_, recorded, happened time.Time) time.Time {
	if recorded.IsZero() {
		return happened
	}
	return recorded
}
