package broker_test

import (
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/broker/brokertest"
)

// BenchmarkRouter reads a backlog through a Watermill router whose handler does
// nothing: what it costs to get a message to a handler and acknowledge it.
func BenchmarkRouter(b *testing.B) {
	c := brokertest.Streams(b, brokertest.Start(b).URL(), tenant)
	if _, err := c.PublishAll(b.Context(), numbered(1, b.N), nil); err != nil {
		b.Fatal(err)
	}
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: 5 * time.Second}, watermill.NopLogger{})
	if err != nil {
		b.Fatal(err)
	}
	sub := newSubscriber(b, c, config(b))
	var left sync.WaitGroup
	left.Add(b.N)
	router.AddConsumerHandler("all", broker.Unmatched, sub, func(*message.Message) error {
		left.Done()
		return nil
	})
	var wg sync.WaitGroup
	wg.Go(func() { _ = router.Run(b.Context()) })
	<-router.Running()
	b.ReportAllocs()
	b.ResetTimer()
	start(b, sub)
	left.Wait()
	b.StopTimer()
	if err := router.Close(); err != nil {
		b.Fatal(err)
	}
	wg.Wait()
}

// BenchmarkPublishAll publishes in bulk to a server that syncs every write.
func BenchmarkPublishAll(b *testing.B) {
	c := brokertest.Streams(b, brokertest.Start(b).URL(), tenant)
	b.ReportAllocs()
	b.ResetTimer()
	if _, err := c.PublishAll(b.Context(), numbered(1, b.N), nil); err != nil {
		b.Fatal(err)
	}
}
