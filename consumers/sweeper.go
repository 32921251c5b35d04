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
	asOf   time.Time   // of the ledger when it was sent
	looks  int         // since then
	first  time.Time   // the timer that is waited for
	tried  int         // ticks it has not fired for

	foretold int // of these, those that it was expected to fire for
}

// Ticks that change nothing are stored for good like all others. So each is
// repeated after twice as many looks as the one before, from retick to rarely
// (at five looks a second: from four seconds to eight and a half minutes).
const (
	retick = 20
	rarely = retick << 7
)

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
		s.looks++
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
	if !w.First.Equal(s.first) {
		s.first, s.tried, s.foretold = w.First, 0, 0
	}
	patience, foretold := s.patience(w)
	if s.looks < patience {
		return
	}
	now := s.Clock.Now()
	failpoint.At("tick-due")
	if err := s.Tick(ctx, now); err != nil {
		s.Log.Warn().Err(err).Msg("the clock could not tick")
		return
	}
	failpoint.At("ticked")
	s.sent, s.asOf, s.looks = now, w.AsOf, 0
	if !w.Dirty { // else it is of use, whatever the broker's clock says
		s.tried++
	}
	if foretold {
		s.foretold++
	}
}

// patience is how many looks after the last tick the next may come. Where the
// ledger has got as far as the last one that is at once. Where it has not, either
// nothing has come since: the tick is on its way or lost, or the broker's clock
// stands. Or the broker's clock, by which timers fire, is behind ours: how far it
// has to go foretells when the timer can fire, if the two go equally fast.
func (s *Sweeper) patience(w Waiting) (looks int, foretold bool) {
	moved := !w.AsOf.Equal(s.asOf)
	if s.sent.IsZero() || moved && (w.Dirty || !w.AsOf.Before(s.sent)) {
		return 0, false
	}
	most := doubled(retick, s.tried-1)
	if !moved {
		return most, false
	}
	reached := int(min(w.First.Sub(w.AsOf)/s.Every, rarely)) + 1
	if reached = max(reached, doubled(1, s.foretold)); reached > most {
		return most, false
	}
	return reached, true
}

// doubled is looks doubled so many times, and no more than rarely.
func doubled(looks, times int) int {
	for ; times > 0 && looks < rarely; times-- {
		looks *= 2
	}
	return min(looks, rarely)
}

// Owes is 1 where a tick is still to come for all that is due now to be
// applied, else 0.
func (s *Sweeper) Owes(w Waiting) uint64 {
	if w.Due(s.Clock.Now()) || s.standing() && !w.AsOf.IsZero() {
		return 1
	}
	return 0
}
