// Package tenant is the way of one input through the rules: timers due by its
// arrival, then the fact, then what is due, then the differences as entries.
// It says what changes; where that is kept is somebody else's.
package tenant

import (
	"cmp"
	"time"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
)

// Sum is a fingerprint of an event's content: its type, time and data.
type Sum [16]byte

// Input is one arrival.
type Input struct {
	Event     event.Event
	Canonical []byte // the event as it is to be kept
	Sum       Sum
	Arrived   time.Time
}

// Records is what was kept of earlier inputs, the caller's uncommitted changes
// included. The engine reads it when an account or payee is not at hand.
type Records interface {
	// Facts goes through the facts of a scope in the order of their arrival.
	Facts(of event.Scope, yield func(event.Event, Sum) error) error
	// Entries goes through the entries that a scope's facts caused, in any order
	// that keeps each payee's.
	Entries(of event.Scope, yield func(*ledger.Entry) error) error
	// Episodes lists an account's risk episodes as last published.
	Episodes(of event.AccountID) ([]Episode, error)
	// Ledger is where a payee's ledger stands; zero where it has no entries.
	Ledger(of event.PayeeID) (ledger.Account, error)
	// Shares lists the shares of a payee's book.
	Shares(of event.PayeeID) (map[account.Seat]account.Share, error)
	// AccountsOf lists the accounts that refer to a payee, sorted.
	AccountsOf(payee event.PayeeID) ([]event.AccountID, error)
	// Payees lists every payee with facts, entries or a book, sorted.
	Payees() ([]event.PayeeID, error)
	// FirstTimer is the first timer due by an instant.
	FirstTimer(until time.Time) (Timer, bool, error)
}

// TimerKind orders timers of one instant: accounts change before payees, both
// before pools are settled, and all of that before a period locks.
type TimerKind uint8

// The kinds.
const (
	WakeAccount TimerKind = iota
	WakePayee
	SettlePools // payees whose book changed in an ended quarter
	EndQuarter
	LockQuarter
)

// Timer is something that falls due by the clock alone.
type Timer struct {
	Due  time.Time
	Kind TimerKind
	ID   string // the account or payee; empty for the tenant's own
}

// Compare orders timers as they fire.
func (t Timer) Compare(u Timer) int {
	return cmp.Or(t.Due.Compare(u.Due), cmp.Compare(t.Kind, u.Kind), cmp.Compare(t.ID, u.ID))
}

// Episode is a risk episode as published.
type Episode struct {
	Account   event.AccountID
	Payee     event.PayeeID
	Opened    time.Time
	Deadline  time.Time
	Score     money.Ratio // of ScaleMax
	ScaleMax  money.Ratio
	Published []account.Transition // in the order published; Retracted may follow anything
}

// Retracted takes back what was published of an episode.
const Retracted account.Turn = "retracted"

// Status is the last thing that holds of the episode.
func (e Episode) Status() string {
	if n := len(e.Published); n > 0 {
		switch last := e.Published[n-1].Turn; last {
		case account.Opened, account.Warned:
			return "open"
		case account.Met, account.Closed, account.Breached, account.Resolved, Retracted:
			return string(last)
		}
	}
	return "open"
}

// Since is when the status began to hold.
func (e Episode) Since() time.Time {
	if n := len(e.Published); n > 0 {
		return e.Published[n-1].At
	}
	return e.Opened
}

// ID names the episode for ever: its account and opening instant.
func (e Episode) ID() string {
	return string(e.Account) + "@" + e.Opened.UTC().Format(time.RFC3339Nano)
}

// Lock is a quarter whose statements are frozen.
type Lock struct {
	Period civil.Quarter
	At     time.Time
	By     string // empty: by the clock
}

// Statement is a payee's frozen quarter.
type Statement struct {
	Payee     event.PayeeID
	Employee  string
	Period    civil.Quarter
	At        time.Time
	Net       money.Money // payable balance at the lock
	Requested money.Money // what payroll is asked to pay; zero where nothing
	Lines     int
	Head      [32]byte
	Reference string
}

// Ref says that an account refers to a payee.
type Ref struct {
	Payee   event.PayeeID
	Account event.AccountID
}

// SeatShare is a payee's quarter as it now is.
type SeatShare struct {
	account.Seat
	account.Share
}

// Outcome is something to be published, in order.
//
//sumtype:decl
type Outcome interface{ isOutcome() }

// The outcomes.
type (
	// Adjusted is a posted entry.
	Adjusted struct {
		Entry    ledger.Entry
		Employee string
	}
	// RiskTurned is a turn of a risk episode.
	RiskTurned struct {
		Episode Episode
		Turn    account.Transition
	}
	// StatementLocked is a payee's frozen quarter.
	StatementLocked struct{ Statement Statement }
	// PaymentRequested asks payroll to pay a frozen quarter.
	PaymentRequested struct{ Statement Statement }
	// PeriodLocked is a quarter locked for everybody; Head covers all statements.
	PeriodLocked struct {
		Lock Lock
		Head [32]byte
	}
)

func (Adjusted) isOutcome()         {}
func (RiskTurned) isOutcome()       {}
func (StatementLocked) isOutcome()  {}
func (PaymentRequested) isOutcome() {}
func (PeriodLocked) isOutcome()     {}

// Changes is all that one input or timer changes. Later elements of a list
// stand over earlier ones about the same thing.
type Changes struct {
	Facts      []Input
	Entries    []ledger.Entry
	Ledgers    []ledger.Account
	Shares     []SeatShare
	Refs       []Ref
	Uncredited []account.Credit // no longer there; before Credits
	Credits    []account.Credit
	Episodes   []Episode
	Locks      []Lock
	Statements []Statement
	Set, Clear []Timer
	Outcomes   []Outcome
	// Retry and Discard name a parked input that the caller holds.
	Retry, Discard string
}
