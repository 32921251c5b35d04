package consumers

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/broker/brokertest"
	"github.com/trueup/trueup/internal/wire"
)

// patient bounds waits for what must come; nothing is measured with it.
const patient = 30 * time.Second

// relayed is a relay on a real broker.
type relayed struct {
	t      *testing.T
	conn   *broker.Conn
	log    *outLog
	relay  *Relay
	stop   context.CancelFunc
	ended  chan error
	mu     sync.Mutex
	alarms []string
}

// relayTo runs a relay of a writer of its own until the test ends.
func relayTo(t *testing.T, url, writer string, l *outLog) *relayed {
	t.Helper()
	return relayOver(t, url, writer, l, func(out *broker.Output) Transport { return out })
}

// relayOver puts something between the relay and its output.
func relayOver(t *testing.T, url, writer string, l *outLog, over func(*broker.Output) Transport) *relayed {
	t.Helper()
	r := &relayed{t: t, conn: brokertest.Streams(t, url, "acme"), log: l, ended: make(chan error, 1)}
	out := outputOf(t, r.conn)
	if _, err := out.Announce(writer); err != nil {
		t.Fatal(err)
	}
	if err := r.conn.NATS().Flush(); err != nil {
		t.Fatal(err)
	}
	r.relay = &Relay{
		Log: l, Transport: over(out), Writer: writer, Retry: 10 * time.Millisecond, MostRetry: 100 * time.Millisecond,
		Look: 20 * time.Millisecond, Alarm: r.alarm, Logger: zerolog.Nop(),
	}
	ctx, cancel := context.WithCancel(t.Context())
	r.stop = cancel
	go func() { r.ended <- r.relay.Run(ctx) }()
	t.Cleanup(r.end)
	return r
}

func outputOf(t *testing.T, c *broker.Conn) *broker.Output {
	t.Helper()
	out, err := c.NewOutput(broker.DefaultNames.Out, "acme")
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (r *relayed) alarm(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.alarms = append(r.alarms, text)
}

func (r *relayed) told() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.alarms, "\n")
}

// end stops the relay, which must have nothing to complain of.
func (r *relayed) end() {
	r.stop()
	if err := r.result(); err != nil {
		r.t.Errorf("Run() = %v", err)
	}
}

// result is what Run returned.
func (r *relayed) result() error {
	r.t.Helper()
	select {
	case err := <-r.ended:
		r.ended <- nil
		return err
	case <-time.After(patient):
		r.t.Fatal("the relay does not end")
		return nil
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for give := time.Now().Add(patient); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(give) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// out waits until the log is published.
func (r *relayed) out() {
	r.t.Helper()
	eventually(r.t, "the log is published", func() bool {
		c, err := outputOf(r.t, r.conn).LastCursor(r.t.Context())
		last, _ := r.log.LastOutput()
		return err == nil && c.N == last && c.Writer == r.relay.Writer && r.log.Confirmed() == last
	})
}

func (r *relayed) stream() jetstream.Stream {
	r.t.Helper()
	s, err := r.conn.JetStream().Stream(r.t.Context(), broker.DefaultNames.Out)
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

// ids are the outputs in the stream, in order.
func (r *relayed) ids() (ids []string) {
	r.t.Helper()
	s := r.stream()
	for seq := max(s.CachedInfo().State.FirstSeq, 1); seq <= s.CachedInfo().State.LastSeq; seq++ {
		m, err := s.GetMsg(r.t.Context(), seq)
		switch {
		case errors.Is(err, jetstream.ErrMsgNotFound):
		case err != nil:
			r.t.Fatal(err)
		case m.Subject != broker.CursorSubject("acme"):
			ids = append(ids, m.Header.Get("Nats-Msg-Id"))
		}
	}
	return ids
}

// check holds the stream against the log from one number on: once, in order.
func (r *relayed) check(from int) {
	r.t.Helper()
	r.out()
	var want []string
	for _, o := range r.log.outs[from:] {
		want = append(want, o.ID)
	}
	if got := r.ids(); !slices.Equal(got, want) {
		r.t.Errorf("the stream has %d outputs, want the %d of the log in their order; it ends with %q", len(got), len(want), got[max(0, len(got)-3):])
	}
}

// The cursor is gone, all cursors or the newest, before a start and while the
// relay runs: what the stream has is found there and not published again.
func TestRelayWithoutItsCursor(t *testing.T) {
	for name, lose := range map[string]func(*testing.T, jetstream.Stream) error{
		"all cursors purged": func(t *testing.T, s jetstream.Stream) error {
			return s.Purge(t.Context(), jetstream.WithPurgeSubject(broker.CursorSubject("acme")))
		},
		"the newest cursor deleted": func(t *testing.T, s jetstream.Stream) error {
			m, err := s.GetLastMsgForSubject(t.Context(), broker.CursorSubject("acme"))
			if err != nil {
				return err
			}
			return s.DeleteMsg(t.Context(), m.Sequence)
		},
	} {
		for _, running := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", running ", running), func(t *testing.T) {
				url := brokertest.Start(t).URL()
				l := newLog("a", 1300)
				r := relayTo(t, url, "w1", l)
				r.out()
				if !running {
					r.end()
				}
				if err := lose(t, r.stream()); err != nil {
					t.Fatal(err)
				}
				if !running {
					l.write("a", 700)
					r.conn.Close()
					r = relayTo(t, url, "w2", l)
				}
				eventually(t, "the alarm", func() bool { return strings.Contains(r.told(), "without the cursor") })
				l.write("a", 40)
				r.check(0)
			})
		}
	}
}

// Outputs of another ledger and no cursor: nothing is published, and the relay
// stops.
func TestRelayMeetsAForeignStream(t *testing.T) {
	url := brokertest.Start(t).URL()
	r := relayTo(t, url, "w1", newLog("a", 30))
	r.out()
	r.end()
	if err := r.stream().Purge(t.Context(), jetstream.WithPurgeSubject(broker.CursorSubject("acme"))); err != nil {
		t.Fatal(err)
	}
	other := relayTo(t, url, "w2", newLog("b", 50))
	if err := other.result(); !errors.Is(err, ErrForeignLog) || !errors.Is(err, broker.ErrFenced) {
		t.Errorf("Run() = %v, want %v", err, ErrForeignLog)
	}
	if got := r.ids(); len(got) != 30 {
		t.Errorf("the stream has %d outputs, want the 30 it had", len(got))
	}
}

// A message of somebody else's on the tenant's subjects, after the cursor, is
// told and does not stop what is in order.
func TestRelayMeetsAStranger(t *testing.T) {
	url := brokertest.Start(t).URL()
	r := relayTo(t, url, "w1", newLog("a", 30))
	r.out()
	r.end()
	if _, err := r.conn.JetStream().PublishMsg(t.Context(), &nats.Msg{Subject: "payout.acme.x", Data: []byte("who?")}); err != nil {
		t.Fatal(err)
	}
	r.conn.Close()
	l := newLog("a", 35)
	again := relayTo(t, url, "w2", l)
	again.out()
	if told := again.told(); !strings.Contains(told, "not this ledger's") {
		t.Errorf("alarms were %q", told)
	}
	if got := again.ids(); len(got) != 36 || got[30] != "" || got[35] != "a35" {
		t.Errorf("the stream has %d outputs, want the log's 35 and one", len(got))
	}
}

// A stream that was emptied, or deleted and made anew, is given everything
// again, and that is told.
func TestRelayRefillsAnEmptyStream(t *testing.T) {
	for name, empty := range map[string]func(*testing.T, *relayed) error{
		"purged": func(t *testing.T, r *relayed) error { return r.stream().Purge(t.Context()) },
		"made anew": func(t *testing.T, r *relayed) error {
			if err := r.conn.JetStream().DeleteStream(t.Context(), broker.DefaultNames.Out); err != nil {
				return err
			}
			return r.conn.EnsureStreams(t.Context(), broker.DefaultNames, "acme")
		},
	} {
		for _, running := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", running ", running), func(t *testing.T) {
				url := brokertest.Start(t).URL()
				l := newLog("a", 700)
				r := relayTo(t, url, "w1", l)
				r.out()
				if !running {
					r.end()
				}
				if err := empty(t, r); err != nil {
					t.Fatal(err)
				}
				if !running {
					r.conn.Close()
					r = relayTo(t, url, "w2", l)
				}
				eventually(t, "the alarm", func() bool { return strings.Contains(r.told(), "made anew") })
				l.write("a", 10)
				r.out()
				got := r.ids()
				if len(got) != 710 {
					t.Errorf("the stream has %d outputs, want all 710", len(got))
				}
			})
		}
	}
}

// Two relays of one ledger's history: the second is kept off while the first
// runs; once it has taken over, the first stops, also if it is idle, and the
// stream has everything once.
func TestRelaySucceeds(t *testing.T) {
	url := brokertest.Start(t).URL()
	l := newLog("a", 600)
	first := relayTo(t, url, "w1", l)
	first.out()
	second := relayTo(t, url, "w2", newLog("a", 700))
	if err := second.result(); !errors.Is(err, ErrTakenOver) {
		t.Errorf("Run() beside a running one = %v, want %v", err, ErrTakenOver)
	}
	l.write("a", 5)
	first.check(0)

	// A successor that was not answered, as when the first is cut off.
	to := broker.Cursor{N: 605, Hash: l.outs[604].Hash, Writer: "w3"}
	out := outputOf(t, second.conn)
	now, err := out.LastCursor(t.Context())
	if err == nil {
		_, err = out.Publish(t.Context(), nil, now, to)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := first.result(); !errors.Is(err, ErrTakenOver) {
		t.Errorf("Run() of the first = %v, want %v", err, ErrTakenOver)
	}
	first.conn.Close()
	longer := newLog("a", 650)
	third := relayTo(t, url, "w4", longer) // w3 is gone
	third.check(0)
}

// torture is how many seeds a test takes: a few, or what was asked for.
func torture(short, long int) (from, to uint64) {
	from = 1
	if s, err := strconv.ParseUint(os.Getenv("TRUEUP_SEED"), 10, 64); err == nil {
		from, short = s, 1
	}
	if os.Getenv("TRUEUP_TORTURE") == "long" {
		return from, from + uint64(long)
	}
	return from, from + uint64(short)
}

// The output stream takes nothing for a while, for every reason there is, while
// inputs come: they go on up to the bound and wait there; when the stream is
// set right everything leaves, once and in the order of the log.
func TestOutputsWaitAndInputsAreBounded(t *testing.T) {
	from, to := torture(3, 20)
	if testing.Short() {
		to = from + 1
	}
	for seed := from; seed < to; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			waits(t, rand.New(rand.NewPCG(seed, 11)))
		})
	}
}

func waits(t *testing.T, dice *rand.Rand) {
	url := brokertest.Start(t).URL()
	l := newLog("a", dice.IntN(50))
	r := relayTo(t, url, "w1", l)
	r.out()
	most := uint64(100 + dice.IntN(400))
	bound := &Bound{Max: most, Waiting: r.relay.Waiting, Every: time.Millisecond, Log: zerolog.Nop()}
	rec := &logging{log: l, each: 1 + dice.IntN(5)}
	batch := NewBatcher(rec, 1+dice.IntN(60), zerolog.Nop())
	batch.Room = bound.Wait
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- batch.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	index := uint64(0)
	for range 1 + dice.IntN(3) {
		mend := breakOutput(t, r, dice)
		eventually(t, "the trouble is told", func() bool {
			l.write("a", broker.MaxSingle+1)
			return r.relay.Trouble() != ""
		})
		inputs := int(most) + 100 + dice.IntN(500) // each gives one output at least
		var all sync.WaitGroup
		for range inputs {
			index++
			i := index
			all.Go(func() {
				if err := batch.Submit(ctx, i, arrival(i)); err != nil {
					t.Error(err)
				}
			})
		}
		eventually(t, "inputs are held", func() bool { return bound.Held() != "" })
		n, err := r.relay.Waiting()
		if err != nil || n < most || n > most+uint64(batch.max*rec.each) {
			t.Errorf("%d outputs wait, %v, want the bound of %d and no more than a batch above", n, err, most)
		}
		mend()
		all.Wait()
		eventually(t, "inputs go on", func() bool { return bound.Held() == "" })
		r.check(0)
		eventually(t, "the trouble is over", func() bool { return r.relay.Trouble() == "" })
	}
}

// logging is a recorder whose inputs give outputs.
type logging struct {
	log  *outLog
	each int
	recorder
}

func (l *logging) Record(batch []tenant.Arrival) (tenant.Recorded, error) {
	done, err := l.recorder.Record(batch)
	if err == nil {
		l.log.write("a", len(batch)*l.each)
	}
	return done, err
}

// breakOutput makes the stream refuse, and gives how to set it right.
func breakOutput(t *testing.T, r *relayed, dice *rand.Rand) (mend func()) {
	t.Helper()
	info, err := r.stream().Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	right := info.Config
	wrong := right
	switch dice.IntN(3) {
	case 0:
		wrong.MaxMsgs, wrong.Discard = int64(info.State.Msgs)+int64(dice.IntN(3)), jetstream.DiscardNew
	case 1:
		wrong.MaxBytes, wrong.Discard = int64(info.State.Bytes)+int64(dice.IntN(400)), jetstream.DiscardNew
	case 2:
		wrong.AllowAtomicPublish = false // which few outputs do without
	}
	update := func(c jetstream.StreamConfig) {
		if _, err := r.conn.JetStream().UpdateStream(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	update(wrong)
	return func() { update(right) }
}

// A server whose room for streams is used up in the middle of a batch: what it
// kept of the batch is not published again once there is room.
func TestRelayOnAFullServer(t *testing.T) {
	srv, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: -1, NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir(), JetStreamMaxStore: 1 << 20, JetStreamMaxMemory: 1 << 20,
	})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	defer srv.WaitForShutdown()
	defer srv.Shutdown()
	if !srv.ReadyForConnections(patient) {
		t.Fatal("no server")
	}
	conn := brokertest.Connect(t, srv.ClientURL())
	js := conn.JetStream()
	filler, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "FILLER", Subjects: []string{"filler"}})
	if err != nil {
		t.Fatal(err)
	}
	for size := 64 << 10; size > 0; {
		if _, err := js.Publish(t.Context(), "filler", make([]byte, size)); err != nil {
			size /= 2 // until not a byte more goes in
		}
	}
	info, err := filler.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	room := uint64(30 << 10)
	for seq := info.State.FirstSeq; seq <= info.State.LastSeq && room > 0; seq++ {
		if err := filler.DeleteMsg(t.Context(), seq); err != nil {
			t.Fatal(err)
		}
		room -= min(room, 64<<10)
	}
	l := newLog("a", 4000)
	r := relayTo(t, srv.ClientURL(), "w1", l)
	eventually(t, "the trouble is told", func() bool { return r.relay.Trouble() != "" })
	t.Logf("trouble: %s; %d outputs are stored; confirmed %d", r.relay.Trouble(), len(r.ids()), l.Confirmed())
	if err := filler.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.check(0)
}

// Inputs that wait for room longer than the server waits for an
// acknowledgement are recorded once, in order.
func TestHeldInputsKeepTheirOrder(t *testing.T) {
	const rounds, each = 3, 150
	conn := brokertest.Streams(t, brokertest.Start(t).URL(), "acme")
	const ackWait = 200 * time.Millisecond
	sub, err := conn.NewSubscriber(broker.SubscriberConfig{
		Stream: broker.DefaultNames.In, Durable: "test", Subjects: broker.InSubjects("acme"), Window: 32, AckWait: ackWait, Log: zerolog.Nop(),
	})
	if err != nil {
		t.Fatal(err)
	}
	var unpublished atomic.Uint64
	r := &recorder{}
	batch := NewBatcher(r, 8, zerolog.Nop())
	bound := &Bound{Max: 1, Waiting: func() (uint64, error) { return unpublished.Load(), nil }, Every: time.Millisecond, Log: zerolog.Nop()}
	batch.Room = bound.Wait
	router, err := NewRouter(sub, "acme", Handler{Decoder: wire.Decoder{Tenant: "acme"}, Clock: RealClock{Time: time.Now}, Batch: batch}, watermill.NopLogger{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 3)
	go func() { ended <- batch.Run(ctx) }()
	go func() { ended <- router.Run(ctx) }()
	<-router.Running()
	go func() { ended <- sub.Run(ctx) }()
	for round := range rounds {
		unpublished.Store(1)
		if _, err := conn.PublishAll(t.Context(), func(yield func(broker.Msg, error) bool) {
			for i := range each {
				if !yield(sample(t, round*each+i), nil) {
					return
				}
			}
		}, nil); err != nil {
			t.Fatal(err)
		}
		eventually(t, "inputs are held", func() bool { return bound.Held() != "" })
		time.Sleep(5 * ackWait)
		if got := r.count(); got != round*each {
			t.Errorf("%d inputs were recorded without room", got-round*each)
		}
		unpublished.Store(0)
		eventually(t, "all are recorded", func() bool { return r.count() >= (round+1)*each })
	}
	if err := errors.Join(sub.Close(), router.Close()); err != nil {
		t.Error(err)
	}
	cancel()
	for range cap(ended) {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	for i, a := range r.seen {
		if a.Position.Seq != uint64(i+1) {
			t.Fatalf("input %d was recorded as number %d", a.Position.Seq, i+1)
		}
	}
}
