package broker_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/trueup/trueup/internal/broker"
)

// stored reads the bodies of the input stream.
func stored(t testing.TB, c *broker.Conn) (bodies []string) {
	t.Helper()
	s, err := c.JetStream().Stream(t.Context(), broker.DefaultNames.In)
	if err != nil {
		t.Fatal(err)
	}
	for seq := uint64(1); seq <= s.CachedInfo().State.LastSeq; seq++ {
		m, err := s.GetMsg(t.Context(), seq)
		if err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, string(m.Data))
	}
	return bodies
}

func checkStored(t testing.TB, c *broker.Conn, from, to int) {
	t.Helper()
	got := stored(t, c)
	if len(got) != to-from+1 {
		t.Fatalf("%d messages are stored, want %d to %d", len(got), from, to)
	}
	for i, body := range got {
		if body != fmt.Sprint(from+i) {
			t.Fatalf("message %d is %s, want %d", i+1, body, from+i)
		}
	}
}

func TestPublishAll(t *testing.T) {
	c := streams(t)
	publish(t, c, 1, 1200)
	publish(t, c, 1, 1200)
	publish(t, c, 900, 1300) // a batch with old and new
	checkStored(t, c, 1, 1300)

	// One id twice in a batch, and an error in the middle.
	var told []int
	n, err := c.PublishAll(t.Context(), func(yield func(broker.Msg, error) bool) {
		_ = yield(broker.Msg{Subject: "crm.acme.x", ID: "same", Body: []byte("1301")}, nil) &&
			yield(broker.Msg{Subject: "crm.acme.x", ID: "same", Body: []byte("1301 again")}, nil) &&
			yield(broker.Msg{Subject: "crm.acme.x", Body: []byte("1302")}, nil) &&
			yield(broker.Msg{}, errors.New("the file ends in the middle of a line"))
	}, func(n int) { told = append(told, n) })
	if n != 3 || err == nil || len(told) != 1 || told[0] != 3 {
		t.Errorf("PublishAll() = %d, %v, told %v", n, err, told)
	}
	checkStored(t, c, 1, 1302)

	if n, err := c.PublishAll(t.Context(), func(yield func(broker.Msg, error) bool) {
		_ = yield(broker.Msg{Subject: "crm.acme.x", Body: []byte("1303")}, nil) && yield(broker.Msg{Subject: "nobody.listens"}, nil)
	}, nil); n != 1 || !errors.Is(err, jetstream.ErrNoStreamResponse) {
		t.Errorf("PublishAll() to no stream = %d, %v", n, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if n, err := c.PublishAll(ctx, numbered(1, 10), nil); n != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("PublishAll() of a cancelled context = %d, %v", n, err)
	}
}

// TestPublishAllSingly uses a stream that takes no atomic batches.
func TestPublishAllSingly(t *testing.T) {
	c := streams(t)
	s, err := c.JetStream().Stream(t.Context(), broker.DefaultNames.In)
	if err != nil {
		t.Fatal(err)
	}
	cfg := s.CachedInfo().Config
	cfg.AllowAtomicPublish = false
	if _, err := c.JetStream().UpdateStream(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	publish(t, c, 1, 700)
	publish(t, c, 650, 800)
	checkStored(t, c, 1, 800)
}

func TestPublisher(t *testing.T) {
	c := streams(t)
	p := c.NewPublisher()
	var many []*message.Message
	for i := 1; i <= 600; i++ {
		many = append(many, message.NewMessage(fmt.Sprint(i), fmt.Append(nil, i)))
	}
	for range 2 {
		if err := p.Publish("crm.acme.x", many...); err != nil {
			t.Fatalf("Publish() = %v", err)
		}
	}
	checkStored(t, c, 1, 600)

	m := message.NewMessage("", []byte("601"))
	m.Metadata.Set("traceparent", "00-1")
	m.Metadata.Set("Nats-Expected-Last-Sequence", "5") // as a message that was read may have
	if err := p.Publish("crm.acme.x", m); err != nil {
		t.Fatalf("Publish() = %v", err)
	}
	s, err := c.JetStream().Stream(t.Context(), broker.DefaultNames.In)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := s.GetMsg(t.Context(), 601)
	if err != nil || raw.Header["traceparent"][0] != "00-1" || len(raw.Header) != 1 {
		t.Errorf("stored = %v, %v", raw, err)
	}
	if err := p.Publish("nobody.listens", m); !errors.Is(err, jetstream.ErrNoStreamResponse) {
		t.Errorf("Publish() to no stream = %v", err)
	}
	if err := p.Publish("crm.acme.x", message.NewMessage("big", make([]byte, 2<<20))); !errors.Is(err, nats.ErrMaxPayload) {
		t.Errorf("Publish(2 MiB) = %v", err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if err := p.Publish("crm.acme.x", m); !errors.Is(err, broker.ErrClosed) {
		t.Errorf("Publish() after Close() = %v", err)
	}
}
