package naive

import (
	"math/big"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/plan"
)

// objectives is the part of a pool that was reached (§8): by weight, each
// objective as much as of its target, at most whole. A value attested by hand
// goes before what was measured: a percentage is the actual, or so much of the
// target where that is a plain number (R30).
func (w *world) objectives(t pool, c plan.Component) *big.Rat {
	sum := new(big.Rat)
	for _, o := range c.Objectives {
		target := ratio(o.Target)
		if target.Sign() <= 0 {
			continue
		}
		actual, share := w.measured(t, o.ID)
		if attested := w.attested(t, o.ID); attested != nil {
			actual, share = attested, true
		}
		reached := quotient(actual, target)
		if share && !o.Percent {
			reached = actual
		}
		sum.Add(sum, product(ratio(o.Weight), smaller(reached, whole(1))))
	}
	return sum
}

// attested is the standing attestation of an objective, or nil: key payee +
// period + objective.
func (w *world) attested(t pool, objective string) *big.Rat {
	var value *big.Rat
	for _, e := range of[event.ObjectiveAttested](w.told) {
		if e.Payee == t.payee && e.Period == t.quarter && e.Objective == objective {
			value = ratio(e.Value)
		}
	}
	return value
}

// measured is what an objective came to. share: it is a share of what there was
// to do, and whole where there was nothing; not in the target's own unit. Of
// other objectives nothing is measured.
func (w *world) measured(t pool, objective string) (actual *big.Rat, share bool) {
	var done, all int64
	switch objective {
	case "health_updates":
		done, all = w.healthUpdates(t)
	case "reviews":
		all, done = w.reviews(t)
	case "multithreading":
		done, all = w.contacts(t)
	case "risk_response":
		done, all = w.responses(t)
	default:
		return new(big.Rat), false
	}
	if all == 0 {
		return whole(1), true
	}
	return big.NewRat(done, all), false
}

// healthUpdates are the account-weeks with a score, and all account-weeks:
// 7-day weeks from the quarter's first day, without a part at the end, in which
// the account was owned on all days (R30).
func (w *world) healthUpdates(t pool) (scored, weeks int64) {
	cal := w.tenant.Periods.Calendar
	for from := cal.First(t.quarter); from+7 <= cal.First(t.quarter+1); from += 7 {
		for _, account := range t.book.accounts {
			if !t.book.owns(account, from, from+7) {
				continue
			}
			weeks++
			for _, s := range w.scores(account) {
				if d := w.date(s.at); from <= d && d < from+7 {
					scored++
					break
				}
			}
		}
	}
	return scored, weeks
}

// reviews are the accounts owned for the whole quarter, whatever their ARR
// (R20), and those of them with a review held in it: key review_id.
func (w *world) reviews(t pool) (scope, done int64) {
	first, next := w.tenant.Periods.Calendar.First(t.quarter), w.tenant.Periods.Calendar.First(t.quarter+1)
	for _, account := range t.book.accounts {
		if !t.book.owns(account, first, next) {
			continue
		}
		scope++
		held := standing(of[event.ReviewHeld](w.by[account]), func(e event.ReviewHeld) string { return e.Review })
		for _, e := range held {
			if first <= e.On && e.On < next {
				done++
				break
			}
		}
	}
	return scope, done
}

// contacts are the distinct contacts engaged in the 90 days to the quarter's
// last of the accounts owned on that day, and those accounts.
func (w *world) contacts(t pool) (engaged, accounts int64) {
	last := w.tenant.Periods.Calendar.Last(t.quarter)
	for _, account := range t.book.accounts {
		if !t.book.owns(account, last, last+1) {
			continue
		}
		accounts++
		people := map[string]bool{}
		for _, e := range of[event.ContactEngaged](w.by[account]) {
			if d := w.date(e.EngagedAt); last-90 < d && d <= last {
				people[e.Contact] = true
			}
		}
		engaged += int64(len(people))
	}
	return engaged, accounts
}

// responses are the risk episodes met and those due in the quarter: by the
// date of their deadline, of whose book they opened in; neutral ones are not
// due (R31).
func (w *world) responses(t pool) (met, due int64) {
	for _, e := range w.riskEpisodes() {
		if !t.book.members[e.Payee] || w.tenant.Periods.Calendar.QuarterOf(w.date(e.Deadline)) != t.quarter {
			continue
		}
		switch e.Status {
		case "met":
			met++
			due++
		case "breached", "resolved":
			due++
		}
	}
	return met, due
}

// healthy is how much of its target the health bonus reached (§8): the ARR of
// the accounts owned on the quarter's last day whose last score by the end of
// that day passes the gate, of the ARR of all of them. Without any, nothing.
func (w *world) healthy(t pool, c plan.Component) *big.Rat {
	last := w.tenant.Periods.Calendar.Last(t.quarter)
	var good, all int64
	for _, account := range t.book.accounts {
		if !t.book.owns(account, last, last+1) {
			continue
		}
		arr := w.life(account).on(last).arr
		all += arr
		if s := w.scoreBy(account, last); s != nil && s.of100.Cmp(ratio(t.plan.Gates.HealthMin)) >= 0 {
			good += arr
		}
	}
	target := ratio(c.Target)
	if all <= 0 || target.Sign() <= 0 {
		return new(big.Rat)
	}
	return smaller(quotient(big.NewRat(good, all), target), whole(1))
}

// scoreBy is an account's last score measured by the end of a day, or nil.
func (w *world) scoreBy(account event.AccountID, d civil.Date) *score {
	var last *score
	for _, s := range w.scores(account) {
		if w.date(s.at) <= d {
			last = &s
		}
	}
	return last
}
