package broker_test

import (
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/broker/brokertest"
)

// A request for messages is left at the consumer by a connection that nobody
// reads any more and that the server takes for a living one. A subscriber that
// comes now gets every message itself, long before the server would send again
// what went elsewhere.
func TestAbandonedRequestTakesNothing(t *testing.T) {
	e := brokertest.Start(t)
	c := brokertest.Streams(t, e.URL(), tenant)
	r := &record{}
	cfg := r.config(t)
	publish(t, c, 1, 5)
	_, all, stop := run(t, c, cfg)
	for _, d := range take(t, all, 5) {
		r.add(d)
	}
	stop()
	dead := brokertest.Connect(t, e.URL()).NATS()
	inbox := nats.NewInbox()
	if _, err := dead.SubscribeSync(inbox); err != nil {
		t.Fatal(err)
	}
	next := "$JS.API.CONSUMER.MSG.NEXT." + broker.DefaultNames.In + "." + cfg.Durable
	if err := dead.PublishRequest(next, inbox, []byte(`{"batch":100,"expires":60000000000}`)); err != nil {
		t.Fatal(err)
	}
	if err := dead.Flush(); err != nil {
		t.Fatal(err)
	}
	_, all, _ = run(t, c, cfg)
	publish(t, c, 6, 10)
	checkIndexes(t, take(t, all, 5), 1)
}
