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
	// Notices goes through what was announced about an account.
	Notices(of event.AccountID, yield func(account.Notice)) error
	// Flags goes through the flags raised of the payee or account that a key names.
	Flags(of FlagKey, yield func(Flag)) error
	// Frozen is a payee's frozen quarter, as last locked.
	Frozen(of event.PayeeID, q civil.Quarter) (Statement, bool, error)
	// Revisions is how often a quarter was locked.
	Revisions(q civil.Quarter) (int, error)
	// Accounts lists up to a number of accounts after one, sorted: all with facts,
	// or those with amounts in a currency.
	Accounts(in money.Currency, after event.AccountID, most int) ([]event.AccountID, error)
	// Ahead reports whether an account was settled before the sweep came to it.
	Ahead(of event.AccountID) (bool, error)
	// Scopes lists where a fact of an identity is.
	Scopes(of event.Identity) ([]event.Scope, error)
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
	SweepOn // the next step of a change of the rules
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

// Episode is a run of the risk or deal-desk clock as published.
type Episode struct {
	Account     event.AccountID
	Payee       event.PayeeID
	Dispute     string // of the deal desk's clock
	Opportunity event.OpportunityID
	Opened      time.Time
	Deadline    time.Time
	Score       money.Ratio // of ScaleMax, of a risk
	ScaleMax    money.Ratio
	Published   []account.Transition // in the order published; Retracted may follow anything
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

// SLA is the name of the episode's clock.
func (e Episode) SLA() string { return e.clock() }

// ID names the episode for ever: its account, the dispute it is of, and its
// opening instant.
func (e Episode) ID() string {
	if e.Dispute != "" {
		return string(e.Account) + "@" + e.Dispute + "@" + e.Opened.UTC().Format(time.RFC3339Nano)
	}
	return string(e.Account) + "@" + e.Opened.UTC().Format(time.RFC3339Nano)
}

// Lock is a quarter whose statements are frozen.
type Lock struct {
	Period civil.Quarter
	At     time.Time
	By     string // empty: by the clock
	// Revision is how often the quarter was locked before.
	Revision int
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
	Revision  int // how often the quarter was locked before
}

// Ref says that an account refers to a payee.
type Ref struct {
	Payee   event.PayeeID
	Account event.AccountID
}

// Foreign says that an account has amounts in a currency that is not the
// ledger's.
type Foreign struct {
	Currency money.Currency
	Account  event.AccountID
}

// FlagKey names a flag: what it is called, and whom and when it is about.
type FlagKey struct {
	Name    string
	Payee   event.PayeeID
	Account event.AccountID
	Period  civil.Quarter
}

// Flag is something a person should look at, as raised.
type Flag struct {
	FlagKey
	Figure, Threshold string
	At                time.Time
}

// ClearedFlag is how often a flag was cleared at one instant.
type ClearedFlag struct {
	FlagKey
	Times int
}

// Announced is a notice as published.
type Announced struct {
	Account event.AccountID
	account.Notice
}

// Outcome is something to be published, in order.
//
//sumtype:decl
type Outcome interface{ isOutcome() }

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
	// Noticed announces a renewal window or an expansion review.
	Noticed struct {
		Announced
		Owner event.PayeeID
		At    time.Time
	}
	// FlagRaised tells of a flag that holds from now on.
	FlagRaised struct {
		Flag
		Again int // how often the flag was cleared before at this very instant
	}
	// FlagCleared tells of one that holds no more.
	FlagCleared struct {
		Flag
		Again int // as of FlagRaised
	}
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
func (Noticed) isOutcome()          {}
func (FlagRaised) isOutcome()       {}
func (FlagCleared) isOutcome()      {}

// Changes is all that one input or timer changes. Later elements of a list
// stand over earlier ones about the same thing. The lists are the engine's own:
// they hold until its next call, and what is kept of them is to be copied.
type Changes struct {
	Facts      []Input
	Entries    []ledger.Entry
	Ledgers    []ledger.Account
	Foreign    []Foreign
	Ahead      []event.AccountID // settled before the sweep came to them
	Caught     bool              // the sweep has come to all accounts: none is ahead any more; after Ahead
	Notices    []Announced
	Raised     []Flag
	Cleared    []FlagKey
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

// empty takes everything away and keeps the lists' room for the next call.
func (c *Changes) empty() {
	c.Facts, c.Entries, c.Ledgers, c.Foreign, c.Ahead = emptied(c.Facts), emptied(c.Entries), emptied(c.Ledgers), emptied(c.Foreign), emptied(c.Ahead)
	c.Notices, c.Raised, c.Cleared, c.Refs = emptied(c.Notices), emptied(c.Raised), emptied(c.Cleared), emptied(c.Refs)
	c.Uncredited, c.Credits, c.Episodes, c.Locks = emptied(c.Uncredited), emptied(c.Credits), emptied(c.Episodes), emptied(c.Locks)
	c.Statements, c.Set, c.Clear, c.Outcomes = emptied(c.Statements), emptied(c.Set), emptied(c.Clear), emptied(c.Outcomes)
	c.Caught, c.Retry, c.Discard = false, "", ""
}

// mostRoom is how many elements a list keeps room for: more than an input's, less
// than a quarter's end's.
const mostRoom = 256

func emptied[T any](list []T) []T {
	if len(list) == 0 {
		return list // its room holds nothing
	}
	if cap(list) > mostRoom {
		return nil
	}
	clear(list)
	return list[:0]
}

// size tells whether something was added.
func (c *Changes) size() int {
	return len(c.Entries) + len(c.Ahead) + len(c.Notices) + len(c.Raised) + len(c.Cleared) + len(c.Uncredited) + len(c.Credits) +
		len(c.Episodes) + len(c.Set) + len(c.Clear)
}

// Compare orders flags by name, then whom they are about, then quarter.
func (k FlagKey) Compare(l FlagKey) int {
	return cmp.Or(cmp.Compare(k.Name, l.Name), cmp.Compare(k.Payee, l.Payee), cmp.Compare(k.Account, l.Account), cmp.Compare(k.Period, l.Period))
}
