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
func (w *world) health(d *deal, p event.PayeeID, rules *plan.Plan) verdict {
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

// renewalGate is when a deal's money opens, and when it is missed. awaited is
// the term start of the renewal it waits for, where one is known and nothing
// came before it.
type renewalGate struct{ opens, missed, awaited civil.Date }

// renewalGate (§7, R7): the next renewal opens it on its term start. A churn
// before that misses it for good; with no next renewal known, so does the end
// of the grace after the term in force at booking. What an exception covers is
// not missed: the gate opens on that day instead (R26). An advance is open at
// once but missed like a hold.
func (w *world) renewalGate(d *deal, pays *plan.Plan) renewalGate {
	gate := renewalGate{d.booked, civil.Never, civil.Never}
	if pays.Payability.Renewal == "off" {
		return gate
	}
	next := w.nextRenewal(d)
	missed := civil.Never
	if next == civil.Never {
		if end := w.termEnd(d); end != civil.Never {
			missed = end.Add(pays.Payability.GraceDays)
		}
	}
	if churn := w.churnAfter(d); churn < next {
		missed = min(missed, churn)
	}
	switch {
	case missed == civil.Never:
		gate.opens, gate.awaited = next, next
	case w.covered(d.account, missed):
		gate.opens = missed
	default:
		gate.opens, gate.missed = next, missed
	}
	if pays.Payability.Renewal == "advance" {
		gate.opens = d.booked
	}
	return gate
}

// nextRenewal is the term start of the first renewal with ARR after the
// booking date, or civil.Never (R7).
func (w *world) nextRenewal(d *deal) civil.Date {
	next := civil.Never
	for _, r := range w.renewals(d.account) {
		if r.won && r.term.ARR.Minor > 0 && r.start > d.booked {
			next = min(next, r.start)
		}
	}
	return next
}

// churnAfter is the first churn on or after the booking date, or civil.Never.
func (w *world) churnAfter(d *deal) civil.Date {
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
func (w *world) termEnd(d *deal) civil.Date {
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
func (w *world) termEnded(d *deal, t event.Term, sub event.SubscriptionID) bool {
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

// opens is the latest date on which one of a line's gates opened, or
// civil.Never while one is not (R9): the renewal, health, a dispute, and the
// cash where the payee's plan asks for it.
func (w *world) opens(d *deal, pays *plan.Plan, health verdict, f *fate) civil.Date {
	at := max(d.booked, f.gate.opens, w.disputes()[d.opportunity].opens(d.booked))
	if pays.Payability.Cash == "invoice_paid" {
		at = max(at, w.cashGate(d))
	}
	if health == missing {
		return civil.Never
	}
	return at
}

// handedOff is when an opportunity's hand-off was complete: the first record
// that has all four fields (§4, R28), or civil.Never.
func (w *world) handedOff(o event.OpportunityID) civil.Date {
	first := civil.Never
	for _, e := range of[event.HandoffLogged](w.told) {
		if e.Opportunity == o && e.BusinessObjective != "" && e.SKU != "" && e.EstimatedARR != nil && e.EconomicBuyer != "" {
			first = min(first, w.date(e.LoggedAt))
		}
	}
	return first
}
