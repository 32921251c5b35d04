package broker

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"
)

const (
	// MaxOutput is the largest number of messages of one Output.Publish; with
	// the cursor it is what the server takes as one batch.
	MaxOutput = 999

	contentType    = "application/cloudevents+json"
	contentTypeHdr = "Content-Type"
	neverExpires   = "never"
)

// ErrFenced says that the cursor is not where the publisher believed: another
// publisher moved it, or an earlier attempt of this one was stored after all.
// Nothing was published. Read the cursor: if its hash is that of the own log at
// its number, go on from it; else stop.
var ErrFenced = errors.New("the output cursor was moved")

// ErrRefused says that the stream refuses the messages for what they are, and
// would refuse them again: too many, or one of them too large.
var ErrRefused = errors.New("the output stream refuses the batch")

// ErrAhead says that the stream has messages of the batch which the cursor does
// not know of. Nothing was published. Look for the tail before trying again.
var ErrAhead = errors.New("the output stream is ahead of its cursor")

// Cursor says how far an out log is published, and who said so.
type Cursor struct {
	N      uint64   // the number of the last message published
	Hash   [32]byte // of the log up to it
	Writer string   // the run of a worker that wrote it; empty if an earlier release did
	// Seen is the sequence up to which the cursor speaks of every message in the
	// stream. Its own, but for one that was written to fence off what was under
	// way: some of that may stand between.
	Seen uint64
	Seq  uint64 // of the cursor's own message in the stream; 0 if there is none
}

// same compares what two cursors say, not where they are stored.
func (c Cursor) same(other Cursor) bool {
	return c.N == other.N && c.Hash == other.Hash && c.Writer == other.Writer
}

// stored completes a cursor whose own sequence is known.
func (c Cursor) stored() Cursor {
	if c.Seen == 0 {
		c.Seen = c.Seq
	}
	return c
}

// cursorWire is the body of a cursor message.
type cursorWire struct {
	N      uint64 `json:"n"`
	Hash   string `json:"hash"`
	Writer string `json:"writer,omitempty"`
	Seen   uint64 `json:"seen,omitempty"` // its own sequence if absent
}

// OutMsg is a message of the out log. Its body is a CloudEvent.
type OutMsg struct {
	Subject string
	ID      string
	Body    []byte
	Trace   Trace // to go with it, in headers; the body does not depend on it
}

// Output publishes one tenant's out log. Any number of outputs may try; the
// cursor lets only one of them succeed at a time.
type Output struct {
	conn    *Conn
	stream  string
	tenant  string
	subject string
}

// NewOutput returns the output of a tenant on a stream made by EnsureStreams.
func (c *Conn) NewOutput(stream, tenant string) (*Output, error) {
	if err := CheckTenant(tenant); err != nil {
		return nil, err
	}
	return &Output{conn: c, stream: stream, tenant: tenant, subject: CursorSubject(tenant)}, nil
}

// LastCursor reads the cursor from the stream; the zero Cursor if there is
// none.
func (o *Output) LastCursor(ctx context.Context) (Cursor, error) {
	m, err := o.conn.get(ctx, o.stream, 0, o.subject)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return Cursor{}, nil
	}
	if err != nil {
		return Cursor{}, fmt.Errorf("read %s: %w", o.subject, o.explain(err))
	}
	var w cursorWire
	if err := json.Unmarshal(m.Data, &w); err != nil {
		return Cursor{}, fmt.Errorf("read %s: message %d: %w", o.subject, m.Seq, err)
	}
	c := Cursor{N: w.N, Writer: w.Writer, Seen: w.Seen, Seq: m.Seq}.stored()
	if n, err := hex.Decode(c.Hash[:], []byte(w.Hash)); err != nil || n != len(c.Hash) || len(w.Hash) != 2*len(c.Hash) {
		return Cursor{}, fmt.Errorf("read %s: message %d: %q is not a hash", o.subject, m.Seq, w.Hash)
	}
	return c, nil
}

// Publish publishes messages and moves the cursor, provided that the cursor is
// still at from.Seq: up to MaxSingle one after the other, more all or nothing.
// It returns the cursor as stored, for the next call's from. An acknowledgement
// of the cursor that is lost does not matter: whatever goes wrong, the cursor is
// read, and if it says what was to be said the messages are there.
//
// ErrFenced and ErrRefused come again. After any other error the first of the
// messages may be stored without the cursor, and the caller looks for the tail;
// after ErrUnsure it writes the cursor again before it looks.
func (o *Output) Publish(ctx context.Context, msgs []OutMsg, from, to Cursor) (Cursor, error) {
	if len(msgs) > MaxOutput {
		return Cursor{}, fmt.Errorf("publish %d messages: %w: at most %d at once", len(msgs), ErrRefused, MaxOutput)
	}
	seq, err := o.try(ctx, msgs, from, to)
	if err == nil {
		to.Seq = seq
		return to.stored(), nil
	}
	now, readErr := o.LastCursor(ctx)
	switch {
	case readErr != nil:
		return Cursor{}, fmt.Errorf("publish to %s: %w (and %w)", o.stream, o.explain(err), readErr)
	case now.same(to) && now.Seq != from.Seq:
		return now, nil // stored, and the answer was lost
	case now.Seq != from.Seq:
		return Cursor{}, fmt.Errorf("%w: it says %d (message %d), not %d (message %d)", ErrFenced, now.N, now.Seq, from.N, from.Seq)
	}
	if c := code(err); errors.Is(err, nats.ErrMaxPayload) || c == jetstream.JSErrCodeStreamMessageExceedsMaximum || c == jetstreamext.JSErrCodeBatchPublishExceedsLimit {
		err = fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return Cursor{}, fmt.Errorf("publish to %s: %w", o.stream, o.explain(err))
}

// try publishes and returns the sequence of the cursor message.
func (o *Output) try(ctx context.Context, msgs []OutMsg, from, to Cursor) (uint64, error) {
	if len(msgs) <= MaxSingle {
		return o.single(ctx, msgs, from, to)
	}
	return o.atomic(ctx, msgs, from, to)
}

// atomic publishes messages and the cursor as one batch and returns the
// cursor's sequence.
func (o *Output) atomic(ctx context.Context, msgs []OutMsg, from, to Cursor) (uint64, error) {
	seq, err := o.batch(ctx, msgs, from, to, true)
	if code(err) != jetstreamext.JSErrCodeBatchPublishDuplicateMsgID {
		return seq, err
	}
	if err := o.known(ctx, from.Seq, err); err != nil {
		return 0, err
	}
	return o.batch(ctx, msgs, from, to, false)
}

// known decides about a message that the stream knows by its id, without the
// cursor that goes with it, when the publisher knows of what stands up to a
// sequence. The stream may have it still, which is ErrAhead; if not, it was
// purged, and the id alone is remembered for a while.
func (o *Output) known(ctx context.Context, upTo uint64, cause error) error {
	tail, err := o.Tail(ctx)
	if err != nil || tail.Seq > upTo {
		return fmt.Errorf("%w: %w", ErrAhead, errors.Join(cause, err))
	}
	return nil
}

// batch is one attempt at it, with the messages' ids or without.
func (o *Output) batch(ctx context.Context, msgs []OutMsg, from, to Cursor, ids bool) (uint64, error) {
	batch := make([]*nats.Msg, 0, len(msgs)+1)
	for _, m := range msgs {
		batch = append(batch, o.message(m, ids))
	}
	cursor, err := o.cursor(from, to)
	if err != nil {
		return 0, err
	}
	ack, err := o.conn.batchAck(ctx, append(batch, cursor))
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

func (o *Output) message(m OutMsg, id bool) *nats.Msg {
	out := Msg{Subject: m.Subject, ID: m.ID, Body: m.Body}.nats(id)
	out.Header[contentTypeHdr] = []string{contentType}
	out.Header[jetstream.ExpectedStreamHeader] = []string{o.stream}
	m.Trace.put(out.Header)
	return out
}

// cursor is the message that moves the cursor, or writes it again.
func (o *Output) cursor(from, to Cursor) (*nats.Msg, error) {
	body, err := json.Marshal(cursorWire{to.N, hex.EncodeToString(to.Hash[:]), to.Writer, to.Seen})
	if err != nil {
		return nil, err
	}
	cursor := nats.NewMsg(o.subject)
	cursor.Data = body
	cursor.Header[jetstream.ExpectedStreamHeader] = []string{o.stream}
	cursor.Header[jetstream.ExpectedLastSubjSeqHeader] = []string{fmt.Sprint(from.Seq)}
	cursor.Header[jetstream.MsgTTLHeader] = []string{neverExpires} // whatever MaxAge the stream has
	return cursor, nil
}
