package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/wire"
	"github.com/trueup/trueup/store"
)

// codec is the store's way to the wire.
type codec struct {
	tenant  string
	decoder wire.Decoder
}

func newCodec(tenantName string, limits wire.Limits) codec {
	return codec{tenantName, wire.Decoder{Tenant: tenantName, Limits: limits}}
}

// Fact implements store.Codec.
func (codec) Fact(canonical []byte) (event.Event, error) { return wire.DecodeCanonical(canonical) }

// Sum implements store.Codec.
func (codec) Sum(canonical []byte) (tenant.Sum, error) {
	in, err := wire.Decoder{Limits: wire.Limits{MaxBody: len(canonical)}}.Decode(wire.Raw{Body: canonical})
	return in.Sum, err
}

// Again implements store.Codec.
func (c codec) Again(p store.Parked) (tenant.Input, error) {
	in, err := c.decoder.Decode(wire.Raw{Subject: p.Subject, Header: p.Header, Body: p.Body})
	return tenant.Input{Event: in.Event, Canonical: in.Canonical, Sum: in.Sum}, err
}

// PlanText implements store.Codec.
func (codec) PlanText(p *plan.Plan) string { return string(planfile.Canonical(p)) }

// Rejected implements store.Codec. What is announced never has the payload.
func (c codec) Rejected(p store.Parked) (tenant.Message, error) {
	return c.message("ops.event.rejected.v1", "rejected/"+p.ID, p.At, wire.EventRejected{
		ParkedID: p.ID, Source: p.Event.Source, ID: p.Event.ID, Subject: p.Subject, Reason: p.Code, Detail: p.Reason,
	})
}

// Outcome implements store.Codec.
func (c codec) Outcome(o tenant.Outcome) (tenant.Message, error) {
	switch o := o.(type) {
	case tenant.Adjusted:
		return c.message("payout.adjustment.issued.v1", o.Entry.ID.String(), o.Entry.At, adjustment(o))
	case tenant.RiskTurned:
		turned := o.Turn.At.UTC().Format(time.RFC3339Nano)
		id := fmt.Sprintf("%s/%s/%s", o.Episode.ID(), o.Turn.Turn, turned) + nth(toldBefore(o))
		if o.Episode.SLA() == account.DisputeSLA {
			return c.message("sla.dispute."+string(o.Turn.Turn)+".v1", id, o.Turn.At, dispute(o))
		}
		return c.message("sla.risk."+string(o.Turn.Turn)+".v1", id, o.Turn.At, risk(o))
	case tenant.StatementLocked:
		st := o.Statement
		carried := money.Money{Minor: min(0, st.Net.Minor), Currency: st.Net.Currency}
		return c.message("payout.statement.locked.v1", "statement/"+st.Reference, st.At, wire.StatementLocked{
			PayeeID: string(st.Payee), Period: st.Period.String(), Net: wire.AmountOf(st.Net), CarriedForward: wire.AmountOf(carried),
			Lines: st.Lines, Head: hex.EncodeToString(st.Head[:]),
		})
	case tenant.PaymentRequested:
		st := o.Statement
		return c.message("payout.payment.requested.v1", "payment/"+st.Reference, st.At, wire.PaymentRequested{
			PayeeID: string(st.Payee), EmployeeID: st.Employee, Period: st.Period.String(), Amount: wire.AmountOf(st.Requested), Reference: st.Reference,
		})
	case tenant.PeriodLocked:
		id := "lock/" + o.Lock.Period.String()
		if o.Lock.Revision > 0 {
			id += fmt.Sprintf("/%d", o.Lock.Revision+1)
		}
		return c.message("ledger.period.locked.v1", id, o.Lock.At, wire.LedgerLocked{
			Period: o.Lock.Period.String(), Head: hex.EncodeToString(o.Head[:]),
		})
	case tenant.Noticed:
		return c.notice(o)
	case tenant.FlagRaised:
		return c.flag("ops.flag.raised.v1", o.Flag, o.Again)
	case tenant.FlagCleared:
		return c.flag("ops.flag.cleared.v1", o.Flag, o.Again)
	}
	return tenant.Message{}, fmt.Errorf("no message is made of %T", o)
}

// toldBefore counts how often an episode has been said to turn so at this
// instant before: one that was taken back may hold again after all.
func toldBefore(o tenant.RiskTurned) int {
	n := -1 // this once
	for _, t := range o.Episode.Published {
		if t.Turn == o.Turn.Turn && t.At.Equal(o.Turn.At) {
			n++
		}
	}
	return max(n, 0)
}

// nth ends the id of something that was told so often before.
func nth(before int) string {
	if before == 0 {
		return ""
	}
	return fmt.Sprintf("/%d", before+1)
}

func (c codec) notice(o tenant.Noticed) (tenant.Message, error) {
	if o.Opportunity != "" {
		id := fmt.Sprintf("review/%s/%s/%s", o.Account, o.Opportunity, o.Due)
		return c.message("ops.expansion.review_due.v1", id, o.At, wire.ExpansionReviewDue{
			AccountID: string(o.Account), OpportunityID: string(o.Opportunity), DueOn: o.Due.String(),
		})
	}
	return c.message("ops.renewal.window_opened.v1", fmt.Sprintf("window/%s/%s", o.Account, o.TermEnd), o.At, wire.RenewalWindowOpened{
		AccountID: string(o.Account), TermEnd: o.TermEnd.String(), OwnerID: string(o.Owner),
	})
}

func (c codec) flag(typ string, f tenant.Flag, again int) (tenant.Message, error) {
	period := ""
	if f.Period != 0 {
		period = f.Period.String()
	}
	id := fmt.Sprintf("flag/%s/%s%s/%s/%s/%s", f.Name, f.Account, f.Payee, period, typ[len("ops.flag."):len(typ)-len(".v1")], f.At.UTC().Format(time.RFC3339Nano)) + nth(again)
	return c.message(typ, id, f.At, wire.Flag{
		Flag: f.Name, PayeeID: string(f.Payee), AccountID: string(f.Account), Period: period, Figure: f.Figure, Threshold: f.Threshold,
	})
}

func (c codec) message(typ, id string, at time.Time, data any) (tenant.Message, error) {
	subject, body, err := wire.EncodeOut(c.tenant, "", wire.Out{Type: typ, ID: id, Time: at, Data: data})
	return tenant.Message{Subject: subject, ID: id, Body: body}, err
}

func adjustment(o tenant.Adjusted) wire.AdjustmentIssued {
	e := &o.Entry
	amount := func(minor int64) wire.Amount { return wire.AmountOf(money.Money{Minor: minor, Currency: e.Currency}) }
	return wire.AdjustmentIssued{
		AdjustmentID: e.ID.String(), PayeeID: string(e.Payee), EmployeeID: o.Employee, Kind: e.Kind.String(), Reason: string(e.Reason),
		Component: e.Component, Amount: amount(e.Minor), From: e.From.String(), To: e.To.String(), EffectiveOn: e.Effective.String(),
		Period: e.Period.String(), AppliesTo: e.AppliesTo.String(), AccountID: string(e.Account), OpportunityID: string(e.Opportunity),
		PlanID: string(e.PlanName), PlanVersion: e.PlanVersion, Recoverable: e.Recoverable,
		HeldAfter: amount(e.After.Held), PayableAfter: amount(e.After.Payable), CausedBy: causes(e), Explanation: e.Text,
	}
}

func causes(e *ledger.Entry) []wire.Cause {
	out := make([]wire.Cause, len(e.CausedBy))
	for i, c := range e.CausedBy {
		out[i] = wire.Cause{Source: c.Source, ID: c.ID}
	}
	return out
}

func dispute(o tenant.RiskTurned) wire.DisputeClock {
	ep := o.Episode
	at := func(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
	d := wire.DisputeClock{
		SLA: account.DisputeSLA, DisputeID: ep.Dispute, OpportunityID: string(ep.Opportunity), AccountID: string(ep.Account), PayeeID: string(ep.Payee),
		EpisodeID: ep.ID(), OpenedAt: at(ep.Opened), Deadline: at(ep.Deadline), At: at(o.Turn.At),
	}
	if o.Turn.Turn == account.Resolved {
		d.LateBySeconds = int64(o.Turn.At.Sub(ep.Deadline) / time.Second)
	}
	return d
}

func risk(o tenant.RiskTurned) wire.RiskClock {
	ep := o.Episode
	at := func(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
	r := wire.RiskClock{
		SLA: "risk_intervention", AccountID: string(ep.Account), PayeeID: string(ep.Payee), EpisodeID: ep.ID(),
		OpenedAt: at(ep.Opened), Deadline: at(ep.Deadline), At: at(o.Turn.At), Score: json.Number(ep.Score.String()),
	}
	if o.Turn.Turn == account.Resolved {
		r.LateBySeconds = int64(o.Turn.At.Sub(ep.Deadline) / time.Second)
	}
	return r
}
