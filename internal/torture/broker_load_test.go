package torture

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/broker/brokertest"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/workertest"
)

// soon is how long what must come to pass may take: more than the worker's
// longest wait between two attempts.
const soon = 90 * time.Second

// beset is a trial whose broker, or the line to it, has faults.
type beset struct {
	*trial
	r    *rand.Rand
	line *proxy       // between worker and broker
	conn *broker.Conn // past it
}

// newBeset starts a worker that reaches its broker over a proxy.
func newBeset(t *testing.T, seed uint64, accounts int) *beset {
	t.Helper()
	o := readyBeset(t, seed, accounts)
	o.worker.Start()
	return o
}

// readyBeset makes the streams and does not start the worker.
func readyBeset(t *testing.T, seed uint64, accounts int) *beset {
	t.Helper()
	o := &beset{trial: newTrial(t, newCompany(t, seed, accounts), ""), r: rand.New(rand.NewPCG(seed, 2))}
	o.line = newProxy(t, o.broker)
	o.worker = workertest.New(t, "", o.company.args(o.data, o.line.url())...)
	o.conn = brokertest.Streams(t, o.broker.URL(), tenantName)
	return o
}

// load is events on their way to the broker in the background.
type load struct {
	o    *beset
	at   atomic.Int64
	done chan error
}

// load feeds the company's messages up to a number, a few at a time and past
// the proxy, again and again until the broker has them.
func (o *beset) load(to int) *load {
	l := &load{o: o, done: make(chan error, 1)}
	ctx, cancel := context.WithTimeout(o.t.Context(), 5*time.Minute)
	from, piece := o.fed, 1+o.r.IntN(5)
	l.at.Store(int64(from))
	go func() {
		defer cancel()
		for n := from; n < to; {
			did, err := o.conn.PublishAll(ctx, yield(o.company.msgs[n:min(n+piece, to)]), nil)
			n += did
			l.at.Store(int64(n))
			if ctx.Err() != nil {
				l.done <- ctx.Err()
				return
			}
			if err != nil {
				time.Sleep(20 * time.Millisecond)
			}
		}
		l.done <- nil
	}()
	return l
}

// reached waits until so many messages are with the broker.
func (l *load) reached(n int) {
	for l.at.Load() < int64(n) {
		time.Sleep(time.Millisecond)
	}
}

// end waits until all are.
func (l *load) end(to int) {
	l.o.t.Helper()
	if err := <-l.done; err != nil {
		l.o.t.Fatalf("feeding: %v", err)
	}
	l.o.fed = to
}

// publish publishes some messages and waits until the broker has them.
func (o *beset) publish(msgs []broker.Msg) {
	o.t.Helper()
	o.eventually("messages are published", func(ctx context.Context) (bool, any) {
		n, err := o.conn.PublishAll(ctx, yield(msgs), nil)
		msgs = msgs[n:]
		return len(msgs) == 0, err
	})
}

// pause waits for a while that is drawn.
func (o *beset) pause(most time.Duration) {
	time.Sleep(time.Duration(o.r.Int64N(int64(most))))
}

// eventually waits until something is so; it says what it saw last.
func (o *beset) eventually(what string, so func(context.Context) (bool, any)) {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(o.t.Context(), soon)
	defer cancel()
	var last any
	for ctx.Err() == nil {
		ok, saw := so(ctx)
		if ok {
			return
		}
		if ctx.Err() == nil {
			last = saw
		}
		time.Sleep(20 * time.Millisecond)
	}
	o.t.Fatalf("%s: it did not come to pass; last seen: %v; the worker says:\n%s", what, last, o.worker.Stderr())
}

// status asks the worker.
func (o *beset) status(ctx context.Context) (*report.Status, error) {
	return o.worker.Reader().Status(ctx)
}

// alarmed waits until the worker's status has an alarm with some words.
func (o *beset) alarmed(words string) {
	o.t.Helper()
	o.eventually("an alarm that says "+words, func(ctx context.Context) (bool, any) {
		st, err := o.status(ctx)
		if err != nil {
			return false, err
		}
		return slices.ContainsFunc(st.Alarms, func(a string) bool { return strings.Contains(a, words) }), st.Alarms
	})
}

// published waits until the output stream's cursor says that everything the
// ledger has to say has left, whatever the worker thinks.
func (o *beset) published() {
	o.t.Helper()
	o.eventually("all outputs are in the stream", func(ctx context.Context) (bool, any) {
		st, err := o.status(ctx)
		if err != nil {
			return false, err
		}
		n := o.cursor(ctx)
		return st.Outputs == n && st.Outbox == 0, fmt.Sprintf("%d outputs, %d of them waiting, cursor %d", st.Outputs, st.Outbox, n)
	})
}

// cursor is how far the output stream says it is; 0 without one, or an answer.
func (o *beset) cursor(ctx context.Context) uint64 {
	out, err := o.conn.NewOutput(broker.DefaultNames.Out, tenantName)
	if err != nil {
		o.t.Fatal(err)
	}
	c, _ := out.LastCursor(ctx)
	return c.N
}

// stream finds one of the streams.
func (o *beset) stream(name string) jetstream.Stream {
	o.t.Helper()
	var s jetstream.Stream
	o.eventually("stream "+name, func(ctx context.Context) (bool, any) {
		var err error
		s, err = o.conn.JetStream().Stream(ctx, name)
		return err == nil, err
	})
	return s
}
