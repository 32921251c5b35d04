package naive

import (
	"cmp"
	"slices"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/plan"
)

// employed is what is known of a payee on d: the enrolment in force, or nil
// with whether that is because of a termination. An enrolment holds from its
// date until the next one; a termination's date is the last day of employment
// (R15). Enrolments and terminations share the key payee + date (§1a).
func (w *world) employed(p event.PayeeID, d civil.Date) (in *event.PayeeEnrolled, terminated bool) {
	for _, s := range w.employment(p) {
		switch {
		case s.date > d || s.enrolled == nil && s.date == d:
		case s.enrolled == nil:
			in, terminated = nil, true
		default:
			in, terminated = s.enrolled, false
		}
	}
	return in, terminated
}

type employment struct {
	date     civil.Date
	enrolled *event.PayeeEnrolled // nil: terminated
}

// employment is a payee's standing statements by date.
func (w *world) employment(p event.PayeeID) []employment {
	if known, ok := w.jobs[p]; ok {
		return known
	}
	var all []employment
	for _, e := range w.told {
		switch e := e.(type) {
		case event.PayeeEnrolled:
			if e.Payee == p {
				all = append(all, employment{e.Effective, &e})
			}
		case event.PayeeTerminated:
			if e.Payee == p {
				all = append(all, employment{e.Effective, nil})
			}
		}
	}
	all = standing(all, func(s employment) civil.Date { return s.date })
	slices.SortFunc(all, func(a, b employment) int { return cmp.Compare(a.date, b.date) })
	w.jobs[p] = all
	return all
}

// leaves is the first termination on or after a date, or civil.Never.
func (w *world) leaves(p event.PayeeID, from civil.Date) civil.Date {
	for _, s := range w.employment(p) {
		if s.enrolled == nil && s.date >= from {
			return s.date
		}
	}
	return civil.Never
}

// planOf is the version an enrolment is paid by on d, or nil.
func (w *world) planOf(in *event.PayeeEnrolled, d civil.Date) *plan.Plan {
	if in == nil {
		return nil
	}
	return w.plans.For(in.Plan, in.Role, in.Segment, d)
}

// seat is a role at an account.
type seat struct {
	account event.AccountID
	role    event.Role
}

// ownership is an account's owner in a role, [from, until).
type ownership struct {
	payee       event.PayeeID
	from, until civil.Date
}

// owners are the owners of an account in a role, one after the other: key
// account + role + date (§1a); consecutive assignments to one payee are one
// interval (R18).
func (w *world) owners(account event.AccountID, role event.Role) []ownership {
	if known, ok := w.seats[seat{account, role}]; ok {
		return known
	}
	var told []event.AccountAssigned
	for _, e := range of[event.AccountAssigned](w.by[account]) {
		if e.Role == role {
			told = append(told, e)
		}
	}
	told = standing(told, func(e event.AccountAssigned) civil.Date { return e.Effective })
	slices.SortFunc(told, func(a, b event.AccountAssigned) int { return cmp.Compare(a.Effective, b.Effective) })
	var out []ownership
	for _, e := range told {
		n := len(out)
		if n > 0 && out[n-1].payee == e.Payee {
			continue
		}
		if n > 0 {
			out[n-1].until = e.Effective
		}
		out = append(out, ownership{e.Payee, e.Effective, civil.Never})
	}
	w.seats[seat{account, role}] = out
	return out
}

// owner is who owns an account in a role on d, or nobody.
func (w *world) owner(account event.AccountID, role event.Role, d civil.Date) event.PayeeID {
	for _, o := range w.owners(account, role) {
		if o.from <= d && d < o.until {
			return o.payee
		}
	}
	return ""
}
