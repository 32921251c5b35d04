package broker_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/nats-io/nats.go"

	"github.com/trueup/trueup/internal/broker"
)

func TestOddMessages(t *testing.T) {
	c := streams(t)
	for _, m := range []*nats.Msg{
		{Subject: "crm.acme.a", Header: nats.Header{"X": {"1", "2"}, "Y": {"one"}, "lower-case": {"kept"}}},
		{Subject: "billing.acme.b.c", Data: []byte("{")},
		{Subject: "clock.acme", Header: nats.Header{nats.MsgIdHdr: {"tick"}}},
	} {
		if _, err := c.JetStream().PublishMsg(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	_, all, _ := run(t, c, config(t))

	m, d := receive(t, all)
	if got := d.Header["X"]; !slices.Equal(got, []string{"1", "2"}) {
		t.Errorf("header X = %q, want both values", got)
	}
	if _, ok := m.Metadata["X"]; ok || m.Metadata.Get("Y") != "one" || m.Metadata.Get("lower-case") != "kept" {
		t.Errorf("metadata = %v, want only headers with one value", m.Metadata)
	}
	if d.Subject != "crm.acme.a" || d.Seq != 1 || d.Index != 1 || d.Attempt != 1 || d.Time.IsZero() || d.StreamCreated.IsZero() || m.UUID != "TRUEUP_IN/1" || len(m.Payload) != 0 {
		t.Errorf("first message = %s %+v", m.UUID, d)
	}
	m, d = receive(t, all)
	if len(d.Header) != 0 || string(m.Payload) != "{" || d.Index != 2 {
		t.Errorf("second message = %q %+v", m.Payload, d)
	}
	if m, d = receive(t, all); m.UUID != "tick" || d.ID != "tick" || len(d.Header) != 0 || len(m.Metadata) != 0 {
		t.Errorf("third message = %s with %v %+v, want its Nats-Msg-Id as its id only", m.UUID, m.Metadata, d)
	}
}

func TestRoutes(t *testing.T) {
	c := streams(t)
	sub := newSubscriber(t, c, config(t))
	got := map[string]<-chan *message.Message{}
	for _, pattern := range []string{"crm.*.>", "crm.*.churn.*", "crm.acme.churn.notified", "billing.acme.>"} {
		ch, err := sub.Subscribe(t.Context(), pattern)
		if err != nil {
			t.Fatalf("Subscribe(%s) = %v", pattern, err)
		}
		got[pattern] = ch
	}
	for _, pattern := range []string{"", "a..b", "a.>.b", "a b"} {
		if _, err := sub.Subscribe(t.Context(), pattern); err == nil {
			t.Errorf("Subscribe(%q) = nil, want an error", pattern)
		}
	}
	start(t, sub)
	for i, tt := range []struct{ subject, pattern string }{
		{"crm.acme.churn.notified", "crm.acme.churn.notified"},
		{"crm.acme.churn.effective", "crm.*.churn.*"},
		{"crm.acme.churn.effective.twice", "crm.*.>"},
		{"billing.acme.x", "billing.acme.>"},
	} {
		if _, err := c.JetStream().Publish(t.Context(), tt.subject, nil); err != nil {
			t.Fatal(err)
		}
		m, d := receive(t, got[tt.pattern])
		if m.Ack(); d.Subject != tt.subject || d.Index != uint64(i+1) {
			t.Errorf("%s took %+v, want %s", tt.pattern, d, tt.subject)
		}
	}

	// Nobody takes admin: it is held, and what follows is delivered.
	for _, subject := range []string{"admin.acme.x", "billing.acme.y"} {
		if _, err := c.JetStream().Publish(t.Context(), subject, nil); err != nil {
			t.Fatal(err)
		}
	}
	take(t, got["billing.acme.>"], 1)
	if n := pending(t, sub); n != 2 {
		t.Errorf("Pending() = %d with a message held, want 2", n)
	}
	rest, err := sub.Subscribe(t.Context(), broker.Unmatched)
	if err != nil {
		t.Fatal(err)
	}
	if d := take(t, rest, 1)[0]; d.Subject != "admin.acme.x" {
		t.Errorf("the catch-all took %+v", d)
	}
	eventually(t, "all acknowledged", func() bool { return pending(t, sub) == 0 })
}

func TestAcknowledgesThePrefix(t *testing.T) {
	c := streams(t)
	publish(t, c, 1, 100)
	sub, all, stop := run(t, c, config(t))
	var third *message.Message
	for i := range 100 {
		m, d := receive(t, all)
		if d.Index != uint64(i+1) || string(m.Payload) != fmt.Sprint(i+1) {
			t.Fatalf("message %d = %q %+v", i+1, m.Payload, d)
		}
		if d.Index == 3 {
			third = m
			continue
		}
		m.Ack()
	}
	eventually(t, "two acknowledged", func() bool { return pending(t, sub) == 98 })
	stop()
	select {
	case <-third.Context().Done():
	default:
		t.Error("the message's context outlives the subscriber")
	}

	// The next run gets everything after the prefix, acked or not.
	sub, all, _ = run(t, c, config(t))
	if d := take(t, all, 98); d[0].Seq != 3 || d[97].Seq != 100 {
		t.Errorf("the next run has %d to %d, want 3 to 100", d[0].Seq, d[97].Seq)
	}
	eventually(t, "all acknowledged", func() bool { return pending(t, sub) == 0 })
}

func TestWindow(t *testing.T) {
	c := streams(t)
	publish(t, c, 1, 50)
	cfg := config(t)
	cfg.Window = 8
	_, all, _ := run(t, c, cfg)
	var out []*message.Message
	for range 8 {
		m, _ := receive(t, all)
		out = append(out, m)
	}
	select {
	case m := <-all:
		t.Fatalf("message %s was given out beyond the window", m.UUID)
	case <-time.After(50 * time.Millisecond):
	}
	out[0].Ack()
	if _, d := receive(t, all); d.Index != 9 {
		t.Errorf("after one ack came %d, want 9", d.Index)
	}
}

func TestNackKeepsOrder(t *testing.T) {
	c := streams(t)
	publish(t, c, 1, 30)
	sub, all, _ := run(t, c, config(t))
	nacked := map[uint64]int{5: 2, 6: 1, 20: 3}
	acked := map[uint64]bool{}
	highest := uint64(0)
	for len(acked) < 30 {
		m, d := receive(t, all)
		if d.Seq != d.Index || string(m.Payload) != fmt.Sprint(d.Index) {
			t.Fatalf("message %q came as %+v", m.Payload, d)
		}
		if d.Attempt == 1 && d.Index != highest+1 {
			t.Fatalf("first delivery of %d after %d", d.Index, highest)
		}
		highest = max(highest, d.Index)
		if nacked[d.Index] > 0 {
			nacked[d.Index]--
			m.Nack()
			continue
		}
		if acked[d.Index] {
			t.Fatalf("message %d came again after it was acked", d.Index)
		}
		acked[d.Index] = true
		m.Ack()
	}
	for index, left := range nacked {
		if left != 0 {
			t.Errorf("message %d was not given out again %d more times", index, left)
		}
	}
	eventually(t, "all acknowledged", func() bool { return pending(t, sub) == 0 })
}

// TestSlowHandler holds a message for longer than AckWait.
func TestSlowHandler(t *testing.T) {
	c := streams(t)
	publish(t, c, 1, 3)
	cfg := config(t)
	cfg.AckWait = 100 * time.Millisecond
	sub, all, _ := run(t, c, cfg)
	m, _ := receive(t, all)
	time.Sleep(4 * cfg.AckWait)
	m.Ack()
	got := take(t, all, 2)
	checkIndexes(t, got, 2)
	publish(t, c, 4, 4)
	checkIndexes(t, take(t, all, 1), 4)
	eventually(t, "all acknowledged", func() bool { return pending(t, sub) == 0 })
}

// TestConsumerDeleted deletes the consumer under a running subscriber.
func TestConsumerDeleted(t *testing.T) {
	c := streams(t)
	publish(t, c, 1, 10)
	sub, all, _ := run(t, c, config(t))
	held, _ := receive(t, all)
	take(t, all, 9)
	if err := c.JetStream().DeleteConsumer(t.Context(), broker.DefaultNames.In, config(t).Durable); err != nil {
		t.Fatal(err)
	}
	publish(t, c, 11, 20)
	checkIndexes(t, take(t, all, 10), 11)
	held.Ack()
	eventually(t, "all acknowledged", func() bool { return pending(t, sub) == 0 })
}

// TestCloseWithBacklog stops routers in the middle of a backlog: no panic, no
// race, channels closed, and no message lost.
func TestCloseWithBacklog(t *testing.T) {
	const messages = 3000
	c := streams(t)
	publish(t, c, 1, messages)
	var mu sync.Mutex
	seen := map[uint64]bool{}
	seenAll := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(seen) == messages
	}
	for i := 0; i < 6 || !seenAll(); i++ {
		router, err := message.NewRouter(message.RouterConfig{CloseTimeout: 5 * time.Second}, watermill.NopLogger{})
		if err != nil {
			t.Fatal(err)
		}
		cfg := config(t)
		cfg.Window = 64
		sub := newSubscriber(t, c, cfg)
		enough := make(chan struct{})
		var count int
		router.AddConsumerHandler("all", "crm.>", sub, func(m *message.Message) error {
			d := broker.DeliveryOf(m)
			mu.Lock()
			defer mu.Unlock()
			if count++; count == 400 || len(seen) == messages {
				close(enough)
			}
			if count%50 == 0 {
				return errors.New("again, please")
			}
			seen[d.Seq] = true
			if len(seen) == messages && count < 400 {
				count = 400
				close(enough)
			}
			return nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := router.Run(ctx); err != nil {
				t.Errorf("router: %v", err)
			}
		})
		<-router.Running()
		start(t, sub)
		select {
		case <-enough:
		case <-time.After(patient):
			t.Fatalf("the router stands still at %d messages", len(seen))
		}
		if i%2 == 0 {
			cancel() // the rude way: the handlers' contexts end first
		} else if err := router.Close(); err != nil {
			t.Errorf("router.Close() = %v", err)
		}
		if err := sub.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
		wg.Wait()
		cancel()
	}
}

// TestCloseLeavesNothing counts goroutines, and calls Close in odd ways.
func TestCloseLeavesNothing(t *testing.T) {
	c := streams(t)
	publish(t, c, 1, 10)
	for range 3 {
		sub, all, stop := run(t, c, config(t))
		receive(t, all)
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { _ = sub.Close() })
		}
		wg.Wait()
		stop()
		for range all {
		}
		if _, err := sub.Subscribe(t.Context(), "x"); !errors.Is(err, broker.ErrClosed) {
			t.Errorf("Subscribe() after Close() = %v", err)
		}
	}
	never := newSubscriber(t, c, config(t))
	ch, err := never.Subscribe(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	if err := never.Close(); err != nil {
		t.Error(err)
	}
	if _, ok := <-ch; ok {
		t.Error("a subscriber that never ran gave out a message")
	}
	if err := never.Run(t.Context()); !errors.Is(err, broker.ErrClosed) {
		t.Errorf("Run() after Close() = %v", err)
	}
	var stacks string
	eventually(t, "no goroutine left", func() bool {
		b := make([]byte, 1<<20)
		stacks = string(b[:runtime.Stack(b, true)])
		return !strings.Contains(stacks, "broker.(*Subscriber)") && !strings.Contains(stacks, "jetstream.(*pullSubscription)")
	})
}
