package naive

import (
	"fmt"
	"time"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

// score measures health at an edge: 64 or 65, at a close, at a deadline.
func (g *generator) score(s *story) {
	at := g.instant(g.edge())
	switch n := g.r.IntN(100); {
	case n < 35 && len(s.deals) > 0:
		at = pick(g.r, s.deals).ClosedAt.Add(pick(g.r, []time.Duration{0, -time.Second, time.Second, -time.Hour, -48 * time.Hour}))
	case n < 60 && len(s.low) > 0:
		at = pick(g.r, s.low).Add(g.sinceLow())
	}
	g.scoreOf(s, pick(g.r, []int64{640, 640, 650, 650, 800, 800, 300, 649}), 1000, at)
	if g.chance(15) {
		g.intervene(s)
	}
}

// sinceLow is a time since a low score at an edge of the clock.
func (g *generator) sinceLow() time.Duration {
	week := 168 * time.Hour
	return pick(g.r, []time.Duration{0, time.Second, 24 * time.Hour, week - time.Second, week, week, week + time.Second, week + 24*time.Hour})
}

// scoreOf tells a score out of max, written on one of several scales.
func (g *generator) scoreOf(s *story, points, max int64, at time.Time) {
	scale := pick(g.r, []int64{100, 100, 10, 5})
	e := event.HealthScored{
		Header: g.head("crm.health.scored.v1", at), Account: s.id,
		Score:    money.Ratio{Num: points * scale, Den: max}.Lowest(),
		ScaleMax: money.Ratio{Num: scale, Den: 1}, MeasuredAt: at.UTC(),
	}
	if g.chance(15) {
		e.Time = e.Time.Add(time.Duration(g.r.IntN(72)) * time.Hour)
	}
	s.scores = append(s.scores, e)
	if points*100 < 65*max {
		s.low = append(s.low, at)
	}
	g.tell(e)
}

// correctScore tells a measurement again with another score.
func (g *generator) correctScore(s *story) {
	if len(s.scores) == 0 {
		return
	}
	e := pick(g.r, s.scores)
	source := e.Source
	e.Header = g.head(e.Type, g.later(e.Time))
	e.Source = source
	e.Score = money.Ratio{Num: e.ScaleMax.Num * pick(g.r, []int64{64, 65, 90}), Den: 100}.Lowest()
	g.tell(e)
}

// intervene logs what was done about a risk, at an edge of its clock.
func (g *generator) intervene(s *story) {
	if len(s.low) == 0 {
		return
	}
	at := pick(g.r, s.low).Add(g.sinceLow())
	g.tell(event.InterventionLogged{
		Header: g.head("crm.intervention.logged.v1", at), Account: s.id,
		Intervention: fmt.Sprintf("int-%d", g.ids), LoggedAt: at.UTC(), By: string(pick(g.r, g.csms)),
	})
}

// tellOther is something that the rules here do not read and that must change
// nothing.
func (g *generator) tellOther(s *story) {
	at := g.instant(g.edge()).UTC()
	on := g.edge()
	opportunity := event.OpportunityID("opp-" + string(s.id) + "-1")
	id := fmt.Sprintf("o-%d", g.ids)
	head := func(kind event.Type) event.Header { return g.head(kind, at) }
	switch g.r.IntN(10) {
	case 0:
		g.tell(event.ChurnNotified{Header: head("crm.churn.notified.v1"), Account: s.id, Notified: on})
	case 1:
		g.tell(event.ReviewHeld{Header: head("crm.review.held.v1"), Account: s.id, Review: id, On: on, Kind: "qbr"})
	case 2:
		g.tell(event.ContactEngaged{Header: head("crm.contact.engaged.v1"), Account: s.id, Contact: id, EngagedAt: at})
	case 3:
		g.tell(event.SurveyAnswered{
			Header: head("crm.survey.answered.v1"), Account: s.id, Survey: id, Kind: "nps",
			Score: money.Ratio{Num: g.r.Int64N(11), Den: 1}, AnsweredAt: at,
		})
	case 4:
		g.tell(event.AdoptionMeasured{Header: head("crm.adoption.measured.v1"), Account: s.id, Rate: percent(1 + g.r.Int64N(100)).Lowest(), MeasuredAt: at})
	case 5:
		g.tell(event.OnboardingCompleted{Header: head("crm.onboarding.completed.v1"), Account: s.id, Started: on, Completed: on.Add(30)})
	case 6:
		g.tell(event.ForecastRecorded{
			Header: head("crm.forecast.recorded.v1"), Account: s.id, TermEnd: on, Call: "renew", RecordedAt: at, By: string(g.csms[0]),
		})
	case 7:
		g.tell(event.LeadSourced{
			Header: head("crm.lead.sourced.v1"), Opportunity: opportunity, Account: s.id, Payee: g.csms[0], Stage: "qualified", At: at,
		})
	case 8:
		g.tell(event.HandoffLogged{Header: head("crm.handoff.logged.v1"), Opportunity: opportunity, Account: s.id, LoggedAt: at, SKU: "core"})
	case 9:
		g.tell(event.Invoice{
			Header: head("billing.invoice.paid.v1"), State: event.InvoicePaid, Invoice: "inv-" + id, Account: s.id,
			Opportunity: opportunity, Amount: g.usd(10_000_00, 0), At: at,
		})
	}
}
