package decision

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/access"
	"github.com/trueup/trueup/internal/report"
)

// fits reports whether there is what a decision is about, so that nobody is
// paid by a slip of the finger, and whether it can be taken as things are. What
// else the rules say of it is seen when the event comes to the ledger.
func (d *Desk) fits(ctx context.Context, decided event.Event) error {
	if d.Entitled != nil {
		if err := d.Entitled(decided); err != nil {
			return access.Forbidden{Text: err.Error()}
		}
	}
	switch e := decided.(type) {
	case event.ParkedRetried:
		return d.parked(ctx, e.Parked)
	case event.ParkedDiscarded:
		return d.parked(ctx, e.Parked)
	case event.AdjustmentPosted:
		list, err := d.reader.Payees(ctx, report.PayeesQuery{Among: []event.PayeeID{e.Payee}, Limit: 1})
		if err == nil && list.Of == 0 {
			err = report.NotFound{What: "payee", ID: string(e.Payee)}
		}
		return err
	case event.ExceptionApproved:
		_, err := d.reader.Timeline(ctx, e.Account)
		return err
	case event.DisputeOpened:
		return d.disputes(ctx, e)
	case event.DisputeDecided:
		_, err := d.reader.Deal(ctx, e.Opportunity, e.Account)
		return err
	case event.PeriodLocked:
		return d.locks(ctx, e.Period)
	case event.PeriodReopened:
		return d.reopens(ctx, e.Period)
	default:
		return nil
	}
}

// MayTake says why the plans do not let somebody take an action today, by their
// role in the company. Of most actions a plan says nothing.
func (d *Desk) MayTake(action string, who access.Principal) error {
	if d.Entitled == nil {
		return nil
	}
	switch action {
	case "decide":
		return d.Entitled(event.DisputeDecided{By: who.By(), DecidedAt: d.now()})
	case "approve":
		return d.Entitled(event.ExceptionApproved{By: who.By(), From: civil.In(d.now(), time.UTC)})
	}
	return nil
}

func (d *Desk) parked(ctx context.Context, id string) error {
	p, err := d.reader.ParkedByID(ctx, id)
	if err == nil && p.State != "parked" {
		err = Conflict{fmt.Sprintf("%s is %s already", id, p.State)}
	}
	return err
}

// disputes lets somebody contest a deal that they see, once at a time.
func (d *Desk) disputes(ctx context.Context, e event.DisputeOpened) error {
	if _, err := d.reader.Deal(ctx, e.Opportunity, e.Account); err != nil {
		return err
	}
	t, err := d.reader.Timeline(ctx, e.Account)
	if err != nil {
		return err
	}
	if of := report.Undecided(t.Episodes, e.Opportunity); len(of) > 0 {
		return Conflict{fmt.Sprintf("%s is disputed already, as %s, which is not decided.", e.Opportunity, of[0].DisputeID)}
	}
	return nil
}

func (d *Desk) locks(ctx context.Context, q civil.Quarter) error {
	p, err := d.reader.LockPreview(ctx, q)
	if err != nil || len(p.Blockers) == 0 {
		return err
	}
	var why []string
	for _, c := range p.Blockers {
		why = append(why, c.Text)
	}
	return Conflict{strings.Join(why, " ")}
}

func (d *Desk) reopens(ctx context.Context, q civil.Quarter) error {
	p, err := d.reader.LockPreview(ctx, q)
	if err != nil {
		return err
	}
	blocked := func(code string) int {
		return slices.IndexFunc(p.Blockers, func(c report.Concern) bool { return c.Code == code })
	}
	if i := blocked("payment_requested"); i >= 0 {
		return Conflict{p.Blockers[i].Text}
	}
	if blocked("locked") < 0 {
		return Conflict{fmt.Sprintf("%s is not locked.", q)}
	}
	return nil
}
