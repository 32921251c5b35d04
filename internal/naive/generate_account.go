package naive

import (
	"fmt"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// open starts an account's story: owners, a subscription, a good score, the
// renewals one would expect, and a deal.
func (g *generator) open(s *story) {
	if g.chance(93) {
		g.assignOn(s, pick(g.r, g.csms), event.CSM, g.firstDay())
	}
	if len(g.aes) > 0 && g.chance(50) {
		g.assignOn(s, pick(g.r, g.aes), event.AE, g.firstDay())
	}
	if g.chance(95) {
		g.start(s)
	}
	if g.chance(80) {
		g.scoreOf(s, 78, 100, g.instant(g.within(civil.On(2026, time.January, 1).Add(g.r.IntN(60)))))
	}
	for range pick(g.r, []int{0, 2, 3, 3, 5}) {
		g.renew(s)
	}
	g.book(s)
}

// start adds a subscription: monthly, half-yearly or annual.
func (g *generator) start(s *story) {
	from := g.edge()
	if len(s.subs) == 0 {
		from = civil.On(2026, time.January, 1).Add(g.r.IntN(4) * 31)
	}
	e := event.SubscriptionStarted{
		Header: g.head("billing.subscription.started.v1", g.about(from)), Account: s.id,
		Subscription: event.SubscriptionID(fmt.Sprintf("sub-%s-%d", s.id, len(s.subs)+1)),
		Term:         g.term(from),
	}
	s.subs = append(s.subs, e)
	g.tell(e)
}

func (g *generator) term(from civil.Date) event.Term {
	end := civil.On(from.Year(), from.Month()+time.Month(pick(g.r, []int{1, 1, 6, 12, 12})), from.Day())
	arr := g.usd(pick(g.r, []int64{60_000_00, 80_000_00, 100_000_33, 12_345_67, 1_000_000_00, 950_000_00, 980_000_00}), 2)
	return event.Term{Start: from, End: end, ARR: arr}
}

// correctStart tells a start again with other numbers.
func (g *generator) correctStart(s *story) {
	if len(s.subs) == 0 {
		return
	}
	e := pick(g.r, s.subs)
	e.Header, e.Term = g.head(e.Type, g.later(e.Time)), g.term(e.Term.Start)
	g.tell(e)
}

// change is billing's new total of a subscription.
func (g *generator) change(s *story) {
	if len(s.subs) == 0 {
		return
	}
	sub := pick(g.r, s.subs)
	on := max(g.edge(), sub.Term.Start)
	g.tell(event.SubscriptionChanged{
		Header:  g.head("billing.subscription.changed.v1", g.about(on)),
		Account: s.id, Subscription: sub.Subscription, Effective: on, ARR: g.term(on).ARR,
	})
}

// nextTerm is the term that would follow what was told, now and then another.
func (g *generator) nextTerm(s *story) event.Term {
	var last event.Term
	for _, e := range s.subs {
		if e.Term.End > last.End {
			last = e.Term
		}
	}
	for _, e := range s.renewed {
		if e.Term.End > last.End {
			last = e.Term
		}
	}
	from := last.End
	switch {
	case from == 0 || from > civil.On(2027, time.December, 31) || g.chance(15):
		from = g.edge()
	case len(s.churns) > 0 && g.chance(25):
		from = pick(g.r, s.churns) // churn and renewal on one day
	case len(s.deals) > 0 && g.chance(10):
		from = civil.In(pick(g.r, s.deals).ClosedAt, g.tenant.Zone)
	}
	next := g.term(from)
	if last.ARR.Minor > 0 && g.chance(60) {
		next.ARR = last.ARR // flat
	}
	if g.chance(2) {
		next.ARR.Minor = 0
	}
	return next
}

// renew books a renewal by CRM, billing or stage; some long before the term.
func (g *generator) renew(s *story) {
	g.renewTerm(s, g.nextTerm(s), time.Time{})
}

func (g *generator) renewTerm(s *story, term event.Term, after time.Time) {
	at := g.about(term.Start)
	if !after.IsZero() {
		at = g.later(after)
	}
	if g.chance(25) {
		e := event.RenewalStage{
			Header:      g.head("crm.opportunity.stage_changed.v1", at),
			Opportunity: event.OpportunityID(fmt.Sprintf("ren-%s-%s", s.id, term.Start)),
			Account:     s.id, Stage: pick(g.r, []event.Stage{"Closed Won", "won", "Closed Won", "Negotiation"}), Term: term,
		}
		g.tell(e)
		s.renewed = append(s.renewed, event.RenewalBooked{Header: e.Header, Account: s.id, Term: term})
		return
	}
	e := event.RenewalBooked{
		Header:  g.head("crm.renewal.booked.v1", at),
		Renewal: g.name("r"), Account: s.id, Term: term, BookedAt: at.UTC(),
	}
	if g.chance(35) && len(s.subs) > 0 {
		e.Header = g.head("billing.subscription.renewed.v1", at)
		e.Subscription = pick(g.r, s.subs).Subscription
	}
	s.renewed = append(s.renewed, e)
	g.tell(e)
}

// renewLower renews what was renewed before, for less.
func (g *generator) renewLower(s *story) {
	term := g.nextTerm(s)
	if len(s.renewed) > 0 && g.chance(70) {
		was := pick(g.r, s.renewed)
		term = was.Term
		term.ARR.Minor = max(0, term.ARR.Minor+pick(g.r, []int64{10_000_00, -5_000_00, -12_345_67, 20_000_00, 1}))
		g.renewTerm(s, term, was.Time)
		return
	}
	term.ARR.Minor = max(0, term.ARR.Minor-pick(g.r, []int64{1, 5_000_00, 33_333_33}))
	g.renewTerm(s, term, time.Time{})
}

// correctRenewal tells a renewal of the same term again.
func (g *generator) correctRenewal(s *story) {
	if len(s.renewed) == 0 {
		return
	}
	was := pick(g.r, s.renewed)
	g.renewTerm(s, g.term(was.Term.Start), was.Time)
}

// loseRenewal is a lost renewal: of a term that was won before, or of the next,
// some telling only when the old term ends.
func (g *generator) loseRenewal(s *story) {
	term := g.nextTerm(s)
	at := g.about(term.Start)
	if len(s.renewed) > 0 && g.chance(40) {
		was := pick(g.r, s.renewed)
		term, at = was.Term, g.later(was.Time)
	}
	lost := event.Term{Start: term.Start}
	if g.chance(30) {
		lost = event.Term{End: term.Start}
	}
	s.churns = append(s.churns, term.Start)
	g.tell(event.RenewalStage{
		Header:      g.head("crm.opportunity.stage_changed.v1", at),
		Opportunity: event.OpportunityID(fmt.Sprintf("ren-%s-%s", s.id, term.Start)),
		Account:     s.id, Stage: pick(g.r, []event.Stage{"Closed Lost", "lost"}), Previous: "Negotiation", Term: lost,
	})
}

// churnDate is at an edge of a deal's window, or of a term.
func (g *generator) churnDate(s *story) civil.Date {
	switch {
	case len(s.deals) > 0 && g.chance(70):
		booked := civil.In(pick(g.r, s.deals).ClosedAt, g.tenant.Zone)
		return booked.Add(pick(g.r, []int{0, 1, 45, 60, 89, 90, 90, 91, 91, 92, 200, -1}))
	case len(s.renewed) > 0 && g.chance(50):
		return pick(g.r, s.renewed).Term.Start.Add(g.r.IntN(3) - 1)
	}
	return g.edge()
}

func (g *generator) churn(s *story) {
	on := g.churnDate(s)
	s.churns = append(s.churns, on)
	g.tell(event.ChurnEffective{Header: g.head("crm.churn.effective.v1", g.about(on)), Account: s.id, Effective: on})
}

// uncancel tells that a churn did not happen, and sometimes that it did.
func (g *generator) uncancel(s *story) {
	if len(s.churns) == 0 {
		return
	}
	on := pick(g.r, s.churns)
	at := g.later(g.about(on))
	g.tell(event.ChurnCancelled{Header: g.head("crm.churn.cancelled.v1", at), Account: s.id, Effective: on})
	if g.chance(25) {
		g.tell(event.ChurnEffective{Header: g.head("crm.churn.effective.v1", g.later(at)), Account: s.id, Effective: on})
	}
}

func (g *generator) cancelSubscription(s *story) {
	if len(s.subs) == 0 {
		return
	}
	sub := pick(g.r, s.subs)
	on := max(g.churnDate(s), sub.Term.Start)
	s.churns = append(s.churns, on)
	g.tell(event.SubscriptionCancelled{
		Header:  g.head("billing.subscription.cancelled.v1", g.about(on)),
		Account: s.id, Subscription: sub.Subscription, Effective: on,
	})
}

// reactivate brings an account back, some on the day it left.
func (g *generator) reactivate(s *story) {
	if len(s.churns) == 0 {
		return
	}
	on := pick(g.r, s.churns).Add(pick(g.r, []int{0, 1, 30, 60, -1}))
	g.tell(event.AccountReactivated{
		Header:  g.head("crm.account.reactivated.v1", g.about(on)),
		Account: s.id, Effective: on, ARR: g.term(on).ARR,
	})
}

// contract takes ARR away, now and then more than there is.
func (g *generator) contract(s *story) {
	on := g.edge()
	if len(s.deals) > 0 && g.chance(60) {
		on = g.within(civil.In(pick(g.r, s.deals).ClosedAt, g.tenant.Zone).Add(pick(g.r, []int{0, 0, 1, 30, 89, 90, 91})))
	}
	at := g.about(on)
	id := g.name("con")
	for {
		g.tell(event.ContractionBooked{
			Header: g.head("crm.contraction.booked.v1", at), Contraction: id, Account: s.id, Effective: on,
			Decrease: g.usd(pick(g.r, []int64{1_000_00, 5_000_00, 10_000_00, 33_333_33, 50_000_01, 2_000_000_00}), 2),
		})
		if !g.chance(20) {
			return
		}
		on, at = g.near(on), g.later(at)
	}
}
