package consumers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/failpoint"
)

// OutLog is the log of everything that leaves.
type OutLog interface {
	Outputs(after uint64, limit int) ([]tenant.Output, error)
	OutputHash(n uint64) (hash [32]byte, ok bool, err error)
	// Wrote is sent to when outputs were recorded.
	Wrote() <-chan struct{}
	// Confirm notes that the broker has the outputs up to a number.
	Confirm(n uint64)
}

// Transport publishes the out log with a cursor that says how far.
type Transport interface {
	LastCursor(ctx context.Context) (broker.Cursor, error)
	Publish(ctx context.Context, msgs []broker.OutMsg, from, to broker.Cursor) (broker.Cursor, error)
}

// ErrForeignLog says that the output stream holds another ledger's outputs
// under this tenant's cursor.
var ErrForeignLog = fmt.Errorf("%w: the output stream's cursor is of another ledger", broker.ErrFenced)

// Relay publishes the out log in order, each message once: the cursor in the
// stream says where to go on, and moves in the same atomic batch.
type Relay struct {
	Log       OutLog
	Transport Transport
	Retry     time.Duration // after a failure
	Logger    zerolog.Logger
}

// relayBatch is how many outputs one atomic batch takes.
const relayBatch = 500

// Run relays until ctx ends, through every loss of the connection. It returns
// an error that has broker.ErrFenced in its chain when another relay moves the
// cursor, and one of kind Corrupt when the log contradicts itself.
func (r *Relay) Run(ctx context.Context) error {
	for {
		err := r.relay(ctx)
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // told to end
		case errors.Is(err, broker.ErrFenced), errors.Is(err, broker.ErrRefused), domain.KindOf(err) == domain.Corrupt:
			return fmt.Errorf("relay: %w", err)
		}
		r.Logger.Warn().Err(err).Msg("outputs wait for the broker")
		wait := time.NewTimer(r.Retry)
		select {
		case <-ctx.Done():
			wait.Stop()
			return nil
		case <-wait.C:
		}
	}
}

// relay goes on from the cursor until something fails.
func (r *Relay) relay(ctx context.Context) error {
	cursor, err := r.start(ctx)
	if err != nil {
		return err
	}
	for {
		r.Log.Confirm(cursor.N)
		outs, err := r.Log.Outputs(cursor.N, relayBatch)
		if err != nil {
			return err
		}
		if len(outs) == 0 {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-r.Log.Wrote():
				continue
			}
		}
		if cursor, err = r.publish(ctx, outs, cursor); err != nil {
			return err
		}
	}
}

// start reads the cursor and holds it against the log. A log that does not
// reach the cursor was restored from before it: it is awaited.
func (r *Relay) start(ctx context.Context) (broker.Cursor, error) {
	cursor, err := r.Transport.LastCursor(ctx)
	if err != nil {
		return cursor, err
	}
	for {
		hash, ok, err := r.Log.OutputHash(cursor.N)
		switch {
		case err != nil:
			return cursor, err
		case ok && hash != cursor.Hash:
			return cursor, ErrForeignLog
		case ok:
			return cursor, nil
		}
		select {
		case <-ctx.Done():
			return cursor, ctx.Err()
		case <-r.Log.Wrote():
		}
	}
}

func (r *Relay) publish(ctx context.Context, outs []tenant.Output, from broker.Cursor) (broker.Cursor, error) {
	msgs := make([]broker.OutMsg, len(outs))
	for i, o := range outs {
		msgs[i] = broker.OutMsg{Subject: o.Subject, ID: o.ID, Body: o.Body}
	}
	last := outs[len(outs)-1]
	failpoint.At("relay-before")
	to, err := r.Transport.Publish(ctx, msgs, from, broker.Cursor{N: last.N, Hash: last.Hash})
	failpoint.At("relay-after")
	if errors.Is(err, broker.ErrFenced) {
		return r.fenced(ctx, from, err)
	}
	if err == nil {
		r.Logger.Debug().Int(FieldOutputs, len(outs)).Uint64(FieldCursor, to.N).Msg("outputs were published")
	}
	return to, err
}

// fenced looks where the cursor went: an earlier attempt of this relay's own
// may have been stored after all, and then it goes on from there.
func (r *Relay) fenced(ctx context.Context, from broker.Cursor, fence error) (broker.Cursor, error) {
	now, err := r.Transport.LastCursor(ctx)
	if err != nil {
		return from, err
	}
	hash, ok, err := r.Log.OutputHash(now.N)
	if err != nil {
		return from, err
	}
	if !ok || hash != now.Hash || now.N <= from.N {
		return from, fence
	}
	return now, nil
}
