package consumers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/broker/brokertest"
)

// few writes and relays a few outputs at a time.
func (r *relayed) few(writes int) {
	r.t.Helper()
	for i := range writes {
		r.log.write("a", 1+i%broker.MaxSingle)
		r.out()
	}
}

// quiet checks that nobody was told anything.
func (r *relayed) quiet() {
	r.t.Helper()
	if told := r.told(); told != "" {
		r.t.Errorf("alarms were %q, want none", told)
	}
}

func (r *relayed) cursor() broker.Cursor {
	r.t.Helper()
	c, err := outputOf(r.t, r.conn).LastCursor(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

// stray stores outputs as a writer does that left the cursor somewhere and does
// not come to move it.
func stray(t *testing.T, c *broker.Conn, left broker.Cursor, outs ...tenant.Output) error {
	t.Helper()
	for _, o := range outs {
		m := nats.NewMsg(o.Subject)
		m.Data = o.Body
		_, err := c.JetStream().PublishMsg(t.Context(), m, jetstream.WithMsgID(o.ID), jetstream.WithExpectLastSequenceForSubject(left.Seq, broker.CursorSubject("acme")))
		if err != nil {
			return err
		}
	}
	return nil
}

func TestRelayOfFew(t *testing.T) {
	r := relayTo(t, brokertest.Start(t).URL(), "w1", newLog("a", 0))
	r.few(12)
	r.check(0)
	r.quiet()
	m, err := r.stream().GetLastMsgForSubject(t.Context(), "payout.acme.x")
	if err != nil || m.Header.Get("Nats-Batch-Id") != "" {
		t.Errorf("the last output has the headers %v, %v; want it stored without a batch", m.Header, err)
	}
}

// A worker that ended between outputs and their cursor: its successor goes on
// after them and has nothing to tell, unless they are more than can be so.
func TestRelayGoesOnBetween(t *testing.T) {
	for k := 1; k <= broker.MaxSingle+1; k++ {
		t.Run(fmt.Sprint(k), func(t *testing.T) {
			url := brokertest.Start(t).URL()
			l := newLog("a", 7)
			r := relayTo(t, url, "w1", l)
			r.out()
			r.end()
			l.write("a", broker.MaxSingle+3)
			if err := stray(t, r.conn, r.cursor(), l.outs[7:7+k]...); err != nil {
				t.Fatal(err)
			}
			r.conn.Close()
			r = relayTo(t, url, "w2", l)
			r.check(0)
			r.few(3)
			r.check(0)
			if k <= broker.MaxSingle {
				r.quiet()
			} else if told := r.told(); !strings.Contains(told, "without the cursor") {
				t.Errorf("alarms were %q", told)
			}
		})
	}
}

// between does things between a relay and its output, each once.
type between struct {
	*broker.Output
	mu      sync.Mutex
	tail    func() error // after a tail was read
	publish func() error // in the place of a publish with outputs
	cursor  func() error // after the cursor was written alone
}

func (b *between) take(f *func() error) func() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	taken := *f
	*f = nil
	return taken
}

func (b *between) set(f *func() error, do func() error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	*f = do
}

func (b *between) Tail(ctx context.Context) (broker.Tail, error) {
	tail, err := b.Output.Tail(ctx)
	if err != nil {
		return tail, err
	}
	if do := b.take(&b.tail); do != nil {
		err = do()
	}
	return tail, err
}

func (b *between) Publish(ctx context.Context, msgs []broker.OutMsg, from, to broker.Cursor) (broker.Cursor, error) {
	if len(msgs) > 0 {
		if instead := b.take(&b.publish); instead != nil {
			return broker.Cursor{}, instead()
		}
		return b.Output.Publish(ctx, msgs, from, to)
	}
	now, err := b.Output.Publish(ctx, msgs, from, to)
	if err != nil {
		return now, err
	}
	if do := b.take(&b.cursor); do != nil {
		err = do()
	}
	return now, err
}

// An attempt without an answer may have been stored in part, or be stored while
// the relay looks; after the relay wrote the cursor again it cannot be.
func TestRelayLooksAfterALostAnswer(t *testing.T) {
	const had, more = 5, 3
	for _, tt := range []struct {
		name string
		late func(b *between, store func() error) error
	}{
		{"stored before the relay looks", func(_ *between, store func() error) error {
			return store()
		}},
		{"stored while it looks", func(b *between, store func() error) error {
			b.set(&b.tail, store)
			return nil
		}},
		{"refused after it looked", func(b *between, store func() error) error {
			b.set(&b.cursor, func() error {
				var api *jetstream.APIError
				if err := store(); !errors.As(err, &api) || api.ErrorCode != jetstream.JSErrCodeStreamWrongLastSequence {
					t.Errorf("a late output was answered %v", err)
				}
				return nil
			})
			return nil
		}},
	} {
		for k := 1; k <= more; k++ {
			t.Run(fmt.Sprint(tt.name, ", ", k, " of ", more), func(t *testing.T) {
				l := newLog("a", had)
				var b *between
				r := relayOver(t, brokertest.Start(t).URL(), "w1", l, func(out *broker.Output) Transport {
					b = &between{Output: out}
					return b
				})
				r.out()
				left := r.cursor()
				b.set(&b.publish, func() error {
					return errors.Join(broker.ErrUnsure, tt.late(b, func() error { return stray(t, r.conn, left, l.outs[had:had+k]...) }))
				})
				l.write("a", more)
				r.check(0)
				if b.take(&b.publish) != nil || b.take(&b.tail) != nil || b.take(&b.cursor) != nil {
					t.Error("what was to happen did not")
				}
				r.few(2)
				r.check(0)
				r.quiet()
			})
		}
	}
}

// Outputs of the worker before that are stored while its successor claims the
// cursor are not stored again, not even if the successor ends once it is
// written: the cursor says what it has seen.
func TestRelayClaimsWhileOutputsCome(t *testing.T) {
	for _, ends := range []bool{false, true} {
		t.Run(fmt.Sprint("the successor ends ", ends), func(t *testing.T) {
			url := brokertest.Start(t).URL()
			l := newLog("a", 5)
			r := relayTo(t, url, "w1", l)
			r.out()
			r.end()
			left := r.cursor()
			r.conn.Close()
			l.write("a", 3)
			conn := brokertest.Connect(t, url)
			late := &between{Output: outputOf(t, conn)}
			late.tail = func() error { return stray(t, conn, left, l.outs[5:7]...) }
			if ends {
				late.cursor = func() error { return errors.New("the worker ends here") }
			}
			successor := &Relay{Log: l, Transport: late, Writer: "w2", Logger: zerolog.Nop()}
			if err := successor.Claim(t.Context()); err != nil {
				t.Fatal(err)
			}
			now, err := late.LastCursor(t.Context())
			if want := map[bool]uint64{false: 7, true: 5}[ends]; err != nil || now.N != want || now.Writer != "w2" {
				t.Errorf("the cursor is %+v, %v; want it at %d", now, err, want)
			}
			r = relayTo(t, url, "w3", l)
			r.check(0)
			r.quiet()
		})
	}
}

// Two successors, of which the first ends once it has written the cursor, while
// the second has looked for the tail before and reads the cursor after.
func TestRelayClaimsWhatAnotherClaimed(t *testing.T) {
	url := brokertest.Start(t).URL()
	l := newLog("a", 5)
	r := relayTo(t, url, "w1", l)
	r.out()
	r.end()
	left := r.cursor()
	r.conn.Close()
	l.write("a", 3)
	conn := brokertest.Connect(t, url)
	out := outputOf(t, conn)
	second := &between{Output: out}
	second.tail = func() error {
		if err := stray(t, conn, left, l.outs[5]); err != nil {
			return err
		}
		_, err := out.Publish(t.Context(), nil, left, broker.Cursor{N: left.N, Hash: left.Hash, Writer: "w2", Seen: left.Seen})
		return err
	}
	successor := &Relay{Log: l, Transport: second, Writer: "w3", Logger: zerolog.Nop()}
	if err := successor.Claim(t.Context()); err != nil {
		t.Fatal(err)
	}
	if now, err := out.LastCursor(t.Context()); err != nil || now.N != 6 || now.Writer != "w3" {
		t.Errorf("the cursor is %+v, %v; want it at 6", now, err)
	}
	r = relayTo(t, url, "w4", l)
	r.check(0)
	r.quiet()
}

// Few outputs that do not belong are as unexpected as many.
func TestRelayAlarmsOfFew(t *testing.T) {
	t.Run("the cursor was lost", func(t *testing.T) {
		r := relayTo(t, brokertest.Start(t).URL(), "w1", newLog("a", 7))
		r.out()
		r.log.write("a", 2)
		r.out()
		if err := r.stream().DeleteMsg(t.Context(), r.cursor().Seq); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the alarm", func() bool { return strings.Contains(r.told(), "without the cursor") })
		r.check(0)
	})
	t.Run("another ledger's, no cursor", func(t *testing.T) {
		url := brokertest.Start(t).URL()
		conn := brokertest.Streams(t, url, "acme")
		if err := stray(t, conn, broker.Cursor{}, newLog("b", 2).outs...); err != nil {
			t.Fatal(err)
		}
		if err := relayTo(t, url, "w1", newLog("a", 3)).result(); !errors.Is(err, ErrForeignLog) {
			t.Errorf("Run() = %v, want %v", err, ErrForeignLog)
		}
	})
	t.Run("another ledger's after the cursor", func(t *testing.T) {
		url := brokertest.Start(t).URL()
		l := newLog("a", 2)
		r := relayTo(t, url, "w1", l)
		r.out()
		r.end()
		if err := stray(t, r.conn, r.cursor(), newLog("b", 4).outs[2:]...); err != nil {
			t.Fatal(err)
		}
		l.write("a", 2)
		r.conn.Close()
		r = relayTo(t, url, "w2", l)
		r.out()
		if told := r.told(); !strings.Contains(told, "not this ledger's") {
			t.Errorf("alarms were %q", told)
		}
	})
}

// The broker is killed while few outputs leave at a time: each is in the stream
// once, in order, and nobody is alarmed.
func TestRelayOfFewThroughKills(t *testing.T) {
	const writes, kills = 120, 4
	p := brokertest.Server(t)
	r := relayTo(t, p.URL(), "w1", newLog("a", 0))
	r.out()
	for i := range writes {
		r.log.write("a", 1+i%broker.MaxSingle)
		if i%(writes/kills) == writes/kills-1 {
			p.Restart()
		}
		eventually(t, "few are waiting", func() bool {
			n, err := r.relay.Waiting()
			return err == nil && n <= broker.MaxSingle
		})
	}
	r.check(0)
	r.quiet()
}
