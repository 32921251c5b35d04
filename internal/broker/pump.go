package broker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/trueup/trueup/internal/field"
)

const (
	backoffFirst = 50 * time.Millisecond
	backoffMost  = 3 * time.Second
	pullExpiry   = 30 * time.Second
	pullBeat     = 5 * time.Second // twice this without a sign from the server, and the consumer is looked up anew
	iteratorStop = time.Second
	drainReport  = 10 * time.Second // the first time; later ones come ever more seldom
)

var errReconnected = errors.New("the connection was made anew")

// pump reads sessions until ctx ends. A session is the time in which one
// consumer, on one connection, delivers without a gap; between two of them the
// stream is compared with what was delivered and the consumer is reset.
func (s *Subscriber) pump(ctx context.Context) error {
	wait := backoffFirst
	for {
		before := s.index
		err := s.readSession(ctx)
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // told to end
		case s.conn.nc.IsClosed():
			return fmt.Errorf("subscriber %s: %w", s.cfg.Durable, nats.ErrConnectionClosed)
		case errors.Is(err, errReconnected):
			wait = backoffFirst
			continue
		case s.index > before:
			wait = backoffFirst
		}
		s.log.Warn().Err(err).Str(field.Stream, s.cfg.Stream).Str(field.Consumer, s.cfg.Durable).
			Dur(field.Retry, wait).Msg("reading the stream was interrupted")
		if sleep(ctx, wait) != nil {
			return nil //nolint:nilerr // told to end
		}
		wait = min(2*wait, backoffMost)
	}
}

// reading is one session.
type reading struct {
	id         uint64
	generation uint64
	created    time.Time
	next       uint64 // the consumer's number of the next delivery
}

// readSession delivers until something interrupts it.
func (s *Subscriber) readSession(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	remove := s.conn.OnReconnect(func() { cancel(errReconnected) })
	defer remove()
	for !s.conn.Connected() { // the hook above ends this
		if err := sleep(ctx, backoffMost); err != nil {
			return err
		}
	}
	r := &reading{generation: s.conn.generation(), next: 1}
	if s.cfg.Before != nil {
		if err := s.cfg.Before(ctx); err != nil {
			return err
		}
	}

	info, err := s.stream(ctx)
	if err != nil {
		return err
	}
	from, err := s.locate(ctx, info)
	if err != nil {
		return err
	}
	consumer, err := s.bind(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.session++
	s.ack, s.unsent = ackable{}, 0
	r.id, r.created = s.session, info.Created.UTC()
	s.mu.Unlock()
	if err := s.reset(ctx, from); err != nil {
		return err
	}
	again, err := s.stream(ctx)
	if err != nil {
		return err
	}
	if !again.Created.Equal(info.Created) {
		return fmt.Errorf("stream %s was recreated", s.cfg.Stream)
	}
	messages, err := consumer.Messages(jetstream.PullMaxMessages(s.cfg.Window),
		jetstream.PullExpiry(pullExpiry), jetstream.PullHeartbeat(pullBeat))
	if err != nil {
		return fmt.Errorf("read consumer %s: %w", s.cfg.Durable, err)
	}
	defer stopIterator(messages)
	s.bound.Store(true)
	defer s.bound.Store(false)
	until := []jetstream.NextOpt{jetstream.NextContext(ctx)} // made once, not for every message
	for {
		m, err := messages.Next(until...)
		if err == nil {
			err = s.accept(ctx, r, m)
		}
		if err != nil {
			if cause := context.Cause(ctx); cause != nil {
				return cause
			}
			return fmt.Errorf("read consumer %s: %w", s.cfg.Durable, err)
		}
	}
}

// accept puts a message into the flight. What it refuses ends the session.
func (s *Subscriber) accept(ctx context.Context, r *reading, m jetstream.Msg) error {
	meta, err := m.Metadata()
	if err != nil {
		return err
	}
	if s.conn.generation() != r.generation {
		return errReconnected // the message may be of another life of the stream
	}
	if meta.Sequence.Consumer != r.next {
		return fmt.Errorf("delivery %d where %d was due", meta.Sequence.Consumer, r.next)
	}
	r.next++
	if meta.Sequence.Stream <= s.last.Seq {
		s.again(r, meta.Sequence.Stream, m.Reply())
		return nil
	}
	if err := s.waitForRoom(ctx, s.cfg.Window-1); err != nil {
		return err
	}
	f := &flying{body: m.Data(), reply: m.Reply(), session: r.id}
	f.handing = &f.first
	d := &f.first.delivery
	d.Subject, d.Seq, d.Time, d.StreamCreated = m.Subject(), meta.Sequence.Stream, meta.Timestamp.UTC(), r.created
	d.Header, d.ID, d.Trace = ofSender(m.Headers())
	s.mu.Lock()
	defer s.mu.Unlock()
	f.touched = s.beats
	s.index++
	d.Index = s.index
	s.last, s.started = d.Position(), true
	s.flight = append(s.flight, f)
	s.route(f)
	if len(s.flight) == 1 {
		wake(s.kick)
	}
	return nil
}

// again takes the new acknowledgement address of a message that the server
// sends once more, because it does not know that it is in flight, or done.
func (s *Subscriber) again(r *reading, seq uint64, reply string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, found := slices.BinarySearchFunc(s.flight, seq, func(f *flying, seq uint64) int {
		switch {
		case f.seq() < seq:
			return -1
		case f.seq() > seq:
			return 1
		}
		return 0
	})
	switch {
	case found:
		f := s.flight[at]
		f.reply, f.session, f.touched = reply, r.id, s.beats
	case at == 0 && (s.ack.session != r.id || s.ack.seq <= seq):
		s.ack = ackable{reply, r.id, seq}
		s.unsent++
		wake(s.kick)
	}
}

// waitForRoom waits until no more than n messages are in flight.
func (s *Subscriber) waitForRoom(ctx context.Context, n int) error {
	if s.inFlight() <= n {
		return nil
	}
	every := drainReport
	report := time.NewTicker(every)
	defer report.Stop()
	for s.inFlight() > n {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.room:
		case <-report.C:
			s.log.Warn().Int(field.Messages, s.inFlight()).Msg("handlers hold all messages given out; waiting for them")
			every *= 2
			report.Reset(every)
		}
	}
	return nil
}

// stopIterator ends a pull and waits until the server cannot send to it any
// more; otherwise a message meant for the next session could be sent here.
func stopIterator(messages jetstream.MessagesContext) {
	ctx, cancel := context.WithTimeout(context.Background(), iteratorStop)
	defer cancel()
	messages.Drain()
	for {
		if _, err := messages.Next(jetstream.NextContext(ctx)); err != nil && !errors.Is(err, jetstream.ErrNoHeartbeat) {
			return
		}
	}
}

func (s *Subscriber) stream(ctx context.Context) (*jetstream.StreamInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	stream, err := s.conn.js.Stream(ctx, s.cfg.Stream)
	if err != nil {
		return nil, fmt.Errorf("stream %s: %w", s.cfg.Stream, err)
	}
	return stream.CachedInfo(), nil
}
