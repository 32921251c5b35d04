package broker_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/broker/brokertest"
)

// lastSeq is the sequence of the last message on the output stream.
func lastSeq(t *testing.T, c *broker.Conn) uint64 {
	t.Helper()
	s, err := c.JetStream().Stream(t.Context(), broker.DefaultNames.Out)
	if err != nil {
		t.Fatal(err)
	}
	return s.CachedInfo().State.LastSeq
}

// headers are those of a stored message, without the ones that say how it came
// to be stored.
func headers(t *testing.T, c *broker.Conn, seq uint64) nats.Header {
	t.Helper()
	s, err := c.JetStream().Stream(t.Context(), broker.DefaultNames.Out)
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.GetMsg(t.Context(), seq)
	if err != nil {
		t.Fatal(err)
	}
	maps.DeleteFunc(m.Header, func(k string, _ []string) bool {
		return strings.HasPrefix(k, "Nats-Batch-") || strings.HasPrefix(k, jetstream.ExpectedLastSubjSeqHeader)
	})
	return m.Header
}

// TestFewOutputs publishes few, which are stored as in a batch, and the cursor
// after them.
func TestFewOutputs(t *testing.T) {
	c := streams(t)
	o := output(t, c)
	var from broker.Cursor
	n, seq := 0, uint64(0)
	for size := range broker.MaxSingle + 2 { // the last is a batch
		msgs, to := batch(n+1, n+size)
		to.Writer = "w1"
		now, err := o.Publish(t.Context(), msgs, from, to)
		n, seq = n+size, seq+uint64(size)+1
		if err != nil || now.N != uint64(n) || now.Seq != seq || now.Seen != seq {
			t.Fatalf("Publish(%d messages) = %+v, %v; want the cursor at %d, message %d", size, now, err, n, seq)
		}
		if read, err := o.LastCursor(t.Context()); err != nil || read != now {
			t.Errorf("LastCursor() = %+v, %v, want %+v", read, err, now)
		}
		from = now
	}
	if got := published(t, c); len(got) != n || got[n-1] != fmt.Sprint(n) {
		t.Errorf("%d messages are published, want %d", len(got), n)
	}
	if few, cursor := headers(t, c, 2), headers(t, c, seq-1); !slices.Equal(names(few), names(cursor)) {
		t.Errorf("an output by itself has the headers %v, one of a batch %v", few, cursor)
	}
	if few, many := headers(t, c, 3), headers(t, c, seq); !maps.EqualFunc(few, many, slices.Equal[[]string]) || few.Get("Nats-TTL") != "never" {
		t.Errorf("a cursor by itself has the headers %v, one of a batch %v", few, many)
	}
}

func names(h nats.Header) []string { return slices.Sorted(maps.Keys(h)) }

// TestStaleOutput has an output that the cursor went away from: the first of its
// messages is refused.
func TestStaleOutput(t *testing.T) {
	c := streams(t)
	var from broker.Cursor
	for _, was := range []string{"none", "one"} {
		next := broker.Cursor{N: from.N, Hash: from.Hash, Writer: "successor of " + was}
		now, err := output(t, c).Publish(t.Context(), nil, from, next)
		if err != nil {
			t.Fatal(err)
		}
		before := lastSeq(t, c)
		for size := 1; size <= broker.MaxSingle; size++ {
			msgs, to := batch(1, size)
			if got, err := output(t, c).Publish(t.Context(), msgs, from, to); !errors.Is(err, broker.ErrFenced) || errors.Is(err, broker.ErrUnsure) {
				t.Errorf("Publish(%d messages) after a cursor that was %s = %+v, %v, want ErrFenced", size, was, got, err)
			}
		}
		if after := lastSeq(t, c); after != before {
			t.Errorf("the stream went from message %d to %d", before, after)
		}
		from = now
	}
}

// TestCursorSaysWhatItSaw writes a cursor that speaks of less than what stands
// before it.
func TestCursorSaysWhatItSaw(t *testing.T) {
	c := streams(t)
	o := output(t, c)
	msgs, to := batch(1, 2)
	first, err := o.Publish(t.Context(), msgs, broker.Cursor{}, to)
	if err != nil {
		t.Fatal(err)
	}
	to.Seen, to.Writer = first.Seq-1, "w2"
	second, err := o.Publish(t.Context(), nil, first, to)
	if read, readErr := o.LastCursor(t.Context()); err != nil || readErr != nil || read != second || read.Seen != first.Seq-1 {
		t.Errorf("Publish() = %+v, %v; LastCursor() = %+v, %v; want it to have seen %d", second, err, read, readErr, first.Seq-1)
	}
}

// TestFewOnAFullStream has room for the first of two messages: it stays, and the
// error says what to do.
func TestFewOnAFullStream(t *testing.T) {
	c := streams(t)
	o := output(t, c)
	first, err := o.Publish(t.Context(), nil, broker.Cursor{}, broker.Cursor{Writer: "w1"})
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.JetStream().Stream(t.Context(), broker.DefaultNames.Out)
	if err != nil {
		t.Fatal(err)
	}
	cfg := s.CachedInfo().Config
	cfg.MaxMsgs, cfg.Discard = 2, jetstream.DiscardNew
	if _, err := c.JetStream().UpdateStream(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	msgs, to := batch(1, 2)
	_, err = o.Publish(t.Context(), msgs, first, to)
	checkError(t, "Publish()", err, "does not take more: raise its max_msgs or max_bytes")
	if errors.Is(err, broker.ErrUnsure) || errors.Is(err, broker.ErrFenced) || errors.Is(err, broker.ErrRefused) {
		t.Errorf("Publish() = %v, which is not what happened", err)
	}
	if tail, err := o.Tail(t.Context()); err != nil || tail.Seq != 2 || tail.ID != "out-1" {
		t.Errorf("Tail() = %+v, %v, want the first", tail, err)
	}
}

// TestTakenOverBetween moves the cursor away between two messages: the second is
// refused.
func TestTakenOverBetween(t *testing.T) {
	url := brokertest.Start(t).URL()
	other := brokertest.Streams(t, url, tenant)
	way := &deaf{at: []byte("out-2"), first: func() {
		if _, err := output(t, other).Publish(t.Context(), nil, broker.Cursor{}, broker.Cursor{Writer: "successor"}); err != nil {
			t.Error(err)
		}
	}}
	c, err := broker.Connect(t.Context(), url, zerolog.Nop(), nats.SetCustomDialer(way))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	msgs, to := batch(1, 3)
	if now, err := output(t, c).Publish(t.Context(), msgs, broker.Cursor{}, to); !errors.Is(err, broker.ErrFenced) {
		t.Errorf("Publish() = %+v, %v, want ErrFenced", now, err)
	}
	if got := published(t, other); !slices.Equal(got, []string{"1"}) {
		t.Errorf("%v are published, want the first alone", got)
	}
}

// deaf is a way to the server that does something before something is sent, or
// loses every answer after it.
type deaf struct {
	mu    sync.Mutex
	at    []byte // what is sent then; nil: nothing is done
	first func() // is done instead of losing answers
	lost  bool
	conns []net.Conn
}

type deafConn struct {
	net.Conn
	way *deaf
}

// Dial implements nats.CustomDialer.
func (d *deaf) Dial(network, address string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(context.Background(), network, address)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.conns = append(d.conns, c)
	return &deafConn{c, d}, nil
}

// hear loses nothing more, on a connection made anew.
func (d *deaf) hear() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at, d.lost = nil, false
	for _, c := range d.conns {
		_ = c.Close()
	}
}

// Write sends.
func (c *deafConn) Write(p []byte) (int, error) {
	c.way.mu.Lock()
	if c.way.at != nil && bytes.Contains(p, c.way.at) {
		c.way.at = nil
		if c.way.lost = c.way.first == nil; !c.way.lost {
			c.way.first()
		}
	}
	c.way.mu.Unlock()
	return c.Conn.Write(p)
}

// Read gives what was not lost.
func (c *deafConn) Read(p []byte) (int, error) {
	for {
		n, err := c.Conn.Read(p)
		c.way.mu.Lock()
		lost := c.way.lost
		c.way.mu.Unlock()
		if err != nil || !lost {
			return n, err
		}
	}
}

// TestLostAnswer loses the answer to an output, which makes the outcome unknown,
// and to the cursor, which is read.
func TestLostAnswer(t *testing.T) {
	for subject, want := range map[string]struct {
		err    error
		stored uint64
	}{
		"payout.": {broker.ErrUnsure, 1},
		"cursor.": {nil, 3},
	} {
		t.Run(subject, func(t *testing.T) {
			url := brokertest.Start(t).URL()
			other := brokertest.Streams(t, url, tenant)
			way := &deaf{}
			c, err := broker.Connect(t.Context(), url, zerolog.Nop(), nats.SetCustomDialer(way))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			way.mu.Lock()
			way.at = []byte("HPUB " + subject)
			way.mu.Unlock()
			var wg sync.WaitGroup
			wg.Go(func() {
				eventually(t, "it is stored", func() bool { return lastSeq(t, other) == want.stored })
				way.hear()
			})
			msgs, to := batch(1, 2)
			now, err := output(t, c).Publish(t.Context(), msgs, broker.Cursor{}, to)
			wg.Wait()
			if !errors.Is(err, want.err) || (err == nil) != (want.err == nil) {
				t.Errorf("Publish() = %+v, %v, want %v", now, err, want.err)
			}
			if got := lastSeq(t, other); got != want.stored {
				t.Errorf("%d messages are stored, want %d", got, want.stored)
			}
			if err == nil && now.N != 2 {
				t.Errorf("Publish() = %+v", now)
			}
		})
	}
}
