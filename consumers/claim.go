package consumers

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/field"
)

// errBehind says that the log does not reach the cursor yet: the ledger was
// restored from before it, and will say the same again.
var errBehind = errors.New("the ledger does not reach the output cursor yet")

// Claim makes the relay the writer of the tenant's outputs, before Run and
// before any input is taken. It returns an error only where the worker must not
// go on: another one is running, or the stream is another ledger's. What can
// pass, Run tries again.
func (r *Relay) Claim(ctx context.Context) error {
	_, err := r.claim(ctx)
	r.behind.Store(errors.Is(err, errBehind))
	switch {
	case err == nil, errors.Is(err, errBehind):
		return nil
	case final(err):
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	}
	r.Logger.Warn().Err(err).Msg("the output cursor cannot be claimed yet")
	return nil
}

// Check returns an error if another worker has taken over. What cannot be found
// out now is none: the cursor itself keeps two from writing.
func (r *Relay) Check(ctx context.Context) error {
	if _, err := r.look(ctx); final(err) {
		return err
	}
	return nil
}

// start claims the cursor. A log that does not reach it is awaited.
func (r *Relay) start(ctx context.Context) (broker.Cursor, error) {
	look, stop := ticks(r.Look)
	defer stop()
	for {
		cursor, err := r.claim(ctx)
		r.behind.Store(errors.Is(err, errBehind))
		if !r.behind.Load() {
			return cursor, err
		}
		r.trouble.Store(nil)
		select {
		case <-ctx.Done():
			return cursor, ctx.Err()
		case <-r.Log.Wrote():
		case <-look:
		case <-r.Reconnected:
		}
	}
}

// claim finds where the stream ends in the log, and writes a cursor of the
// relay's own there unless that is what it finds. Outputs that were under way,
// from the writer before or from an attempt of the relay's own without an
// answer, may be stored until that cursor is; so it says what was seen, and then
// the stream is looked at again.
func (r *Relay) claim(ctx context.Context) (broker.Cursor, error) {
	for {
		// The tail is read first, so that what the cursor says of it is not older.
		tail, err := r.Transport.Tail(ctx)
		if err != nil {
			return broker.Cursor{}, err
		}
		now, err := r.look(ctx)
		if err != nil {
			return now, err
		}
		to, err := r.place(now, tail)
		if err != nil {
			return now, err
		}
		if to == now && !r.unsure {
			r.hold(now)
			return now, nil
		}
		to.Seen = max(tail.Seq, now.Seen)
		if now, err = r.Transport.Publish(ctx, nil, now, to); err != nil {
			return now, moved(err)
		}
		r.unsure = false
	}
}

// held is the last cursor of the relay's own; zero before it has claimed one.
func (r *Relay) held() broker.Cursor {
	if c := r.at.Load(); c != nil {
		return *c
	}
	return broker.Cursor{}
}

func (r *Relay) hold(c broker.Cursor) {
	first := r.at.Swap(&c) == nil
	r.trouble.Store(nil)
	if first && r.Claimed != nil {
		r.Claimed()
	}
}

// look reads the cursor, and stops a relay that is not the writer.
func (r *Relay) look(ctx context.Context) (broker.Cursor, error) {
	now, err := r.Transport.LastCursor(ctx)
	if err == nil {
		err = r.mayWrite(ctx, now)
	}
	return now, err
}

// mayWrite decides who writes. After a cursor of one's own, another's is a
// successor's. Before it, or where the stream went back to before it, the
// writer named there is asked: one that is gone has no say.
func (r *Relay) mayWrite(ctx context.Context, now broker.Cursor) error {
	held := r.held()
	switch {
	case now.Seq == 0, now.Writer == r.Writer:
		return nil
	case held.Seq > 0 && now.Seq > held.Seq:
		return fmt.Errorf("%w: %q took over at output %d", ErrTakenOver, now.Writer, now.N)
	case now.Writer == "":
		return nil // an earlier release's, which cannot be asked
	}
	alive, err := r.Transport.Alive(ctx, now.Writer)
	if err == nil && alive {
		err = fmt.Errorf("%w: %q is running and at output %d; stop it first", ErrTakenOver, now.Writer, now.N)
	}
	return err
}

// place finds where in the log the stream ends, and gives the cursor that says
// so in this relay's name; now itself where that is what it says.
func (r *Relay) place(now broker.Cursor, tail broker.Tail) (broker.Cursor, error) {
	n := now.N
	if _, ok, err := r.Log.OutputHash(n); err != nil || !ok {
		return now, cmp.Or(err, errBehind) // nor can what stands after it be in the log
	}
	had := max(r.held().N, r.Log.Confirmed())
	if tail.Seq > now.Seen { // outputs without their cursor
		at, found, err := r.find(tail, n)
		switch {
		case err != nil:
			return now, err
		case found && now.Seq > 0 && now.N >= had && at-now.N <= broker.MaxSingle:
			n = at // the worker ended, or an answer was lost, between them and their cursor
			r.Logger.Info().Uint64(field.Cursor, n).Msg("outputs were published and their cursor was not")
		case found:
			n = at
			r.alarm("the output stream has outputs without the cursor that goes with them: it ends at output %d of the ledger, and goes on after it", n)
		case now.Seq == 0:
			return now, fmt.Errorf("%w: it has no cursor, and its last message (%d) is not of this ledger; give the worker the ledger that wrote it, or delete the tenant's messages from the stream", ErrForeignLog, tail.Seq)
		default:
			r.alarm("the output stream has a message (%d) after the cursor that is not this ledger's: who else publishes on its subjects?", tail.Seq)
		}
	}
	hash, _, err := r.Log.OutputHash(n)
	switch {
	case err != nil:
		return now, err
	case n == now.N && hash != now.Hash:
		return now, fmt.Errorf("%w: its cursor says another history up to output %d", ErrForeignLog, n)
	}
	if n < had {
		r.alarm("the output stream had the outputs up to %d and has them up to %d: it lost its end, or was made anew; the others are published again", had, n)
	}
	if n == now.N && now.Writer == r.Writer {
		return now, nil
	}
	return broker.Cursor{N: n, Hash: hash, Writer: r.Writer}, nil
}

// find looks for the stream's last output in the log after a number, the newest
// first.
func (r *Relay) find(tail broker.Tail, after uint64) (n uint64, found bool, err error) {
	last, err := r.Log.LastOutput()
	for to := last; err == nil && to > after; {
		from := max(after, to-min(to, relayBatch))
		outs, readErr := r.Log.Outputs(from, int(to-from)) //nolint:gosec // at most relayBatch
		for i := len(outs) - 1; i >= 0; i-- {
			if o := outs[i]; (tail.ID == "" || tail.ID == o.ID) && bytes.Equal(tail.Body, o.Body) {
				return o.N, true, nil
			}
		}
		to, err = from, readErr
	}
	return 0, false, err
}
