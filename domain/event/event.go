// Package event has the closed set of things that can be told about a tenant:
// one type each, the business key each is a statement about, and the scope
// (an account, a payee or the tenant) it belongs to.
package event

import (
	"cmp"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/money"
)

// Names of things outside, each its own type so that none stands in for another.
//
//nolint:revive // the comment is about all of them
type (
	AccountID      string
	PayeeID        string
	OpportunityID  string
	SubscriptionID string
	PlanID         string // a plan's name, without its version
	Type           string // a CloudEvents type: crm.expansion.booked.v1
)

// Identity is who said it and under which id; for ever unique within what the
// event addresses.
type Identity struct{ Source, ID string }

// Header is what every event has.
type Header struct {
	Identity
	Type Type
	Time time.Time // when it happened, UTC
}

// Head gives an event its header; each type embeds it.
func (h Header) Head() Header { return h }

// Event is one of the types of this package.
//
//sumtype:decl
type Event interface {
	Head() Header
	// Scope is what the event is about, and where its identity is unique.
	Scope() Scope
	isEvent()
}

// Compare orders identities by source, then id.
func (i Identity) Compare(j Identity) int {
	return cmp.Or(cmp.Compare(i.Source, j.Source), cmp.Compare(i.ID, j.ID))
}

// Newer reports whether a statement told by a stands before one told by b on
// the same business key: the later time, then the greater source, then the
// greater id. Source: rules §1a.
func Newer(a, b Header) bool {
	if !a.Time.Equal(b.Time) {
		return a.Time.After(b.Time)
	}
	return a.Compare(b.Identity) > 0
}

// Role is what a payee does, or owns an account as.
type Role string

// The roles.
const (
	CSM            Role = "csm"
	AE             Role = "ae"
	RenewalManager Role = "renewal_manager"
	Manager        Role = "manager"
)

// By is who decided, in events that people cause.
type By struct{ By, ByRole string }

// Deal is what a booking says of an opportunity.
type Deal struct {
	Opportunity OpportunityID
	Account     AccountID
	ARR         money.Money // signed increase per year
	ClosedAt    time.Time
	Kind        string // seats module uplift consumption price; empty where not told
	CSM, AE     PayeeID
	SourcedBy   PayeeID
	Flags       []string // new_module procurement legal multi_year executive
}

// Term is what a renewal or a subscription says of a term: [Start, End).
type Term struct {
	Start, End civil.Date
	ARR        money.Money
}

// People.
type (
	// PayeeEnrolled puts a payee on a plan from a day on.
	PayeeEnrolled struct {
		Header
		Payee          PayeeID
		Role           Role
		Plan           PlanID // empty: by the plan's applies_to
		Effective      civil.Date
		Manager        PayeeID
		Team           string
		Segment        string
		Employee       string       // payroll's id
		VariableAnnual *money.Money // overrides the plan's
		AnnualTarget   *money.Money // overrides the plan's
	}
	// PayeeTerminated names the last day of employment.
	PayeeTerminated struct {
		Header
		Payee     PayeeID
		Effective civil.Date
	}
	// AccountAssigned makes a payee the account's owner in a role from a day on.
	AccountAssigned struct {
		Header
		Account   AccountID
		Payee     PayeeID
		Role      Role
		Effective civil.Date
		Segment   string
		Name      string
	}
	// AccountReactivated starts an account's next life.
	AccountReactivated struct {
		Header
		Account   AccountID
		Effective civil.Date
		ARR       money.Money
	}
)

// Expansion and its surroundings.
type (
	// ExpansionBooked is a won expansion.
	ExpansionBooked struct {
		Header
		Deal
	}
	// ExpansionCancelled undoes the opportunity's expansion whole.
	ExpansionCancelled struct {
		Header
		Opportunity OpportunityID
		Account     AccountID
		On          civil.Date
		Reason      string
	}
	// ExpansionStage is opportunity.stage_changed of kind expansion. Deal.ARR
	// is set where Stage.Won(), and ClosedAt is the event's time.
	ExpansionStage struct {
		Header
		Deal
		Stage, Previous Stage
	}
	// UpliftScheduled is a multi-year deal that grows in steps.
	UpliftScheduled struct {
		Header
		Opportunity OpportunityID
		Account     AccountID
		SignedAt    time.Time
		Steps       []UpliftStep
	}
	// HandoffLogged is one hand-off record of an opportunity.
	HandoffLogged struct {
		Header
		Opportunity       OpportunityID
		Account           AccountID
		LoggedAt          time.Time
		BusinessObjective string
		SKU               string
		EstimatedARR      *money.Money
		EconomicBuyer     string
	}
	// HandoffIntroduced tells that the AE was introduced.
	HandoffIntroduced struct {
		Header
		Opportunity OpportunityID
		Account     AccountID
		At          time.Time
	}
	// HandoffClosed tells how the handed-off deal ended.
	HandoffClosed struct {
		Header
		Opportunity OpportunityID
		Account     AccountID
		At          time.Time
		FinalTerms  string
		Reasons     string
		Commitments string
	}
	// LeadSourced claims an opportunity for the payee who found it.
	LeadSourced struct {
		Header
		Opportunity OpportunityID
		Account     AccountID
		Payee       PayeeID
		Stage       Stage
		At          time.Time
	}
)

// UpliftStep is one dated increase of an UpliftScheduled.
type UpliftStep struct {
	Effective civil.Date
	ARR       money.Money
}

// Renewal and subscription.
type (
	// RenewalBooked starts a new term of the whole account, or of the
	// subscription it names. It is also billing's subscription.renewed.
	RenewalBooked struct {
		Header
		Renewal      string // crm's renewal_id or billing's own; may be empty for billing
		Account      AccountID
		Subscription SubscriptionID // only from billing
		Term         Term
		BookedAt     time.Time // zero: not told
	}
	// RenewalStage is opportunity.stage_changed of kind renewal. Term is whole
	// where Stage.Won(); a lost one has at least Term.Start or Term.End.
	RenewalStage struct {
		Header
		Opportunity     OpportunityID
		Account         AccountID
		Stage, Previous Stage
		Term            Term
	}
	// SubscriptionStarted adds a subscription to the account.
	SubscriptionStarted struct {
		Header
		Account      AccountID
		Subscription SubscriptionID
		Term         Term
	}
	// SubscriptionChanged is billing's word for the new total of a subscription.
	SubscriptionChanged struct {
		Header
		Account      AccountID
		Subscription SubscriptionID
		Effective    civil.Date
		ARR          money.Money
		Previous     *money.Money
	}
	// SubscriptionCancelled ends a subscription, and the account with its last.
	SubscriptionCancelled struct {
		Header
		Account      AccountID
		Subscription SubscriptionID
		Effective    civil.Date
		Reason       string
	}
)

// Churn and contraction.
type (
	// ChurnNotified is notice given.
	ChurnNotified struct {
		Header
		Account  AccountID
		Notified civil.Date
		Expected *civil.Date
		Reason   string
	}
	// ChurnEffective ends the account's life; Effective is the first day without it.
	ChurnEffective struct {
		Header
		Account   AccountID
		Effective civil.Date
		Reason    string
	}
	// ChurnCancelled says that the churn of that date did not happen.
	ChurnCancelled struct {
		Header
		Account   AccountID
		Effective civil.Date
	}
	// ContractionBooked takes ARR away from a living account.
	ContractionBooked struct {
		Header
		Contraction string
		Account     AccountID
		Effective   civil.Date
		Decrease    money.Money // above zero
	}
)

// Health and attention.
type (
	// HealthScored is a score out of ScaleMax.
	HealthScored struct {
		Header
		Account    AccountID
		Score      money.Ratio // 0 to ScaleMax
		ScaleMax   money.Ratio // above zero
		MeasuredAt time.Time
	}
	// InterventionLogged is what a person did about a risk.
	InterventionLogged struct {
		Header
		Account      AccountID
		Intervention string
		LoggedAt     time.Time
		By           string
		Kind         string
	}
	// ReviewHeld is a business review.
	ReviewHeld struct {
		Header
		Account AccountID
		Review  string
		On      civil.Date
		Kind    string // ebr qbr
	}
	// ContactEngaged is a contact spoken to.
	ContactEngaged struct {
		Header
		Account   AccountID
		Contact   string
		EngagedAt time.Time
	}
	// SurveyAnswered is one answer.
	SurveyAnswered struct {
		Header
		Account    AccountID
		Survey     string
		Kind       string // nps csat
		Score      money.Ratio
		AnsweredAt time.Time
	}
	// AdoptionMeasured is a rate of use.
	AdoptionMeasured struct {
		Header
		Account    AccountID
		Rate       money.Ratio
		MeasuredAt time.Time
	}
	// OnboardingCompleted tells how long onboarding took.
	OnboardingCompleted struct {
		Header
		Account            AccountID
		Started, Completed civil.Date
	}
	// ForecastRecorded is a call on a term's end.
	ForecastRecorded struct {
		Header
		Account    AccountID
		TermEnd    civil.Date
		Call       string // renew risk churn
		RecordedAt time.Time
		By         string
	}
)

// Billing.
type (
	// Invoice is one statement about an invoice; State says which.
	Invoice struct {
		Header
		State        InvoiceState
		Invoice      string
		Account      AccountID
		Opportunity  OpportunityID
		Subscription SubscriptionID
		PeriodStart  *civil.Date
		PeriodEnd    *civil.Date
		Amount       money.Money
		At           time.Time
		ReplacedBy   string // only voided
	}
	// CreditNoteIssued gives back part of an invoice.
	CreditNoteIssued struct {
		Header
		CreditNote  string
		Invoice     string
		Account     AccountID
		Opportunity OpportunityID
		Amount      money.Money
		Reason      string // order_change cancellation waiver other
		At          time.Time
	}
	// PayoutConfirmed is payroll's word that it paid.
	PayoutConfirmed struct {
		Header
		Period    civil.Quarter
		Payee     PayeeID
		Amount    money.Money
		Reference string
		At        time.Time
	}
	// PayoutRejected is payroll's word that it did not.
	PayoutRejected struct {
		Header
		Period    civil.Quarter
		Payee     PayeeID
		Amount    money.Money
		Reference string
		At        time.Time
		Reason    string
	}
)

// InvoiceState is what an Invoice statement says happened.
type InvoiceState string

// The states, as in the type's name.
const (
	InvoiceIssued        InvoiceState = "issued"
	InvoicePaid          InvoiceState = "paid"
	InvoiceFailed        InvoiceState = "payment_failed"
	InvoiceVoided        InvoiceState = "voided"
	InvoiceUncollectible InvoiceState = "uncollectible"
)

// Decisions by people, and the clock.
type (
	// PlanPublished brings a plan document.
	PlanPublished struct {
		Header
		YAML      string
		Approvals []Approval
	}
	// ExceptionApproved takes an account out of measures and clawback.
	ExceptionApproved struct {
		Header
		By
		Exception string
		Account   AccountID
		Kind      string // merger other
		From      civil.Date
		Until     *civil.Date
		Evidence  string
	}
	// DisputeOpened contests a deal's split.
	DisputeOpened struct {
		Header
		By
		Dispute     string
		Opportunity OpportunityID
		Account     AccountID
		OpenedAt    time.Time
		Note        string
	}
	// DisputeDecided replaces a deal's split.
	DisputeDecided struct {
		Header
		By
		Dispute     string
		Opportunity OpportunityID
		Account     AccountID
		DecidedAt   time.Time
		Split       []Share // by payee, sums to 10,000
	}
	// ObjectiveAttested sets an objective's value by hand.
	ObjectiveAttested struct {
		Header
		By
		Payee     PayeeID
		Period    civil.Quarter
		Objective string
		Value     money.Ratio
	}
	// AdjustmentPosted is a manual amount.
	AdjustmentPosted struct {
		Header
		By
		Adjustment string
		Payee      PayeeID
		Amount     money.Money
		Effective  civil.Date
		Reason     string
	}
	// SpifAwarded is a one-off award.
	SpifAwarded struct {
		Header
		By
		Spif      string
		Payee     PayeeID
		Amount    money.Money
		Effective civil.Date
		Reason    string
	}
	// FactRetracted removes one fact.
	FactRetracted struct {
		Header
		By
		Retracted Identity
		Account   AccountID
		Payee     PayeeID
		Reason    string
	}
	// BalanceOpened brings a payee's balances from the old system.
	BalanceOpened struct {
		Header
		By
		Payee               PayeeID
		AsOf                civil.Date
		Held, Payable, Paid *money.Money
	}
	// ParkedRetried asks to apply a parked input again.
	ParkedRetried struct {
		Header
		By
		Parked string
		Reason string
	}
	// ParkedDiscarded gives a parked input up.
	ParkedDiscarded struct {
		Header
		By
		Parked string
		Reason string
	}
	// RateSet is an exchange rate in force from a day on.
	RateSet struct {
		Header
		Base, Quote money.Currency
		Rate        money.Ratio
		Effective   civil.Date
	}
	// PeriodLocked locks a quarter by hand.
	PeriodLocked struct {
		Header
		By
		Period civil.Quarter
	}
	// PeriodReopened undoes a lock before anything was requested.
	PeriodReopened struct {
		Header
		By
		Period civil.Quarter
	}
	// Ticked is the worker's own clock, an input like any other.
	Ticked struct {
		Header
	}
)

// Approval is a signature under a plan.
type Approval struct {
	Role, By string
	At       time.Time
}

// Share is a payee's part of a decided split, in 1/10,000.
type Share struct {
	Payee PayeeID
	BPS   int
}
