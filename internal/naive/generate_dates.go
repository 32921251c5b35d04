package naive

import (
	"time"

	"github.com/trueup/trueup/domain/civil"
)

// grid is the dates that most things happen on.
func (g *generator) grid() []civil.Date {
	var dates []civil.Date
	cal := g.tenant.Periods.Calendar
	first := cal.QuarterOf(civil.On(2026, time.February, 1))
	for q := first; q < first+8; q++ {
		dates = append(dates, cal.First(q), cal.Last(q), cal.First(q)+1)
	}
	anchor := civil.On(2026, time.February, 1).Add(g.r.IntN(540))
	for _, days := range []int{0, 0, 1, 30, 31, 59, 89, 90, 91, 180, 365} {
		dates = append(dates, anchor.Add(days))
	}
	return dates
}

// edge is a date of the grid, or now and then any date.
func (g *generator) edge() civil.Date {
	if g.chance(15) {
		return g.within(civil.On(2026, time.January, 1).Add(g.r.IntN(730)))
	}
	return g.within(pick(g.r, g.edges))
}

// near is a date at an edge of a rule about d.
func (g *generator) near(d civil.Date) civil.Date {
	return g.within(d.Add(pick(g.r, []int{0, 0, 0, 1, -1, 7, 29, 30, 31, 60, 89, 90, 91, 120, 365})))
}

// within keeps a date in the two years that histories are about.
func (*generator) within(d civil.Date) civil.Date {
	return min(max(d, civil.On(2026, time.January, 1)), civil.On(2027, time.December, 31))
}

// instant is a moment of d in the plans' zone, often its first or last.
func (g *generator) instant(d civil.Date) time.Time {
	switch g.r.IntN(6) {
	case 0:
		return d.Start(g.tenant.Zone)
	case 1:
		return d.End(g.tenant.Zone).Truncate(time.Second)
	case 2:
		return d.Start(g.tenant.Zone).Add(time.Duration(g.r.IntN(23)) * time.Hour)
	}
	return d.Start(g.tenant.Zone).Add(12 * time.Hour)
}

// about is when a fact effective on d was stated: that day, ahead, or late.
func (g *generator) about(d civil.Date) time.Time {
	switch n := g.r.IntN(100); {
	case n < 15:
		return g.instant(g.within(d.Add(-g.r.IntN(60))))
	case n < 25:
		return g.instant(d.Add(g.r.IntN(40)))
	}
	return g.instant(d)
}

// later is a time after an earlier statement, now and then the same.
func (g *generator) later(t time.Time) time.Time {
	if g.chance(15) {
		return t
	}
	return t.Add(time.Duration(1+g.r.IntN(60*24)) * time.Hour)
}
