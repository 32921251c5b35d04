package broker_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/tests"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/broker/brokertest"
)

// topics lets Watermill's suite, which invents topics as it goes, use
// subscribers that each read one durable consumer of one stream: a stream and a
// subscriber for each topic. The streams differ because an id is unique in a
// stream, while the suite publishes the same id to several topics.
type topics struct {
	conn   *broker.Conn
	group  string
	window int
	log    zerolog.Logger

	mu     sync.Mutex
	subs   map[string]*broker.Subscriber
	closed bool
	runs   sync.WaitGroup
}

// SubscribeInitialize makes the stream of a topic; the suite calls it before it
// publishes.
func (s *topics) SubscribeInitialize(topic string) error {
	_, err := s.conn.JetStream().CreateOrUpdateStream(context.Background(), jetstream.StreamConfig{Name: streamOf(topic), Subjects: []string{topic}})
	return err
}

func streamOf(topic string) string { return topic[strings.LastIndexByte(topic, '.')+1:] }

// Subscribe runs a subscriber for a new topic.
func (s *topics) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, broker.ErrClosed
	}
	sub, ok := s.subs[topic]
	if !ok {
		var err error
		sub, err = s.conn.NewSubscriber(broker.SubscriberConfig{
			Stream:       streamOf(topic),
			Durable:      s.group,
			Subjects:     []string{topic},
			Window:       s.window,
			NackDelay:    5 * time.Millisecond,
			CloseTimeout: 50 * time.Millisecond,
			Log:          s.log,
		})
		if err != nil {
			return nil, err
		}
		s.subs[topic] = sub
	}
	out, err := sub.Subscribe(ctx, topic)
	if !ok && err == nil {
		s.runs.Go(func() { _ = sub.Run(context.Background()) })
	}
	return out, err
}

// Close closes the subscribers of all topics.
func (s *topics) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	var errs []error
	for _, sub := range s.subs {
		errs = append(errs, sub.Close())
	}
	s.runs.Wait()
	return errors.Join(errs...)
}

func suite(t *testing.T, window int) (tests.PubSubConstructor, tests.ConsumerGroupPubSubConstructor) {
	conn := brokertest.Connect(t, brokertest.Start(t).URL())
	grouped := func(t *testing.T, group string) (message.Publisher, message.Subscriber) {
		return conn.NewPublisher(), &topics{conn: conn, group: group, window: window, log: quiet(t), subs: map[string]*broker.Subscriber{}}
	}
	return func(t *testing.T) (message.Publisher, message.Subscriber) { return grouped(t, "suite") }, grouped
}

func features(ordered bool) tests.Features {
	return tests.Features{
		ConsumerGroups:                   true,
		ExactlyOnceDelivery:              false,
		GuaranteedOrder:                  ordered,
		Persistent:                       true,
		RequireSingleInstance:            true,    // one subscriber for a durable consumer
		NewSubscriberReceivesOldMessages: ordered, // with a new durable consumer, see below
		GenerateTopicFunc:                func(c tests.TestContext) string { return "suite." + string(c.TestID) },
	}
}

// TestWatermillSuite runs Watermill's own suite with the window that production
// uses. GuaranteedOrder is off since to the suite it also means that nothing is
// delivered before the previous message is acked.
func TestWatermillSuite(t *testing.T) {
	one, grouped := suite(t, 1024)
	tests.TestPubSub(t, features(false), one, grouped)
}

// TestWatermillSuiteRest runs what the suite skips with the features above.
func TestWatermillSuiteRest(t *testing.T) {
	for _, tt := range []struct {
		name   string
		window int
		fresh  bool // each subscriber has a durable consumer of its own
		test   func(*testing.T, tests.TestContext, tests.PubSubConstructor)
	}{
		{"in order, one at a time", 1, false, tests.TestPublishSubscribeInOrder},
		{"in order, many at a time", 1024, false, tests.TestPublishSubscribeInOrder},
		{"a new consumer reads old messages", 1024, true, tests.TestNewSubscriberReceivesOldMessages},
		{"no ack, one at a time", 1, false, tests.TestNoAck},
	} {
		t.Run(tt.name, func(t *testing.T) {
			one, grouped := suite(t, tt.window)
			if tt.fresh {
				one = func(t *testing.T) (message.Publisher, message.Subscriber) { return grouped(t, watermill.NewUUID()) }
			}
			f := features(true)
			f.ForceShort = tt.window == 1 // every message waits for a round trip, which is slow on a busy machine
			tt.test(t, tests.TestContext{TestID: tests.NewTestID(), Features: f}, one)
		})
	}
}
