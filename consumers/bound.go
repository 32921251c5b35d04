package consumers

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/trueup/trueup/internal/field"
)

// Bound holds inputs back while too many outputs wait to leave, so that a
// ledger does not run away from those who are told of it.
type Bound struct {
	Max     uint64                 // of outputs that may wait
	Waiting func() (uint64, error) // how many do
	Every   time.Duration          // how often to look while inputs are held
	Log     zerolog.Logger

	held atomic.Bool
}

// Held says why inputs wait; empty if they do not.
func (b *Bound) Held() string {
	if !b.held.Load() {
		return ""
	}
	return fmt.Sprintf("inputs wait: %d outputs or more could not leave (--max-unpublished)", b.Max)
}

// Wait returns when outputs have room, or ctx ends.
func (b *Bound) Wait(ctx context.Context) error {
	n, err := b.Waiting()
	if err != nil || n < b.Max {
		return err
	}
	b.held.Store(true)
	defer b.held.Store(false)
	b.Log.Warn().Uint64(field.Waiting, n).Uint64(field.Bound, b.Max).Msg("inputs wait: too many outputs could not leave")
	look := time.NewTicker(b.Every)
	defer look.Stop()
	for n >= b.Max {
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
		}
		if n, err = b.Waiting(); err != nil {
			return err
		}
	}
	b.Log.Info().Uint64(field.Waiting, n).Msg("inputs go on")
	return nil
}
