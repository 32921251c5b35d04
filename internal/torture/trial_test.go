package torture

import (
	"context"
	"encoding/json"
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/broker/brokertest"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/scenario/scenariotest"
	"github.com/trueup/trueup/internal/wire"
	"github.com/trueup/trueup/internal/workertest"
)

// trial is a company, a broker of its own, and a worker.
type trial struct {
	t       *testing.T
	company *company
	broker  *brokertest.Process
	worker  *workertest.Process
	data    string
	fed     int // of the company's messages, those acknowledged by the broker
}

// newTrial makes a trial; the worker is readied and not started.
func newTrial(t *testing.T, c *company, tags string) *trial {
	t.Helper()
	return trialAt(t, c, tags, brokertest.Server(t))
}

// trialAt makes a trial beside a broker that may have others.
func trialAt(t *testing.T, c *company, tags string, b *brokertest.Process) *trial {
	t.Helper()
	o := &trial{t: t, company: c, broker: b, data: filepath.Join(t.TempDir(), "data")}
	o.worker = workertest.New(t, tags, c.args(o.data, o.broker.URL())...)
	return o
}

// ledger is the worker's file.
func (o *trial) ledger() string { return filepath.Join(o.data, o.company.tenant+".db") }

// feed publishes the company's messages up to a number, in pieces of a size,
// until stop says so. What was published in an attempt that failed is published
// again: the broker knows it by its id.
func (o *trial) feed(to, piece int, stop func() bool) {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(o.t.Context(), 5*time.Minute)
	defer cancel()
	conn := brokertest.Connect(o.t, o.broker.URL())
	defer conn.Close()
	for o.fed < to && !stop() {
		n, err := conn.PublishAll(ctx, yield(o.company.msgs[o.fed:min(o.fed+piece, to)]), nil)
		o.fed += n
		if ctx.Err() != nil {
			o.t.Fatalf("feeding: %v", err)
		}
	}
}

func never() bool { return false }

func yield(msgs []broker.Msg) func(func(broker.Msg, error) bool) {
	return func(yield func(broker.Msg, error) bool) {
		for _, m := range msgs {
			if !yield(m, nil) {
				return
			}
		}
	}
}

// check is the oracle. Every event of the company was published and a worker
// runs: it must come to what the events come to, have every event, and have
// published every entry once as it is in the ledger. Then it is stopped, and its file must be sound.
func (o *trial) check() {
	o.t.Helper()
	if o.fed != len(o.company.msgs) {
		o.t.Fatalf("%d of %d events were published", o.fed, len(o.company.msgs))
	}
	st := o.worker.Settled()
	if st.Facts != uint64(o.company.known) || st.Parked != len(o.company.want.Rejected) {
		o.t.Errorf("%d facts and %d parked, want %d and %d", st.Facts, st.Parked, o.company.known, len(o.company.want.Rejected))
	}
	doc := o.worker.Document()
	if got, want := scenariotest.Balances(doc), o.company.balances(); !maps.Equal(got, want) {
		for id, w := range want {
			if got[id] != w {
				o.t.Errorf("%s has %+v, want %+v as simulate says", id, got[id], w)
			}
		}
	}
	o.checkOutputs(doc)
	o.worker.Stop()
	o.sound(o.ledger())
	o.folded(o.ledger())
}

// folded holds a file against what its facts come to by themselves: entries,
// timers, credits, episodes, statements, outputs, byte by byte.
func (o *trial) folded(file string) {
	o.t.Helper()
	if code, out, stderr := workertest.Run(o.t, "", "replay", "--db", file); code != 0 {
		o.t.Errorf("replay: exit %d: %s%s", code, out, stderr)
	}
}

// sound holds a file against itself.
func (o *trial) sound(file string) {
	o.t.Helper()
	if code, out, stderr := workertest.Run(o.t, "", "verify", "--db", file); code != 0 {
		o.t.Errorf("verify: exit %d: %s%s", code, out, stderr)
	}
}

// checkOutputs reads the output stream: every entry once, as it is in the
// ledger, and nothing twice.
func (o *trial) checkOutputs(doc *report.Document) {
	o.t.Helper()
	lines := map[string]report.Line{}
	for _, p := range doc.Payees {
		for _, q := range p.Periods {
			for _, l := range q.Lines {
				lines[l.EntryID] = l
			}
		}
	}
	seen := map[string]int{}
	for _, m := range brokertest.Outputs(o.t, o.broker.URL()) {
		if strings.Split(m.Subject, ".")[1] != o.company.tenant {
			continue
		}
		var e struct {
			ID   string
			Data wire.AdjustmentIssued
		}
		if err := json.Unmarshal(m.Body, &e); err != nil {
			o.t.Fatal(err)
		}
		seen[e.ID]++
		if !strings.HasPrefix(m.Subject, "payout."+o.company.tenant+".adjustment.") {
			continue
		}
		want, ok := lines[e.ID]
		if got := lineOf(e.Data); !ok || got != headOf(want) {
			o.t.Errorf("published %s: %+v, the ledger says %+v", e.ID, got, headOf(want))
		}
	}
	for id := range lines {
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

// lineHead is what a published adjustment and a statement's line both say.
type lineHead struct {
	kind, reason, component, amount, from, to, effective, applies, account, opportunity, text string
	recoverable                                                                               bool
}

func lineOf(a wire.AdjustmentIssued) lineHead {
	return lineHead{
		a.Kind, a.Reason, a.Component, a.Amount.Amount, a.From, a.To, a.EffectiveOn, a.AppliesTo, a.AccountID, a.OpportunityID, a.Explanation,
		a.Recoverable,
	}
}

func headOf(l report.Line) lineHead {
	return lineHead{
		l.Kind, l.Reason, l.Component, l.Amount, l.From, l.To, l.EffectiveOn, l.AppliesTo, l.AccountID, l.OpportunityID, l.Explanation,
		l.Recoverable,
	}
}
