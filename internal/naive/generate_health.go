package naive

import (
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
		Intervention: g.name("int"), LoggedAt: at.UTC(), By: string(pick(g.r, g.csms)),
	})
}
