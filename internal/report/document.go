// Package report turns a tenant's records into what people and programs read:
// the statement document, as JSON, as tables and as CSV.
package report

import (
	"time"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/domain/tenant"
)

// Source is what a report is made of: records at one moment.
type Source interface {
	tenant.Records
	// EntriesOf goes through a payee's ledger in its order.
	EntriesOf(payee event.PayeeID, yield func(*ledger.Entry) error) error
	// Credits lists what deals credit to a payee, by opportunity.
	Credits(payee event.PayeeID) ([]account.Credit, error)
	// CreditsOn are those of one opportunity.
	CreditsOn(payee event.PayeeID, opportunity event.OpportunityID) ([]account.Credit, error)
	// AllEpisodes goes through every risk episode by account and opening.
	AllEpisodes(yield func(tenant.Episode) error) error
	// AllFlags goes through the flags that are raised, by name.
	AllFlags(yield func(tenant.Flag) error) error
	// Locks lists the locked quarters in order.
	Locks() ([]tenant.Lock, error)
	// Rejections goes through the inputs that were parked, in order of arrival.
	Rejections(yield func(Rejected) error) error
}

// Whole is a source that is asked about everybody at once.
type Whole interface {
	Source
	// Sums goes through every payee known, by id: where their ledger stands and
	// what their entries moved. What it yields must not be changed.
	Sums(yield func(*ledger.Sum) error) error
	// Statements lists a quarter's frozen statements by payee, as last locked.
	Statements(q civil.Quarter) ([]tenant.Statement, error)
}

// Setting is what a report looks at beside the records.
type Setting struct {
	Tenant string
	Plans  plan.Set // given at the start; more may have been published
	Parse  tenant.Parser
	State  tenant.State
	// Look is at the records, for several reports; nil: each looks by itself.
	Look *tenant.Look
}

// Rejected is an input that was parked.
type Rejected struct {
	ParkedID string    `json:"parked_id,omitempty"`
	ID       string    `json:"id,omitempty"`
	Source   string    `json:"source,omitempty"`
	Subject  string    `json:"subject,omitempty"`
	Code     string    `json:"code"`
	Reason   string    `json:"reason"`
	At       time.Time `json:"at,omitzero"`
}

// Document is the statement in JSON. Amounts are decimal strings in major
// units; ratios have six decimals.
type Document struct {
	Tenant       string     `json:"tenant"`
	AsOf         string     `json:"as_of"`
	PlanVersions []string   `json:"plan_versions"`
	Payees       []Payee    `json:"payees"`
	Credits      []Credit   `json:"credits"`
	SLA          []Episode  `json:"sla"`
	Flags        []Flag     `json:"flags"`
	Rejected     []Rejected `json:"rejected"`
}

// Payee is one payee's ledger.
type Payee struct {
	ID       string   `json:"payee_id"`
	Currency string   `json:"currency"`
	Balances Balances `json:"balances"`
	Periods  []Period `json:"periods"`
}

// Balances are over all periods.
type Balances struct {
	Held    string `json:"held"`
	Payable string `json:"payable"`
	Paid    string `json:"paid"`
}

// Period is a quarter: what was posted in it and how it measures.
type Period struct {
	Period   string            `json:"period"`
	Status   string            `json:"status"` // open ended locked paid
	Totals   Balances          `json:"totals"` // what the lines move
	Measures map[string]string `json:"measures"`
	Lines    []Line            `json:"lines"`
}

// Line is one entry.
type Line struct {
	EntryID       string  `json:"entry_id"`
	Kind          string  `json:"kind"`
	Reason        string  `json:"reason"`
	Component     string  `json:"component"`
	Amount        string  `json:"amount"`
	From          string  `json:"from"`
	To            string  `json:"to"`
	EffectiveOn   string  `json:"effective_on"`
	AppliesTo     string  `json:"applies_to"`
	AccountID     string  `json:"account_id,omitempty"`
	OpportunityID string  `json:"opportunity_id,omitempty"`
	Plan          string  `json:"plan,omitempty"`
	Recoverable   bool    `json:"recoverable,omitempty"`
	CausedBy      []Cause `json:"caused_by"`
	Explanation   string  `json:"explanation"`
}

// Cause is a fact behind a line.
type Cause struct {
	Source string `json:"source"`
	ID     string `json:"id"`
}

// Credit is ARR attributed to a payee.
type Credit struct {
	PayeeID       string `json:"payee_id"`
	OpportunityID string `json:"opportunity_id"`
	AccountID     string `json:"account_id"`
	CreditedARR   string `json:"credited_arr"`
	Currency      string `json:"currency"`
	BookedOn      string `json:"booked_on"`
	Counted       bool   `json:"counted"`
	Why           string `json:"why"`
}

// Episode is one run of a clock.
type Episode struct {
	SLA           string `json:"sla"`
	AccountID     string `json:"account_id"`
	PayeeID       string `json:"payee_id"`
	EpisodeID     string `json:"episode_id"`
	DisputeID     string `json:"dispute_id,omitempty"`
	OpportunityID string `json:"opportunity_id,omitempty"`
	OpenedAt      string `json:"opened_at"`
	Deadline      string `json:"deadline"`
	Status        string `json:"status"`
	Since         string `json:"since"`
}

// Flag is advice; it never changes pay.
type Flag struct {
	Flag      string `json:"flag"`
	PayeeID   string `json:"payee_id,omitempty"`
	AccountID string `json:"account_id,omitempty"`
	Period    string `json:"period,omitempty"`
	Figure    string `json:"figure"`
	Threshold string `json:"threshold"`
	Since     string `json:"since"`
}
