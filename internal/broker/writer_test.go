package broker_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/broker/brokertest"
)

// A writer answers for its own name while its connection lasts.
func TestAlive(t *testing.T) {
	url := brokertest.Start(t).URL()
	asks := output(t, brokertest.Streams(t, url, tenant))
	alive := func(writer string, want bool) {
		t.Helper()
		if got, err := asks.Alive(t.Context(), writer); err != nil || got != want {
			t.Errorf("Alive(%q) = %v, %v, want %v", writer, got, err, want)
		}
	}
	alive("w1", false)
	theirs := brokertest.Connect(t, url)
	withdraw, err := output(t, theirs).Announce("w1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := output(t, theirs).Announce("w2"); err != nil {
		t.Fatal(err)
	}
	if err := theirs.NATS().Flush(); err != nil {
		t.Fatal(err)
	}
	alive("w1", true)
	alive("w2", true)
	alive("w", false)
	alive("no.name", false)
	withdraw()
	if err := theirs.NATS().Flush(); err != nil {
		t.Fatal(err)
	}
	alive("w1", false)
	theirs.Close()
	eventually(t, "the server forgets it", func() bool {
		got, err := asks.Alive(t.Context(), "w2")
		return err == nil && !got
	})
	if _, err := asks.Announce("a b"); err == nil {
		t.Error("Announce(a b) = nil, want an error: it is no token of a subject")
	}
}

// One that is subscribed and does not answer, as over a connection that is only
// thought to be there, is waited for and then taken for dead.
func TestAliveButSilent(t *testing.T) {
	url := brokertest.Start(t).URL()
	asks := output(t, brokertest.Streams(t, url, tenant))
	theirs := brokertest.Connect(t, url)
	asked := make(chan struct{}, 1)
	if _, err := theirs.NATS().Subscribe("trueup.writer.w1", func(*nats.Msg) { asked <- struct{}{} }); err != nil {
		t.Fatal(err)
	}
	if err := theirs.NATS().Flush(); err != nil {
		t.Fatal(err)
	}
	if got, err := asks.Alive(t.Context(), "w1"); err != nil || got {
		t.Errorf("Alive() of one that is silent = %v, %v", got, err)
	}
	<-asked
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := asks.Alive(ctx, "w1"); !errors.Is(err, context.Canceled) {
		t.Errorf("Alive() = %v, want it to end with its context", err)
	}
}

func TestWaiting(t *testing.T) {
	url := brokertest.Start(t).URL()
	asks := output(t, brokertest.Streams(t, url, tenant))
	if _, waits, err := asks.Waiting(t.Context()); err != nil || waits {
		t.Errorf("Waiting() = %v, %v, want nobody", waits, err)
	}
	theirs := brokertest.Connect(t, url)
	if _, err := output(t, theirs).AnnounceWaiting("w1"); err != nil {
		t.Fatal(err)
	}
	if err := theirs.NATS().Flush(); err != nil {
		t.Fatal(err)
	}
	if who, waits, err := asks.Waiting(t.Context()); err != nil || !waits || who != "w1" {
		t.Errorf("Waiting() = %q, %v, %v, want w1", who, waits, err)
	}
}

// The cursor tells its writer; one of an earlier release has none.
func TestCursorNamesItsWriter(t *testing.T) {
	c := streams(t)
	o := output(t, c)
	msgs, to := batch(1, 2)
	to.Writer = "w1"
	first, err := o.Publish(t.Context(), msgs, broker.Cursor{}, to)
	if err != nil {
		t.Fatal(err)
	}
	if read, err := o.LastCursor(t.Context()); err != nil || read != first || read.Writer != "w1" {
		t.Errorf("LastCursor() = %+v, %v, want %+v", read, err, first)
	}
	// What another writer says is not one's own lost answer, even if it is the same.
	to.Writer = "w2"
	if got, err := o.Publish(t.Context(), msgs, broker.Cursor{}, to); !errors.Is(err, broker.ErrFenced) {
		t.Errorf("Publish() of what another writer did = %+v, %v, want ErrFenced", got, err)
	}
	old := []byte(`{"n":2,"hash":"` + "00000000000000000000000000000000000000000000000000000000000000ff" + `"}`)
	if _, err := c.JetStream().PublishMsg(t.Context(), &nats.Msg{Subject: broker.CursorSubject(tenant), Data: old}); err != nil {
		t.Fatal(err)
	}
	if read, err := o.LastCursor(t.Context()); err != nil || read.N != 2 || read.Hash[31] != 0xff || read.Writer != "" {
		t.Errorf("LastCursor() of an earlier release = %+v, %v", read, err)
	}
}

// An output stream that was edited so that it takes nothing says what to
// change, stores nothing, and takes everything when it is set right.
func TestOutputEdited(t *testing.T) {
	for _, tt := range []struct {
		name  string
		edit  func(*jetstream.StreamConfig)
		words []string
	}{
		{"no atomic publish", func(c *jetstream.StreamConfig) { c.AllowAtomicPublish = false }, []string{"nats stream edit TRUEUP_OUT --allow-batch"}},
		{"as many messages as it may have", func(c *jetstream.StreamConfig) { c.MaxMsgs, c.Discard = 5, jetstream.DiscardNew }, []string{"max_msgs", "max_bytes"}},
		{"as many bytes as it may have", func(c *jetstream.StreamConfig) { c.MaxBytes, c.Discard = 1200, jetstream.DiscardNew }, []string{"max_msgs", "max_bytes"}},
		{"other subjects", func(c *jetstream.StreamConfig) { c.Subjects = []string{"elsewhere.>"} }, []string{"cursor.acme"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := streams(t)
			o := output(t, c)
			msgs, to := batch(1, 2)
			first, err := o.Publish(t.Context(), msgs, broker.Cursor{}, to)
			if err != nil {
				t.Fatal(err)
			}
			s, err := c.JetStream().Stream(t.Context(), broker.DefaultNames.Out)
			if err != nil {
				t.Fatal(err)
			}
			right := s.CachedInfo().Config
			wrong := right
			tt.edit(&wrong)
			if _, err := c.JetStream().UpdateStream(t.Context(), wrong); err != nil {
				t.Fatal(err)
			}
			msgs, to = batch(3, 9)
			_, err = o.Publish(t.Context(), msgs, first, to)
			checkError(t, "Publish()", err, tt.words...)
			if errors.Is(err, broker.ErrFenced) || errors.Is(err, broker.ErrRefused) {
				t.Errorf("Publish() = %v, which is taken for final", err)
			}
			if _, err := c.JetStream().UpdateStream(t.Context(), right); err != nil {
				t.Fatal(err)
			}
			if got := published(t, c); len(got) != 2 {
				t.Errorf("%d messages were stored by what failed, want none", len(got)-2)
			}
			if _, err := o.Publish(t.Context(), msgs, first, to); err != nil {
				t.Errorf("Publish() when set right = %v", err)
			}
			if got := published(t, c); len(got) != 9 || got[8] != "9" {
				t.Errorf("%v are published, want 9 in order", got)
			}
		})
	}
}

// A stream that forbids message TTL cannot be made of one that allows it, and
// one made anew so refuses the cursor, and all that goes with it.
func TestOutputWithoutTTL(t *testing.T) {
	c := streams(t)
	s, err := c.JetStream().Stream(t.Context(), broker.DefaultNames.Out)
	if err != nil {
		t.Fatal(err)
	}
	cfg := s.CachedInfo().Config
	cfg.AllowMsgTTL = false
	if _, err := c.JetStream().UpdateStream(t.Context(), cfg); err == nil {
		t.Error("UpdateStream(no TTL) = nil: the server allows now what it did not, test that too")
	}
	if err := c.JetStream().DeleteStream(t.Context(), cfg.Name); err != nil {
		t.Fatal(err)
	}
	msgs, to := batch(1, 2)
	_, err = output(t, c).Publish(t.Context(), msgs, broker.Cursor{}, to)
	checkError(t, "Publish() to a deleted stream", err, "deleted", "make it anew")
	if _, err := c.JetStream().CreateStream(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	_, err = output(t, c).Publish(t.Context(), nil, broker.Cursor{}, to) // with which a relay begins
	checkError(t, "Publish(nothing)", err, "nats stream edit TRUEUP_OUT --allow-msg-ttl")
	msgs, to = batch(1, broker.MaxSingle+1)
	_, err = output(t, c).Publish(t.Context(), msgs, broker.Cursor{}, to)
	checkError(t, "Publish()", err, "nats stream edit TRUEUP_OUT --allow-msg-ttl")
	if got := published(t, c); len(got) != 0 {
		t.Errorf("%d messages were stored by what failed", len(got))
	}
}

// While Before returns an error the consumer is not touched and nothing is read.
func TestSubscriberAsksBefore(t *testing.T) {
	c := streams(t)
	publishN(t, c, 5)
	var asked, allowed atomic.Int64
	sub, err := c.NewSubscriber(broker.SubscriberConfig{
		Stream: broker.DefaultNames.In, Durable: "asks", Subjects: broker.InSubjects(tenant), Log: quiet(t),
		Before: func(context.Context) error {
			asked.Add(1)
			if allowed.Load() == 0 {
				return errors.New("not now")
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	messages, err := sub.Subscribe(t.Context(), broker.Unmatched)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- sub.Run(t.Context()) }()
	eventually(t, "it asks again", func() bool { return asked.Load() > 2 })
	if _, err := c.JetStream().Consumer(t.Context(), broker.DefaultNames.In, "asks"); !errors.Is(err, jetstream.ErrConsumerNotFound) {
		t.Errorf("Consumer() = %v, want that there is none yet", err)
	}
	allowed.Store(1)
	for range 5 {
		(<-messages).Ack()
	}
	if err := sub.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func publishN(t *testing.T, c *broker.Conn, n int) {
	t.Helper()
	for i := range n {
		if _, err := c.JetStream().Publish(t.Context(), "crm."+tenant+".x", fmt.Append(nil, i)); err != nil {
			t.Fatal(err)
		}
	}
}
