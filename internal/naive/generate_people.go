package naive

import (
	"fmt"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// people enrols 1–3 CSMs and 0–2 AEs. Now and then one is never enrolled: they
// get credits and no money.
func (g *generator) people() {
	if g.on(Managers) {
		g.managers = []event.PayeeID{"mgr-1", "mgr-2"}
	}
	for i := range 1 + g.r.IntN(3) {
		p := event.PayeeID(fmt.Sprintf("csm-%d", i+1))
		g.csms = append(g.csms, p)
		if i == 0 || g.chance(92) {
			g.enrol(p, event.CSM, g.firstDay())
		}
	}
	for i := range g.r.IntN(3) {
		p := event.PayeeID(fmt.Sprintf("ae-%d", i+1))
		g.aes = append(g.aes, p)
		if g.chance(85) {
			g.enrol(p, event.AE, g.firstDay())
		}
	}
}

// firstDay is mostly before everything else.
func (g *generator) firstDay() civil.Date {
	if g.chance(75) {
		return civil.On(2026, time.January, 1)
	}
	return g.within(civil.On(2026, time.January, 1).Add(g.r.IntN(240)))
}

func (g *generator) enrol(p event.PayeeID, role event.Role, on civil.Date) {
	e := event.PayeeEnrolled{
		Header: g.head("crm.payee.enrolled.v1", g.about(on)), Payee: p, Role: role, Effective: on,
	}
	if g.lucky(Managers, 60) && role != event.Manager && len(g.managers) > 0 {
		e.Manager = pick(g.rand(Managers), g.managers)
	}
	if g.lucky(Pods, 75) {
		e.Team = pick(g.rand(Pods), []string{"red", "red", "blue"})
	}
	if g.lucky(Versions, 25) {
		e.Segment = pick(g.rand(Versions), []string{"enterprise", "mid_market"})
	}
	if g.lucky(Versions, 8) {
		e.Plan = pick(g.rand(Versions), []event.PlanID{enterprisePlan, aePlan, "no-such-plan"})
	}
	if g.chance(10) && role == event.CSM {
		e.Plan = csmPlan
	}
	if g.chance(20) {
		m := g.usd(pick(g.r, []int64{20_000_00, 24_000_01}), 0)
		e.VariableAnnual = &m
	}
	if g.chance(15) {
		m := g.usd(pick(g.r, []int64{500_000_00, 777_777_77}), 0)
		e.AnnualTarget = &m
	}
	g.tell(e)
}

// enrolAgain corrects an enrolment, or enrols anew from another day.
func (g *generator) enrolAgain(*story) {
	p, role := g.someone()
	on := g.edge()
	if g.chance(30) {
		on = civil.On(2026, time.January, 1)
	}
	g.enrol(p, role, on)
}

func (g *generator) terminate(*story) {
	p, _ := g.someone()
	on := g.edge()
	g.tell(event.PayeeTerminated{Header: g.head("crm.payee.terminated.v1", g.about(on)), Payee: p, Effective: on})
	if g.chance(30) {
		g.enrolAgain(nil)
	}
}

func (g *generator) someone() (event.PayeeID, event.Role) {
	if len(g.aes) > 0 && g.chance(25) {
		return pick(g.r, g.aes), event.AE
	}
	return pick(g.r, g.csms), event.CSM
}

// assign gives an account to a payee, often on a quarter's edge.
func (g *generator) assign(s *story) {
	p, role := g.someone()
	g.assignOn(s, p, role, g.edge())
}

func (g *generator) assignOn(s *story, p event.PayeeID, role event.Role, on civil.Date) {
	g.tell(event.AccountAssigned{
		Header: g.head("crm.account.assigned.v1", g.about(on)), Account: s.id, Payee: p, Role: role, Effective: on,
	})
}

// payout is paid, and sometimes comes back, and sometimes is paid after all.
func (g *generator) payout(*story) {
	p, _ := g.someone()
	at := g.instant(g.edge())
	period := g.tenant.Periods.Calendar.QuarterOf(civil.In(at, g.tenant.Zone)) - 1
	amount := g.usd(1+g.r.Int64N(3_000_00), 0)
	reference := g.name("pay")
	confirm := func(at time.Time) {
		g.tell(event.PayoutConfirmed{
			Header: g.head("billing.payout.confirmed.v1", at),
			Period: period, Payee: p, Amount: amount, Reference: reference, At: at.UTC(),
		})
	}
	confirm(at)
	for g.chance(35) {
		at = g.later(at)
		g.tell(event.PayoutRejected{
			Header: g.head("billing.payout.rejected.v1", at),
			Period: period, Payee: p, Amount: amount, Reference: reference, At: at.UTC(), Reason: "account closed",
		})
		if g.chance(40) {
			at = g.later(at)
			confirm(at)
		}
	}
}

// decided is who decides things by hand: an office, not a person.
var decided = event.By{By: "vp-cs", ByRole: "vp_cs"}

// adjust posts a manual amount, sometimes corrected.
func (g *generator) adjust(*story) {
	p, _ := g.someone()
	id := g.name("adj")
	on := g.edge()
	at := g.about(on)
	for {
		g.tell(event.AdjustmentPosted{
			Header: g.head("admin.adjustment.posted.v1", at), By: decided, Adjustment: id, Payee: p,
			Amount: g.usd(1+g.r.Int64N(500_00)-g.r.Int64N(2)*500_01, 0), Effective: on, Reason: "correction",
		})
		if !g.chance(25) {
			return
		}
		on, at = g.near(on), g.later(at)
	}
}

// award gives a SPIF, sometimes told twice.
func (g *generator) award(*story) {
	p, _ := g.someone()
	id := g.name("spif")
	on := g.edge()
	at := g.about(on)
	for {
		g.tell(event.SpifAwarded{
			Header: g.head("admin.spif.awarded.v1", at), By: decided, Spif: id, Payee: p,
			Amount: g.usd(1+g.r.Int64N(900_00), 0), Effective: on, Reason: "first module sold",
		})
		if !g.chance(25) {
			return
		}
		on, at = g.near(on), g.later(at)
	}
}
