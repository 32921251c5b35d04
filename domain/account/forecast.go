package account

import (
	"slices"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// forecastDays is how long before a term's end a call on it must be recorded.
const forecastDays = 30

// forecasts judges the calls on the account's terms that end in the quarter,
// for the owner of that day: once for each day on which terms end. "renew" is
// right where it renewed and "churn" where it did not; "risk" is a warning, not
// a call, and never right. A term that was stopped before a call was due does
// not count.
//
// Source: rules §12a, forecast accuracy.
// Units: ends of terms.
// Rounding: none.
func (l *look) forecasts() {
	var ends []civil.Date
	for _, t := range l.arr.terms {
		if l.during(t.end) && t.stopped > t.end-forecastDays && !slices.Contains(ends, t.end) && l.owns(t.end) {
			ends = append(ends, t.end)
		}
	}
	for _, end := range ends {
		l.m.TermEnds++
		last, called := l.lastForecast(end)
		if !called {
			continue
		}
		l.m.Forecasts++
		renewed := l.renewedAt(end)
		if last.Call == "renew" && renewed || last.Call == "churn" && !renewed {
			l.m.ForecastsRight++
		}
	}
}

// lastForecast is the last call on a term's end recorded at least 30 days
// before it; of two recorded at one instant the one stated later.
func (l *look) lastForecast(end civil.Date) (event.ForecastRecorded, bool) {
	var last event.ForecastRecorded
	found := false
	for f := range l.attention.forecasts.from(0) {
		if f.TermEnd != end || l.day(f.RecordedAt) > end-forecastDays {
			continue
		}
		if !found || f.RecordedAt.After(last.RecordedAt) || f.RecordedAt.Equal(last.RecordedAt) && event.Newer(f.Header, last.Header) {
			last, found = f, true
		}
	}
	return last, found
}

// renewedAt reports whether a term that ends on a day was renewed: a renewal
// with ARR starts after the term did, of the account or of the term's
// subscription, at the latest when the days of grace are over, and the account
// did not churn in between.
//
// Source: rules §7, "Renewal gate" and "Missed renewal".
// Units: whole days.
// Rounding: none.
func (l *look) renewedAt(end civil.Date) bool {
	by := end.Add(l.set.Plans.Settings(end).Payability.GraceDays)
	for _, t := range l.arr.terms {
		if t.end != end || t.stopped < end {
			continue
		}
		for _, r := range l.arr.renewals {
			if r.date > t.date && r.date <= by && (r.sub == "" || t.sub == "" || r.sub == t.sub) && !l.churnedBetween(t.date, r.date) {
				return true
			}
		}
	}
	return false
}

// churnedBetween reports whether the account ended after one day and before
// another.
func (l *look) churnedBetween(from, to civil.Date) bool {
	c, ok := l.arr.churnFrom(from + 1)
	return ok && c.date < to
}
