package tenant

import (
	"slices"
	"time"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
)

// noticeFor is how many days after its day an expansion review is still
// announced: one that comes with old facts is not news.
const noticeFor = 30

// heard is what was looked at when an account's notices were last settled.
type heard struct {
	list []account.Notice
	next civil.Date // on which one falls due after the day it was looked at
}

// same reports whether a list is the one that was looked at: the account makes
// another where a fact may have changed it.
func (h *heard) same(list []account.Notice) bool {
	return len(h.list) == len(list) && (len(list) == 0 || &h.list[0] == &list[0])
}

// settleNotices announces what has fallen due about an account, once each, and
// gives the next day on which something does, or civil.Never.
//
// Source: rules §10 "renewal window", "expansion review".
func (e *Engine) settleNotices(r *accountRecord, today civil.Date) (next civil.Date) {
	notices := r.state.Notices()
	if r.heard.same(notices) && today < r.heard.next { // what was known or too late stays so
		return r.heard.next
	}
	for _, n := range notices {
		if n.Due > today {
			break
		}
		_, known := slices.BinarySearchFunc(r.notices, n, account.Notice.Compare)
		if known || e.tooLate(n, today) {
			continue
		}
		r.announced(n)
		a := Announced{r.id, n}
		e.out.Notices = append(e.out.Notices, a)
		e.out.Outcomes = append(e.out.Outcomes, Noticed{a, r.state.RenewalOwner(today), e.at})
	}
	r.heard = heard{notices, dueAfter(notices, today)}
	return r.heard.next
}

func (e *Engine) tooLate(n account.Notice, today civil.Date) bool {
	if n.Opportunity == "" {
		return n.TermEnd <= today
	}
	return today.Sub(n.Due) > noticeFor
}

// dueAfter is the first day after another on which a notice falls due, or
// civil.Never.
func dueAfter(notices []account.Notice, day civil.Date) civil.Date {
	for _, n := range notices {
		if n.Due > day {
			return n.Due
		}
	}
	return civil.Never
}

// wakeOf is the first instant after another at which an account changes by
// itself, or something about it is to be announced; zero: never.
func (e *Engine) wakeOf(r *accountRecord, s *account.State, next civil.Date, after time.Time) time.Time {
	day, wake := s.Wake(after)
	if day = min(day, next); day == civil.Never {
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
