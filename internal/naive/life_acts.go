package naive

import (
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// subscriptionActs: a start adds its subscription and revives a churned
// account; a change is ARR only where billing is evidence for expansion (§1a).
func (w *world) subscriptionActs(account event.AccountID) []act {
	var acts []act
	for _, e := range w.starts(account) {
		arr, known := w.converted(e.Term.ARR, e.Term.Start)
		acts = append(acts, act{date: e.Term.Start, rank: started, do: func(s *state) {
			if !s.alive {
				s.begin(e.Term.Start)
			}
			if _, live := s.parts[e.Subscription]; known || !live {
				s.parts[e.Subscription] = arr
			}
			s.floor()
		}})
	}
	type key struct {
		sub event.SubscriptionID
		on  civil.Date
	}
	changes := standing(of[event.SubscriptionChanged](w.by[account]), func(e event.SubscriptionChanged) key {
		return key{e.Subscription, e.Effective}
	})
	for _, e := range changes {
		if arr, ok := w.converted(e.ARR, e.Effective); ok && counts(w.tenant.Evidence.Expansion, e) {
			acts = append(acts, act{
				date: e.Effective, rank: changed, contracts: true,
				do: whileAlive(func(s *state) { s.set(e.Subscription, arr) }),
			})
		}
	}
	return acts
}

// starts are the standing subscription starts. The table of keys has none for
// them; here it is subscription + term start, so that a subscription started
// again under its old id keeps its first life.
func (w *world) starts(account event.AccountID) []event.SubscriptionStarted {
	type key struct {
		sub event.SubscriptionID
		on  civil.Date
	}
	return standing(of[event.SubscriptionStarted](w.by[account]), func(e event.SubscriptionStarted) key {
		return key{e.Subscription, e.Term.Start}
	})
}

// renewalActs: a won renewal sets the account or the subscription it names, on
// its term start (§1a). At less than the account had it is a contraction (§7).
func (w *world) renewalActs(account event.AccountID) []act {
	var acts []act
	for _, r := range w.renewals(account) {
		if arr, ok := w.converted(r.term.ARR, r.start); ok && r.won {
			acts = append(acts, act{
				date: r.start, rank: renewed, contracts: true, renewal: &r,
				do: whileAlive(func(s *state) { s.set(r.subscription, arr) }),
			})
		}
	}
	return acts
}

// reactivationActs: a reactivation sets the account and starts its next life.
func (w *world) reactivationActs(account event.AccountID) []act {
	var acts []act
	told := standing(of[event.AccountReactivated](w.by[account]), func(e event.AccountReactivated) civil.Date { return e.Effective })
	for _, e := range told {
		arr, ok := w.converted(e.ARR, e.Effective)
		acts = append(acts, act{date: e.Effective, rank: reactivated, do: func(s *state) {
			if !s.alive {
				s.begin(e.Effective)
			}
			if ok {
				s.set("", arr)
			}
		}})
	}
	return acts
}

// expansionActs: a deal adds its ARR on the booking's civil date and leaves
// again on its cancellation's (§1a, R5), if it was not lost to a churn between.
// So does each step of an uplift.
func (w *world) expansionActs(account event.AccountID) []act {
	var acts []act
	for _, d := range w.bookings() {
		if d.account != account {
			continue
		}
		acts = append(acts, act{date: d.booked, rank: grown, do: whileAlive(func(s *state) {
			s.rest += d.arr
			s.grew[d] = true
		})})
		if d.left != civil.Never {
			acts = append(acts, act{date: d.left, rank: undone, do: func(s *state) {
				if s.grew[d] {
					s.shrink(d.arr)
				}
			}})
		}
	}
	return acts
}

// contractionActs: a contraction takes away on its date (§1a).
func (w *world) contractionActs(account event.AccountID) []act {
	var acts []act
	told := standing(of[event.ContractionBooked](w.by[account]), func(e event.ContractionBooked) string { return e.Contraction })
	for _, e := range told {
		if by, ok := w.converted(e.Decrease, e.Effective); ok {
			acts = append(acts, act{
				date: e.Effective, rank: shrunk, contracts: true,
				do: whileAlive(func(s *state) { s.shrink(by) }),
			})
		}
	}
	return acts
}
