package broker_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/broker/brokertest"
)

// record is what a ledger keeps: positions, newest first; and the alarms.
type record struct {
	mu        sync.Mutex
	positions []broker.Position
	rewinds   []broker.Rewind
}

func (r *record) add(d broker.Delivery) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.positions = slices.Insert(r.positions, 0, d.Position())
}

func (r *record) resume(context.Context) ([]broker.Position, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.positions), nil
}

func (r *record) alarm(rewind broker.Rewind) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rewinds = append(r.rewinds, rewind)
}

func (r *record) alarms() []broker.Rewind {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.rewinds)
}

func (r *record) config(t testing.TB) broker.SubscriberConfig {
	cfg := config(t)
	cfg.Resume, cfg.Alarm = r.resume, r.alarm
	return cfg
}

func TestResumeAtStart(t *testing.T) {
	created := func(d broker.Delivery, by time.Duration) broker.Position {
		p := d.Position()
		p.Created = p.Created.Add(by)
		return p
	}
	stored := func(d broker.Delivery, by time.Duration) broker.Position {
		p := d.Position()
		p.Time = p.Time.Add(by)
		return p
	}
	for _, tt := range []struct {
		name    string
		record  func(d []broker.Delivery) []broker.Position // newest first; d[0] is message 1
		change  func(t *testing.T, s jetstream.Stream)
		from    uint64
		alarmed bool
	}{
		{"nothing recorded", func([]broker.Delivery) []broker.Position { return nil }, nil, 1, false},
		{"the same message", func(d []broker.Delivery) []broker.Position { return []broker.Position{d[6].Position()} }, nil, 8, false},
		{"the last message", func(d []broker.Delivery) []broker.Position { return []broker.Position{d[9].Position()} }, nil, 11, false},
		{"another message, older matches", func(d []broker.Delivery) []broker.Position {
			return []broker.Position{stored(d[8], 1), stored(d[7], 1), d[3].Position(), d[1].Position()}
		}, nil, 5, true},
		{"another message, none matches", func(d []broker.Delivery) []broker.Position { return []broker.Position{stored(d[8], -1)} }, nil, 1, true},
		{"the stream ends before", func(d []broker.Delivery) []broker.Position {
			p := d[9].Position()
			p.Seq += 5
			return []broker.Position{p, d[4].Position()}
		}, nil, 6, true},
		{"another stream", func(d []broker.Delivery) []broker.Position { return []broker.Position{created(d[5], -time.Hour)} }, nil, 1, true},
		{"trimmed up to the position", func(d []broker.Delivery) []broker.Position { return []broker.Position{d[3].Position()} }, purge(7), 7, false},
		{"trimmed, all of it", func(d []broker.Delivery) []broker.Position { return []broker.Position{d[3].Position()} }, purge(11), 11, false},
		{"one deleted", func(d []broker.Delivery) []broker.Position {
			return []broker.Position{d[3].Position(), d[2].Position()}
		}, func(t *testing.T, s jetstream.Stream) {
			if err := s.DeleteMsg(t.Context(), 4); err != nil {
				t.Fatal(err)
			}
		}, 5, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := streams(t)
			publish(t, c, 1, 10)
			_, all, stop := run(t, c, config(t))
			first := take(t, all, 10)
			stop()
			if tt.change != nil {
				s, err := c.JetStream().Stream(t.Context(), broker.DefaultNames.In)
				if err != nil {
					t.Fatal(err)
				}
				tt.change(t, s)
			}
			r := &record{positions: tt.record(first)}
			_, all, _ = run(t, c, r.config(t))
			publish(t, c, 11, 12)
			got := take(t, all, int(13-tt.from))
			checkIndexes(t, got, 1)
			if got[0].Seq != tt.from {
				t.Errorf("reading goes on at %d, want %d", got[0].Seq, tt.from)
			}
			if alarms := r.alarms(); (len(alarms) == 1) != tt.alarmed || len(alarms) > 1 {
				t.Errorf("alarms = %v, want one: %v", alarms, tt.alarmed)
			} else if tt.alarmed && (alarms[0].From > tt.from || alarms[0].Recorded != r.positions[0] || alarms[0].Reason == "") {
				t.Errorf("alarm = %+v, want about %+v", alarms[0], r.positions[0])
			}
		})
	}
}

func purge(before uint64) func(*testing.T, jetstream.Stream) {
	return func(t *testing.T, s jetstream.Stream) {
		if err := s.Purge(t.Context(), jetstream.WithPurgeSequence(before)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestStreamRecreated deletes the stream under a running subscriber and makes
// it anew, with other messages under the same numbers.
func TestStreamRecreated(t *testing.T) {
	c := streams(t)
	publish(t, c, 1, 10)
	r := &record{}
	_, all, _ := run(t, c, r.config(t))
	for _, d := range take(t, all, 9) {
		r.add(d)
	}
	held, last := receive(t, all)
	if err := c.JetStream().DeleteStream(t.Context(), broker.DefaultNames.In); err != nil {
		t.Fatal(err)
	}
	if err := c.EnsureStreams(t.Context(), broker.DefaultNames, tenant); err != nil {
		t.Fatal(err)
	}
	publish(t, c, 101, 120)
	r.add(last)
	held.Ack() // nothing of the new stream comes before this
	got := take(t, all, 20)
	checkIndexes(t, got, 11)
	if got[0].Seq != 1 || got[19].Seq != 20 || got[0].StreamCreated.Equal(last.StreamCreated) {
		t.Errorf("after the stream was recreated came %+v to %+v", got[0], got[19])
	}
	if a := r.alarms(); len(a) != 1 || a[0].From != 1 || a[0].To.Seq != 0 || a[0].Recorded.Seq != 10 {
		t.Errorf("alarms = %+v", a)
	}
}

// TestServerLosesItsTail puts an older copy of the data under the server, as a
// restore does, and lets it give the lost numbers to other messages.
func TestServerLosesItsTail(t *testing.T) {
	p := brokertest.Server(t)
	c := brokertest.Streams(t, p.URL(), tenant)
	publish(t, c, 1, 10)
	r := &record{}
	_, all, _ := run(t, c, r.config(t))
	for _, d := range take(t, all, 10) {
		r.add(d)
	}
	copied := t.TempDir()
	p.Kill()
	if err := os.CopyFS(copied, os.DirFS(p.Dir())); err != nil {
		t.Fatal(err)
	}
	p.Restart()
	eventually(t, "connected", c.Connected)
	publish(t, c, 11, 20)
	got := take(t, all, 10)
	checkIndexes(t, got, 11)
	for _, d := range got {
		r.add(d)
	}

	p.Kill()
	if err := os.RemoveAll(p.Dir()); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(p.Dir(), os.DirFS(copied)); err != nil {
		t.Fatal(err)
	}
	p.Restart()
	eventually(t, "connected", c.Connected)
	publish(t, c, 31, 45)
	got = take(t, all, 15)
	checkIndexes(t, got, 21)
	for i, d := range got {
		if d.Seq != uint64(11+i) {
			t.Fatalf("delivery %d = %+v, want sequence %d", i, d, 11+i)
		}
	}
	if a := r.alarms(); len(a) != 1 || a[0].From != 11 || a[0].To.Seq != 10 || a[0].Recorded.Seq != 20 {
		t.Errorf("alarms = %+v", a)
	}
}

// TestServerKilled kills the server again and again while messages are
// published and consumed: every message whose publication was acknowledged
// comes, in order, and none comes twice.
func TestServerKilled(t *testing.T) {
	const kills, between = 3, 150
	p := brokertest.Server(t)
	c := brokertest.Streams(t, p.URL(), tenant)
	r := &record{}
	_, all, _ := run(t, c, r.config(t))

	acked := make(chan string, kills*between*10)
	quit := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(acked)
		pub := c.NewPublisher()
		for i := 1; ; i++ {
			id := fmt.Sprint("id-", i)
			for pub.Publish("crm.acme.x", message.NewMessage(id, nil)) != nil {
				select {
				case <-quit:
					return
				case <-time.After(20 * time.Millisecond):
				}
			}
			select {
			case acked <- id:
			case <-quit:
				return
			}
		}
	})
	var seen []string
	read := func(n int) {
		for range n {
			m, d := receive(t, all)
			if d.Index != uint64(len(seen)+1) {
				t.Fatalf("index %d after %d", d.Index, len(seen))
			}
			if n := len(r.positions); n > 0 && d.Seq <= r.positions[0].Seq {
				t.Fatalf("sequence %d after %d", d.Seq, r.positions[0].Seq)
			}
			r.add(d)
			seen = append(seen, m.UUID)
			m.Ack()
		}
	}
	for range kills {
		read(between)
		p.Kill()
		p.Restart()
		read(between)
	}
	close(quit)
	wg.Wait()
	at := 0
	for id := range acked {
		for !slices.Contains(seen[at:], id) {
			read(1)
		}
		at += slices.Index(seen[at:], id) + 1
	}
	if a := r.alarms(); len(a) != 0 {
		t.Errorf("alarms = %+v, want none: the server syncs every write", a)
	}
}
