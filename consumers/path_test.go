package consumers

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/broker/brokertest"
	"github.com/trueup/trueup/internal/demo"
	"github.com/trueup/trueup/internal/wire"
)

// company tells n events as messages of a tenant, the way a CRM would: in
// structured mode and with an id.
func company(tb testing.TB, tenantName string, n int) func(yield func(broker.Msg, error) bool) {
	tb.Helper()
	told := demo.Company{Seed: 1, CSMs: 60, AEs: 15, Accounts: 2500, From: civil.On(2027, 1, 1), Until: civil.On(2027, 12, 31)}
	return func(yield func(broker.Msg, error) bool) {
		i := 0
		for a := range told.Events() {
			if i++; i > n {
				return
			}
			body, err := demo.Line(a)
			m := broker.Msg{
				Subject: wire.Subject(tenantName, a.Event.Head().Type), ID: fmt.Sprint("m-", i), Body: body,
				Header: nats.Header{"Content-Type": {"application/cloudevents+json"}},
			}
			if !yield(m, err) || err != nil {
				return
			}
		}
	}
}

// counting is a recorder that does nothing but count.
type counting struct {
	left int
	done chan struct{}
}

func (c *counting) Record(batch []tenant.Arrival) (tenant.Recorded, error) {
	if c.left -= len(batch); c.left == 0 {
		close(c.done)
	}
	return tenant.Recorded{}, nil
}

// path is all that an event passes from the broker to a batch.
type path struct {
	sub  *broker.Subscriber
	rec  *counting
	stop func() error
}

// newPath starts everything but the reading.
func newPath(tb testing.TB, conn *broker.Conn, durable string, n int) path {
	tb.Helper()
	sub, err := conn.NewSubscriber(broker.SubscriberConfig{
		Stream: broker.DefaultNames.In, Durable: durable, Subjects: broker.InSubjects("acme"), Log: zerolog.Nop(),
	})
	if err != nil {
		tb.Fatal(err)
	}
	rec := &counting{n, make(chan struct{})}
	batch := NewBatcher(rec, DefaultBatch, zerolog.Nop())
	router, err := NewRouter(sub, "acme", Handler{Decoder: wire.Decoder{Tenant: "acme"}, Clock: RealClock{Time: time.Now}, Batch: batch}, watermill.NopLogger{})
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(tb.Context())
	ended := make(chan error, 2)
	go func() { ended <- batch.Run(ctx) }()
	go func() { ended <- router.Run(ctx) }()
	<-router.Running()
	return path{sub, rec, func() error {
		err := errors.Join(sub.Close(), router.Close())
		cancel()
		return errors.Join(err, <-ended, <-ended)
	}}
}

// read lets n events through and gives what that allocated, for each.
func (p path) read(tb testing.TB, n int) (allocs, size float64) {
	tb.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	ended := make(chan error, 1)
	go func() { ended <- p.sub.Run(tb.Context()) }()
	<-p.rec.done
	runtime.ReadMemStats(&after)
	if err := errors.Join(p.stop(), <-ended); err != nil {
		tb.Error(err)
	}
	return float64(after.Mallocs-before.Mallocs) / float64(n), float64(after.TotalAlloc-before.TotalAlloc) / float64(n)
}

// BenchmarkPath reads a backlog through everything from the broker to a batch
// that is not recorded anywhere.
func BenchmarkPath(b *testing.B) {
	conn := brokertest.Streams(b, brokertest.Server(b).URL(), "acme")
	if got, err := conn.PublishAll(b.Context(), company(b, "acme", b.N), nil); err != nil || got != b.N {
		b.Fatalf("PublishAll() = %d, %v, want %d", got, err, b.N)
	}
	p := newPath(b, conn, "bench", b.N)
	b.ReportAllocs()
	b.ResetTimer()
	p.read(b, b.N)
}
