package consumers

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/trueup/trueup/internal/failpoint"
)

// Waiting is what the clock will change in a ledger.
type Waiting struct {
	AsOf  time.Time // latest arrival; zero before the first
	First time.Time // first timer; zero: none
	Dirty bool      // ended quarters wait for a quiet moment
}

// Due reports whether a tick at an instant would change anything.
func (w Waiting) Due(now time.Time) bool {
	return w.Dirty || !w.First.IsZero() && !w.First.After(now)
}

// Sweeper publishes a tick when the stream is quiet and something is due, so
// that what falls due by the clock alone enters as an input like any other.
type Sweeper struct {
	Clock   Clock
	Waiting func() (Waiting, error)
	Pending func(context.Context) (uint64, error) // inputs not applied yet
	Tick    func(ctx context.Context, at time.Time) error
	Every   time.Duration // how often to look
	// Played, if set, gets one tick where it stands as soon as the stream has
	// been quiet for Settle, and is started then. Hold keeps that off.
	Played *PlayedClock
	Settle time.Duration
	Hold   func() bool
	Log    zerolog.Logger

	played atomic.Bool // the tick of Played was applied
	sent   time.Time   // the last tick
	tries  int         // looks since then
}

// retick is how many looks pass before a tick that changed nothing is repeated.
const retick = 20

// Run sweeps until ctx ends.
func (s *Sweeper) Run(ctx context.Context) error {
	ticker := time.NewTicker(s.Every)
	defer ticker.Stop()
	quiet := time.Duration(0)
	var last time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		w, err := s.Waiting()
		if err != nil {
			return err
		}
		if !w.AsOf.Equal(last) {
			last, quiet = w.AsOf, 0
		}
		if !s.wants(w) {
			continue
		}
		if n, err := s.Pending(ctx); err != nil || n > 0 {
			quiet = 0
			continue
		}
		if quiet += s.Every; s.standing() && quiet < s.Settle {
			continue
		}
		s.tick(ctx, w)
	}
}

func (s *Sweeper) standing() bool { return s.Played != nil && !s.played.Load() }

// wants reports whether a tick is needed: something is due, or a played clock
// has not been told to the ledger yet.
func (s *Sweeper) wants(w Waiting) bool {
	if s.standing() {
		if s.Hold != nil && s.Hold() || w.AsOf.IsZero() {
			return false
		}
		if !s.sent.IsZero() && !w.AsOf.Before(s.sent) && !w.Due(s.Clock.Now()) {
			s.played.Store(true)
			s.Played.Start()
			return false
		}
		return true
	}
	return w.Due(s.Clock.Now())
}

func (s *Sweeper) tick(ctx context.Context, w Waiting) {
	if !s.sent.IsZero() && w.AsOf.Before(s.sent) {
		if s.tries++; s.tries < retick {
			return // on its way
		}
	}
	now := s.Clock.Now()
	failpoint.At("tick-due")
	if err := s.Tick(ctx, now); err != nil {
		s.Log.Warn().Err(err).Msg("the clock could not tick")
		return
	}
	failpoint.At("ticked")
	s.sent, s.tries = now, 0
}

// Owes is 1 where a tick is still to come for all that is due now to be
// applied, else 0.
func (s *Sweeper) Owes(w Waiting) uint64 {
	if w.Due(s.Clock.Now()) || s.standing() && !w.AsOf.IsZero() {
		return 1
	}
	return 0
}
