package naive

import (
	"cmp"
	"slices"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

// life is an account's ARR, and whether it is a customer, from day to day.
type life struct {
	days   []day        // the days on which something took effect, ascending
	churns []civil.Date // the ends that count, one per life
	gone   []gone       // the subscriptions cancelled while another lived
}

type gone struct {
	sub  event.SubscriptionID
	date civil.Date
}

// day is how things stand from a date on.
type day struct {
	date  civil.Date
	arr   int64
	alive bool
}

// on is how things stand on d. An account that nothing has been heard of has
// no ARR and is not churned: its start may be older than our history.
func (l life) on(d civil.Date) day {
	now := day{alive: true}
	for _, day := range l.days {
		if day.date <= d {
			now = day
		}
	}
	return now
}

// The order of what takes effect on one date (R5).
const (
	started = iota
	changed
	renewed
	churned
	reactivated
	grown
	shrunk
	undone
)

// act is one thing that takes effect on a date.
type act struct {
	date civil.Date
	rank int
	do   func(*state)
}

// state is an account while its acts are played in order.
type state struct {
	alive bool
	parts map[event.SubscriptionID]int64 // the live subscriptions
	rest  int64                          // ARR that belongs to none of them
	grew  map[event.OpportunityID]bool   // the expansions booked in this life
	ended []civil.Date
	gone  []gone
}

// life plays all that is known of an account (§1a, R4, R5, R6).
func (w *world) life(account event.AccountID) life {
	if known, ok := w.lives[account]; ok {
		return known
	}
	acts := slices.Concat(w.subscriptionActs(account), w.renewalActs(account), w.churnActs(account),
		w.reactivationActs(account), w.expansionActs(account), w.contractionActs(account))
	slices.SortStableFunc(acts, func(a, b act) int {
		return cmp.Or(cmp.Compare(a.date, b.date), cmp.Compare(a.rank, b.rank))
	})
	s := &state{}
	s.begin()
	var days []day
	for _, a := range acts {
		a.do(s)
		if n := len(days); n > 0 && days[n-1].date == a.date {
			days = days[:n-1]
		}
		days = append(days, day{a.date, s.arr(), s.alive})
	}
	w.lives[account] = life{days, s.ended, s.gone}
	return w.lives[account]
}

func (s *state) begin() {
	s.alive = true
	s.parts = map[event.SubscriptionID]int64{}
	s.grew = map[event.OpportunityID]bool{}
	s.rest = 0
}

// end is a churn: nothing is left, and a churned account has no second end
// until it lives again (R6).
func (s *state) end(d civil.Date) {
	if !s.alive {
		return
	}
	s.begin()
	s.alive = false
	s.ended = append(s.ended, d)
}

func (s *state) arr() int64 {
	sum := s.rest
	for _, part := range s.parts {
		sum += part
	}
	return sum
}

// set is an absolute statement: of several live subscriptions it moves the one
// it names; else it sets the whole account and absorbs the increments (R4).
// The subscription it names is taken to live.
func (s *state) set(sub event.SubscriptionID, arr int64) {
	others := len(s.parts)
	if _, live := s.parts[sub]; live {
		others--
	}
	switch {
	case sub != "" && others > 0:
		s.parts[sub] = arr
		s.floor()
	case sub != "":
		s.parts[sub], s.rest = arr, 0
	case len(s.parts) == 1:
		for only := range s.parts {
			s.parts[only] = arr
		}
		s.rest = 0
	default:
		s.rest += arr - s.arr()
	}
}

// shrink takes away, but not below nothing.
func (s *state) shrink(by int64) {
	s.rest -= by
	s.floor()
}

func (s *state) floor() { s.rest += max(0, -s.arr()) }

// whileAlive leaves a churned account alone: its ARR stays 0 until it is
// reactivated or a subscription starts, whatever else was booked ahead.
func whileAlive(do func(*state)) func(*state) {
	return func(s *state) {
		if s.alive {
			do(s)
		}
	}
}

// subscriptionActs: a start adds its subscription and revives a churned
// account; a change is ARR only where billing is evidence for expansion (§1a).
func (w *world) subscriptionActs(account event.AccountID) []act {
	var acts []act
	for _, e := range w.starts(account) {
		arr := w.minor(e.Term.ARR)
		acts = append(acts, act{e.Term.Start, started, func(s *state) {
			if !s.alive {
				s.begin()
			}
			s.parts[e.Subscription] = arr
			s.floor()
		}})
	}
	type key struct {
		sub event.SubscriptionID
		on  civil.Date
	}
	changes := standing(about(of[event.SubscriptionChanged](w), account), func(e event.SubscriptionChanged) key {
		return key{e.Subscription, e.Effective}
	})
	for _, e := range changes {
		if counts(w.tenant.Evidence.Expansion, e) && !w.foreign(e.ARR) {
			acts = append(acts, act{e.Effective, changed, whileAlive(func(s *state) { s.set(e.Subscription, e.ARR.Minor) })})
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
	return standing(about(of[event.SubscriptionStarted](w), account), func(e event.SubscriptionStarted) key {
		return key{e.Subscription, e.Term.Start}
	})
}

// renewalActs: a won renewal sets the account or the subscription it names, on
// its term start (§1a).
func (w *world) renewalActs(account event.AccountID) []act {
	var acts []act
	for _, r := range w.renewals(account) {
		if r.won && !w.foreign(r.term.ARR) {
			acts = append(acts, act{r.start, renewed, whileAlive(func(s *state) { s.set(r.subscription, r.term.ARR.Minor) })})
		}
	}
	return acts
}

// reactivationActs: a reactivation sets the account and starts its next life.
func (w *world) reactivationActs(account event.AccountID) []act {
	var acts []act
	told := standing(about(of[event.AccountReactivated](w), account), func(e event.AccountReactivated) civil.Date { return e.Effective })
	for _, e := range told {
		acts = append(acts, act{e.Effective, reactivated, func(s *state) {
			if !s.alive {
				s.begin()
			}
			if !w.foreign(e.ARR) {
				s.set("", e.ARR.Minor)
			}
		}})
	}
	return acts
}

// expansionActs: a deal adds its ARR on the booking's civil date and leaves
// again on its cancellation's (§1a, R5), if it was not lost to a churn between.
func (w *world) expansionActs(account event.AccountID) []act {
	var acts []act
	for _, d := range w.deals() {
		if d.account != account {
			continue
		}
		acts = append(acts, act{d.booked, grown, whileAlive(func(s *state) {
			s.rest += d.arr
			s.grew[d.opportunity] = true
		})})
		if d.left != civil.Never {
			acts = append(acts, act{d.left, undone, func(s *state) {
				if s.grew[d.opportunity] {
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
	told := standing(about(of[event.ContractionBooked](w), account), func(e event.ContractionBooked) string { return e.Contraction })
	for _, e := range told {
		if !w.foreign(e.Decrease) {
			acts = append(acts, act{e.Effective, shrunk, whileAlive(func(s *state) { s.shrink(e.Decrease.Minor) })})
		}
	}
	return acts
}

// foreign reports whether an amount is in another currency than the plans':
// it would need a rate and is not counted (R23). Nothing needs none.
func (w *world) foreign(m money.Money) bool { return m.Minor != 0 && m.Currency != w.tenant.Currency }

// minor is an amount that counts: nothing where it is foreign.
func (w *world) minor(m money.Money) int64 {
	if w.foreign(m) {
		return 0
	}
	return m.Minor
}
