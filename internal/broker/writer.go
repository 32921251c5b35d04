package broker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
)

// writerPatience is how long a writer is given to say that it is alive. One
// that is gone is known at once, unless its connection is only thought to be
// there: then this is what its successor waits.
const writerPatience = 2 * time.Second

// writerSubject is where the run of a worker that writes outputs answers.
func writerSubject(writer string) string { return "trueup.writer." + writer }

// waiterSubject is where a tenant's worker answers that is not the writer yet:
// its log does not reach the cursor, or the stream takes no cursor.
func waiterSubject(tenant string) string { return "trueup.waiting." + tenant }

// Announce answers from now on whoever asks whether a writer is alive, until
// the function returned is called.
func (o *Output) Announce(writer string) (withdraw func(), err error) {
	if err := CheckTenant(writer); err != nil {
		return nil, fmt.Errorf("writer %q: %w", writer, err)
	}
	return o.answer(writerSubject(writer), writer)
}

// AnnounceWaiting answers whoever asks whether a worker of the tenant waits to
// become the writer, until the function returned is called.
func (o *Output) AnnounceWaiting(writer string) (withdraw func(), err error) {
	return o.answer(waiterSubject(o.tenant), writer)
}

func (o *Output) answer(subject, writer string) (withdraw func(), err error) {
	sub, err := o.conn.nc.Subscribe(subject, func(m *nats.Msg) { _ = m.Respond([]byte(writer)) })
	if err != nil {
		return nil, fmt.Errorf("answer on %s: %w", subject, err)
	}
	return func() { _ = sub.Unsubscribe() }, nil
}

// Alive asks whether a writer is running. One that does not answer in a time
// that is bounded is not.
func (o *Output) Alive(ctx context.Context, writer string) (bool, error) {
	if err := CheckTenant(writer); err == nil { // else it is nobody's name: there is no such subject
		_, alive, err := o.call(ctx, writerSubject(writer))
		return alive, err
	}
	return false, nil
}

// Waiting asks whether a worker of the tenant waits to become the writer, and
// which.
func (o *Output) Waiting(ctx context.Context) (writer string, waits bool, err error) {
	return o.call(ctx, waiterSubject(o.tenant))
}

func (o *Output) call(ctx context.Context, subject string) (answer string, answered bool, err error) {
	var m *nats.Msg
	err = o.conn.ask(ctx, writerPatience, func(ctx context.Context) (err error) {
		m, err = o.conn.nc.RequestWithContext(ctx, subject, nil)
		return err
	})
	switch {
	case err == nil:
		return string(m.Data), true, nil
	case errors.Is(err, nats.ErrNoResponders), errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
		return "", false, nil
	}
	return "", false, fmt.Errorf("ask on %s: %w", subject, err)
}
