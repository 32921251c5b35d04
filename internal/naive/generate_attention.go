package naive

import (
	"fmt"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

// review holds one, some moved to another day.
func (g *generator) review(s *story) {
	on := g.edge()
	at := g.about(on)
	id := g.name("rev")
	for {
		g.tell(event.ReviewHeld{Header: g.head("crm.review.held.v1", at), Account: s.id, Review: id, On: on, Kind: "qbr"})
		if !g.chance(15) {
			return
		}
		on, at = g.near(on), g.later(at)
	}
}

// engage speaks to a contact, at an edge of the 90 days before a quarter's end.
func (g *generator) engage(s *story) {
	last := g.tenant.Periods.Calendar.Last(g.tenant.Periods.Calendar.QuarterOf(g.edge()))
	at := g.instant(last.Add(pick(g.r, []int{0, 1, -45, -89, -90, -91}))).UTC()
	g.tell(event.ContactEngaged{
		Header: g.head("crm.contact.engaged.v1", at), Account: s.id, Contact: fmt.Sprintf("c-%d", g.r.IntN(4)), EngagedAt: at,
	})
}

// enrolManagers puts managers over the CSMs, one over the other.
func (g *generator) enrolManagers() {
	for _, p := range g.managers {
		g.enrolManagerOn(p, g.firstDay())
	}
}

func (g *generator) enrolManager(*story) { g.enrolManagerOn(pick(g.r, g.managers), g.edge()) }

// enrolManagerOn enrols a manager, the first mostly below the other.
func (g *generator) enrolManagerOn(p event.PayeeID, on civil.Date) {
	e := event.PayeeEnrolled{Header: g.head("crm.payee.enrolled.v1", g.about(on)), Payee: p, Role: event.Manager, Effective: on}
	if p == "mgr-1" && g.chance(60) {
		e.Manager = "mgr-2"
	}
	g.tell(e)
}

// renewalManager is the one there is, in pods.
const renewalManager event.PayeeID = "rm-1"

func (g *generator) enrolRenewalManager() {
	on := g.firstDay()
	g.tell(event.PayeeEnrolled{
		Header: g.head("crm.payee.enrolled.v1", g.about(on)), Payee: renewalManager, Role: event.RenewalManager, Effective: on, Team: "red",
	})
}

func (g *generator) assignRenewalManager(s *story) {
	g.assignOn(s, renewalManager, event.RenewalManager, g.edge())
}

// tellOther is something that no rule of pay reads.
func (g *generator) tellOther(s *story) {
	at := g.instant(g.edge()).UTC()
	on := g.edge()
	o, _ := g.opportunity(s)
	id := g.name("o")
	head := func(kind event.Type) event.Header { return g.head(kind, at) }
	switch g.r.IntN(6) {
	case 0:
		g.tell(event.SurveyAnswered{
			Header: head("crm.survey.answered.v1"), Account: s.id, Survey: id, Kind: "nps",
			Score: money.Ratio{Num: g.r.Int64N(11), Den: 1}, AnsweredAt: at,
		})
	case 1:
		g.tell(event.AdoptionMeasured{Header: head("crm.adoption.measured.v1"), Account: s.id, Rate: percent(1 + g.r.Int64N(100)).Lowest(), MeasuredAt: at})
	case 2:
		g.tell(event.OnboardingCompleted{Header: head("crm.onboarding.completed.v1"), Account: s.id, Started: on, Completed: on.Add(30)})
	case 3:
		g.tell(event.ForecastRecorded{
			Header: head("crm.forecast.recorded.v1"), Account: s.id, TermEnd: on, Call: "renew", RecordedAt: at, By: string(g.csms[0]),
		})
	case 4:
		g.tell(event.HandoffIntroduced{Header: head("crm.handoff.introduced.v1"), Opportunity: o, Account: s.id, At: at})
	case 5:
		g.tell(event.HandoffClosed{Header: head("crm.handoff.closed.v1"), Opportunity: o, Account: s.id, At: at, FinalTerms: "as quoted"})
	}
}
