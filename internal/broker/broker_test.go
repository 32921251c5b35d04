package broker_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/rs/zerolog"

	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/broker/brokertest"
)

const (
	tenant  = "acme"
	patient = 20 * time.Second // for what must happen; no test passes by waiting it out
)

// quiet is a logger that writes to the test's log if TRUEUP_TEST_LOG is set.
func quiet(t testing.TB) zerolog.Logger {
	if os.Getenv("TRUEUP_TEST_LOG") == "" {
		return zerolog.Nop()
	}
	return zerolog.New(zerolog.NewTestWriter(t)).With().Timestamp().Logger()
}

func config(t testing.TB) broker.SubscriberConfig {
	return broker.SubscriberConfig{
		Stream:       broker.DefaultNames.In,
		Durable:      "trueup_" + tenant,
		Subjects:     broker.InSubjects(tenant),
		NackDelay:    5 * time.Millisecond,
		CloseTimeout: 100 * time.Millisecond,
		Log:          quiet(t),
	}
}

// run subscribes to everything and runs the subscriber until the test ends, or
// the returned function is called.
func run(t testing.TB, c *broker.Conn, cfg broker.SubscriberConfig) (*broker.Subscriber, <-chan *message.Message, func()) {
	t.Helper()
	sub := newSubscriber(t, c, cfg)
	all, err := sub.Subscribe(t.Context(), broker.Unmatched)
	if err != nil {
		t.Fatalf("Subscribe() = %v", err)
	}
	return sub, all, start(t, sub)
}

func newSubscriber(t testing.TB, c *broker.Conn, cfg broker.SubscriberConfig) *broker.Subscriber {
	t.Helper()
	sub, err := c.NewSubscriber(cfg)
	if err != nil {
		t.Fatalf("NewSubscriber() = %v", err)
	}
	return sub
}

func start(t testing.TB, sub *broker.Subscriber) (stop func()) {
	t.Helper()
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := sub.Run(t.Context()); err != nil {
			t.Errorf("Run() = %v", err)
		}
	})
	stop = sync.OnceFunc(func() {
		if err := sub.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
		wg.Wait()
	})
	t.Cleanup(stop)
	return stop
}

// receive waits for the next message.
func receive(t testing.TB, ch <-chan *message.Message) (*message.Message, broker.Delivery) {
	t.Helper()
	select {
	case m, ok := <-ch:
		if !ok {
			t.Fatal("the channel is closed")
		}
		d := broker.DeliveryOf(m)
		if d == nil {
			t.Fatalf("DeliveryOf(%s) = nil", m.UUID)
		}
		return m, *d
	case <-time.After(patient):
		t.Fatalf("no message within %v", patient)
	}
	return nil, broker.Delivery{}
}

// take receives and acks n messages.
func take(t testing.TB, ch <-chan *message.Message, n int) []broker.Delivery {
	t.Helper()
	var out []broker.Delivery
	for range n {
		m, d := receive(t, ch)
		m.Ack()
		out = append(out, d)
	}
	return out
}

// publish publishes messages named by their number.
func publish(t testing.TB, c *broker.Conn, from, to int) {
	t.Helper()
	n, err := c.PublishAll(t.Context(), numbered(from, to), nil)
	if err != nil || n != to-from+1 {
		t.Fatalf("PublishAll(%d to %d) = %d, %v", from, to, n, err)
	}
}

func numbered(from, to int) func(yield func(broker.Msg, error) bool) {
	return func(yield func(broker.Msg, error) bool) {
		for i := from; i <= to; i++ {
			if !yield(broker.Msg{Subject: "crm." + tenant + ".thing.happened", ID: fmt.Sprint("id-", i), Body: fmt.Append(nil, i)}, nil) {
				return
			}
		}
	}
}

// eventually waits until ok says so.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patient); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patient, what)
		}
	}
}

func pending(t testing.TB, sub *broker.Subscriber) uint64 {
	t.Helper()
	n, err := sub.Pending(t.Context())
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Pending() = %v", err)
	}
	return n
}

// checkIndexes reports whether deliveries are numbered from first without gaps.
func checkIndexes(t testing.TB, got []broker.Delivery, first uint64) {
	t.Helper()
	for i, d := range got {
		if d.Index != first+uint64(i) {
			t.Fatalf("delivery %d has index %d, want %d", i, d.Index, first+uint64(i))
		}
	}
}

func streams(t testing.TB) *broker.Conn {
	t.Helper()
	return brokertest.Streams(t, brokertest.Start(t).URL(), tenant)
}
