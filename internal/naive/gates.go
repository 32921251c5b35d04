package naive

import (
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/plan"
)

// verdict is what the health gate says of one payee of one deal.
type verdict int

const (
	passed verdict = iota
	failed
	missing // held until a score arrives that was measured in time
)

// health is the gate at close (§6, R13): the last score measured at or before
// the close decides, for the deal's CSM and for anyone whose role is csm.
func (w *world) health(d deal, p event.PayeeID, rules *plan.Plan) verdict {
	enrolled, _ := w.employed(p, d.booked)
	if p != d.csm && (enrolled == nil || enrolled.Role != event.CSM) {
		return passed
	}
	var last *score
	for _, s := range w.scores(d.account) {
		if !s.at.After(d.closedAt) {
			last = &s
		}
	}
	switch {
	case last != nil && last.of100.Cmp(ratio(rules.Gates.HealthMin)) >= 0:
		return passed
	case last != nil || rules.Gates.HealthMissing == "fail":
		return failed
	case rules.Gates.HealthMissing == "pass":
		return passed
	}
	return missing
}

// renewalGate is when a deal's money opens, and when it is missed.
type renewalGate struct{ opens, missed civil.Date }

// renewalGate (§7, R7): the next renewal opens it on its term start. A churn
// before that misses it for good; with no next renewal known, so does the end
// of the grace after the term in force at booking. An advance is open at once
// but missed like a hold.
func (w *world) renewalGate(d deal, pays *plan.Plan) renewalGate {
	if pays.Payability.Renewal == "off" {
		return renewalGate{d.booked, civil.Never}
	}
	next := w.nextRenewal(d)
	gate := renewalGate{next, civil.Never}
	if next == civil.Never {
		if end := w.termEnd(d); end != civil.Never {
			gate.missed = end.Add(pays.Payability.GraceDays)
		}
	}
	if churn := w.churnAfter(d); churn < next {
		gate.missed = min(gate.missed, churn)
	}
	if pays.Payability.Renewal == "advance" {
		gate.opens = d.booked
	}
	return gate
}

// nextRenewal is the term start of the first renewal with ARR after the
// booking date, or civil.Never (R7).
func (w *world) nextRenewal(d deal) civil.Date {
	next := civil.Never
	for _, r := range w.renewals(d.account) {
		if r.won && r.term.ARR.Minor > 0 && r.start > d.booked {
			next = min(next, r.start)
		}
	}
	return next
}

// churnAfter is the first churn on or after the booking date, or civil.Never.
func (w *world) churnAfter(d deal) civil.Date {
	for _, c := range w.life(d.account).churns {
		if c >= d.booked {
			return c
		}
	}
	return civil.Never
}

// termEnd is the end of the term in force on the booking date: of the terms of
// subscriptions and renewals that hold that day and were not ended by a churn
// or by their subscription's cancellation, the one that started last. With
// none the renewal stays pending (R7).
func (w *world) termEnd(d deal) civil.Date {
	best := event.Term{Start: -civil.Never, End: civil.Never}
	consider := func(t event.Term, sub event.SubscriptionID) {
		later := t.Start > best.Start || t.Start == best.Start && t.End > best.End
		if t.Start <= d.booked && d.booked < t.End && later && !w.termEnded(d, t, sub) {
			best = t
		}
	}
	for _, e := range w.starts(d.account) {
		consider(e.Term, e.Subscription)
	}
	for _, r := range w.renewals(d.account) {
		if r.won {
			consider(r.term, r.subscription)
		}
	}
	return best.End
}

// termEnded reports whether a term was over by the booking date before its time.
func (w *world) termEnded(d deal, t event.Term, sub event.SubscriptionID) bool {
	life := w.life(d.account)
	for _, c := range life.churns {
		if t.Start <= c && c < d.booked {
			return true
		}
	}
	for _, g := range life.gone {
		if g.sub == sub && t.Start <= g.date && g.date <= d.booked {
			return true
		}
	}
	return false
}

// lostToChurn is the churn that takes a deal back: 0 ≤ churn − booking ≤
// window_days, both days included (§7, R6).
func (w *world) lostToChurn(d deal, pays *plan.Plan) civil.Date {
	if c := w.churnAfter(d); c != civil.Never && c.Sub(d.booked) <= pays.Clawback.WindowDays {
		return c
	}
	return civil.Never
}
