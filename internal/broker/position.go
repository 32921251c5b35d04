package broker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/trueup/trueup/internal/field"
)

// Position is a message of a stream, named so that it can be recognised: a
// sequence number alone is given again when a server loses its tail, is
// restored, or when the stream is recreated. Times are compared to the
// nanosecond.
type Position struct {
	Created time.Time // when the stream was created
	Seq     uint64    // the message's number in it; 0 is before the first
	Time    time.Time // when the message was stored
}

// Rewind says that the stream no longer holds what was delivered from it.
type Rewind struct {
	Stream   string
	Reason   string   // in words
	Recorded Position // the newest position on record, which the stream contradicts
	Found    Position // what the stream holds at that number; no Seq if nothing
	First    uint64   // the stream's first and last sequence now
	Last     uint64
	To       Position // the newest position on record that the stream confirms; no Seq if none
	From     uint64   // the sequence at which reading goes on
}

func (r Rewind) String() string {
	return fmt.Sprintf("stream %s: %s; reading again from %d", r.Stream, r.Reason, r.From)
}

// locate decides at which sequence a session starts; 0 leaves it to the
// server's acknowledgements. It is where a loss of the broker is noticed.
func (s *Subscriber) locate(ctx context.Context, info *jetstream.StreamInfo) (uint64, error) {
	if s.started {
		lost, err := s.verify(ctx, info, s.last)
		if err != nil {
			return 0, err
		}
		if lost == nil {
			return s.oldest(), nil
		}
		return s.rewind(ctx, info, lost)
	}
	if s.cfg.Resume == nil {
		return s.acknowledged(ctx, info)
	}
	positions, err := s.cfg.Resume(ctx)
	if err != nil {
		return 0, fmt.Errorf("recorded positions: %w", err)
	}
	return s.choose(ctx, info, positions, nil)
}

// oldest is the first sequence that is not settled. Resetting the consumer to
// it, not past it, keeps the server's acknowledgements true; accept skips what
// is in flight.
func (s *Subscriber) oldest() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.flight) > 0 {
		return s.flight[0].seq()
	}
	return s.last.Seq + 1
}

// acknowledged trusts the server's acknowledgements, unless they are of
// messages that the stream does not have.
func (s *Subscriber) acknowledged(ctx context.Context, info *jetstream.StreamInfo) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	consumer, err := s.conn.js.Consumer(ctx, s.cfg.Stream, s.cfg.Durable)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("consumer %s: %w", s.cfg.Durable, err)
	}
	floor := consumer.CachedInfo().AckFloor.Stream
	if floor <= info.State.LastSeq {
		return 0, nil
	}
	lost := s.lost(info, Position{Created: info.Created, Seq: floor},
		fmt.Sprintf("message %d was acknowledged, but the stream ends at %d", floor, info.State.LastSeq))
	return s.choose(ctx, info, nil, lost)
}

// rewind waits until handlers have settled what they hold of the stream's
// other life, since that moves the recorded position, and then goes back.
func (s *Subscriber) rewind(ctx context.Context, info *jetstream.StreamInfo, lost *Rewind) (uint64, error) {
	if err := s.waitForRoom(ctx, 0); err != nil {
		return 0, err
	}
	var positions []Position
	if s.cfg.Resume != nil {
		var err error
		if positions, err = s.cfg.Resume(ctx); err != nil {
			return 0, fmt.Errorf("recorded positions: %w", err)
		}
	}
	return s.choose(ctx, info, positions, lost)
}

// choose takes the newest position that the stream confirms, or the first
// message, and raises the alarm if that is not the newest on record.
func (s *Subscriber) choose(ctx context.Context, info *jetstream.StreamInfo, positions []Position, lost *Rewind) (uint64, error) {
	at := Position{Created: info.Created}
	for _, p := range positions {
		bad, err := s.verify(ctx, info, p)
		if err != nil {
			return 0, err
		}
		if bad == nil {
			at = p
			break
		}
		if lost == nil {
			lost = bad
		}
	}
	from := max(at.Seq+1, info.State.FirstSeq)
	if lost != nil {
		lost.From = from
		if at.Seq > 0 {
			lost.To = at
		}
		s.alarm(*lost)
	}
	s.last, s.started = at, true
	return from, nil
}

func (s *Subscriber) alarm(r Rewind) {
	if s.cfg.Alarm != nil {
		s.cfg.Alarm(r)
		return
	}
	s.log.Error().Str(field.Stream, r.Stream).Uint64(field.Recorded, r.Recorded.Seq).Uint64(field.First, r.First).
		Uint64(field.Last, r.Last).Uint64(field.From, r.From).Str(field.Rewind, r.String()).
		Msg("the input stream is not as it was: it is read again from where it still matches")
}

// verify compares a position with the stream. It returns nil if the stream
// holds that message, or has trimmed it since by its own limits.
func (s *Subscriber) verify(ctx context.Context, info *jetstream.StreamInfo, p Position) (*Rewind, error) {
	switch {
	case !p.Created.Equal(info.Created):
		return s.lost(info, p, fmt.Sprintf("it was created at %s, not at %s", info.Created.UTC().Format(time.RFC3339Nano), p.Created.UTC().Format(time.RFC3339Nano))), nil
	case p.Seq > info.State.LastSeq:
		return s.lost(info, p, fmt.Sprintf("message %d was read, but it ends at %d", p.Seq, info.State.LastSeq)), nil
	case p.Seq == 0, p.Seq < info.State.FirstSeq: // nothing was read yet, or it is trimmed; a server that was restarted says that an empty stream begins at 0
		return nil, nil
	}
	m, err := s.conn.get(ctx, s.cfg.Stream, p.Seq, "")
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		if now, err := s.stream(ctx); err != nil || now.State.FirstSeq > p.Seq {
			return nil, err // trimmed since info was read
		}
		return s.lost(info, p, fmt.Sprintf("message %d was read, but it is gone", p.Seq)), nil
	case err != nil:
		return nil, fmt.Errorf("message %d of stream %s: %w", p.Seq, s.cfg.Stream, err)
	case !m.Time.Equal(p.Time):
		r := s.lost(info, p, fmt.Sprintf("message %d is another one than was read: stored at %s, not at %s", p.Seq,
			m.Time.UTC().Format(time.RFC3339Nano), p.Time.UTC().Format(time.RFC3339Nano)))
		r.Found = Position{Created: info.Created, Seq: m.Seq, Time: m.Time}
		return r, nil
	}
	return nil, nil
}

func (s *Subscriber) lost(info *jetstream.StreamInfo, p Position, why string) *Rewind {
	return &Rewind{Stream: s.cfg.Stream, Reason: why, Recorded: p, First: info.State.FirstSeq, Last: info.State.LastSeq}
}
