package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/demo"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/wire"
)

const (
	restartGoal = 1 // second
	wakeWait    = 2 * time.Minute
)

// restarts is a large ledger, a server of its own, and the worker between them.
type restarts struct {
	b      *bench
	w      *workload // whose URL is the gate's
	server *process
	conn   *broker.Conn
	gate   *gate
	plans  plan.Set
	last   time.Time // of what is in the ledger
	events int       // for which the worker was started
}

func (r *restarts) ledger() string { return filepath.Join(r.w.path("data"), tenantName+".db") }

func newRestarts(ctx context.Context, b *bench, accounts int) (r *restarts, err error) {
	r = &restarts{b: b, w: &workload{Dir: b.w.path("restart"), Seed: b.o.seed, Accounts: accounts}}
	r.plans = r.w.company().Plans()
	if err := os.MkdirAll(r.w.path("data"), 0o700); err != nil {
		return r, err
	}
	for i, p := range r.plans {
		if err := os.WriteFile(r.w.planFiles()[i], planfile.Canonical(p), 0o600); err != nil {
			return r, err
		}
	}
	var url string
	if r.server, url, err = startServer(b.w.path("nats-server"), r.w.Dir); err != nil {
		return r, err
	}
	if r.gate, err = newGate(url); err != nil {
		return r, err
	}
	r.w.URL = r.gate.url()
	if r.conn, err = broker.Connect(ctx, url, zerolog.Nop()); err != nil {
		return r, err
	}
	return r, r.conn.EnsureStreams(ctx, broker.DefaultNames, tenantName)
}

func (r *restarts) close() error {
	if r.conn != nil {
		r.conn.Close()
	}
	var err error
	if r.gate != nil {
		err = r.gate.close()
	}
	if r.server != nil {
		err = errors.Join(err, r.server.stop())
	}
	return errors.Join(err, r.b.discard("restart"))
}

// grow records the company's events until the file has a size. The ledger says
// that it stands at the first message of the stream.
func (r *restarts) grow(ctx context.Context, size int64) (err error) {
	f, err := openFiling(r.ledger(), r.plans)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	begun := false
	until := func(yield func([]byte, error) bool) {
		for body, err := range bodiesOf(r.told()) {
			if err == nil && !begun {
				begun = true
				f.position, err = r.first(ctx, body)
			}
			if !yield(body, err) {
				return
			}
			if info, err := os.Stat(r.ledger()); err == nil && info.Size() >= size {
				return
			}
		}
	}
	if err := f.fill(ctx, until); err != nil {
		return err
	}
	if info, err := os.Stat(r.ledger()); err != nil || info.Size() < size {
		return errors.Join(err, fmt.Errorf("the company's year does not fill a file of %d bytes", size))
	}
	customer, err := f.arrivals(r.customer())
	if err != nil {
		return err
	}
	if _, err = f.take(customer); err != nil {
		return err
	}
	tick, err := f.tick(r.last) // what waits for a quiet moment is settled, so that the worker has nothing else to do
	if err != nil {
		return err
	}
	if _, err := f.take([]tenant.Arrival{tick}); err != nil {
		return err
	}
	return f.counted()
}

// told is the company's year, and notes when the last of it came.
func (r *restarts) told() iter.Seq[demo.Arrival] {
	return func(yield func(demo.Arrival) bool) {
		for a := range r.w.company().Events() {
			if r.last = a.Recorded; !yield(a) {
				return
			}
		}
	}
}

// first publishes the ledger's first event and gives its position.
func (r *restarts) first(ctx context.Context, body []byte) (p tenant.Position, err error) {
	if err := r.publish(ctx, "crm.payee.enrolled.v1", body); err != nil {
		return p, err
	}
	stream, err := r.conn.JetStream().Stream(ctx, broker.DefaultNames.In)
	if err != nil {
		return p, err
	}
	m, err := stream.GetMsg(ctx, 1)
	if err != nil {
		return p, err
	}
	return tenant.Position{Created: stream.CachedInfo().Created, Seq: m.Sequence, Time: m.Time}, nil
}

func (r *restarts) publish(ctx context.Context, kind event.Type, body []byte) error {
	_, err := r.conn.JetStream().Publish(ctx, wire.Subject(tenantName, kind), body)
	return err
}

// customer is an account that is fit for an expansion.
func (r *restarts) customer() []demo.Arrival {
	at, acct := r.last, event.AccountID("restarted")
	payee := event.PayeeEnrolled{
		Header: head("crm.payee.enrolled.v1", "restarted-e0", at), Payee: "csm-restarted", Role: event.CSM, Effective: r.w.company().From, Segment: "mid_market",
	}
	since := r.w.company().From.Add(-30)
	var out []demo.Arrival
	for _, ev := range []event.Event{
		payee,
		event.AccountAssigned{Header: head("crm.account.assigned.v1", "restarted-e1", at), Account: acct, Payee: payee.Payee, Role: event.CSM, Effective: since, Segment: "mid_market"},
		event.SubscriptionStarted{
			Header: head("billing.subscription.started.v1", "restarted-e2", at), Account: acct, Subscription: "sub-restarted",
			Term: event.Term{Start: since, End: since.Add(730), ARR: usd(60_000)},
		},
		event.HealthScored{
			Header: head("crm.health.scored.v1", "restarted-e3", at), Account: acct, Score: money.Ratio{Num: 80, Den: 1}, ScaleMax: money.Ratio{Num: 100, Den: 1}, MeasuredAt: at,
		},
	} {
		out = append(out, demo.Arrival{Event: ev, Recorded: at})
	}
	return out
}

// back is how long a worker took to have an event's adjustment on the wire.
type back struct{ started, answered float64 } // seconds since it was started, and since the broker answered it

// start publishes an event and starts the worker, which comes to it first.
func (r *restarts) start(ctx context.Context) (took back, err error) {
	r.events++
	opportunity := event.OpportunityID(fmt.Sprintf("opp-restarted-%d", r.events))
	body, err := demo.Line(demo.Arrival{Recorded: r.last, Event: event.ExpansionBooked{
		Header: head("crm.expansion.booked.v1", string(opportunity), r.last),
		Deal:   event.Deal{Opportunity: opportunity, Account: "restarted", ARR: usd(12_000), ClosedAt: r.last, Kind: "seats", CSM: "csm-restarted"},
	}})
	if err != nil {
		return took, err
	}
	if err := r.publish(ctx, "crm.expansion.booked.v1", body); err != nil {
		return took, err
	}
	outs, err := r.conn.JetStream().CreateConsumer(ctx, broker.DefaultNames.Out, jetstream.ConsumerConfig{
		AckPolicy: jetstream.AckNonePolicy, DeliverPolicy: jetstream.DeliverNewPolicy, FilterSubject: "payout." + tenantName + ".>",
		InactiveThreshold: wakeWait, // it is asked only once the worker has opened its ledger
	})
	if err != nil {
		return took, err
	}
	r.gate.forget()
	r.w.AsOf = r.last
	started := time.Now()
	worker, answers, err := startWorker(r.b.worker, r.w, r.w.path("data"))
	if err != nil {
		return took, err
	}
	defer func() { err = errors.Join(err, worker.stop()) }()
	at, err := adjusted(outs, opportunity)
	if err != nil {
		return took, fmt.Errorf("%w: %s", err, worker.stderr)
	}
	took = back{at.Sub(started).Seconds(), at.Sub(r.gate.answered()).Seconds()}
	return took, settled(ctx, answers)
}

// adjusted waits for the adjustment of an opportunity, and gives when the
// server stored it.
func adjusted(outs jetstream.Consumer, of event.OpportunityID) (time.Time, error) {
	messages, err := outs.Messages()
	if err != nil {
		return time.Time{}, err
	}
	defer messages.Stop()
	for {
		m, err := messages.Next(jetstream.NextMaxWait(wakeWait))
		if err != nil {
			return time.Time{}, fmt.Errorf("the adjustment of %s: %w", of, err)
		}
		var e struct {
			Data struct {
				Opportunity event.OpportunityID `json:"opportunity_id"`
			} `json:"data"`
		}
		if err := json.Unmarshal(m.Data(), &e); err != nil {
			return time.Time{}, err
		}
		if e.Data.Opportunity != of {
			continue
		}
		meta, err := m.Metadata()
		if err != nil {
			return time.Time{}, err
		}
		return meta.Timestamp, nil
	}
}

// chill takes the ledger's pages out of the system's cache.
func (r *restarts) chill() error {
	f, err := os.Open(r.ledger())
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return err
	}
	return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED) //nolint:gosec // a descriptor
}
