package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/demo"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/wire"
	"github.com/trueup/trueup/store"
)

// feed publishes the made-up company's year, as far as the stream does not
// have it yet, waits until it is applied, and says where to look.
func (w *worker) feed(ctx context.Context, out, progress io.Writer) error {
	company := demo.Default()
	fed, err := w.fed(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "demo:    %d CSMs, %d accounts, %s to %s, seed %d\n", company.CSMs, company.Accounts, company.From, company.Until, company.Seed)
	p := newProgress(progress)
	n, err := w.conn.PublishAll(ctx, w.demoMessages(company, fed), func(n int) { p.say("fed %d events", n) })
	if err != nil {
		return err
	}
	close(w.feeding)
	if err := w.awaitApplied(ctx, p); err != nil {
		return nil //nolint:nilerr // only the context can end the wait
	}
	p.done()
	if fed > 0 && n == 0 {
		fmt.Fprintln(out, "demo:    fed before; going on where it was")
	}
	return w.summary(out)
}

// fed is how many of the company's events the stream has: all but the ticks.
func (w *worker) fed(ctx context.Context) (int, error) {
	stream, err := w.conn.JetStream().Stream(ctx, w.cfg.streams.In)
	if err != nil {
		return 0, err
	}
	clock := broker.ClockSubject(w.cfg.tenant)
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter(clock))
	if err != nil {
		return 0, err
	}
	return int(info.State.Msgs - info.State.Subjects[clock]), nil //nolint:gosec // a count of messages
}

// demoMessages yields the company's events after the first skip ones.
func (w *worker) demoMessages(company demo.Company, skip int) func(func(broker.Msg, error) bool) {
	return func(yield func(broker.Msg, error) bool) {
		n := 0
		for a, err := range company.Paid() {
			if n++; n <= skip {
				continue
			}
			if err != nil {
				yield(broker.Msg{}, err)
				return
			}
			body, err := demo.Line(a)
			// The number makes repeats of one event messages of their own.
			sum := sha256.Sum256(fmt.Appendf(body[:len(body):len(body)], "#%d", n))
			m := broker.Msg{
				Subject: wire.Subject(w.cfg.tenant, a.Event.Head().Type), ID: hex.EncodeToString(sum[:16]), Body: body,
				Header: nats.Header{"Content-Type": []string{"application/cloudevents+json"}},
			}
			if !yield(m, err) || err != nil {
				return
			}
		}
	}
}

// awaitApplied waits until everything published is applied and out.
func (w *worker) awaitApplied(ctx context.Context, p *progress) error {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		st, err := w.asked.Status(ctx)
		if err == nil && st.Pending == 0 && st.Outbox == 0 && st.Broker == "connected" {
			return nil
		}
		if err == nil {
			p.say("%d events to apply, %d outputs to publish", st.Pending, st.Outbox)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// summary says what the year came to and what to try next.
func (w *worker) summary(out io.Writer) error {
	var earned, released, taken, held, paid int64
	breaches := 0
	var example *ledger.Entry
	forCSMs := planfile.Default()[0].Name
	err := w.store.View(func(v *store.View) error {
		ids, err := v.Payees()
		if err != nil {
			return err
		}
		for _, id := range ids {
			acct, err := v.Ledger(id)
			if err != nil {
				return err
			}
			held += acct.Balances.Held
			paid += acct.Balances.Paid
			err = v.EntriesOf(id, func(e *ledger.Entry) error {
				switch e.Kind {
				case ledger.Earning, ledger.TrueUp, ledger.Adjustment, ledger.Spif:
					earned += e.Minor
				case ledger.Release:
					released += e.Minor
				case ledger.Clawback, ledger.Forfeiture:
					taken -= e.Minor
					if example == nil && e.Kind == ledger.Clawback && e.Reason == ledger.ChurnWithinWindow && e.Minor < 0 && e.PlanName == forCSMs {
						example = e
					}
				case ledger.Payout:
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		return v.AllEpisodes(func(e tenant.Episode) error {
			if s := e.Status(); s == "breached" || s == "resolved" {
				breaches++
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	currency := w.store.Plans()[0].Currency
	amount := func(minor int64) money.Money { return money.Money{Minor: minor, Currency: currency} }
	fmt.Fprintf(out, "\nThe year came to:\n  earned       %s\n  still held   %s\n  released     %s\n  taken back   %s (forfeited or clawed back)\n  paid out     %s\n  SLA breaches %d\n",
		amount(earned), amount(held), amount(released), amount(taken), amount(paid), breaches)
	if example != nil {
		fmt.Fprintf(out, "\nTry next:\n  trueup statement %s\n  trueup explain %s\n  trueup book %s\n  trueup flags\n  trueup sla --status breached\n", example.Payee, example.ID, example.Payee)
	}
	fmt.Fprintln(out, "\nRunning until Ctrl-C; started again it goes on where it was.")
	return nil
}
