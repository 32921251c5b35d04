package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/spf13/cobra"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/wire"
	"github.com/trueup/trueup/store"
)

// verdict is what a person can decide about a parked input.
type verdict struct {
	use, short string
	typ        event.Type
	event      func(h event.Header, by event.By, parked, reason string) event.Event
	// told reports whether the worker has done it, by what was parked before
	// and what is now.
	told func(before, now *report.Parked) bool
	want string // the state that the person hopes for
}

var (
	retry = verdict{
		use: "retry", short: "Applies a parked input again, for instance after what it needed has arrived",
		typ: "admin.event.retried.v1",
		event: func(h event.Header, by event.By, parked, reason string) event.Event {
			return event.ParkedRetried{Header: h, By: by, Parked: parked, Reason: reason}
		},
		told: func(before, now *report.Parked) bool {
			return now.State != store.StateParked || now.Tries > before.Tries
		},
		want: store.StateApplied,
	}
	discard = verdict{
		use: "discard", short: "Gives a parked input up, for good",
		typ: "admin.event.discarded.v1",
		event: func(h event.Header, by event.By, parked, reason string) event.Event {
			return event.ParkedDiscarded{Header: h, By: by, Parked: parked, Reason: reason}
		},
		told: func(_, now *report.Parked) bool { return now.State != store.StateParked },
		want: store.StateDiscarded,
	}
)

// decision is a verdict about one parked input, and whom to tell.
type decision struct {
	verdict
	reading
	by     event.By
	reason string
	nats   string
	tenant string
	wait   time.Duration
	now    func() time.Time
}

func newDecisionCommand(e env, v verdict) *cobra.Command {
	d := decision{verdict: v, now: e.now}
	cmd := &cobra.Command{
		Use:   v.use + " ID --by NAME --reason TEXT",
		Short: v.short,
		Long: v.short + `.

The decision is an event like any other: it is published, applied by the running
worker, and kept with who took it and why. The command waits until the worker
reports what became of the input.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(cmd *cobra.Command, args []string) error { return d.run(cmd, args[0]) },
	}
	d.serverFlag(cmd, e)
	addFormatFlag(cmd, &d.format)
	f := cmd.Flags()
	f.StringVar(&d.by.By, "by", "", "`NAME` of the person who decides")
	f.StringVar(&d.by.ByRole, "by-role", "ops", "their `ROLE`")
	f.StringVar(&d.reason, "reason", "", "why, in a `SENTENCE`")
	f.StringVar(&d.nats, "nats", defaultNATS(e), "`URL` of the broker; also TRUEUP_NATS")
	f.StringVar(&d.tenant, "tenant", "default", "whose input it is")
	f.DurationVar(&d.wait, "wait", 15*time.Second, "how long to wait for what becomes of it")
	return cmd
}

func (d *decision) run(cmd *cobra.Command, id string) error {
	ctx := cmd.Context()
	if err := d.check(); err != nil {
		return err
	}
	reader, _, err := d.open(cmd)
	if err != nil {
		return err
	}
	before, err := d.parked(ctx, reader, id)
	if err != nil {
		return err
	}
	message, err := d.message(id)
	if err != nil {
		return usageError{err}
	}
	if err := d.publish(ctx, message); err != nil {
		return err
	}
	after, err := d.outcome(ctx, reader, before)
	if err != nil {
		return err
	}
	after.Header, after.Body = nil, nil // as it was; parked show has them
	if err := d.show(cmd, after); err != nil {
		return err
	}
	switch after.State {
	case d.want:
		return nil
	case store.StateParked:
		return fmt.Errorf("%s is still parked: %s", id, after.Reason)
	}
	return fmt.Errorf("%s is %s by now", id, after.State)
}

func (d *decision) check() error {
	switch {
	case d.by.By == "":
		return usagef("--by is missing: who decides")
	case d.reason == "":
		return usagef("--reason is missing: why")
	case d.wait <= 0:
		return usagef("--wait: %v is no time to wait", d.wait)
	}
	if err := broker.CheckTenant(d.tenant); err != nil {
		return usagef("--tenant: %w", err)
	}
	return nil
}

// parked is the input, which has to be one that waits, of the tenant named.
func (d *decision) parked(ctx context.Context, r report.Reader, id string) (*report.Parked, error) {
	status, err := r.Status(ctx)
	if err != nil {
		return nil, err
	}
	if status.Tenant != d.tenant {
		return nil, usagef("the worker at %s is tenant %s's, not %s's: give --tenant or --server", d.server, status.Tenant, d.tenant)
	}
	p, err := parkedByID(ctx, r, id)
	if err == nil && p.State != store.StateParked {
		err = fmt.Errorf("%s is %s already", id, p.State)
	}
	return p, err
}

// message is the decision as an event. Its id is a function of the input and
// the instant: two decisions are two events.
func (d *decision) message(id string) (broker.Msg, error) {
	now := d.now().UTC()
	h := event.Header{
		Identity: event.Identity{Source: "trueup-cli", ID: d.use + "/" + id + "/" + now.Format(time.RFC3339Nano)},
		Type:     d.typ, Time: now,
	}
	body, err := wire.Encode(d.event(h, d.by, id, d.reason))
	return broker.Msg{
		Subject: wire.Subject(d.tenant, d.typ), ID: h.ID, Body: body, Header: nats.Header{"Content-Type": {"application/cloudevents+json"}},
	}, err
}

func (d *decision) publish(ctx context.Context, m broker.Msg) error {
	conn, err := connect(ctx, d.nats)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.PublishAll(ctx, one(m), nil)
	return err
}

// askAgain is how often the worker is asked what became of the input.
const askAgain = 100 * time.Millisecond

// outcome waits until the worker reports what became of the input.
func (d *decision) outcome(ctx context.Context, r report.Reader, before *report.Parked) (*report.Parked, error) {
	waiting, cancel := context.WithTimeout(ctx, d.wait)
	defer cancel()
	ticker := time.NewTicker(askAgain)
	defer ticker.Stop()
	for {
		now, err := r.ParkedByID(waiting, before.ParkedID)
		switch {
		case err == nil && d.told(before, now):
			return now, nil
		case err != nil && waiting.Err() == nil:
			return nil, err
		}
		select {
		case <-ticker.C:
		case <-waiting.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return nil, ctx.Err()
			}
			return nil, fmt.Errorf("published, but the worker has not done it within %v; ask again with trueup parked show %s", d.wait, before.ParkedID)
		}
	}
}
