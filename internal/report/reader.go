package report

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// Reader answers questions about one tenant's ledger: of a running worker over
// HTTP, or of a stopped one's file.
type Reader interface {
	Statement(ctx context.Context, f Filter) (*Document, error)
	Entry(ctx context.Context, id string) (*Entry, error)
	// Journal goes through the entries of a payee and period, or of all, payee by
	// payee in the order of their ledgers; a payee nobody has heard of is NotFound.
	Journal(ctx context.Context, f Filter, yield func(*Posted) error) error
	// Export goes through the records of an export, and says where the next one
	// goes on.
	Export(ctx context.Context, q ExportQuery, to Exporting) error
	// Deal is the story of an opportunity, on one account or on all that have it.
	Deal(ctx context.Context, opportunity event.OpportunityID, account event.AccountID) (*Deal, error)
	// Book is a payee's book in the filter's period, or the one that runs.
	Book(ctx context.Context, f Filter) (*Book, error)
	// Raised lists the flags that are raised, of a payee, account or period.
	Raised(ctx context.Context, f Filter) ([]Flag, error)
	SLA(ctx context.Context, f Filter) ([]Episode, error)
	Parked(ctx context.Context, state string) ([]Parked, error) // state empty: all
	ParkedByID(ctx context.Context, id string) (*Parked, error)
	Status(ctx context.Context) (*Status, error)
	// Overview is how the tenant stands.
	Overview(ctx context.Context) (*Overview, error)
	// Payees is a page of the payees that a query picks.
	Payees(ctx context.Context, q PayeesQuery) (*PayeeList, error)
	// PayeeView is a payee's quarter for whoever asks why it was paid; without a
	// period the one that runs.
	PayeeView(ctx context.Context, f Filter) (*PayeeView, error)
	// Timeline is an account over time; one nobody has heard of is NotFound.
	Timeline(ctx context.Context, account event.AccountID) (*Timeline, error)
	// Periods are the quarters, and how far each has come.
	Periods(ctx context.Context) (*PeriodList, error)
	// LockPreview is what a lock of a quarter would freeze if it came now.
	LockPreview(ctx context.Context, period civil.Quarter) (*LockPreview, error)
	// WhatIf begins to compare the ledger with what a plan document would have
	// made of it; one comparison is under way at a time, another is Busy.
	WhatIf(ctx context.Context, plan []byte) (*WhatIf, error)
	// WhatIfByID is how far a comparison has come; the last one is kept.
	WhatIfByID(ctx context.Context, id string) (*WhatIf, error)
	Verify(ctx context.Context, progress func(what string, done int)) (*Verification, error)
}

// NotFound is the answer to a question about something that is not there.
type NotFound struct{ What, ID string }

func (e NotFound) Error() string { return "no " + e.What + " " + e.ID }

// Busy is the answer to a question that takes so long that it is worked out for
// one asker at a time.
type Busy struct{ What string }

func (e Busy) Error() string { return e.What + " is under way already" }

// Working is the answer to a question whose answer is being worked out, where
// whoever asks does not wait for it.
type Working struct {
	What     string // is being worked out
	Done, Of int    // how far that has come; Of 0: not known
}

func (e Working) Error() string {
	if e.Of == 0 {
		return e.What + " is being worked out"
	}
	return fmt.Sprintf("%s is being worked out: %d of %d so far", e.What, e.Done, e.Of)
}

// Mistake is the answer to a question that is asked wrongly.
type Mistake struct{ Text string }

func (e Mistake) Error() string { return e.Text }

// Refused reports whether an error is the answer to a question, and not a
// failure to answer it.
func Refused(err error) bool {
	_, missing := errors.AsType[NotFound](err)
	_, busy := errors.AsType[Busy](err)
	_, mistaken := errors.AsType[Mistake](err)
	_, working := errors.AsType[Working](err)
	return missing || busy || mistaken || working
}

func mistakef(format string, args ...any) error { return Mistake{fmt.Sprintf(format, args...)} }

// Posted is one line as it was posted to its payee's ledger.
type Posted struct {
	Line
	PayeeID  string    `json:"payee_id"`
	Currency string    `json:"currency"`
	Seq      uint64    `json:"seq"`
	Period   string    `json:"period"`
	PostedAt time.Time `json:"posted_at"`
	After    Balances  `json:"balances_after"`
	Hash     string    `json:"hash"`
}

// Entry is one line with all there is to know of it.
type Entry struct {
	Posted
	Detail *Detail `json:"explanation_detail,omitempty"` // nil: an earlier release posted it without
	Facts  []Fact  `json:"facts"`                        // behind it, as far as they are facts
}

// Fact is an event the ledger holds.
type Fact struct {
	ArrivedAt time.Time       `json:"arrived_at"`
	Event     json.RawMessage `json:"event"` // the canonical CloudEvent
}

// Parked is an input that could not be applied.
type Parked struct {
	ParkedID string              `json:"parked_id"`
	State    string              `json:"state"` // parked applied discarded
	Code     string              `json:"code"`
	Reason   string              `json:"reason"`
	Source   string              `json:"source,omitempty"`
	ID       string              `json:"id,omitempty"`
	Subject  string              `json:"subject"`
	At       time.Time           `json:"at"`
	Tries    int                 `json:"tries"`
	By       string              `json:"by,omitempty"`
	Note     string              `json:"note,omitempty"`
	Bytes    int                 `json:"bytes"`
	Header   map[string][]string `json:"header,omitempty"` // only when asked for by id
	Body     []byte              `json:"body,omitempty"`   // only when asked for by id; base64 in JSON
}

// Status is where a worker stands. Pending and Outbox at 0 mean that everything
// published so far is applied and out.
type Status struct {
	Tenant       string    `json:"tenant"`
	Version      string    `json:"version"`
	Running      bool      `json:"running"` // a worker answers, not a file
	AsOf         time.Time `json:"as_of"`   // latest arrival
	PlanVersions []string  `json:"plan_versions"`
	Position     Position  `json:"position"`
	Pending      uint64    `json:"pending"` // inputs not applied yet, timers due included
	Outbox       uint64    `json:"outbox"`  // outputs not confirmed by the broker yet
	Outputs      uint64    `json:"outputs"` // outputs in all
	Facts        uint64    `json:"facts"`
	Entries      int64     `json:"entries"`
	Payees       int       `json:"payees"`
	Parked       int       `json:"parked"`
	Timers       int       `json:"timers"`
	NextTimer    time.Time `json:"next_timer,omitzero"`
	FileBytes    int64     `json:"file_bytes"`
	Broker       string    `json:"broker,omitempty"` // connected, disconnected; empty for a file
	Alarms       []string  `json:"alarms"`
}

// Position is where the input stands.
type Position struct {
	StreamCreated time.Time `json:"stream_created,omitzero"`
	Sequence      uint64    `json:"sequence"`
	Time          time.Time `json:"time,omitzero"`
}

// Verification is what a walk over the whole ledger found.
type Verification struct {
	OK       bool     `json:"ok"`
	Facts    uint64   `json:"facts"`
	Payees   int      `json:"payees"`
	Entries  int64    `json:"entries"`
	Outputs  uint64   `json:"outputs"`
	Accounts int      `json:"accounts"`
	Problems []string `json:"problems"`
}
