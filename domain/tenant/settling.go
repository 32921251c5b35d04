package tenant

import (
	"slices"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/event"
)

// refer records payees the account names for the first time, so that a later
// change of theirs finds it.
func (e *Engine) refer(r *accountRecord) {
	if r.refs.Len() == len(r.state.Referred()) {
		return // whom the state refers to only grows
	}
	for _, p := range r.state.Referred() {
		if !r.refs.Has(p) {
			r.refs.Put(p, struct{}{})
			e.out.Refs = append(e.out.Refs, Ref{p, r.id})
		}
	}
}

// note records that the account has amounts in a currency that is not the
// ledger's, so that a rate finds it.
func (e *Engine) note(r *accountRecord, ev event.Event) {
	for _, c := range account.Currencies(ev) {
		if c != e.currency && !r.foreign.Has(c) {
			r.foreign.Put(c, struct{}{})
			e.out.Foreign = append(e.out.Foreign, Foreign{c, r.id})
		}
	}
}

// settleAccount brings the account's deals and episodes to what is due now and
// sets its timer.
func (e *Engine) settleAccount(r *accountRecord) error {
	today := e.Today()
	if !r.behind && e.firing == nil && (r.wake.IsZero() || e.at.Before(r.wake)) && r.state.Rests(today) {
		return nil // as the usual score leaves it
	}
	size := e.out.size()
	defer func() {
		if e.out.size() != size {
			e.pin(r) // until what changed of it is in the records
		}
	}()
	if r.behind {
		r.state.Anew()
		for id := range r.tallies.All() {
			r.state.Touch(id)
		}
		for id := range r.credits.All() {
			r.state.Touch(id)
		}
		r.behind = false
		if w := e.state.Sweep; w != nil && !w.Payees && r.id > w.Account {
			e.out.Ahead = append(e.out.Ahead, r.id)
		}
	}
	list, err := r.state.Settling(today)
	if err != nil {
		return err
	}
	for _, st := range list {
		if err := e.post(event.OfAccount(r.id), st.Due, r.tally(st.Opportunity)); err != nil {
			return err
		}
		e.sharesMoved(st, r.credits.Get(st.Opportunity))
		e.credit(r, st.Opportunity, st.Credits)
	}
	e.settleEpisodes(r)
	e.settleNotices(r, r.state.FallenDue(today))
	e.settleAccountFlags(r)
	wake := e.wakeOf(r, r.state, e.at)
	if !wake.Equal(r.wake) {
		if !r.wake.IsZero() {
			e.out.Clear = append(e.out.Clear, Timer{r.wake, WakeAccount, string(r.id)})
		}
		if !wake.IsZero() {
			e.out.Set = append(e.out.Set, Timer{wake, WakeAccount, string(r.id)})
		}
		r.wake = wake
	}
	return nil
}

// credit records what of a deal's credits has changed.
func (e *Engine) credit(r *accountRecord, id event.OpportunityID, now []account.Credit) {
	before := r.credits.Get(id)
	for _, old := range before {
		if !slices.ContainsFunc(now, func(c account.Credit) bool { return c.Same(old) }) {
			e.out.Credits = slices.DeleteFunc(e.out.Credits, old.Same)
			e.out.Uncredited = append(e.out.Uncredited, old)
		}
	}
	for _, c := range now {
		if !slices.Contains(before, c) {
			e.out.Uncredited = slices.DeleteFunc(e.out.Uncredited, c.Same)
			e.out.Credits = append(e.out.Credits, c)
		}
	}
	if len(now)+len(before) > 0 {
		r.credits.Put(id, now)
	}
}
