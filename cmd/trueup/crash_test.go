package main

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/broker/brokertest"
	"github.com/trueup/trueup/internal/demo"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/scenario/scenariotest"
	"github.com/trueup/trueup/internal/wire"
)

// smallCompany is a year of a few accounts.
func smallCompany(seed uint64) demo.Company {
	return demo.Company{Seed: seed, CSMs: 6, AEs: 3, Accounts: 60, From: civil.On(2027, time.January, 1), Until: civil.On(2027, time.December, 31)}
}

// ordeal is a worker under load beside a broker of its own, and what it must
// come to.
type ordeal struct {
	t       *testing.T
	broker  *brokertest.Process
	worker  *process
	msgs    []broker.Msg
	want    map[string]report.Balances
	fed     chan error
	count   atomic.Int64 // of msgs, those stored
	stopped context.Context
}

func newOrdeal(t *testing.T, seed uint64) *ordeal {
	t.Helper()
	company := smallCompany(seed)
	dir := t.TempDir()
	args := []string{"--data", filepath.Join(dir, "data"), "--as-of", company.Until.String()}
	var planFiles []string
	for _, p := range company.Plans() {
		file := filepath.Join(dir, string(p.Name)+".yaml")
		if err := os.WriteFile(file, planfile.Canonical(p), 0o600); err != nil {
			t.Fatal(err)
		}
		planFiles = append(planFiles, file)
		args = append(args, "--plan", file)
	}
	o := &ordeal{t: t, broker: brokertest.Server(t), fed: make(chan error, 1), stopped: t.Context()}
	var ndjson []byte
	for a := range company.Events() {
		line, err := demo.Line(a)
		if err != nil {
			t.Fatal(err)
		}
		ndjson = append(append(ndjson, line...), '\n')
		in, err := wire.DecodeLine(line, "default")
		if err != nil {
			t.Fatal(err)
		}
		o.msgs = append(o.msgs, broker.EventMsg(wire.Subject("default", in.Event.Head().Type), line))
	}
	file := filepath.Join(dir, "events.ndjson")
	if err := os.WriteFile(file, ndjson, 0o600); err != nil {
		t.Fatal(err)
	}
	played, err := simulate(env{}, planFiles, file, company.Until.String(), "default")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := played.Document()
	if err != nil {
		t.Fatal(err)
	}
	o.want = scenariotest.Balances(doc)
	o.worker = startProcess(t, append(args, "--nats", o.broker.URL())...)
	return o
}

// feed publishes everything in small pieces, again from where it broke off
// whenever the broker goes away.
func (o *ordeal) feed() {
	ctx, cancel := context.WithTimeout(o.stopped, 2*time.Minute)
	defer cancel()
	conn, err := broker.Connect(ctx, o.broker.URL(), quietLog())
	if err != nil {
		o.fed <- err
		return
	}
	defer conn.Close()
	for n := 0; n < len(o.msgs); {
		piece := o.msgs[n:min(n+40, len(o.msgs))]
		did, err := conn.PublishAll(ctx, func(yield func(broker.Msg, error) bool) {
			for _, m := range piece {
				if !yield(m, nil) {
					return
				}
			}
		}, nil)
		n += did
		o.count.Store(int64(n))
		if ctx.Err() != nil {
			o.fed <- errors.Join(ctx.Err(), err)
			return
		}
		time.Sleep(10 * time.Millisecond) // so that what happens to the worker happens under load
	}
	o.fed <- nil
}

// whenFed waits until a part of the events is stored and more are to come, so
// that what happens next happens under load whatever the machine's speed.
func (o *ordeal) whenFed(part, of int) {
	o.t.Helper()
	waitFor(o.t, func() bool { return o.count.Load() >= int64(len(o.msgs)*part/of) })
	if n := o.count.Load(); n >= int64(len(o.msgs)) {
		o.t.Fatalf("all %d events were fed before part %d of %d: nothing would happen under load", n, part, of)
	}
}

// check holds the worker against what the events come to, its ledger against
// itself, and the output stream against the ledger.
func (o *ordeal) check() {
	o.t.Helper()
	if err := <-o.fed; err != nil {
		o.t.Fatalf("feeding: %v", err)
	}
	o.worker.settled()
	doc := o.worker.document()
	if got := scenariotest.Balances(doc); !maps.Equal(got, o.want) {
		for id, want := range o.want {
			if got[id] != want {
				o.t.Errorf("%s has %+v, want %+v as simulate says", id, got[id], want)
			}
		}
	}
	v, err := o.worker.reader().Verify(context.Background(), nil)
	if err != nil || !v.OK {
		o.t.Errorf("verify: %+v, %v", v, err)
	}
	o.checkOutputs(doc)
}

// checkOutputs reads the output stream: every entry once, as it is in the ledger.
func (o *ordeal) checkOutputs(doc *report.Document) {
	o.t.Helper()
	amounts := map[string]string{}
	for _, p := range doc.Payees {
		for _, q := range p.Periods {
			for _, l := range q.Lines {
				amounts[l.EntryID] = l.Amount
			}
		}
	}
	seen := map[string]int{}
	for _, m := range outputs(o.t, o.broker.URL()) {
		var e struct {
			ID, Type string
			Data     wire.AdjustmentIssued
		}
		if !strings.HasPrefix(m.subject, "payout.default.adjustment.") {
			seen[m.id]++
			continue
		}
		if err := json.Unmarshal(m.body, &e); err != nil {
			o.t.Fatal(err)
		}
		if want, ok := amounts[e.ID]; !ok || want != e.Data.Amount.Amount {
			o.t.Errorf("published %s with %s, the ledger says %q", e.ID, e.Data.Amount.Amount, want)
		}
		seen[e.ID]++
	}
	for id := range amounts {
		if seen[id] != 1 {
			o.t.Errorf("entry %s was published %d times", id, seen[id])
		}
	}
	for id, n := range seen {
		if n != 1 {
			o.t.Errorf("%s was published %d times", id, n)
		}
	}
}

type output struct {
	subject, id string
	body        []byte
}

// outputs reads everything on the output stream but the cursors.
func outputs(t *testing.T, url string) []output {
	t.Helper()
	conn := brokertest.Connect(t, url)
	stream, err := conn.JetStream().Stream(t.Context(), broker.DefaultNames.Out)
	if err != nil {
		t.Fatal(err)
	}
	info, err := stream.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := stream.OrderedConsumer(t.Context(), jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	var out []output
	for seen := uint64(0); seen < info.State.Msgs; seen++ {
		m, err := consumer.Next(jetstream.FetchMaxWait(10 * time.Second))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(m.Subject(), "cursor.") {
			out = append(out, output{m.Subject(), m.Headers().Get("Nats-Msg-Id"), m.Data()})
		}
	}
	return out
}

// kill -9 at random moments under load: nothing lost, nothing twice.
func TestWorkerKilledUnderLoad(t *testing.T) {
	o := newOrdeal(t, 1)
	go o.feed()
	r := rand.New(rand.NewPCG(5, uint64(os.Getpid()))) // not seeded: every run kills elsewhere
	for i := range 8 {
		o.whenFed(i+1, 12)
		time.Sleep(time.Duration(r.IntN(60)) * time.Millisecond) // somewhere within a batch
		o.worker.kill()
		o.worker.start()
	}
	o.check()
}

// The broker is killed and started again under load, the worker goes on.
func TestBrokerKilledUnderLoad(t *testing.T) {
	o := newOrdeal(t, 2)
	go o.feed()
	for i := range 3 {
		o.whenFed(i+1, 6)
		o.broker.Kill()
		o.broker.Restart()
	}
	o.check()
}
