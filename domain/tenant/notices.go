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

// settleNotices announces what has fallen due about an account, once each.
//
// Source: rules §10 "renewal window", "expansion review".
func (e *Engine) settleNotices(r *accountRecord, notices []account.Notice) {
	today := e.Today()
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
}

func (e *Engine) tooLate(n account.Notice, today civil.Date) bool {
	if n.Opportunity == "" {
		return n.TermEnd <= today
	}
	return today.Sub(n.Due) > noticeFor
}

// wakeOf is the first instant after another at which an account changes by
// itself, or something about it is to be announced; zero: never.
func (e *Engine) wakeOf(s *account.State, notices []account.Notice, after time.Time) time.Time {
	wake := s.Wake(after)
	for _, n := range notices {
		if n.Due > civil.In(after, e.zone) {
			if at := n.Due.Start(e.zone); wake.IsZero() || at.Before(wake) {
				wake = at
			}
			break
		}
	}
	return wake.UTC()
}
