package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/decision"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/store"
)

// verdict is what a person can decide about a parked input.
type verdict struct {
	decision.Action
	// told reports whether the worker has done it, by what was parked before
	// and what is now.
	told func(before, now *report.Parked) bool
	want string // the state that the person hopes for
}

var (
	retry = verdict{
		Action: decision.Retry,
		told: func(before, now *report.Parked) bool {
			return now.State != store.StateParked || now.Tries > before.Tries
		},
		want: store.StateApplied,
	}
	discard = verdict{
		Action: decision.Discard,
		told:   func(_, now *report.Parked) bool { return now.State != store.StateParked },
		want:   store.StateDiscarded,
	}
)

// deciding is a verdict about one parked input, and whom to tell.
type deciding struct {
	verdict
	reading
	by     event.By
	reason string
	nats   address
	tenant string
	wait   time.Duration
	now    func() time.Time
}

func newDecisionCommand(e env, v verdict) *cobra.Command {
	d := deciding{verdict: v, now: e.now}
	cmd := &cobra.Command{
		Use:   v.Name + " ID --by NAME --reason TEXT",
		Short: v.Summary,
		Long: v.Summary + `.

The decision is an event like any other: it is published, applied by the running
worker, and kept with who took it and why. The command waits until the worker
reports what became of the input.`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: d.complete(parkedIDs),
		RunE:              func(cmd *cobra.Command, args []string) error { return d.run(cmd, args[0]) },
	}
	d.serverFlag(cmd, e)
	addFormatFlag(cmd, &d.format)
	f := cmd.Flags()
	f.StringVar(&d.by.By, "by", "", "`NAME` of the person who decides")
	f.StringVar(&d.by.ByRole, "by-role", "ops", "their `ROLE`")
	f.StringVar(&d.reason, "reason", "", "why, in a `SENTENCE`")
	d.nats.flags(cmd, e)
	f.StringVar(&d.tenant, "tenant", "default", "whose input it is")
	f.DurationVar(&d.wait, "wait", 15*time.Second, "how long to wait for what becomes of it")
	return cmd
}

func (d *deciding) run(cmd *cobra.Command, id string) error {
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

func (d *deciding) check() error {
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
func (d *deciding) parked(ctx context.Context, r report.Reader, id string) (*report.Parked, error) {
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
func (d *deciding) message(id string) (decision.Message, error) {
	now := d.now().UTC()
	because, err := json.Marshal(decision.Because{Reason: d.reason})
	if err != nil {
		return decision.Message{}, err
	}
	return d.Message(d.tenant, decision.Decided{
		Identity: event.Identity{Source: "trueup-cli", ID: d.Name + "/" + id + "/" + now.Format(time.RFC3339Nano)},
		Time:     now, By: d.by, Target: id, Body: because,
	})
}

func (d *deciding) publish(ctx context.Context, m decision.Message) error {
	conn, err := d.nats.connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.PublishAll(ctx, one(broker.EventMsg(m.Subject, m.Body)), nil)
	return err
}

// askAgain is how often the worker is asked what became of the input.
const askAgain = 100 * time.Millisecond

// outcome waits until the worker reports what became of the input.
func (d *deciding) outcome(ctx context.Context, r report.Reader, before *report.Parked) (*report.Parked, error) {
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
