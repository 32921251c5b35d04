// Package ledger has the two sides of what is owed: steps, which the facts
// make due, and entries, which were posted; Settle is the difference between
// them, and Post chains it onto a payee's ledger.
package ledger

import (
	"cmp"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// Bucket is one side of a transfer. Expense is the company's, the others are
// a payee's.
type Bucket uint8

// The buckets.
const (
	Expense Bucket = iota
	Held
	Payable
	Paid
)

var bucketNames = [...]string{"expense", "held", "payable", "paid"}

func (b Bucket) String() string { return bucketNames[b] }

// ParseBucket is the bucket of a name, as String gives it.
func ParseBucket(name string) (Bucket, error) {
	for b, n := range bucketNames {
		if n == name {
			return Bucket(b), nil //nolint:gosec // there are four
		}
	}
	return 0, domain.Errorf(domain.Invalid, "bucket %q is not one of expense, held, payable, paid", name)
}

// Kind is what sort of movement an entry is.
type Kind uint8

// The kinds. A correction has the kind of what it corrects and the opposite sign.
const (
	Earning Kind = iota
	Release
	Forfeiture
	Clawback
	TrueUp
	Adjustment
	Spif
	Payout
)

var kindNames = [...]string{"earning", "release", "forfeiture", "clawback", "true_up", "adjustment", "spif", "payout"}

func (k Kind) String() string { return kindNames[k] }

// Reason is why, from the closed list of the rules.
type Reason string

// The reasons. Source: rules §14.
const (
	ExpansionBooked         Reason = "expansion_booked"
	UpliftEffective         Reason = "uplift_effective"
	RenewalUplift           Reason = "renewal_uplift"
	SourcingCredit          Reason = "sourcing_credit"
	RenewalReleased         Reason = "renewal_released"
	RenewalMissed           Reason = "renewal_missed"
	ChurnWithinWindow       Reason = "churn_within_window"
	ContractionWithinWindow Reason = "contraction_within_window"
	ExpansionCancelled      Reason = "expansion_cancelled"
	InvoiceVoided           Reason = "invoice_voided"
	InvoiceUncollectible    Reason = "invoice_uncollectible"
	CreditNote              Reason = "credit_note"
	InvoiceUnpaid           Reason = "invoice_unpaid"
	HealthGateFailed        Reason = "health_gate_failed"
	HealthScoreMissing      Reason = "health_score_missing"
	Accelerator             Reason = "accelerator"
	GRRMultiplier           Reason = "grr_multiplier"
	NRRMultiplier           Reason = "nrr_multiplier"
	ObjectivesScore         Reason = "objectives_score"
	HealthBonus             Reason = "health_bonus"
	SplitArbitrated         Reason = "split_arbitrated"
	DisputePending          Reason = "dispute_pending"
	HandoffIncomplete       Reason = "handoff_incomplete"
	OpeningBalance          Reason = "opening_balance"
	ExceptionApproved       Reason = "exception_approved"
	ManualAdjustment        Reason = "manual_adjustment"
	SpifAwarded             Reason = "spif_awarded"
	PayoutConfirmed         Reason = "payout_confirmed"
	PayoutRejected          Reason = "payout_rejected"
	Terminated              Reason = "terminated"
	RateMissing             Reason = "fx_rate_missing"
)

// Line is what a step is about: one payee, one component, and the account and
// opportunity where there are any.
type Line struct {
	Payee       event.PayeeID
	Component   string
	Account     event.AccountID
	Opportunity event.OpportunityID
}

// Key says what a step is. Sums are compared per key, so a step whose date,
// reason or buckets change is taken back whole and posted anew; but why an
// earning is held, or whose split it follows, may change without that.
type Key struct {
	Line
	Kind      Kind
	Reason    Reason
	From, To  Bucket
	Effective civil.Date
	// Reference tells apart steps that agree in all else: a payout's reference,
	// an adjustment's id.
	Reference string
}

// Step is what identifies the step: the key, without the reason of an earning.
func (k Key) Step() Key {
	if k.Kind == Earning {
		k.Reason = ""
	}
	return k
}

// Compare orders keys by date first, then in the order movements of one date
// take place, then by name; keys of one step are next to each other.
func (k Key) Compare(l Key) int {
	return cmp.Or(cmp.Compare(k.Effective, l.Effective), cmp.Compare(k.Kind, l.Kind), cmp.Compare(k.Payee, l.Payee),
		cmp.Compare(k.Component, l.Component), cmp.Compare(k.Account, l.Account), cmp.Compare(k.Opportunity, l.Opportunity),
		cmp.Compare(k.Step().Reason, l.Step().Reason), cmp.Compare(k.From, l.From), cmp.Compare(k.To, l.To), cmp.Compare(k.Reference, l.Reference),
		cmp.Compare(k.Reason, l.Reason))
}

// Step is one movement the facts make due on its key's date.
type Step struct {
	Key
	Minor       int64 // signed, out of From into To
	Currency    money.Currency
	AppliesTo   civil.Quarter // the quarter it is about; zero: that of its date
	Plan        *plan.Plan
	Recoverable bool
	Causes      []event.Identity
	Explain     func() Explanation // called only when something is posted
}
