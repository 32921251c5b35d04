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

// between does things between a relay and its output.
type between struct {
	*broker.Output
	mu      sync.Mutex
	tail    func() error                                         // once, after a tail was read
	publish func(from broker.Cursor) error                       // once, in the place of a publish with outputs
	cursor  func(from broker.Cursor, result broker.Cursor) error // once, after the cursor was written alone
}

func (b *between) once(f *func() error) error {
	b.mu.Lock()
	g := *f
	*f = nil
	b.mu.Unlock()
	if g == nil {
		return nil
	}
	return g()
}

func (b *between) Tail(ctx context.Context) (broker.Tail, error) {
	tail, err := b.Output.Tail(ctx)
	if err == nil {
		err = b.once(&b.tail)
	}
	return tail, err
}

func (b *between) Publish(ctx context.Context, msgs []broker.OutMsg, from, to broker.Cursor) (broker.Cursor, error) {
	b.mu.Lock()
	publish, cursor := b.publish, b.cursor
	if len(msgs) > 0 {
		b.publish = nil
	} else {
		b.cursor = nil
	}
	b.mu.Unlock()
	if len(msgs) > 0 && publish != nil {
		return broker.Cursor{}, publish(from)
	}
	now, err := b.Output.Publish(ctx, msgs, from, to)
	if len(msgs) == 0 && err == nil && cursor != nil {
		err = cursor(from, now)
	}
	return now, err
}

// An attempt without an answer may have been stored in part, or be stored while
// the relay looks; after the relay wrote the cursor again it cannot be.
func TestRelayLooksAfterALostAnswer(t *testing.T) {
	const had, more = 5, 3
	for _, tt := range []struct {
		name string
		late func(b *between, store func() error)
	}{
		{"stored before the relay looks", func(b *between, store func() error) {
			b.publish = func(broker.Cursor) error { return errors.Join(broker.ErrUnsure, store()) }
		}},
		{"stored while it looks", func(b *between, store func() error) {
			b.publish = func(broker.Cursor) error {
				b.tail = store
				return broker.ErrUnsure
			}
		}},
		{"refused after it looked", func(b *between, store func() error) {
			b.publish = func(broker.Cursor) error {
				b.cursor = func(broker.Cursor, broker.Cursor) error {
					var api *jetstream.APIError
					if err := store(); !errors.As(err, &api) || api.ErrorCode != jetstream.JSErrCodeStreamWrongLastSequence {
						return fmt.Errorf("a late output was answered %w", err)
					}
					return nil
				}
				return broker.ErrUnsure
			}
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
				b.mu.Lock()
				tt.late(b, func() error { return stray(t, r.conn, left, l.outs[had:had+k]...) })
				b.mu.Unlock()
				l.write("a", more)
				r.check(0)
				if b.publish != nil || b.tail != nil || b.cursor != nil {
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
// cursor are not stored again, not even if the successor ends at once.
func TestRelayClaimsWhileOutputsCome(t *testing.T) {
	for _, ends := range []bool{false, true} {
		t.Run(fmt.Sprint("the successor ends ", ends), func(t *testing.T) {
			url := brokertest.Start(t).URL()
			l := newLog("a", 5)
			first := relayTo(t, url, "w1", l)
			first.out()
			first.end()
			left := first.cursor()
			l.write("a", 3)
			claimed := make(chan struct{})
			second := relayOver(t, url, "w2", l, func(out *broker.Output) Transport {
				b := &between{Output: out}
				b.tail = func() error {
					if ends { // nothing more is read after this one
						b.tail = func() error { return errors.New("the worker has ended") }
					}
					return stray(t, first.conn, left, l.outs[5:7]...)
				}
				b.cursor = func(broker.Cursor, broker.Cursor) error {
					close(claimed)
					if ends {
						return errors.New("the worker has ended")
					}
					return nil
				}
				return b
			})
			<-claimed
			if ends {
				second.stop()
				if err := second.result(); err != nil {
					t.Errorf("Run() = %v", err)
				}
				// Beyond the window in which the broker knows outputs by their ids,
				// only the cursor tells.
				if n := len(second.ids()); n > 7 {
					t.Skipf("the successor published %d outputs before it could be stopped", n-7)
				}
				second.conn.Close()
				second = relayTo(t, url, "w3", l)
			}
			second.check(0)
			second.quiet()
		})
	}
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
