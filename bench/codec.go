package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/wire"
	"github.com/trueup/trueup/store"
)

// codec is the essence of cmd/trueup's, which cannot be imported; only the
// profile and the reading of our file use it.
type codec struct{}

func (codec) Fact(canonical []byte) (event.Event, error) { return wire.DecodeCanonical(canonical) }

func (codec) Sum(canonical []byte) (tenant.Sum, error) {
	in, err := wire.DecodeLine(canonical, "")
	return in.Sum, err
}

func (codec) Again(store.Parked) (tenant.Input, error) {
	return tenant.Input{}, fmt.Errorf("nothing is retried here")
}

func (codec) PlanText(p *plan.Plan) string { return string(planfile.Canonical(p)) }

func (c codec) Rejected(p store.Parked) (tenant.Message, error) {
	return outMessage("ops.event.rejected.v1", "rejected/"+p.ID, p.At, wire.EventRejected{
		ParkedID: p.ID, Source: p.Event.Source, ID: p.Event.ID, Subject: p.Subject, Reason: p.Code, Detail: p.Reason,
	})
}

func (c codec) Outcome(o tenant.Outcome) (tenant.Message, error) {
	stamp := func(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
	switch o := o.(type) {
	case tenant.Adjusted:
		e := &o.Entry
		amount := func(minor int64) wire.Amount { return wire.AmountOf(money.Money{Minor: minor, Currency: e.Currency}) }
		causes := make([]wire.Cause, len(e.CausedBy))
		for i, c := range e.CausedBy {
			causes[i] = wire.Cause{Source: c.Source, ID: c.ID}
		}
		return outMessage("payout.adjustment.issued.v1", e.ID.String(), e.At, wire.AdjustmentIssued{
			AdjustmentID: e.ID.String(), PayeeID: string(e.Payee), EmployeeID: o.Employee, Kind: e.Kind.String(), Reason: string(e.Reason),
			Component: e.Component, Amount: amount(e.Minor), From: e.From.String(), To: e.To.String(), EffectiveOn: e.Effective.String(),
			Period: e.Period.String(), AppliesTo: e.AppliesTo.String(), AccountID: string(e.Account), OpportunityID: string(e.Opportunity),
			PlanID: string(e.PlanName), PlanVersion: e.PlanVersion, Recoverable: e.Recoverable,
			HeldAfter: amount(e.After.Held), PayableAfter: amount(e.After.Payable), CausedBy: causes, Explanation: e.Text,
		})
	case tenant.RiskTurned:
		ep := o.Episode
		r := wire.RiskClock{
			SLA: "risk_intervention", AccountID: string(ep.Account), PayeeID: string(ep.Payee), EpisodeID: ep.ID(),
			OpenedAt: stamp(ep.Opened), Deadline: stamp(ep.Deadline), At: stamp(o.Turn.At), Score: json.Number(ep.Score.String()),
		}
		if o.Turn.Turn == account.Resolved {
			r.LateBySeconds = int64(o.Turn.At.Sub(ep.Deadline) / time.Second)
		}
		return outMessage("sla.risk."+string(o.Turn.Turn)+".v1", fmt.Sprintf("%s/%s/%s", ep.ID(), o.Turn.Turn, stamp(o.Turn.At)), o.Turn.At, r)
	case tenant.StatementLocked:
		st := o.Statement
		return outMessage("payout.statement.locked.v1", "statement/"+st.Reference, st.At, wire.StatementLocked{
			PayeeID: string(st.Payee), Period: st.Period.String(), Net: wire.AmountOf(st.Net),
			CarriedForward: wire.AmountOf(money.Money{Minor: min(0, st.Net.Minor), Currency: st.Net.Currency}), Lines: st.Lines, Head: hex.EncodeToString(st.Head[:]),
		})
	case tenant.PaymentRequested:
		st := o.Statement
		return outMessage("payout.payment.requested.v1", "payment/"+st.Reference, st.At, wire.PaymentRequested{
			PayeeID: string(st.Payee), EmployeeID: st.Employee, Period: st.Period.String(), Amount: wire.AmountOf(st.Requested), Reference: st.Reference,
		})
	case tenant.PeriodLocked:
		return outMessage("ledger.period.locked.v1", "lock/"+o.Lock.Period.String(), o.Lock.At, wire.LedgerLocked{
			Period: o.Lock.Period.String(), Head: hex.EncodeToString(o.Head[:]),
		})
	case tenant.Noticed:
		return outMessage("ops.renewal.window_opened.v1", fmt.Sprintf("notice/%s/%s/%s/%s", o.Account, o.Opportunity, o.Due, o.TermEnd), o.At, wire.RenewalWindowOpened{
			AccountID: string(o.Account), TermEnd: o.TermEnd.String(), OwnerID: string(o.Owner),
		})
	case tenant.FlagRaised:
		return flagMessage("ops.flag.raised.v1", o.Flag, o.Again)
	case tenant.FlagCleared:
		return flagMessage("ops.flag.cleared.v1", o.Flag, o.Again)
	}
	return tenant.Message{}, fmt.Errorf("no message is made of %T", o)
}

func flagMessage(typ string, f tenant.Flag, again int) (tenant.Message, error) {
	id := fmt.Sprintf("%s/%s/%s%s/%s/%s/%d", typ, f.Name, f.Account, f.Payee, f.Period, f.At.UTC().Format(time.RFC3339Nano), again)
	return outMessage(typ, id, f.At, wire.Flag{
		Flag: f.Name, PayeeID: string(f.Payee), AccountID: string(f.Account), Period: f.Period.String(), Figure: f.Figure, Threshold: f.Threshold,
	})
}

func outMessage(typ, id string, at time.Time, data any) (tenant.Message, error) {
	subject, body, err := wire.EncodeOut(tenantName, "", wire.Out{Type: typ, ID: id, Time: at, Data: data})
	return tenant.Message{Subject: subject, ID: id, Body: body}, err
}

func readPlan(text string) (*plan.Plan, error) { return planfile.Decode("plan", []byte(text)) }
