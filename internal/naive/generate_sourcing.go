package naive

import (
	"fmt"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// opportunity is one that was told of, mostly, and when it closed or will.
func (g *generator) opportunity(s *story) (event.OpportunityID, time.Time) {
	switch n := g.r.IntN(100); {
	case n < 15 && len(s.uplifts) > 0:
		u := pick(g.r, s.uplifts)
		return u.Opportunity, u.SignedAt
	case n < 22 && len(s.renewed) > 0:
		r := pick(g.r, s.renewed)
		if r.Renewal != "" {
			return event.OpportunityID(r.Renewal), r.Term.Start.Start(g.tenant.Zone)
		}
	case len(s.deals) > 0 && n < 95:
		d := pick(g.r, s.deals)
		return d.Opportunity, d.ClosedAt
	}
	return event.OpportunityID(fmt.Sprintf("opp-%s-%d", s.id, 1+g.r.IntN(4))), g.instant(g.edge())
}

// aroundClose is an instant before, at or after a close.
func (g *generator) aroundClose(closed time.Time) time.Time {
	return closed.Add(pick(g.r, []time.Duration{-40 * 24 * time.Hour, -24 * time.Hour, -time.Second, 0, time.Second, 24 * time.Hour, 40 * 24 * time.Hour})).UTC()
}

// lead claims an opportunity, some with a second claimant.
func (g *generator) lead(s *story) {
	o, closed := g.opportunity(s)
	at := g.aroundClose(closed)
	p, _ := g.someone()
	for {
		g.tell(event.LeadSourced{
			Header: g.head("crm.lead.sourced.v1", at), Opportunity: o, Account: s.id, Payee: p,
			Stage: pick(g.r, []event.Stage{"qualified", "Qualified", "discovery", "qualified"}), At: at,
		})
		if !g.chance(25) {
			break
		}
		p, _ = g.someone()
		at = g.later(at).UTC()
	}
	if g.chance(60) {
		g.logHandOff(s, o, g.aroundClose(closed))
	}
}

// handOff logs a record, whole or with a field missing, some both.
func (g *generator) handOff(s *story) {
	o, closed := g.opportunity(s)
	g.logHandOff(s, o, g.aroundClose(closed))
}

func (g *generator) logHandOff(s *story, o event.OpportunityID, at time.Time) {
	for {
		estimate := g.usd(pick(g.r, []int64{20_000_00, 50_000_00, 0}), 10)
		e := event.HandoffLogged{
			Header: g.head("crm.handoff.logged.v1", at), Opportunity: o, Account: s.id, LoggedAt: at,
			BusinessObjective: "fewer tickets", SKU: "core", EstimatedARR: &estimate, EconomicBuyer: "cfo",
		}
		switch g.r.IntN(6) {
		case 0:
			e.EconomicBuyer = ""
		case 1:
			e.SKU, e.EstimatedARR = "", nil
		}
		g.tell(e)
		if !g.chance(30) {
			return
		}
		at = g.later(at).UTC()
	}
}

// openStage tells an opportunity that is not won, some with its ARR.
func (g *generator) openStage(s *story) {
	o, closed := g.opportunity(s)
	at := g.aroundClose(closed)
	d := event.Deal{Opportunity: o, Account: s.id, ClosedAt: at}
	if g.chance(70) {
		d.ARR = g.usd(pick(g.r, []int64{30_000_00, 0, 24_999_99}), 10)
	}
	g.tell(event.ExpansionStage{
		Header: g.head("crm.opportunity.stage_changed.v1", at), Deal: d, Stage: pick(g.r, []event.Stage{"Negotiation", "Proposal"}),
	})
}

// schedule tells an uplift in one to three steps.
func (g *generator) schedule(s *story) {
	o := event.OpportunityID(fmt.Sprintf("up-%s-%d", s.id, len(s.uplifts)+1))
	if len(s.deals) > 0 && g.chance(15) {
		o = pick(g.r, s.deals).Opportunity
	}
	e := event.UpliftScheduled{Opportunity: o, Account: s.id, SignedAt: g.instant(g.edge()).UTC()}
	e.Steps = g.steps(g.edge())
	e.Header = g.head("crm.uplift.scheduled.v1", e.SignedAt)
	s.uplifts = append(s.uplifts, e)
	g.tell(e)
}

func (g *generator) steps(from civil.Date) []event.UpliftStep {
	var steps []event.UpliftStep
	for range 1 + g.r.IntN(3) {
		steps = append(steps, event.UpliftStep{
			Effective: from, ARR: g.usd(pick(g.r, []int64{10_000_00, 24_999_99, 25_000_00, 100_000_01, 7_777_77}), 10),
		})
		from = from.Add(pick(g.r, []int{1, 30, 90, 91, 181, 365}))
	}
	return steps
}

// reschedule tells an uplift again, with other steps.
func (g *generator) reschedule(s *story) {
	if len(s.uplifts) == 0 {
		g.schedule(s)
		return
	}
	e := pick(g.r, s.uplifts)
	e.Header = g.head(e.Type, g.later(e.Time))
	e.Steps = g.steps(g.near(e.Steps[0].Effective))
	g.tell(e)
}

// cancelUplift cancels one at an edge of a step.
func (g *generator) cancelUplift(s *story) {
	if len(s.uplifts) == 0 {
		return
	}
	u := pick(g.r, s.uplifts)
	on := g.near(pick(g.r, u.Steps).Effective)
	at := g.about(on)
	if at.Before(u.Time) && g.chance(80) {
		at = g.later(u.Time)
	}
	g.tell(event.ExpansionCancelled{
		Header: g.head("crm.expansion.cancelled.v1", at), Opportunity: u.Opportunity, Account: s.id, On: on, Reason: "order withdrawn",
	})
}
