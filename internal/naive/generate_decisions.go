package naive

import (
	"slices"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

// by is somebody who decides, of one of several roles.
func (g *generator) by(roles ...string) event.By {
	role := pick(g.r, roles)
	return event.By{By: "somebody", ByRole: role}
}

// dispute contests an opportunity; it is decided at an edge of the clock, some
// not at all, some twice, some by who may not.
func (g *generator) dispute(s *story) {
	o, closed := g.opportunity(s)
	at := g.aroundClose(closed)
	id := g.name("d")
	opened := event.DisputeOpened{
		Header: g.head("admin.dispute.opened.v1", at), By: g.by("csm"), Dispute: id, Opportunity: o, Account: s.id, OpenedAt: at,
	}
	g.tell(opened)
	if g.chance(10) {
		opened.Header = g.head(opened.Type, g.later(at))
		opened.OpenedAt = opened.Time
		g.tell(opened)
	}
	for g.chance(60) {
		span := time.Duration(g.tenant.SLA.Dispute.Hours) * time.Hour
		at = at.Add(pick(g.r, []time.Duration{time.Hour, span - time.Second, span, span + time.Second, 40 * 24 * time.Hour}))
		e := event.DisputeDecided{
			Header: g.head("admin.dispute.decided.v1", at), By: g.by("director_revops", "director_revops", "director_revops", "vp_cs"),
			Dispute: id, Opportunity: o, Account: s.id, DecidedAt: at, Split: g.split(),
		}
		g.tell(e)
	}
}

// split is between one to three payees, by payee, and sums to the whole.
func (g *generator) split() []event.Share {
	all := append(g.csms[:len(g.csms):len(g.csms)], g.aes...)
	g.r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	parts := pick(g.r, [][]int{{10_000}, {5_000, 5_000}, {3_333, 6_667}, {0, 10_000}, {3_333, 3_333, 3_334}})
	all = all[:min(len(all), len(parts))]
	slices.Sort(all)
	rest := 10_000
	var out []event.Share
	for i, p := range all {
		bps := parts[i]
		if i == len(all)-1 {
			bps = rest
		}
		rest -= bps
		out = append(out, event.Share{Payee: p, BPS: bps})
	}
	return out
}

// except approves an exception around a churn, a contraction or an edge, some
// by who may not.
func (g *generator) except(s *story) {
	from := g.churnDate(s).Add(pick(g.r, []int{0, 0, -1, 1, -30}))
	at := g.about(from)
	id := g.name("x")
	for {
		e := event.ExceptionApproved{
			Header: g.head("admin.exception.approved.v1", at), By: g.by("cfo", "cfo", "vp_cs", "director_revops", "intern"),
			Exception: id, Account: s.id, Kind: "merger", From: from, Evidence: "board minutes",
		}
		if g.chance(40) {
			until := from.Add(pick(g.r, []int{0, 1, 30, 120}))
			e.Until = &until
		}
		g.tell(e)
		if !g.chance(20) {
			return
		}
		from, at = g.near(from), g.later(at)
	}
}

// notify gives notice near a churn or a deal, and some is withdrawn.
func (g *generator) notify(s *story) {
	on := g.churnDate(s)
	if len(s.churns) > 0 && g.chance(60) {
		on = pick(g.r, s.churns).Add(pick(g.r, []int{0, -1, -30, -60, 1}))
	}
	at := g.about(on)
	g.tell(event.ChurnNotified{Header: g.head("crm.churn.notified.v1", at), Account: s.id, Notified: on})
	if g.chance(20) {
		g.tell(event.ChurnCancelled{Header: g.head("crm.churn.cancelled.v1", g.later(at)), Account: s.id, Effective: g.near(on)})
	}
}

// attest sets an objective by hand, some twice.
func (g *generator) attest(*story) {
	p := pick(g.r, append(g.csms[:len(g.csms):len(g.csms)], g.managers...))
	q := g.tenant.Periods.Calendar.QuarterOf(g.edge())
	at := g.about(g.tenant.Periods.Calendar.Last(q))
	objective := pick(g.r, []string{"health_updates", "reviews", "multithreading", "risk_response", "nps"})
	for {
		g.tell(event.ObjectiveAttested{
			Header: g.head("admin.objective.attested.v1", at), By: decided, Payee: p, Period: q, Objective: objective,
			Value: percent(pick(g.r, []int64{0, 50, 73, 100, 120})).Lowest(),
		})
		if !g.chance(25) {
			return
		}
		at = g.later(at)
	}
}

// setRate sets an exchange rate, some corrected.
func (g *generator) setRate(*story) {
	on := g.edge()
	if g.chance(40) {
		on = civil.On(2026, time.January, 1)
	}
	at := g.about(on)
	for {
		e := event.RateSet{Header: g.head("admin.fx.set.v1", at), Base: "EUR", Quote: g.tenant.Currency, Effective: on, Rate: money.Ratio{Num: 217, Den: 200}}
		switch g.r.IntN(5) {
		case 0:
			e.Base, e.Rate = "JPY", money.Ratio{Num: 67, Den: 10_000}
		case 1:
			e.Base, e.Rate = "KWD", money.Ratio{Num: 13, Den: 4}
		case 2:
			e.Rate = money.Ratio{Num: 11, Den: 10}
		case 3:
			e.Base, e.Quote = e.Quote, "EUR" // of no use
		}
		g.tell(e)
		if !g.chance(25) {
			return
		}
		at = g.later(at)
	}
}

// openBalance brings balances from the old system, some told twice.
func (g *generator) openBalance(*story) {
	p, _ := g.someone()
	on := g.edge()
	at := g.about(on)
	for {
		e := event.BalanceOpened{Header: g.head("admin.balance.opened.v1", at), By: decided, Payee: p, AsOf: on}
		for _, bucket := range []**money.Money{&e.Held, &e.Payable, &e.Paid} {
			if g.chance(60) {
				m := g.usd(g.r.Int64N(1_000_00)-200_00, 0)
				*bucket = &m
			}
		}
		g.tell(e)
		if !g.chance(25) {
			return
		}
		at = g.later(at)
	}
}

// retract takes a random fact back, in its scope or wherever it is, some in
// another scope; and some retractions are themselves taken back.
func (g *generator) retract(*story) {
	was := pick(g.r, g.arrivals).Event
	at := g.later(was.Head().Time)
	if g.chance(15) {
		at = g.instant(g.edge())
	}
	for {
		scope := was.Scope()
		e := event.FactRetracted{
			Header: g.head("admin.fact.retracted.v1", at), By: decided, Retracted: was.Head().Identity, Reason: "told in error",
			Account: scope.Account, Payee: scope.Payee,
		}
		switch n := g.r.IntN(100); {
		case n < 30:
			e.Account, e.Payee = "", ""
		case n < 35:
			e.Account, e.Payee = pick(g.r, g.stories).id, ""
		}
		g.tell(e)
		if !g.chance(35) {
			return
		}
		was, at = e, g.later(at)
	}
}
