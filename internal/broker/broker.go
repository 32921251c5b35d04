// Package broker is the only place that knows NATS. It connects to a server or
// embeds one, declares the two streams, and moves messages: in through a
// Watermill subscriber that keeps stream order, out in the order of a log with a
// cursor that says how far.
//
// Nothing here knows what a message means. Who calls: cmd wires it; consumers
// see only Watermill's interfaces, Delivery and the small structs of this
// package.
package broker

import (
	"errors"
	"fmt"
)

// ErrClosed says that the thing called was closed before.
var ErrClosed = errors.New("broker: closed")

// ErrDisconnected says that no server can be reached at the moment, or that the
// connection was lost before the answer came.
var ErrDisconnected = errors.New("broker: not connected to nats")

// Names are the names of the two streams.
type Names struct {
	In  string // where events arrive, usually TRUEUP_IN
	Out string // where the worker publishes, usually TRUEUP_OUT
}

// DefaultNames are the names of the streams when none are configured.
var DefaultNames = Names{In: "TRUEUP_IN", Out: "TRUEUP_OUT"}

// InSubjects are the subjects of one tenant on the input stream; a subscriber
// filters by them.
func InSubjects(tenant string) []string {
	return []string{
		"crm." + tenant + ".>",
		"billing." + tenant + ".>",
		"admin." + tenant + ".>",
		ClockSubject(tenant),
	}
}

// OutSubjects are the subjects of one tenant on the output stream.
func OutSubjects(tenant string) []string {
	return []string{
		"payout." + tenant + ".>",
		"sla." + tenant + ".>",
		"ledger." + tenant + ".>",
		"ops." + tenant + ".>",
		CursorSubject(tenant),
	}
}

// ClockSubject is where the worker publishes its ticks.
func ClockSubject(tenant string) string { return "clock." + tenant }

// CursorSubject is where the relay records how far its out log is published.
func CursorSubject(tenant string) string { return "cursor." + tenant }

// CheckTenant reports whether a tenant's name can be one token of a subject.
func CheckTenant(tenant string) error {
	if tenant == "" {
		return errors.New("broker: the tenant has no name")
	}
	for _, r := range tenant {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '-', r == '_':
		default:
			return fmt.Errorf("broker: tenant %q: only letters, digits, - and _ can stand in a subject", tenant)
		}
	}
	return nil
}
