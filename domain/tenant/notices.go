package tenant

import (
	"slices"
	"time"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
)

// settleNotices announces what has fallen due about an account, once each.
//
// Source: rules §10 "renewal window", "expansion review".
func (e *Engine) settleNotices(r *accountRecord, notices []account.Notice) {
	today := e.Today()
	for _, n := range notices {
		if n.Due > today {
			break
		}
		if _, known := slices.BinarySearchFunc(r.notices, n, account.Notice.Compare); known {
			continue
		}
		r.announced(n)
		a := Announced{r.id, n}
		e.out.Notices = append(e.out.Notices, a)
		e.out.Outcomes = append(e.out.Outcomes, Noticed{a, r.state.RenewalOwner(today), e.at})
	}
}

// wakeOf is the first instant after another at which an account changes by
// itself, or something about it is to be announced; zero: never.
func (e *Engine) wakeOf(r *accountRecord, s *account.State, after time.Time) time.Time {
	day, wake := s.Wake(after)
	today := civil.In(after, e.zone)
	if day = min(day, s.NextNotice(today)); day == civil.Never {
		return wake.UTC()
	}
	if r.morning.day != day {
		r.morning = morning{day, day.Start(e.zone)}
	}
	if wake.IsZero() || r.morning.at.Before(wake) {
		wake = r.morning.at
	}
	return wake.UTC()
}

// morning is a day's first instant.
type morning struct {
	day civil.Date
	at  time.Time
}
