package broker

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/trueup/trueup/internal/failpoint"
)

// MaxSingle is up to how many messages Output.Publish stores one after the
// other, and then the cursor, instead of in an atomic batch. For each batch the
// server makes a store of its own on disk, which costs as much as several
// messages that are synced one by one; see BenchmarkOutput.
const MaxSingle = 4

// ErrUnsure says that the stream may have stored messages of a publish that
// failed, or may store them yet. Once the cursor is written again it cannot.
var ErrUnsure = errors.New("what is stored is not known")

// unsure is an error that is an ErrUnsure and says it in its own words.
type unsure struct{ error }

// Unwrap gives what went wrong.
func (u unsure) Unwrap() error { return u.error }

// Is reports whether the outcome is unknown.
func (unsure) Is(target error) bool { return target == ErrUnsure }

// single publishes messages one after the other, each acknowledged before the
// next, and the cursor last; it returns the cursor's sequence. The server takes
// each of them only if the cursor is where it was left, so that the messages in
// the stream are always the log's next ones without a gap.
func (o *Output) single(ctx context.Context, msgs []OutMsg, from, to Cursor) (uint64, error) {
	last := from.Seq
	for _, m := range msgs {
		seq, err := o.fenced(ctx, m, from, last)
		if err != nil {
			return 0, err
		}
		last = seq
	}
	if len(msgs) > 0 {
		failpoint.At("relay-between")
	}
	cursor, err := o.cursor(from, to)
	if err != nil {
		return 0, err
	}
	ack, err := o.one(ctx, cursor)
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

// fenced publishes a message provided that the cursor is where it was left. The
// publisher knows of what stands in the stream up to the sequence last.
func (o *Output) fenced(ctx context.Context, m OutMsg, from Cursor, last uint64) (uint64, error) {
	out := o.message(m, true)
	out.Header[jetstream.ExpectedLastSubjSeqHeader] = []string{fmt.Sprint(from.Seq)}
	out.Header[jetstream.ExpectedLastSubjSeqSubjHeader] = []string{o.subject}
	ack, err := o.one(ctx, out)
	if err == nil && ack.Duplicate {
		if err := o.known(ctx, last, fmt.Errorf("message %d has the id %s", ack.Sequence, m.ID)); err != nil {
			return 0, err
		}
		out.Header.Del(nats.MsgIdHdr)
		ack, err = o.one(ctx, out)
	}
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

// one publishes one message and waits until it is stored.
func (o *Output) one(ctx context.Context, m *nats.Msg) (ack *jetstream.PubAck, err error) {
	err = o.conn.ask(ctx, ackTimeout, func(ctx context.Context) (err error) {
		ack, err = o.conn.js.PublishMsg(ctx, m)
		return err
	})
	if err != nil && !refused(err) {
		err = unsure{err}
	}
	return ack, err
}
