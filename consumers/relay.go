package consumers

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/failpoint"
	"github.com/trueup/trueup/internal/field"
)

// OutLog is the log of everything that leaves.
type OutLog interface {
	Outputs(after uint64, limit int) ([]tenant.Output, error)
	OutputHash(n uint64) (hash [32]byte, ok bool, err error)
	LastOutput() (uint64, error)
	// Wrote is sent to when outputs were recorded.
	Wrote() <-chan struct{}
	// Confirm notes that the broker has the outputs up to a number; Confirmed
	// says it again, also after a restart.
	Confirm(n uint64)
	Confirmed() uint64
}

// Transport publishes the out log with a cursor that says how far, and who.
type Transport interface {
	LastCursor(ctx context.Context) (broker.Cursor, error)
	Publish(ctx context.Context, msgs []broker.OutMsg, from, to broker.Cursor) (broker.Cursor, error)
	// Tail is the last output in the stream, whatever the cursor says.
	Tail(ctx context.Context) (broker.Tail, error)
	// Alive asks whether the run of a worker that wrote a cursor goes on.
	Alive(ctx context.Context, writer string) (bool, error)
}

// fenced is an error that is a broker.ErrFenced and says it in its own words.
type fenced string

func (f fenced) Error() string { return string(f) }

// Is reports whether another worker, or another ledger, has the output stream.
func (f fenced) Is(target error) bool { return target == broker.ErrFenced }

const (
	// ErrForeignLog says that the output stream holds another ledger's outputs
	// under this tenant's name.
	ErrForeignLog = fenced("the output stream is another ledger's")
	// ErrTakenOver says that another worker writes this tenant's outputs.
	ErrTakenOver = fenced("another worker writes this tenant's outputs")
)

// Relay publishes the out log in order, each message once: the cursor in the
// stream says where to go on. Few outputs are stored before it moves, many
// together with it; what the stream has and the cursor does not say yet is found
// in the log. The cursor also names its writer; a relay claims it before it
// publishes, and stops when it finds another's name there.
type Relay struct {
	Log       OutLog
	Transport Transport
	Writer    string        // this run of the worker
	Retry     time.Duration // after a failure; the second in a row waits twice that, and so on
	MostRetry time.Duration // what the wait grows to; Retry if 0
	Look      time.Duration // how often an idle relay looks whether it still is the writer; 0: never
	// Reconnected, if set, is sent to when the connection was made anew.
	Reconnected <-chan struct{}
	// Claimed, if set, is called when the relay has become the writer.
	Claimed func()
	// Alarm, if set, is told what a person should know of the stream.
	Alarm func(string)
	// Publishing, if set, is told of outputs before they are published, gives the
	// messages their Trace, and is told by done how it went.
	Publishing func(outs []tenant.Output, msgs []broker.OutMsg) (done func(error))
	Logger     zerolog.Logger

	at      atomic.Pointer[broker.Cursor] // the last cursor of its own
	alarmed string                        // the last alarm
	unsure  bool                          // what was published last may be stored yet
	trouble atomic.Pointer[string]
	behind  atomic.Bool // the log does not reach the cursor
}

// relayBatch is how many outputs are published together.
const relayBatch = 500

// errMoved says that the cursor is not where the relay left it, for it to find
// out why.
var errMoved = errors.New("the output cursor is not where it was left")

// Run relays until ctx ends, through every loss of the connection. It returns
// an error that has broker.ErrFenced in its chain when another worker has taken
// over or the stream is another ledger's, and one of kind Corrupt when the log
// contradicts itself.
func (r *Relay) Run(ctx context.Context) error {
	wait := r.Retry
	for moves := 0; ; {
		before := r.held().Seq
		err := r.relay(ctx)
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // told to end
		case final(err):
			return fmt.Errorf("relay: %w", err)
		case r.held().Seq != before:
			wait, moves = r.Retry, 0
		}
		if moves++; errors.Is(err, errMoved) && moves == 1 {
			continue // find out why, now; what happens again without progress waits
		}
		text := err.Error()
		r.trouble.Store(&text)
		r.Logger.Warn().Err(err).Dur(field.Retry, wait).Msg("outputs wait for the broker")
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-r.Reconnected:
			timer.Stop()
			wait = r.Retry
		case <-timer.C:
			wait = min(2*wait, max(r.MostRetry, r.Retry))
		}
	}
}

// final reports whether an error would come again for ever.
func final(err error) bool {
	return errors.Is(err, ErrForeignLog) || errors.Is(err, ErrTakenOver) || errors.Is(err, broker.ErrRefused) || domain.KindOf(err) == domain.Corrupt
}

// Trouble is why outputs cannot leave at the moment; empty if they can.
func (r *Relay) Trouble() string {
	if text := r.trouble.Load(); text != nil {
		return *text
	}
	return ""
}

// Stuck is why outputs cannot leave, also where the relay is not the writer yet;
// empty if they can.
func (r *Relay) Stuck() string {
	switch why := r.Trouble(); {
	case why != "":
		return why
	case r.behind.Load():
		return errBehind.Error()
	case r.at.Load() == nil:
		return "the output cursor is not claimed yet"
	}
	return ""
}

// Waiting counts the outputs that are recorded and not known to be published. A
// log that does not reach the cursor has none.
func (r *Relay) Waiting() (uint64, error) {
	if r.behind.Load() {
		return 0, nil
	}
	last, err := r.Log.LastOutput()
	return last - min(last, r.Log.Confirmed()), err
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
		if len(outs) > 0 {
			cursor, err = r.publish(ctx, outs, cursor)
		} else {
			err = r.idle(ctx, cursor)
		}
		if err != nil {
			return err
		}
	}
}

// idle waits until there is something to publish. An idle relay has to look
// whether it still is the writer: nothing else would tell it.
func (r *Relay) idle(ctx context.Context, cursor broker.Cursor) error {
	look, stop := ticks(r.Look)
	defer stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-r.Log.Wrote():
			return nil
		case <-look:
		case <-r.Reconnected:
		}
		now, err := r.look(ctx)
		if err != nil {
			return err
		}
		if now.Seq != cursor.Seq {
			return errMoved
		}
	}
}

func ticks(every time.Duration) (<-chan time.Time, func()) {
	if every <= 0 {
		return nil, func() {}
	}
	t := time.NewTicker(every)
	return t.C, t.Stop
}

// publish publishes outputs and moves the cursor. Where the cursor is not where
// it should be, an earlier attempt may have been stored after all, or another
// worker has come: start finds out.
func (r *Relay) publish(ctx context.Context, outs []tenant.Output, from broker.Cursor) (broker.Cursor, error) {
	msgs := make([]broker.OutMsg, len(outs))
	for i, o := range outs {
		msgs[i] = broker.OutMsg{Subject: o.Subject, ID: o.ID, Body: o.Body}
	}
	done := func(error) {}
	if r.Publishing != nil {
		done = r.Publishing(outs, msgs)
	}
	last := outs[len(outs)-1]
	failpoint.At("relay-before")
	to, err := r.Transport.Publish(ctx, msgs, from, broker.Cursor{N: last.N, Hash: last.Hash, Writer: r.Writer})
	failpoint.At("relay-after")
	done(err)
	if err != nil {
		r.unsure = r.unsure || errors.Is(err, broker.ErrUnsure)
		return from, moved(err)
	}
	r.hold(to)
	r.Logger.Debug().Int(field.Outputs, len(outs)).Uint64(field.Cursor, to.N).Msg("outputs were published")
	return to, nil
}

func moved(err error) error {
	if errors.Is(err, broker.ErrFenced) {
		return fmt.Errorf("%w: %w", errMoved, err)
	}
	return err
}

func (r *Relay) alarm(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if text == r.alarmed {
		return
	}
	r.alarmed = text
	r.Logger.Error().Str(field.Alarm, text).Msg("the output stream is not as it was left")
	if r.Alarm != nil {
		r.Alarm(text)
	}
}
