// Package decision makes events of what people decide: it checks them as the
// wire does, gives them an identity that makes asking twice act once, and hands
// them to be published. Nothing here writes a ledger.
package decision

import (
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/access"
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
			Name: "decide", Path: "/v1/disputes/{id}/decide", Summary: "Decides how a disputed deal is split",
			Type: "admin.dispute.decided.v1", Target: "dispute_id", At: "decided_at", Body: Split{}, Roles: admin,
		},
		{
			Name: "approve", Path: "/v1/exceptions", Summary: "Takes an account out of retention for a time, on evidence",
			Type: "admin.exception.approved.v1", Own: "exception_id", Body: Exception{}, Roles: admin,
		},
	}
}
