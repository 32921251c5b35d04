package broker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
)

// publishWindow is how many messages are published without waiting for the
// acknowledgement of the first of them.
const publishWindow = 256

// reserved is the prefix of headers that instruct the server. Those of a
// message that was read must not be sent again.
const reserved = "Nats-"

// Publisher publishes to whichever stream takes the subject. It implements
// Watermill's message.Publisher: the topic is the subject, the message's UUID
// becomes its Nats-Msg-Id, metadata become headers.
type Publisher struct {
	conn *Conn
	log  zerolog.Logger

	mu     sync.Mutex
	closed bool
	busy   sync.WaitGroup
}

// NewPublisher returns a publisher. Closing it leaves the connection open.
func (c *Conn) NewPublisher() *Publisher { return &Publisher{conn: c, log: c.log} }

// Publish returns once the stream has stored every message. After an error
// some of them may be stored; with ids it is safe to publish them again within
// the stream's window for duplicates. The time each message may take is bounded,
// and ends with the context of the message.
func (p *Publisher) Publish(topic string, messages ...*message.Message) error {
	if err := p.begin(); err != nil {
		return err
	}
	defer p.busy.Done()
	w := p.conn.window(publishWindow)
	w.alone = len(messages) == 1
	for i, m := range messages {
		if err := w.add(m.Context(), outgoing(topic, m)); err != nil {
			_, _ = w.wait()
			return fmt.Errorf("publish message %d of %d to %s: %w", i+1, len(messages), topic, err)
		}
	}
	if n, err := w.wait(); err != nil {
		return fmt.Errorf("publish message %d of %d to %s: %w", n+1, len(messages), topic, err)
	}
	return nil
}

func (p *Publisher) begin() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return ErrClosed
	}
	p.busy.Add(1)
	return nil
}

// Close waits until the publishes under way have ended, which is bounded.
func (p *Publisher) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.busy.Wait()
	return nil
}

// outgoing turns a Watermill message into a NATS one.
func outgoing(topic string, m *message.Message) *nats.Msg {
	out := nats.NewMsg(topic)
	out.Data = m.Payload
	for k, v := range m.Metadata {
		if !strings.HasPrefix(k, reserved) {
			out.Header[k] = []string{v}
		}
	}
	if m.UUID != "" {
		out.Header[nats.MsgIdHdr] = []string{m.UUID}
	}
	return out
}

// window publishes in order and keeps a bounded number unacknowledged. One
// goroutine uses it.
type window struct {
	conn    *Conn
	size    int
	alone   bool // only one message is published, so that it may be tried again without overtaking
	pending []awaited
	done    int   // acknowledged, without a gap
	err     error // the first failure; nothing is published after it
}

type awaited struct {
	ctx    context.Context        // of the message; Watermill gives Publish none
	ack    jetstream.PubAckFuture // resolves within ackTimeout, see Connect
	denied <-chan struct{}        // that time, if the server does not take the subject
}

func (c *Conn) window(size int) *window { return &window{conn: c, size: size} }

// add publishes m once there is room.
func (w *window) add(ctx context.Context, m *nats.Msg) error {
	for w.err == nil && len(w.pending) >= w.size {
		w.next()
	}
	if w.err == nil {
		w.err = ctx.Err()
	}
	if w.err != nil {
		return w.err
	}
	var opts []jetstream.PublishOpt
	if !w.alone {
		opts = append(opts, jetstream.WithRetryAttempts(0))
	}
	denied := w.conn.denial()
	ack, err := w.conn.js.PublishMsgAsync(m, opts...)
	if err != nil {
		w.err = disconnected(err)
		return w.err
	}
	w.pending = append(w.pending, awaited{ctx, ack, denied})
	return nil
}

// next waits for the oldest acknowledgement. A duplicate is as good as stored.
func (w *window) next() {
	f := w.pending[0]
	w.pending = w.pending[1:]
	err := w.await(f)
	switch {
	case w.err != nil:
	case errors.Is(err, nats.ErrNoResponders):
		w.err = jetstream.ErrNoStreamResponse
	case err != nil:
		w.err = err
	default:
		w.done++
	}
}

// await waits for what becomes of one message.
func (w *window) await(f awaited) error {
	for {
		select {
		case <-f.ack.Ok():
			return nil
		case err := <-f.ack.Err():
			return err
		case <-f.ctx.Done():
			return f.ctx.Err()
		case <-f.denied:
			f.denied = w.conn.denial()
			if err := w.conn.refusal(f.ack.Msg().Subject); err != nil {
				return err
			}
		}
	}
}

// wait waits for all acknowledgements and returns how many messages were
// stored without a gap, and the first failure.
func (w *window) wait() (int, error) {
	for len(w.pending) > 0 {
		w.next()
	}
	return w.done, w.err
}
