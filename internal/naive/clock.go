package naive

import (
	"slices"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/plan"
)

// deadline is so many hours after an instant, all of them or only those of
// business time (§10).
func (w *world) deadline(from time.Time, hours int, clock string) time.Time {
	span := time.Duration(hours) * time.Hour
	if clock != "business" {
		return from.Add(span)
	}
	b := w.tenant.SLA.Business
	for d := w.date(from); ; d++ {
		opens, closes := w.businessDay(b, d)
		if opens.Before(from) {
			opens = from
		}
		if !opens.Before(closes) {
			continue
		}
		if open := closes.Sub(opens); span > open {
			span -= open
			continue
		}
		return opens.Add(span).UTC()
	}
}

// businessDay is when business opens and closes on a date; at the same instant
// where it does not open.
func (w *world) businessDay(b plan.Business, d civil.Date) (opens, closes time.Time) {
	noon := d.Start(time.UTC).Add(12 * time.Hour)
	if !slices.Contains(b.Days, noon.Weekday()) || slices.Contains(b.Holidays, d) {
		return noon, noon
	}
	at := func(clock string) time.Time {
		t, err := time.Parse("15:04", clock)
		if err != nil {
			return (d + 1).Start(w.tenant.Zone) // 24:00
		}
		return time.Date(noon.Year(), noon.Month(), noon.Day(), t.Hour(), t.Minute(), 0, 0, w.tenant.Zone)
	}
	return at(b.From), at(b.To)
}
