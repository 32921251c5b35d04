// Package decision makes events of what people decide: it checks them as the
// wire does, gives them an identity that makes asking twice act once, and hands
// them to be published. Nothing here writes a ledger.
package decision

import (
	"context"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/access"
	"github.com/trueup/trueup/internal/report"
)

// Action is a kind of decision. What is decided comes as the data of an event
// of the contract, without what the action gives itself.
type Action struct {
	Name    string
	Path    string // of the API, asked with POST
	Summary string
	Type    event.Type
	Target  string // the field of the event's data that the path names; empty: the path names none
	Body    any    // a value of the type of what is told
	// Own is the field that names the decision, and At the one that says when it
	// was taken; where the body has none the key and the instant stand in.
	Own, At string
	Roles   []access.Role // who may
	// events makes the data of several events of what is told, for a decision about
	// several; nil: there is one, with what is told.
	events func(ctx context.Context, r report.Reader, d Decided) ([]one, error)
}

// one is the data of one of several events that a decision makes, but for what
// the action gives, and what tells it from the others.
type one struct {
	name string
	data []byte
}

// The actions on parked inputs, which the command line has too.
var (
	Retry = Action{
		Name: "retry", Path: "/v1/parked/{id}/retry", Summary: "Applies a parked input again, for instance after what it needed has arrived",
		Type: "admin.event.retried.v1", Target: "parked_id", Body: Because{}, Roles: []access.Role{access.Admin, access.Ops},
	}
	Discard = Action{
		Name: "discard", Path: "/v1/parked/{id}/discard", Summary: "Gives a parked input up, for good",
		Type: "admin.event.discarded.v1", Target: "parked_id", Body: Because{}, Roles: []access.Role{access.Admin, access.Ops},
	}
)

// Actions are all there are.
func Actions() []Action {
	admin := []access.Role{access.Admin}
	return []Action{
		{
			Name: "lock", Path: "/v1/periods/{period}/lock", Summary: "Locks a quarter: statements are frozen and payments requested",
			Type: "admin.period.locked.v1", Target: "period", Body: Nothing{}, Roles: admin,
		},
		{
			Name: "reopen", Path: "/v1/periods/{period}/reopen", Summary: "Reopens a locked quarter",
			Type: "admin.period.reopened.v1", Target: "period", Body: Nothing{}, Roles: admin,
		},
		Retry, Discard,
		{
			Name: "adjust", Path: "/v1/payees/{id}/adjustments", Summary: "Gives a payee an amount, or takes it, for a reason",
			Type: "admin.adjustment.posted.v1", Target: "payee_id", Own: "adjustment_id", Body: Adjustment{}, Roles: admin,
		},
		{
			Name: "confirm", Path: "/v1/periods/{period}/confirm", Summary: "Confirms that payroll paid what it was asked for: all that is outstanding, or one payee's",
			Type: confirmed, Target: "period", Body: PayoutPaid{}, Roles: admin, events: confirmations,
		},
		{
			Name: "dispute", Path: "/v1/disputes", Summary: "Contests how a deal is split: its lines are held until that is decided",
			Type: "admin.dispute.opened.v1", Own: "dispute_id", At: "opened_at", Body: Dispute{},
			Roles: []access.Role{access.Admin, access.Manager, access.Payee},
		},
		{
			Name: "decide", Path: "/v1/disputes/{id}/decide", Summary: "Decides how a disputed deal is split",
			Type: "admin.dispute.decided.v1", Target: "dispute_id", At: "decided_at", Body: Split{}, Roles: admin,
		},
		{
			Name: "approve", Path: "/v1/exceptions", Summary: "Takes an account out of retention for a time, on evidence",
			Type: "admin.exception.approved.v1", Own: "exception_id", Body: Exception{}, Roles: admin,
		},
	}
}
