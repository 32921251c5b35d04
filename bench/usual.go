package main

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	wmjs "github.com/ThreeDotsLabs/watermill-nats/v2/pkg/jetstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/nats-io/nats.go/jetstream"
	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/internal/broker"
)

// usualStream is where the usual way publishes; its publisher takes a stream's
// name for the subject.
const usualStream = "USUAL_OUT"

// noAccount counts what is of no account.
const noAccount = "-"

// usual is the handler as it is usually written: one transaction and as many
// publishes as there are outputs, per message.
type usual struct {
	db        *bbolt.DB
	publisher message.Publisher
	outs      []output
	perEvent  []int

	handled atomic.Int64
	done    chan error
}

func (u *usual) handle(m *message.Message) error {
	var e struct {
		ID   string `json:"id"`
		Data struct {
			Account string `json:"account_id"`
		} `json:"data"`
	}
	if err := json.Unmarshal(m.Payload, &e); err != nil {
		return err
	}
	account := cmp.Or(e.Data.Account, noAccount)
	err := u.db.Update(func(tx *bbolt.Tx) error {
		if err := tx.Bucket([]byte("events")).Put([]byte(e.ID), m.Payload); err != nil {
			return err
		}
		counters, n := tx.Bucket([]byte("counters")), uint64(0)
		if v := counters.Get([]byte(account)); v != nil {
			n = binary.BigEndian.Uint64(v)
		}
		return counters.Put([]byte(account), big(n+1))
	})
	if err != nil {
		return err
	}
	at := int(u.handled.Load())
	for range u.perEvent[at] {
		if err := u.publisher.Publish(usualStream, message.NewMessage(u.outs[0].ID, []byte(u.outs[0].Body))); err != nil {
			return err
		}
		u.outs = u.outs[1:]
	}
	return nil
}

// runUsual measures the usual way in this process, which must end after it: its
// subscriber cannot be closed with a backlog.
func runUsual(ctx context.Context, w *workload) (r childResult, err error) {
	u := &usual{done: make(chan error, 1)}
	if u.outs, err = loadOutputs(w.path("outputs")); err != nil {
		return r, err
	}
	if err := readTape(w.path("tape"), w.Setup, w.Usual, func(o operations) error { u.perEvent = append(u.perEvent, o.outs); return nil }); err != nil {
		return r, err
	}
	// As the floor's and ours, which is better than bbolt's defaults.
	if u.db, err = openFloor(w.path("usual.db"), false); err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, u.db.Close()) }()
	publisher, err := wmjs.NewPublisher(wmjs.PublisherConfig{URL: w.URL, Logger: watermill.NopLogger{}})
	if err != nil {
		return r, err
	}
	u.publisher = publisher
	subscriber, err := wmjs.NewSubscriber(wmjs.SubscriberConfig{
		URL: w.URL, Logger: watermill.NopLogger{},
		ResourceInitializer: func(ctx context.Context, js jetstream.JetStream, _ string) (jetstream.Consumer, func(context.Context, watermill.LoggerAdapter), error) {
			c, err := freshConsumer(ctx, js, w, jetstream.ConsumerConfig{Durable: "usual", AckPolicy: jetstream.AckExplicitPolicy, FilterSubjects: broker.InSubjects(tenantName)})
			return c, nil, err
		},
	})
	if err != nil {
		return r, err
	}
	router, err := message.NewRouter(message.RouterConfig{}, watermill.NopLogger{})
	if err != nil {
		return r, err
	}
	before := usage()
	start := time.Now()
	router.AddConsumerHandler("usual", broker.DefaultNames.In, subscriber, func(m *message.Message) error {
		if u.handled.Load() >= int64(w.Usual) {
			select {} // measured is done: the process ends
		}
		err := u.handle(m)
		if n := u.handled.Add(1); err != nil || n == int64(w.Usual) {
			select {
			case u.done <- err:
			default:
			}
		}
		return err
	})
	// Its subscriber panics when its context ends while messages wait.
	go func() { _ = router.Run(context.WithoutCancel(ctx)) }()
	if err := <-u.done; err != nil {
		return r, err
	}
	r.finish(w.Usual, time.Since(start), before)
	r.Commits, r.Puts = w.Usual, 2*w.Usual
	return r, u.check(w)
}

// check is the oracle: every message counted once.
func (u *usual) check(w *workload) error {
	return u.db.View(func(tx *bbolt.Tx) error {
		sum := uint64(0)
		err := tx.Bucket([]byte("counters")).ForEach(func(_, v []byte) error {
			sum += binary.BigEndian.Uint64(v)
			return nil
		})
		if want := uint64(w.Setup + w.Usual); sum != want { //nolint:gosec // a count
			return fmt.Errorf("accounts have %d events, want %d", sum, want)
		}
		return err
	})
}
