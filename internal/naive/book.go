package naive

import (
	"cmp"
	"slices"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/plan"
)

// book is who owned what: a payee's own accounts, or the union of a team's.
type book struct {
	members  map[event.PayeeID]bool
	accounts []event.AccountID // that it ever held
	owned    map[event.AccountID][]ownership
}

// seatOf is the role in which somebody owns accounts: a manager's own are those
// they look after as a CSM.
func seatOf(role event.Role) event.Role {
	if role == event.Manager {
		return event.CSM
	}
	return role
}

// bookOf is the book that a payee's measures look at in a quarter (§8, roll-up).
// In a pod it is that of all whose enrolment of the quarter has the same team,
// a manager's their own and, on and on, those of whoever reports to them; AE
// seats are left out of both. Anybody else's is their own.
func (w *world) bookOf(p event.PayeeID, in *event.PayeeEnrolled, pays *plan.Plan, q civil.Quarter) book {
	roles := map[event.PayeeID]event.Role{}
	switch {
	case pays.Ownership == "pod" && in.Team != "":
		for _, other := range w.payees() {
			if e, _ := w.enrolledIn(other, q); e != nil && e.Team == in.Team {
				roles[other] = e.Role
			}
		}
	case in.Role == event.Manager:
		w.report(p, in.Role, q, roles)
	default:
		return w.union(map[event.PayeeID]event.Role{p: in.Role})
	}
	for other, role := range roles {
		if role == event.AE {
			delete(roles, other)
		}
	}
	return w.union(roles)
}

// report collects a manager and all who report to them in a quarter.
func (w *world) report(p event.PayeeID, role event.Role, q civil.Quarter, roles map[event.PayeeID]event.Role) {
	if _, known := roles[p]; known {
		return
	}
	roles[p] = role
	for _, other := range w.payees() {
		if e, _ := w.enrolledIn(other, q); e != nil && e.Manager == p {
			w.report(other, e.Role, q, roles)
		}
	}
}

// union is the accounts that any of the payees owned in their role. Intervals
// of several that touch or overlap are one.
func (w *world) union(roles map[event.PayeeID]event.Role) book {
	b := book{members: map[event.PayeeID]bool{}, owned: map[event.AccountID][]ownership{}}
	for p := range roles {
		b.members[p] = true
	}
	for _, account := range w.accounts() {
		var all []ownership
		for p, role := range roles {
			for _, o := range w.owners(account, seatOf(role)) {
				if o.payee == p {
					all = append(all, o)
				}
			}
		}
		slices.SortFunc(all, func(a, b ownership) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.until, b.until)) })
		var merged []ownership
		for _, o := range all {
			if n := len(merged); n > 0 && o.from <= merged[n-1].until {
				merged[n-1].until = max(merged[n-1].until, o.until)
				continue
			}
			merged = append(merged, o)
		}
		if len(merged) > 0 {
			b.accounts = append(b.accounts, account)
			b.owned[account] = merged
		}
	}
	return b
}

// owns reports whether the book held an account on all days of [from, until).
func (b book) owns(account event.AccountID, from, until civil.Date) bool {
	for _, o := range b.owned[account] {
		if o.from <= from && until <= o.until {
			return true
		}
	}
	return false
}
