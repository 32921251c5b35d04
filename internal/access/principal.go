// Package access says who asks, and what they may see and do: tokens kept in a
// file, the sessions of browsers, and a report.Reader that answers only what is
// for whoever asks.
package access

import (
	"context"
	"slices"

	"github.com/trueup/trueup/domain/event"
)

// Role is what somebody is to the worker. It is not their role in the company,
// by which a plan says who may decide what: that is Principal.ByRole.
type Role string

// The roles that tokens have, and that of somebody on the worker's own machine
// where there are no tokens.
const (
	Payee    Role = "payee"    // sees their own
	Manager  Role = "manager"  // sees their own and that of those who report to them
	Ops      Role = "ops"      // sees how the worker does, not what people are paid
	Admin    Role = "admin"    // sees everything and decides
	Onlooker Role = "onlooker" // sees everything and decides nothing
)

// Roles are the roles that a token can have.
func Roles() []Role { return []Role{Payee, Manager, Admin, Ops} }

// Principal is somebody who asks.
type Principal struct {
	Name   string
	Role   Role
	Payee  event.PayeeID // of a payee and a manager
	ByRole string        // their role in the company, as decisions carry it
}

// By is how a decision says who took it.
func (p Principal) By() event.By { return event.By{By: p.Name, ByRole: p.ByRole} }

// Is reports whether a principal has one of some roles.
func (p Principal) Is(roles ...Role) bool { return slices.Contains(roles, p.Role) }

// seesAll reports whether nothing is kept from a principal.
func (p Principal) seesAll() bool { return p.Is(Admin, Onlooker) }

// Forbidden is the answer to somebody who may not see or do what they ask for.
type Forbidden struct{ Text string }

func (e Forbidden) Error() string { return e.Text }

type asker struct{}

// With gives a context in which a principal asks.
func With(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, asker{}, p)
}

// Of is who asks in a context; false where nobody is known to.
func Of(ctx context.Context) (Principal, bool) {
	p, ok := ctx.Value(asker{}).(Principal)
	return p, ok
}
