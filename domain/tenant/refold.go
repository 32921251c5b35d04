package tenant

import (
	"slices"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
)

// Refold derives an account afresh from its facts, and holds what is due, what
// is posted and what the engine has at hand of it against one another. It
// reports whether it did: not for an account of more facts than most, nor
// where a change that is on its way explains a difference. It changes nothing;
// an error of kind Corrupt means that the engine must not go on.
func (e *Engine) Refold(r Records, id event.AccountID, most int) (did bool, err error) {
	held := e.accounts.get(id)
	if held == nil || held.behind || held.seen.len() > most || e.state.Sweep != nil || len(e.state.Dirty) > 0 && e.targetsBooks() {
		return false, nil
	}
	if err := e.begin(r, e.state.AsOf, event.Identity{Source: "trueup/refold"}); err != nil {
		return false, err
	}
	defer func() { e.end(err) }()
	fresh := &accountRecord{id: id}
	if fresh.state, err = e.fold(fresh, e.now.account, nil); err != nil {
		return false, err
	}
	if !fresh.seen.equal(&held.seen) {
		return false, domain.Errorf(domain.Corrupt, "account %s has %d facts, and %d at hand", id, fresh.seen.len(), held.seen.len())
	}
	err = r.Entries(event.OfAccount(id), func(en *ledger.Entry) error { return fresh.tally(en.Opportunity).Add(en) })
	if err != nil {
		return false, err
	}
	list, err := fresh.state.Settling(e.Today())
	if err != nil {
		return false, err
	}
	due := map[event.OpportunityID][]ledger.Step{}
	for _, st := range list {
		due[st.Opportunity] = slices.DeleteFunc(st.Due, e.beforeUs)
	}
	for _, r := range []*accountRecord{fresh, held} {
		for id, tally := range r.tallies.All() {
			if err := ledger.Settled(due[id], *tally); err != nil {
				return false, domain.Errorf(domain.Corrupt, "account %s, derived afresh: %w", held.id, err)
			}
		}
	}
	for id, steps := range due {
		if err := ledger.Settled(steps, *fresh.tally(id)); err != nil {
			return false, domain.Errorf(domain.Corrupt, "account %s, derived afresh: %w", held.id, err)
		}
	}
	return true, nil
}
