package naive

import (
	"fmt"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

// book tells a won expansion, as a booking or as a stage.
func (g *generator) book(s *story) {
	d := event.Deal{
		Opportunity: event.OpportunityID(fmt.Sprintf("opp-%s-%d", s.id, len(s.deals)+1)),
		Account:     s.id, ClosedAt: g.close(s).UTC(), Kind: "seats",
	}
	s.deals = append(s.deals, d)
	at := d.ClosedAt
	if g.chance(20) {
		at = g.later(at)
	}
	g.tellDeal(d, at)
}

// close is when a deal closes: on an edge, on the first day of a term, or at
// the very instant of a score.
func (g *generator) close(s *story) time.Time {
	switch n := g.r.IntN(100); {
	case n < 20 && len(s.renewed) > 0:
		return g.instant(g.within(pick(g.r, s.renewed).Term.Start))
	case n < 25 && len(s.subs) > 0:
		return g.instant(g.within(pick(g.r, s.subs).Term.Start))
	case n < 40 && len(s.scores) > 0:
		return pick(g.r, s.scores).MeasuredAt.Add(time.Duration(g.r.IntN(3)-1) * time.Second)
	case n < 45 && len(s.churns) > 0:
		return g.instant(g.within(pick(g.r, s.churns)))
	}
	return g.instant(g.edge())
}

// tellDeal states a won deal, with size and people drawn anew: a correction
// need not agree with what it corrects.
func (g *generator) tellDeal(d event.Deal, at time.Time) {
	d.ARR = g.usd(pick(g.r, []int64{
		24_999_99, 25_000_00, 25_000_01, 100_000_00, 100_000_01, 24_000_00, 40_000_00, 33_333_33, 150_000_00, 1,
		1 + g.r.Int64N(200_000_00),
	}), 4)
	d.CSM, d.AE = "", ""
	if g.chance(20) {
		d.CSM = pick(g.r, g.csms)
	}
	switch {
	case len(g.aes) > 0 && g.chance(55):
		d.AE = pick(g.r, g.aes)
	case g.chance(6):
		d.AE = pick(g.r, g.csms)
	}
	g.decorate(&d)
	if g.chance(35) {
		h := g.head("crm.opportunity.stage_changed.v1", at)
		d.ClosedAt = h.Time
		g.tell(event.ExpansionStage{Header: h, Deal: d, Stage: pick(g.r, []event.Stage{"Closed Won", "closed_won", "won"}), Previous: "Negotiation"})
		return
	}
	g.tell(event.ExpansionBooked{Header: g.head("crm.expansion.booked.v1", at), Deal: d})
}

// correctDeal tells a deal again, some moved to another day.
func (g *generator) correctDeal(s *story) {
	if len(s.deals) == 0 {
		return
	}
	i := g.r.IntN(len(s.deals))
	at := g.later(s.deals[i].ClosedAt)
	if g.chance(30) {
		moved := g.instant(g.near(civil.In(s.deals[i].ClosedAt, g.tenant.Zone))).UTC()
		s.deals[i].ClosedAt = moved
		if moved.After(at) {
			at = moved
		}
	}
	g.tellDeal(s.deals[i], at)
}

func (g *generator) cancelDeal(s *story) {
	if len(s.deals) == 0 {
		return
	}
	d := pick(g.r, s.deals)
	on := g.near(civil.In(d.ClosedAt, g.tenant.Zone))
	at := g.about(on)
	if at.Before(d.ClosedAt) && g.chance(80) {
		at = g.later(d.ClosedAt)
	}
	g.tell(event.ExpansionCancelled{
		Header:      g.head("crm.expansion.cancelled.v1", at),
		Opportunity: d.Opportunity, Account: s.id, On: on, Reason: "order withdrawn",
	})
}

// moveStage takes a deal out of won, and often back.
func (g *generator) moveStage(s *story) {
	if len(s.deals) == 0 {
		return
	}
	d := pick(g.r, s.deals)
	at := g.later(d.ClosedAt)
	open := event.Deal{Opportunity: d.Opportunity, Account: s.id, ClosedAt: at.UTC()}
	g.tell(event.ExpansionStage{
		Header: g.head("crm.opportunity.stage_changed.v1", at), Deal: open,
		Stage: pick(g.r, []event.Stage{"Negotiation", "Closed Lost", "lost"}), Previous: "Closed Won",
	})
	if g.chance(50) {
		g.tellDeal(d, g.later(at))
	}
}

// decorate adds what some features ask of a deal.
func (g *generator) decorate(d *event.Deal) {
	d.Flags, d.SourcedBy = nil, ""
	if g.lucky(Handoff, 20) {
		d.Flags = pick(g.rand(Handoff), [][]string{{"legal"}, {"executive", "new_module"}, {"multi_year"}})
	}
	if g.lucky(Sourcing, 50) {
		d.SourcedBy = pick(g.rand(Sourcing), append(g.csms[:len(g.csms):len(g.csms)], g.aes...))
	}
	if g.lucky(Foreign, 35) {
		d.ARR = g.foreign(d.ARR.Minor)
	}
}

// foreign is an amount in one of the other currencies, with their decimals.
func (g *generator) foreign(minor int64) money.Money {
	return money.Money{Minor: minor, Currency: pick(g.rand(Foreign), []money.Currency{"EUR", "EUR", "JPY", "KWD"})}
}
