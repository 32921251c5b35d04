package consumers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/broker/brokertest"
	"github.com/trueup/trueup/internal/wire"
)

// sample is one of a few kinds of messages; every seventh cannot be read, every
// eleventh is on a subject no family takes.
func sample(t *testing.T, i int) broker.Msg {
	t.Helper()
	at := time.Date(2027, 1, 1, 0, 0, i, 0, time.UTC)
	head := func(typ event.Type) event.Header {
		return event.Header{Identity: event.Identity{Source: "test", ID: fmt.Sprint("e-", i)}, Type: typ, Time: at}
	}
	var ev event.Event
	switch i % 4 {
	case 0:
		ev = event.ContactEngaged{Header: head("crm.contact.engaged.v1"), Account: "acct-1", Contact: "c-1", EngagedAt: at}
	case 1:
		ev = event.PayeeTerminated{Header: head("crm.payee.terminated.v1"), Payee: "csm-1", Effective: 20_000}
	case 2:
		ev = event.ParkedRetried{Header: head("admin.event.retried.v1"), Parked: "p-1", By: event.By{By: "ann", ByRole: "ops"}, Reason: "mended"}
	case 3:
		ev = event.Ticked{Header: head(wire.Tick)}
	}
	body, err := wire.Encode(ev)
	if err != nil {
		t.Fatal(err)
	}
	m := broker.Msg{Subject: wire.Subject("acme", ev.Head().Type), ID: fmt.Sprint("m-", i), Body: body, Header: nats.Header{"Content-Type": {"application/cloudevents+json"}, "X-Two": {"a", "b"}}}
	switch {
	case i%7 == 6:
		m.Body = fmt.Appendf(nil, "no event %d", i)
	case i%11 == 10:
		m.Subject = "crm.acme.unheard.of"
	}
	return m
}

// Thousands of messages through a broker, the router, all handlers in parallel
// and the batch are recorded once each, in the order of the stream.
func TestRouterKeepsOrder(t *testing.T) {
	const n = 5000
	conn := brokertest.Streams(t, brokertest.Start(t).URL(), "acme")
	sent := make([]broker.Msg, n)
	for i := range sent {
		sent[i] = sample(t, i)
	}
	if got, err := conn.PublishAll(t.Context(), func(yield func(broker.Msg, error) bool) {
		for _, m := range sent {
			if !yield(m, nil) {
				return
			}
		}
	}, nil); err != nil || got != n {
		t.Fatalf("PublishAll() = %d, %v", got, err)
	}
	sub, err := conn.NewSubscriber(broker.SubscriberConfig{Stream: broker.DefaultNames.In, Durable: "test", Subjects: broker.InSubjects("acme"), Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{takes: time.Millisecond}
	batch := NewBatcher(r, 256, zerolog.Nop())
	router, err := NewRouter(sub, "acme", Handler{Decoder: wire.Decoder{Tenant: "acme"}, Clock: RealClock{Time: time.Now}, Batch: batch}, watermill.NopLogger{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 3)
	go func() { ended <- batch.Run(ctx) }()
	go func() { ended <- router.Run(ctx) }()
	<-router.Running()
	reading, stop := context.WithCancel(t.Context())
	go func() { ended <- sub.Run(reading) }()
	for deadline := time.Now().Add(30 * time.Second); r.count() < n && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
	}
	stop()
	if err := errors.Join(sub.Close(), router.Close()); err != nil {
		t.Errorf("Close() = %v", err)
	}
	cancel()
	for range cap(ended) {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if len(r.seen) != n || len(r.batches) == n {
		t.Fatalf("%d arrivals were recorded in %d batches, want %d in fewer", len(r.seen), len(r.batches), n)
	}
	for i, a := range r.seen {
		checkArrival(t, i, a, sent[i])
	}
}

func checkArrival(t *testing.T, i int, a tenant.Arrival, m broker.Msg) {
	t.Helper()
	p := a.Position
	if p.Seq != uint64(i+1) || p.Created.IsZero() || p.Time.IsZero() || !a.Arrived.Equal(p.Time) {
		t.Fatalf("arrival %d is at %+v, arrived %v", i, p, a.Arrived)
	}
	if a.Subject != m.Subject || !bytes.Equal(a.Body, m.Body) || len(a.Header["X-Two"]) != 2 || len(a.Header["Nats-Msg-Id"]) != 0 {
		t.Fatalf("arrival %d is %s %v %s, want what was sent", i, a.Subject, a.Header, a.Body)
	}
	bad := i%7 == 6 || i%11 == 10
	if bad != (a.Code != "") || bad != (a.Input.Event == nil) || bad != (a.Reason != "") {
		t.Fatalf("arrival %d (%s) has code %q, reason %q, event %v", i, a.Body, a.Code, a.Reason, a.Input.Event)
	}
	if !bad && (a.Event.ID != fmt.Sprint("e-", i) || a.Input.Event.Head().Identity != a.Event || len(a.Input.Canonical) == 0) {
		t.Fatalf("arrival %d is %+v", i, a)
	}
}

// A message that another subscriber made has no place in the order: it is
// refused, not recorded.
func TestHandlerRefusesAStranger(t *testing.T) {
	h := Handler{Decoder: wire.Decoder{}, Clock: RealClock{Time: time.Now}, Batch: NewBatcher(&recorder{}, 1, zerolog.Nop())}
	if err := h.Handle(message.NewMessage("m-1", nil)); err == nil {
		t.Error("Handle(a message without a delivery) = nil, want an error")
	}
}
