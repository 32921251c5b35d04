package tenant

import (
	"slices"

	"github.com/trueup/trueup/domain/event"
)

// retracted lists the identities that a scope's retractions take away. They
// are worked off from the latest told: one that is itself retracted takes
// nothing away.
//
// Source: rules §1a; readings R35.
func retracted(facts []event.Event) map[event.Identity]bool {
	var all []event.FactRetracted
	for _, ev := range facts {
		if r, ok := ev.(event.FactRetracted); ok {
			all = append(all, r)
		}
	}
	if len(all) == 0 {
		return nil
	}
	slices.SortFunc(all, func(a, b event.FactRetracted) int {
		if event.Newer(a.Header, b.Header) {
			return -1
		}
		return 1
	})
	gone := map[event.Identity]bool{}
	for _, r := range all {
		if !gone[r.Identity] {
			gone[r.Retracted] = true
		}
	}
	return gone
}

// standing goes through the facts of a scope that no retraction takes away,
// with one more that is not kept yet, where there is one; seen gets every
// fact's fingerprint.
func (e *Engine) standing(of event.Scope, more event.Event, seen map[event.Identity]Sum, yield func(event.Event) error) error {
	var facts []event.Event
	retractions := len(e.anywhere) > 0
	note := func(ev event.Event) {
		if _, ok := ev.(event.FactRetracted); ok {
			retractions = true
		}
	}
	if more != nil {
		note(more)
	}
	err := e.records.Facts(of, func(ev event.Event, sum Sum) error {
		seen[ev.Head().Identity] = sum
		note(ev)
		facts = append(facts, ev)
		return nil
	})
	if err != nil {
		return err
	}
	if more != nil {
		facts = append(facts, more)
	}
	var gone map[event.Identity]bool
	if retractions {
		gone = retracted(facts)
	}
	for _, ev := range facts {
		if id := ev.Head().Identity; gone[id] || e.anywhere[id] {
			continue
		}
		if err := yield(ev); err != nil {
			return err
		}
	}
	return nil
}

// retractAnywhere takes a retraction that names neither account nor payee: it
// finds its fact wherever it is, now or when it comes.
func (e *Engine) retractAnywhere(ev event.FactRetracted) error {
	told := append(slices.Clip(e.told), ev)
	was, now := e.anywhere, retracted(told)
	e.anywhere = now
	for _, fact := range e.told {
		if id := fact.Head().Identity; was[id] != now[id] {
			if _, other := fact.(event.FactRetracted); !other {
				return e.changeWorld(ev, "")
			}
		}
	}
	e.told, e.state.World = told, len(told)
	for _, id := range differing(was, now) {
		scopes, err := e.records.Scopes(id)
		if err != nil {
			return err
		}
		for _, of := range scopes {
			switch {
			case of.Account != "":
				err = e.rebuildAccount(of.Account, nil)
			case of.Payee != "":
				err = e.rebuildPayee(of.Payee, nil)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func differing(a, b map[event.Identity]bool) []event.Identity {
	var out []event.Identity
	for _, m := range []map[event.Identity]bool{a, b} {
		for id := range m {
			if a[id] != b[id] {
				out = append(out, id)
			}
		}
	}
	slices.SortFunc(out, event.Identity.Compare)
	return slices.Compact(out)
}
