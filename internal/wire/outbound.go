package wire

import (
	"encoding/json"
	"reflect"

	"github.com/trueup/trueup/domain/money"
)

// Amount is money on the wire: a decimal in major units, and its currency.
type Amount struct {
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
}

// AmountOf is m as it goes out.
func AmountOf(m money.Money) Amount { return Amount{m.Decimal(), string(m.Currency)} }

// Cause is an input that an entry follows from.
type Cause struct {
	Source string `json:"source"`
	ID     string `json:"id"`
}

// AdjustmentIssued is payout.adjustment.issued.v1: one ledger entry that
// changes what a payee has held or payable.
type AdjustmentIssued struct {
	AdjustmentID  string  `json:"adjustment_id"` // also the event's id
	PayeeID       string  `json:"payee_id"`
	EmployeeID    string  `json:"employee_id,omitempty"`
	Kind          string  `json:"kind"`
	Reason        string  `json:"reason"`
	Component     string  `json:"component"`
	Amount        Amount  `json:"amount"` // signed: what moved
	From          string  `json:"from"`
	To            string  `json:"to"`
	EffectiveOn   string  `json:"effective_on"`
	Period        string  `json:"period"`     // posted in
	AppliesTo     string  `json:"applies_to"` // about
	AccountID     string  `json:"account_id,omitempty"`
	OpportunityID string  `json:"opportunity_id,omitempty"`
	PlanID        string  `json:"plan_id"`
	PlanVersion   int     `json:"plan_version"`
	Recoverable   bool    `json:"recoverable"`
	HeldAfter     Amount  `json:"held_after"`
	PayableAfter  Amount  `json:"payable_after"`
	CausedBy      []Cause `json:"caused_by"` // a list even where it is nil
	Explanation   string  `json:"explanation"`
}

// StatementLocked is payout.statement.locked.v1: a period locked for a payee.
type StatementLocked struct {
	PayeeID        string `json:"payee_id"`
	Period         string `json:"period"`
	Net            Amount `json:"net"`
	CarriedForward Amount `json:"carried_forward"`
	Lines          int    `json:"lines"` // how many entries
	Head           string `json:"head"`  // hash of the payee's ledger
}

// PaymentRequested is payout.payment.requested.v1.
type PaymentRequested struct {
	PayeeID    string `json:"payee_id"`
	EmployeeID string `json:"employee_id,omitempty"`
	Period     string `json:"period"`
	Amount     Amount `json:"amount"`
	Reference  string `json:"reference"`
}

// RiskClock is the data of each sla.risk type.
type RiskClock struct {
	SLA           string      `json:"sla"` // risk_intervention
	AccountID     string      `json:"account_id"`
	PayeeID       string      `json:"payee_id"`
	EpisodeID     string      `json:"episode_id"`
	OpenedAt      string      `json:"opened_at"`
	Deadline      string      `json:"deadline"`
	At            string      `json:"at"`
	Score         json.Number `json:"score,omitempty"` // empty: not told
	LateBySeconds int64       `json:"late_by_seconds,omitempty"`
}

// DisputeClock is the data of each sla.dispute type.
type DisputeClock struct {
	SLA           string `json:"sla"`
	DisputeID     string `json:"dispute_id"`
	OpportunityID string `json:"opportunity_id"`
	AccountID     string `json:"account_id"`
	PayeeID       string `json:"payee_id,omitempty"`
	EpisodeID     string `json:"episode_id,omitempty"`
	OpenedAt      string `json:"opened_at"`
	Deadline      string `json:"deadline"`
	At            string `json:"at"`
	LateBySeconds int64  `json:"late_by_seconds,omitempty"`
}

// RenewalWindowOpened is ops.renewal.window_opened.v1.
type RenewalWindowOpened struct {
	AccountID string `json:"account_id"`
	TermEnd   string `json:"term_end"`
	OwnerID   string `json:"owner_id"`
}

// ExpansionReviewDue is ops.expansion.review_due.v1.
type ExpansionReviewDue struct {
	AccountID     string `json:"account_id"`
	OpportunityID string `json:"opportunity_id"`
	DueOn         string `json:"due_on"`
}

// Flag is the data of ops.flag.raised.v1 and ops.flag.cleared.v1.
type Flag struct {
	Flag      string `json:"flag"`
	PayeeID   string `json:"payee_id,omitempty"`
	AccountID string `json:"account_id,omitempty"`
	Period    string `json:"period,omitempty"`
	Figure    string `json:"figure"`
	Threshold string `json:"threshold"`
}

// EventRejected is ops.event.rejected.v1. It never has the payload.
type EventRejected struct {
	ParkedID string `json:"parked_id"`
	Source   string `json:"source,omitempty"`
	ID       string `json:"id,omitempty"`
	Subject  string `json:"subject"`
	Reason   string `json:"reason"`
	Detail   string `json:"detail"`
}

// LedgerLocked is ledger.period.locked.v1.
type LedgerLocked struct {
	Period string `json:"period"`
	Head   string `json:"head"`
}

// outbound is every type that goes out, with the struct of its data.
var outbound = map[string]reflect.Type{
	"payout.adjustment.issued.v1": reflect.TypeFor[AdjustmentIssued](),
	"payout.statement.locked.v1":  reflect.TypeFor[StatementLocked](),
	"payout.payment.requested.v1": reflect.TypeFor[PaymentRequested](),

	"sla.risk.opened.v1":    reflect.TypeFor[RiskClock](),
	"sla.risk.warned.v1":    reflect.TypeFor[RiskClock](),
	"sla.risk.met.v1":       reflect.TypeFor[RiskClock](),
	"sla.risk.breached.v1":  reflect.TypeFor[RiskClock](),
	"sla.risk.retracted.v1": reflect.TypeFor[RiskClock](),
	"sla.risk.resolved.v1":  reflect.TypeFor[RiskClock](),
	"sla.risk.closed.v1":    reflect.TypeFor[RiskClock](),

	"sla.dispute.opened.v1":    reflect.TypeFor[DisputeClock](),
	"sla.dispute.warned.v1":    reflect.TypeFor[DisputeClock](),
	"sla.dispute.met.v1":       reflect.TypeFor[DisputeClock](),
	"sla.dispute.breached.v1":  reflect.TypeFor[DisputeClock](),
	"sla.dispute.retracted.v1": reflect.TypeFor[DisputeClock](),
	"sla.dispute.resolved.v1":  reflect.TypeFor[DisputeClock](),

	"ops.renewal.window_opened.v1": reflect.TypeFor[RenewalWindowOpened](),
	"ops.expansion.review_due.v1":  reflect.TypeFor[ExpansionReviewDue](),
	"ops.flag.raised.v1":           reflect.TypeFor[Flag](),
	"ops.flag.cleared.v1":          reflect.TypeFor[Flag](),
	"ops.event.rejected.v1":        reflect.TypeFor[EventRejected](),
	"ledger.period.locked.v1":      reflect.TypeFor[LedgerLocked](),
}
