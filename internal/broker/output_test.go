package broker_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/broker/brokertest"
)

func output(t testing.TB, c *broker.Conn) *broker.Output {
	t.Helper()
	o, err := c.NewOutput(broker.DefaultNames.Out, tenant)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// batch is the out log from one number to another, and the cursor after it.
func batch(from, to int) ([]broker.OutMsg, broker.Cursor) {
	var out []broker.OutMsg
	for i := from; i <= to; i++ {
		out = append(out, broker.OutMsg{Subject: "payout." + tenant + ".adjustment.issued", ID: fmt.Sprint("out-", i), Body: fmt.Append(nil, i)})
	}
	return out, broker.Cursor{N: uint64(to), Hash: sha256.Sum256(fmt.Append(nil, to))}
}

// published reads what is on the output stream, without cursors.
func published(t testing.TB, c *broker.Conn) (bodies []string) {
	t.Helper()
	s, err := c.JetStream().Stream(t.Context(), broker.DefaultNames.Out)
	if err != nil {
		t.Fatal(err)
	}
	info := s.CachedInfo()
	for seq := max(info.State.FirstSeq, 1); seq <= info.State.LastSeq; seq++ {
		m, err := s.GetMsg(t.Context(), seq)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if m.Subject == broker.CursorSubject(tenant) {
			continue
		}
		if got := m.Header.Get("Content-Type"); got != "application/cloudevents+json" {
			t.Errorf("message %d has content type %q", seq, got)
		}
		bodies = append(bodies, string(m.Data))
	}
	return bodies
}

func TestOutput(t *testing.T) {
	c := streams(t)
	o := output(t, c)
	zero, err := o.LastCursor(t.Context())
	if err != nil || zero != (broker.Cursor{}) {
		t.Fatalf("LastCursor() = %v, %v, want none", zero, err)
	}
	msgs, to := batch(1, broker.MaxOutput)
	first, err := o.Publish(t.Context(), msgs, zero, to)
	if err != nil || first.Seq != broker.MaxOutput+1 || first.N != to.N || first.Hash != to.Hash {
		t.Fatalf("Publish(%d messages) = %+v, %v", len(msgs), first, err)
	}
	if read, err := o.LastCursor(t.Context()); err != nil || read != first {
		t.Fatalf("LastCursor() = %+v, %v, want %+v", read, err, first)
	}

	// The answer was lost and the caller tries again.
	if again, err := o.Publish(t.Context(), msgs, zero, to); err != nil || again != first {
		t.Errorf("Publish() again = %+v, %v, want %+v", again, err, first)
	}

	// A second output that knows an older cursor, and one with another log.
	msgs, to = batch(1000, 1002)
	if _, err := output(t, c).Publish(t.Context(), msgs, zero, to); !errors.Is(err, broker.ErrFenced) {
		t.Errorf("Publish() from an old cursor = %v, want ErrFenced", err)
	}
	second, err := o.Publish(t.Context(), msgs, first, to)
	if err != nil {
		t.Fatal(err)
	}
	other := to
	other.Hash[0]++
	if _, err := output(t, c).Publish(t.Context(), msgs, first, other); !errors.Is(err, broker.ErrFenced) {
		t.Errorf("Publish() of another log = %v, want ErrFenced", err)
	}
	if got := published(t, c); len(got) != 1002 || got[0] != "1" || got[1001] != "1002" {
		t.Errorf("%d messages are published, want 1002", len(got))
	}

	// The cursor alone moves too.
	if third, err := o.Publish(t.Context(), nil, second, broker.Cursor{N: 1003}); err != nil || third.Seq != second.Seq+1 {
		t.Errorf("Publish(nothing) = %+v, %v", third, err)
	}
	msgs, to = batch(1, broker.MaxOutput+1)
	if _, err := o.Publish(t.Context(), msgs, second, to); !errors.Is(err, broker.ErrRefused) {
		t.Errorf("Publish(%d messages) = %v, want ErrRefused", len(msgs), err)
	}
	if _, err := o.Publish(t.Context(), []broker.OutMsg{{Subject: "payout.acme.x", Body: make([]byte, 2<<20)}}, second, to); err == nil {
		t.Error("Publish(2 MiB) = nil")
	}
}

// TestOutputLostCursor publishes what the stream has, after its cursor is gone:
// it is refused and the tail says where the stream ends. What the stream has
// lost, and knows only by its ids, is taken.
func TestOutputLostCursor(t *testing.T) {
	for _, n := range []int{3, broker.MaxSingle + 3} {
		t.Run(fmt.Sprint(n), func(t *testing.T) { lostCursor(t, n) })
	}
}

func lostCursor(t *testing.T, n int) {
	c := streams(t)
	o := output(t, c)
	if tail, err := o.Tail(t.Context()); err != nil || tail.Seq != 0 {
		t.Fatalf("Tail() of an empty stream = %+v, %v", tail, err)
	}
	msgs, to := batch(1, n)
	first, err := o.Publish(t.Context(), msgs, broker.Cursor{}, to)
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.JetStream().Stream(t.Context(), broker.DefaultNames.Out)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteMsg(t.Context(), first.Seq); err != nil {
		t.Fatal(err)
	}
	if again, err := o.Publish(t.Context(), msgs, broker.Cursor{}, to); !errors.Is(err, broker.ErrAhead) {
		t.Errorf("Publish() without the cursor = %+v, %v, want ErrAhead", again, err)
	}
	tail, err := o.Tail(t.Context())
	if err != nil || tail.Seq != first.Seq-1 || tail.ID != fmt.Sprint("out-", n) || string(tail.Body) != fmt.Sprint(n) {
		t.Errorf("Tail() = %+v, %v, want the last output", tail, err)
	}
	if got := published(t, c); len(got) != n {
		t.Errorf("%d messages are published, want each once", len(got))
	}
	if err := s.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again, err := o.Publish(t.Context(), msgs, broker.Cursor{}, to); err != nil || again.N != uint64(n) {
		t.Errorf("Publish() after a purge = %+v, %v", again, err)
	}
	if got := published(t, c); len(got) != n {
		t.Errorf("%d messages are published after a purge, want %d", len(got), n)
	}
}

// TestTailIsTheNewest looks among all subjects of the tenant, and at no other's.
func TestTailIsTheNewest(t *testing.T) {
	c := streams(t)
	for i, subject := range []string{"ledger.acme.b.c", "payout.acme.a", "sla.acme.x", "ops.acme.y", "payout.acme.adjustment.z", "payout.other.a"} {
		if _, err := c.JetStream().PublishMsg(t.Context(), &nats.Msg{Subject: subject, Data: fmt.Append(nil, i)}); err != nil {
			t.Fatal(err)
		}
	}
	if tail, err := output(t, c).Tail(t.Context()); err != nil || tail.Seq != 5 || string(tail.Body) != "4" || tail.ID != "" {
		t.Errorf("Tail() = %+v, %v, want message 5", tail, err)
	}
}

// TestCursorNeverExpires uses a stream that drops messages by age.
func TestCursorNeverExpires(t *testing.T) {
	c := streams(t)
	s, err := c.JetStream().Stream(t.Context(), broker.DefaultNames.Out)
	if err != nil {
		t.Fatal(err)
	}
	cfg := s.CachedInfo().Config
	cfg.MaxAge, cfg.Duplicates = time.Second, 200*time.Millisecond
	if _, err := c.JetStream().UpdateStream(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	msgs, to := batch(1, 3)
	first, err := output(t, c).Publish(t.Context(), msgs, broker.Cursor{}, to)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "messages expire", func() bool { return len(published(t, c)) == 0 })
	if read, err := output(t, c).LastCursor(t.Context()); err != nil || read != first {
		t.Errorf("LastCursor() = %+v, %v, want %+v", read, err, first)
	}
}

func TestLastCursorOfGarbage(t *testing.T) {
	c := streams(t)
	for _, body := range []string{"", "{}", `{"n":1,"hash":"abcd"}`, `{"n":1,"hash":"` + string(bytes.Repeat([]byte("zz"), 32)) + `"}`} {
		if _, err := c.JetStream().PublishMsg(t.Context(), &nats.Msg{Subject: broker.CursorSubject(tenant), Data: []byte(body)}); err != nil {
			t.Fatal(err)
		}
		if got, err := output(t, c).LastCursor(t.Context()); err == nil {
			t.Errorf("LastCursor() of %q = %+v, want an error", body, got)
		}
	}
}

// TestOutputServerKilled kills the server while an out log is published: every
// message is on the stream once, in order.
func TestOutputServerKilled(t *testing.T) {
	const batches, size, kills = 60, 20, 3
	p := brokertest.Server(t)
	c := brokertest.Streams(t, p.URL(), tenant)
	o := output(t, c)
	done := make(chan int, batches)
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(done)
		var from broker.Cursor
		for i := range batches {
			msgs, to := batch(i*size+1, (i+1)*size)
			for give := time.Now().Add(patient); ; {
				next, err := o.Publish(t.Context(), msgs, from, to)
				if err == nil {
					from = next
					break
				}
				if errors.Is(err, broker.ErrFenced) || errors.Is(err, broker.ErrRefused) || time.Now().After(give) {
					t.Errorf("Publish(batch %d) = %v", i, err)
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
			done <- i
		}
	})
	for i := range done {
		if i > 0 && i%(batches/(kills+1)) == 0 {
			p.Restart()
		}
	}
	wg.Wait()
	got := published(t, c)
	if len(got) != batches*size {
		t.Errorf("%d messages are published, want %d", len(got), batches*size)
	}
	for i, body := range got {
		if body != fmt.Sprint(i+1) {
			t.Fatalf("message %d is %s", i+1, body)
		}
	}
}
