package account

import (
	"cmp"
	"slices"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// owners is who owned the account when, per role: assignments by effective
// date, one per role and date, the latest statement standing.
type owners struct{ byRole []rolesOwners }

type rolesOwners struct {
	role     event.Role
	assigned []event.AccountAssigned // by Effective
}

// interval is a payee's ownership in a role, [from, until).
type interval struct {
	payee       event.PayeeID
	from, until civil.Date
}

func (o *owners) assign(e event.AccountAssigned) {
	i := slices.IndexFunc(o.byRole, func(r rolesOwners) bool { return r.role == e.Role })
	if i < 0 {
		o.byRole = append(o.byRole, rolesOwners{role: e.Role})
		slices.SortFunc(o.byRole, func(a, b rolesOwners) int { return cmp.Compare(a.role, b.role) })
		o.assign(e)
		return
	}
	r := &o.byRole[i]
	j, found := slices.BinarySearchFunc(r.assigned, e.Effective, func(a event.AccountAssigned, d civil.Date) int { return cmp.Compare(a.Effective, d) })
	switch {
	case !found:
		r.assigned = slices.Insert(r.assigned, j, e)
	case event.Newer(e.Header, r.assigned[j].Header):
		r.assigned[j] = e
	}
}

// at is the owner in a role on a day, or empty.
func (o *owners) at(role event.Role, d civil.Date) event.PayeeID {
	for _, r := range o.byRole {
		if r.role != role {
			continue
		}
		i, _ := slices.BinarySearchFunc(r.assigned, d+1, func(a event.AccountAssigned, d civil.Date) int { return cmp.Compare(a.Effective, d) })
		if i > 0 {
			return r.assigned[i-1].Payee
		}
	}
	return ""
}

// anyOn reports whether one of some holders owned the account on a day.
func (o *owners) anyOn(h Holders, d civil.Date) bool {
	return slices.ContainsFunc(h, func(one Holder) bool { return o.at(one.Role, d) == one.Payee })
}

// intervals goes through a role's ownership; consecutive assignments to one
// payee are one interval.
func (r rolesOwners) intervals(yield func(interval) bool) {
	for i := 0; i < len(r.assigned); {
		iv := interval{r.assigned[i].Payee, r.assigned[i].Effective, civil.Never}
		for i++; i < len(r.assigned); i++ {
			if r.assigned[i].Payee != iv.payee {
				iv.until = r.assigned[i].Effective
				break
			}
		}
		if !yield(iv) {
			return
		}
	}
}

func (o *owners) all() []event.AccountAssigned {
	var out []event.AccountAssigned
	for _, r := range o.byRole {
		out = append(out, r.assigned...)
	}
	return out
}

// latest is the latest that an assignment in any role told by a day of what is
// picked of it, or empty.
func (o *owners) latest(day civil.Date, pick func(event.AccountAssigned) string) string {
	var found event.AccountAssigned
	for _, a := range o.all() {
		if pick(a) == "" || a.Effective > day {
			continue
		}
		if pick(found) == "" || a.Effective > found.Effective || a.Effective == found.Effective && event.Newer(a.Header, found.Header) {
			found = a
		}
	}
	return pick(found)
}
