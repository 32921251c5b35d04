package tenant

import (
	"slices"

	"github.com/trueup/trueup/domain/event"
)

// retraction is one word that a fact is to count as never told.
type retraction struct {
	event.FactRetracted
	anywhere bool // it names neither account nor payee
}

// retracted lists the identities that retractions take away from a scope:
// those among its own facts, and those that look anywhere. They are worked off
// from the latest told: one that is itself retracted by then takes nothing away.
//
// Source: rules §1a; readings R35.
func retracted(facts []event.Event, anywhere []event.FactRetracted) map[event.Identity]bool {
	var all []retraction
	for _, ev := range facts {
		if r, ok := ev.(event.FactRetracted); ok {
			all = append(all, retraction{r, false})
		}
	}
	for _, r := range anywhere {
		all = append(all, retraction{r, true})
	}
	if len(all) == 0 {
		return nil
	}
	slices.SortFunc(all, func(a, b retraction) int {
		if event.Newer(a.Header, b.Header) {
			return -1
		}
		return 1
	})
	here, there := map[event.Identity]bool{}, map[event.Identity]bool{}
	for _, r := range all {
		switch {
		case r.anywhere && !there[r.Identity]:
			here[r.Retracted], there[r.Retracted] = true, true
		case !r.anywhere && !here[r.Identity]:
			here[r.Retracted] = true
		}
	}
	return here
}

// standing goes through the facts of a scope that no retraction takes away,
// with one more that is not kept yet, where there is one; seen gets every
// fact's fingerprint. It reports whether retractions were among the facts.
func (e *Engine) standing(of event.Scope, more event.Event, seen *prints, yield func(event.Event) error) (retractions bool, err error) {
	var facts []event.Event
	take := func(ev event.Event) {
		_, retraction := ev.(event.FactRetracted)
		retractions = retractions || retraction
		facts = append(facts, ev)
	}
	err = e.records.Facts(of, func(ev event.Event, sum Sum) error {
		seen.put(printOf(ev.Head().Identity, sum))
		take(ev)
		return nil
	})
	if err != nil {
		return false, err
	}
	if more != nil {
		take(more)
	}
	var gone map[event.Identity]bool
	if retractions || len(e.anywhere) > 0 {
		gone = retracted(facts, e.anywhere)
	}
	for _, ev := range facts {
		if gone[ev.Head().Identity] {
			continue
		}
		if err := yield(ev); err != nil {
			return retractions, err
		}
	}
	return retractions, nil
}

// named reports whether a retraction that looks anywhere names a fact.
func (e *Engine) named(id event.Identity) bool {
	return slices.ContainsFunc(e.anywhere, func(r event.FactRetracted) bool { return r.Retracted == id })
}

// retractAnywhere takes a retraction that names neither account nor payee: it
// finds its fact wherever it is, now or when it comes. What it undoes may be a
// retraction, and then the fact which that one took away.
func (e *Engine) retractAnywhere(ev event.FactRetracted) error {
	all := append(slices.Clip(e.anywhere), ev)
	was, now := retracted(nil, e.anywhere), retracted(nil, all)
	told := append(slices.Clip(e.told), ev)
	for _, fact := range e.told {
		if id := fact.Head().Identity; was[id] != now[id] {
			if _, other := fact.(event.FactRetracted); !other {
				e.anywhere = all
				return e.changeWorld(ev, "")
			}
		}
	}
	e.told, e.state.World = told, len(told)
	// What was recorded of them is derived from the facts as they stood.
	var accounts []*accountRecord
	var payees []event.PayeeID
	for _, id := range append(differing(was, now), ev.Retracted) {
		scopes, err := e.records.Scopes(id)
		if err != nil {
			return err
		}
		for _, of := range scopes {
			if of.Account != "" {
				r, err := e.account(of.Account)
				if err != nil {
					return err
				}
				e.pin(r)
				accounts = append(accounts, r)
			} else if of.Payee != "" {
				if _, err := e.payee(of.Payee); err != nil {
					return err
				}
				payees = append(payees, of.Payee)
			}
		}
	}
	e.anywhere = all
	for _, r := range accounts {
		if err := e.rebuildAccount(r, nil); err != nil {
			return err
		}
	}
	for _, id := range payees {
		if err := e.rebuildPayee(id, nil); err != nil {
			return err
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
