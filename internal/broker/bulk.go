package broker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"maps"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"
)

const (
	bulkMessages = 500     // in one atomic batch; the server takes 1000
	bulkBytes    = 8 << 20 // after which a batch is not filled further
	bulkTries    = 3       // of a batch whose answer did not come
	bulkRetry    = 250 * time.Millisecond
)

// Msg is a message to publish.
type Msg struct {
	Subject string
	ID      string // becomes Nats-Msg-Id; none if empty
	Header  nats.Header
	Body    []byte
}

// EventMsg is an event as it is published: its CloudEvent and the subject of
// its type. Its id is a hash of both: the broker drops the same sent twice in a
// short time, but an event that says something else under a known identity must
// reach the ledger, and so must the same event of another tenant.
func EventMsg(subject string, body []byte) Msg {
	sum := sha256.Sum256(append([]byte(subject+"\x00"), body...))
	return Msg{Subject: subject, ID: hex.EncodeToString(sum[:16]), Body: body, Header: nats.Header{contentTypeHdr: []string{contentType}}}
}

func (m Msg) nats(id bool) *nats.Msg {
	out := nats.NewMsg(m.Subject)
	out.Data = m.Body
	maps.Copy(out.Header, m.Header)
	if id && m.ID != "" {
		out.Header[nats.MsgIdHdr] = []string{m.ID}
	}
	return out
}

// PublishAll publishes many messages in order, in atomic batches as far as the
// stream takes them, else one by one with a bounded number unacknowledged. A
// message that the stream has already, by its id, counts as published. It
// stops at the first failure, or the first error of seq, and returns how many
// messages of seq are stored without a gap; some after these may be stored
// too, so that a second attempt should begin there and relies on the ids.
// progress, if not nil, is called now and then with that number.
func (c *Conn) PublishAll(ctx context.Context, seq iter.Seq2[Msg, error], progress func(n int)) (int, error) {
	b := &bulk{conn: c, progress: progress, batches: true}
	for m, err := range seq {
		if err != nil {
			if flushErr := b.flush(ctx); flushErr != nil {
				return b.n, flushErr
			}
			return b.n, err
		}
		b.buffer = append(b.buffer, m)
		b.bytes += len(m.Body)
		if len(b.buffer) < bulkMessages && b.bytes < bulkBytes {
			continue
		}
		if err := b.flush(ctx); err != nil {
			return b.n, err
		}
	}
	return b.n, b.flush(ctx)
}

type bulk struct {
	conn     *Conn
	progress func(n int)
	batches  bool // until the stream says that it takes none
	buffer   []Msg
	bytes    int
	n        int // stored without a gap
}

func (b *bulk) flush(ctx context.Context) error {
	if len(b.buffer) == 0 {
		return ctx.Err()
	}
	err := b.batch(ctx)
	if refused(err) || errors.Is(err, errNoBatch) {
		// The stream refused the batch as a whole, for instance because it has
		// one of the messages. One by one it takes the others.
		err = b.single(ctx)
	} else if err == nil {
		b.n += len(b.buffer)
	}
	if err != nil {
		return fmt.Errorf("publish message %d to %s: %w", b.n+1, b.buffer[0].Subject, err)
	}
	clear(b.buffer)
	b.buffer, b.bytes = b.buffer[:0], 0
	if b.progress != nil {
		b.progress(b.n)
	}
	return nil
}

var errNoBatch = errors.New("the stream takes no atomic batch")

func (b *bulk) batch(ctx context.Context) error {
	if !b.batches || len(b.buffer) == 1 {
		return errNoBatch
	}
	ids := true
	for _, m := range b.buffer {
		ids = ids && m.ID != ""
	}
	for try := 1; ; try++ {
		err := b.conn.batch(ctx, b.messages())
		if code(err) == jetstreamext.JSErrCodeBatchPublishNotEnabled {
			b.batches = false
		}
		// With no answer the batch may have been stored. With ids that is found
		// out by sending it again: it is refused then, and every message of it
		// is known one by one. Without, it is the caller's to decide.
		if err == nil || refused(err) || !ids || try == bulkTries {
			return err
		}
		if err := sleep(ctx, bulkRetry); err != nil {
			return err
		}
	}
}

// refused reports whether an error says that nothing was stored: the stream
// answered so, or there is none for the last subject, or the server does not let
// us publish to one, so that the batch was never completed.
func refused(err error) bool {
	return code(err) != 0 || errors.Is(err, jetstream.ErrNoStreamResponse) || errors.Is(err, nats.ErrPermissionViolation)
}

func (b *bulk) messages() []*nats.Msg {
	out := make([]*nats.Msg, len(b.buffer))
	for i, m := range b.buffer {
		out[i] = m.nats(true)
	}
	return out
}

func (b *bulk) single(ctx context.Context) error {
	w := b.conn.window(publishWindow)
	for _, m := range b.messages() {
		if w.add(ctx, m) != nil {
			break
		}
	}
	n, err := w.wait()
	b.n += n
	return err
}

// batch publishes messages atomically. After an error that is not refused they
// may be stored or not.
func (c *Conn) batch(ctx context.Context, messages []*nats.Msg) error {
	_, err := c.batchAck(ctx, messages)
	return err
}

func (c *Conn) batchAck(ctx context.Context, messages []*nats.Msg) (*jetstreamext.BatchAck, error) {
	var ack *jetstreamext.BatchAck
	err := c.ask(ctx, ackTimeout, func(ctx context.Context) (err error) {
		ctx, stop := c.untilRefused(ctx, messages)
		defer stop()
		ack, err = jetstreamext.PublishMsgBatch(ctx, c.js, messages, jetstreamext.BatchFlowControl{})
		if why := context.Cause(ctx); err != nil && errors.Is(why, nats.ErrPermissionViolation) {
			return why
		}
		return err
	})
	if errors.Is(err, nats.ErrNoResponders) {
		err = jetstream.ErrNoStreamResponse
	}
	return ack, err
}
