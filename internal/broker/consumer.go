package broker

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/trueup/trueup/internal/field"
)

// consumer is what the consumer on the server has to be like.
func (s *Subscriber) consumer() jetstream.ConsumerConfig {
	return jetstream.ConsumerConfig{
		Durable:        s.cfg.Durable,
		AckPolicy:      jetstream.AckAllPolicy,
		AckWait:        s.cfg.AckWait,
		MaxDeliver:     -1,
		MaxAckPending:  max(4*s.cfg.Window, 64), // the window, what is prefetched, and acknowledgements under way
		FilterSubjects: s.cfg.Subjects,
		DeliverPolicy:  jetstream.DeliverAllPolicy,
	}
}

// bind finds the consumer, or makes it anew where it is absent or other than
// configured.
func (s *Subscriber) bind(ctx context.Context) (jetstream.Consumer, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*apiTimeout)
	defer cancel()
	cfg := s.consumer()
	consumer, err := s.conn.js.CreateOrUpdateConsumer(ctx, s.cfg.Stream, cfg)
	switch {
	case code(err) == jetstream.JSErrCodeConsumerCreate:
		s.log.Warn().Err(err).Str(field.Consumer, s.cfg.Durable).Msg("the consumer cannot be changed to what is needed; it is made anew")
	case err != nil:
		return nil, fmt.Errorf("consumer %s: %w", s.cfg.Durable, err)
	case consumer.CachedInfo().NumWaiting == 0:
		return consumer, nil
	default:
		// A request of a connection that is dead, and not known to be, would get
		// messages: they would be missed only after AckWait.
		s.log.Warn().Str(field.Consumer, s.cfg.Durable).Msg("somebody else asked the consumer for messages, perhaps over a connection that is lost; it is made anew")
	}
	if consumer, err = s.remake(ctx, cfg); err != nil {
		return nil, fmt.Errorf("consumer %s: %w", s.cfg.Durable, err)
	}
	return consumer, nil
}

// remake deletes the consumer, with all that was asked of it, and makes it as it
// should be, with the acknowledgements of before.
func (s *Subscriber) remake(ctx context.Context, cfg jetstream.ConsumerConfig) (jetstream.Consumer, error) {
	old, err := s.conn.js.Consumer(ctx, s.cfg.Stream, s.cfg.Durable)
	if err != nil {
		return nil, err
	}
	floor := old.CachedInfo().AckFloor.Stream
	if err := s.conn.js.DeleteConsumer(ctx, s.cfg.Stream, s.cfg.Durable); err != nil {
		return nil, err
	}
	consumer, err := s.conn.js.CreateConsumer(ctx, s.cfg.Stream, cfg)
	if err != nil {
		return nil, err
	}
	return consumer, s.reset(ctx, floor+1)
}

// reset makes the consumer deliver from a sequence, or from its own
// acknowledgements if that is 0, with deliveries numbered from 1.
func (s *Subscriber) reset(ctx context.Context, from uint64) error {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	var err error
	if from == 0 {
		_, err = s.conn.js.ResetConsumer(ctx, s.cfg.Stream, s.cfg.Durable)
	} else {
		_, err = s.conn.js.ResetConsumerToSequence(ctx, s.cfg.Stream, s.cfg.Durable, from)
	}
	if err != nil {
		return fmt.Errorf("reset consumer %s to %d: %w", s.cfg.Durable, from, err)
	}
	return nil
}

// Pending counts the messages of the stream that this subscriber reads and the
// server does not know to be settled: those not yet delivered, and those
// delivered and not yet acknowledged. It creates the consumer if there is none.
func (s *Subscriber) Pending(ctx context.Context) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	consumer, err := s.conn.js.Consumer(ctx, s.cfg.Stream, s.cfg.Durable)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		consumer, err = s.conn.js.CreateOrUpdateConsumer(ctx, s.cfg.Stream, s.consumer())
	}
	if err != nil {
		return 0, fmt.Errorf("pending of consumer %s: %w", s.cfg.Durable, err)
	}
	info, err := consumer.Info(ctx)
	if err != nil {
		return 0, fmt.Errorf("pending of consumer %s: %w", s.cfg.Durable, err)
	}
	return info.NumPending + uint64(max(info.NumAckPending, 0)), nil
}
