package torture

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/trueup/trueup/internal/broker"
)

// fault is something that happens to a broker, or on the way to it. It feeds
// the company's messages up to a number; what happens, happens meanwhile.
type fault struct {
	name string
	do   func(o *beset, to int)
}

// brokerFaults are the faults, each with what is claimed of it beside the
// oracle: every event has its effect once, every entry is in the output stream
// once, the worker does not end.
func brokerFaults() []fault {
	return []fault{
		// Every write is synced, so that a kill loses nothing acknowledged.
		{"broker restarted", during((*beset).restarts)},
		// The worker waits without end, and comes back by itself.
		{"broker down", during((*beset).down)},
		{"cut off", during((*beset).cutOff)},
		// Acknowledgements and outputs are lost, and nobody tells the worker.
		{"nothing reaches the broker", during(func(o *beset) { o.halfOpen((*pair).deafen) })},
		// The broker has what the worker sent, and the worker does not know.
		{"nothing reaches the worker", during(func(o *beset) { o.halfOpen((*pair).mute) })},
		{"slow", during((*beset).slow)},
		{"consumer deleted", during((*beset).consumerDeleted)},
		// Outputs wait while the stream cannot take them with their cursor.
		{"output stream edited", during((*beset).edited)},
		// What the stream holds is found in the ledger's log by its content: nothing
		// is published again.
		{"cursor gone", during((*beset).cursorGone)},
		// Noticed and alarmed; events under the lost numbers are not skipped.
		{"input lost its tail", func(o *beset, to int) { o.losesTail(to, broker.DefaultNames.In) }},
		// Published again from the cursor that is left: once in the stream that is.
		{"output lost its tail", func(o *beset, to int) { o.losesTail(to, broker.DefaultNames.Out) }},
		{"both lost their tails", func(o *beset, to int) { o.losesTail(to, broker.DefaultNames.In, broker.DefaultNames.Out) }},
		// Alarmed; every event is sent again and has no second effect.
		{"input made anew", (*beset).inputAnew},
		// Alarmed; the whole log is published again, once in the stream that is.
		{"output made anew", (*beset).outputAnew},
		{"one after another", (*beset).anything},
	}
}

const (
	faultsInARow  = 3
	faultAccounts = 8
	atOnceTrials  = 5 // they wait more than they work
)

// Whatever happens to a broker that comes back in the end: nothing lost,
// nothing twice.
func TestBrokerFaults(t *testing.T) {
	t.Parallel()
	s := seed(t)
	var trials []trialOf
	faults := brokerFaults()
	if testing.Short() {
		faults = faults[2:3] // what the test itself does on the way, see notShort
	}
	for i, f := range faults {
		for n := range uint64(size(1, 200/len(faults)+1)) {
			trials = append(trials, trialOf{fmt.Sprintf("%s/%d", f.name, s+n), func(t *testing.T) {
				o := newBeset(t, s+n+100*uint64(i), faultAccounts)
				for k := range faultsInARow {
					f.do(o, len(o.company.msgs)*(k+1)/(faultsInARow+1))
				}
				o.feed(len(o.company.msgs), 40, never)
				o.worker.Settled()
				o.published()
				o.check()
			}})
		}
	}
	atOnce(t, atOnceTrials, trials)
}

// A line that is dead one way and never breaks: the worker finds out by itself
// and connects anew.
func TestDeadLine(t *testing.T) {
	if size(0, 1) == 0 {
		t.Skip("it takes the minute in which pings go unanswered: TRUEUP_TORTURE=long")
	}
	s := seed(t)
	var trials []trialOf
	for way, vanish := range map[string]func(*pair){
		"nothing reaches the broker": (*pair).deafen,
		"nothing reaches the worker": (*pair).mute,
		"nothing reaches anybody":    (*pair).die,
	} {
		trials = append(trials, trialOf{way, func(t *testing.T) {
			o := newBeset(t, s, faultAccounts)
			during(func(o *beset) { o.line.each(vanish) })(o, len(o.company.msgs))
			o.worker.Settled()
			o.published()
			o.check()
		}})
	}
	atOnce(t, len(trials), trials)
}

// during makes something happen once while events are fed.
func during(happens func(*beset)) func(*beset, int) {
	return func(o *beset, to int) {
		from := o.fed
		l := o.load(to)
		l.reached(from + o.r.IntN(max(1, (to-from)/2)))
		happens(o)
		l.end(to)
	}
}

func (o *beset) restarts() {
	for range 1 + o.r.IntN(3) {
		o.broker.Kill()
		o.pause(200 * time.Millisecond)
		o.broker.Restart()
		o.pause(300 * time.Millisecond)
	}
}

// down is longer than the worker waits between two attempts to read.
func (o *beset) down() {
	o.broker.Kill()
	time.Sleep(3500 * time.Millisecond)
	o.broker.Restart()
}

func (o *beset) cutOff() {
	for range 1 + o.r.IntN(4) {
		o.line.refuse(true)
		o.line.cut()
		o.pause(time.Second)
		o.line.refuse(false)
		o.pause(300 * time.Millisecond)
	}
}

// halfOpen lets what is sent one way vanish for a while, on the connections
// there are. Then they break: after a gap TCP has nothing else to offer.
func (o *beset) halfOpen(vanish func(*pair)) {
	for range 1 + o.r.IntN(3) {
		o.line.each(vanish)
		o.pause(1500 * time.Millisecond)
		o.line.cut()
		o.pause(500 * time.Millisecond)
	}
}

func (o *beset) slow() {
	o.line.slow(time.Duration(1+o.r.IntN(40)) * time.Millisecond)
	o.pause(2 * time.Second)
	o.line.slow(0)
}

func (o *beset) consumerDeleted() {
	for range 1 + o.r.IntN(2) {
		o.eventually("the consumer is deleted", func(ctx context.Context) (bool, any) {
			err := o.conn.JetStream().DeleteConsumer(ctx, broker.DefaultNames.In, "trueup-"+tenantName)
			return err == nil || errors.Is(err, jetstream.ErrConsumerNotFound), err
		})
		o.pause(500 * time.Millisecond)
	}
}

// edited takes atomic publish from the output stream, and gives it back. That
// messages may have a TTL the server does not let anybody take back.
func (o *beset) edited() {
	s := o.stream(broker.DefaultNames.Out)
	right := s.CachedInfo().Config
	noTTL, noBatch := right, right
	noTTL.AllowMsgTTL, noBatch.AllowAtomicPublish = false, false
	if _, err := o.conn.JetStream().UpdateStream(o.t.Context(), noTTL); err == nil {
		o.t.Error("nats-server lets AllowMsgTTL be taken from a stream: the row must do so too")
	}
	o.update(noBatch)
	o.pause(2 * time.Second)
	o.update(right)
}

func (o *beset) update(cfg jetstream.StreamConfig) {
	o.t.Helper()
	if _, err := o.conn.JetStream().UpdateStream(o.t.Context(), cfg); err != nil {
		o.t.Fatal(err)
	}
}

func (o *beset) cursorGone() {
	o.eventually("something was published", func(ctx context.Context) (bool, any) { return o.cursor(ctx) > 0, nil })
	stopped := o.r.IntN(2) == 0
	if stopped {
		o.worker.Stop()
	}
	if err := o.stream(broker.DefaultNames.Out).Purge(o.t.Context(), jetstream.WithPurgeSubject(broker.CursorSubject(tenantName))); err != nil {
		o.t.Fatal(err)
	}
	if stopped {
		o.worker.Start()
	}
	o.alarmed("without the cursor")
}

// anything is one of the others.
func (o *beset) anything(to int) {
	others := brokerFaults()[:len(brokerFaults())-1]
	f := others[o.r.IntN(len(others))]
	o.t.Logf("to event %d: %s", to, f.name)
	f.do(o, to)
}
