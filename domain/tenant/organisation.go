package tenant

import (
	"slices"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/book"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// holders lists whose accounts are a payee's book in a quarter: their own; a
// manager's reports', and theirs; a pod's members'.
//
// Source: rules §8 "Roll-up".
func (e *Engine) holders(p *book.Person, q civil.Quarter) (account.Holders, error) {
	own, ok := p.Role(q)
	if !ok {
		return nil, nil
	}
	pod := p.Ownership(q) == "pod" && own.Team != ""
	if own.Role != event.Manager && !pod {
		return account.Holders{{Payee: p.ID, Role: own.Role}}, nil
	}
	if err := e.organise(); err != nil {
		return nil, err
	}
	var out account.Holders
	done := map[event.PayeeID]bool{}
	var add func(id event.PayeeID, role event.Role) error
	add = func(id event.PayeeID, role event.Role) error {
		if done[id] {
			return nil
		}
		done[id] = true
		if role == event.Manager {
			out = append(out, account.Holder{Payee: id, Role: event.CSM})
			return e.members(e.org.reports[id], q, func(enrolled event.PayeeEnrolled) bool { return enrolled.Manager == id }, add)
		}
		if role != event.AE {
			out = append(out, account.Holder{Payee: id, Role: role})
		}
		return nil
	}
	var err error
	if pod {
		err = e.members(e.org.teams[own.Team], q, func(enrolled event.PayeeEnrolled) bool { return enrolled.Team == own.Team }, add)
	} else {
		err = add(p.ID, own.Role)
	}
	return out, err
}

// members goes through those of some payees whose enrolment of a quarter fits.
func (e *Engine) members(ids []event.PayeeID, q civil.Quarter, fits func(event.PayeeEnrolled) bool, add func(event.PayeeID, event.Role) error) error {
	for _, id := range ids {
		p, err := e.payee(id)
		if err != nil {
			return err
		}
		if enrolled, ok := p.person.Role(q); ok && fits(enrolled) {
			if err := add(id, enrolled.Role); err != nil {
				return err
			}
		}
	}
	return nil
}

// organisation is who ever reported to whom, and who was ever in which team.
type organisation struct {
	reports  map[event.PayeeID][]event.PayeeID
	managers map[event.PayeeID][]event.PayeeID
	teams    map[string][]event.PayeeID
	teamsOf  map[event.PayeeID][]string
}

func (e *Engine) organise() error {
	if e.org != nil {
		return nil
	}
	ids, err := e.records.Payees()
	if err != nil {
		return err
	}
	for id := range e.payees { // of the call under way, not kept yet
		if i, found := slices.BinarySearch(ids, id); !found {
			ids = slices.Insert(ids, i, id)
		}
	}
	org := &organisation{
		map[event.PayeeID][]event.PayeeID{}, map[event.PayeeID][]event.PayeeID{}, map[string][]event.PayeeID{}, map[event.PayeeID][]string{},
	}
	for _, id := range ids {
		p, err := e.payee(id)
		if err != nil {
			return err
		}
		org.put(id, p.person)
	}
	e.org = org
	return nil
}

// put places a payee whose facts may have changed.
func (o *organisation) put(id event.PayeeID, p *book.Person) {
	for _, m := range o.managers[id] {
		o.reports[m] = without(o.reports[m], id)
	}
	for _, t := range o.teamsOf[id] {
		o.teams[t] = without(o.teams[t], id)
	}
	managers, teams := p.Above()
	for _, m := range managers {
		o.reports[m] = among(o.reports[m], id)
	}
	for _, t := range teams {
		o.teams[t] = among(o.teams[t], id)
	}
	o.managers[id], o.teamsOf[id] = managers, teams
}

func among(list []event.PayeeID, id event.PayeeID) []event.PayeeID {
	i, found := slices.BinarySearch(list, id)
	if found {
		return list
	}
	return slices.Insert(list, i, id)
}

func without(list []event.PayeeID, id event.PayeeID) []event.PayeeID {
	if i, found := slices.BinarySearch(list, id); found {
		return slices.Delete(list, i, i+1)
	}
	return list
}

// above adds to payees everybody whose book is made of theirs, or who is compared
// with them.
func (e *Engine) above(ids []event.PayeeID) ([]event.PayeeID, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	if err := e.organise(); err != nil {
		return nil, err
	}
	var out []event.PayeeID
	done, teams := map[event.PayeeID]bool{}, map[string]bool{}
	var add func(event.PayeeID)
	add = func(id event.PayeeID) {
		if done[id] {
			return
		}
		done[id] = true
		out = append(out, id)
		for _, m := range e.org.managers[id] {
			add(m)
		}
		for _, t := range e.org.teamsOf[id] {
			if teams[t] {
				continue
			}
			teams[t] = true
			out = append(out, e.org.teams[t]...) // whose own accounts are as they were
		}
	}
	for _, id := range ids {
		add(id)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}
