package tenant

import (
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
func (e *Engine) settleNotices(r *accountRecord) {
	today := e.Today()
	for _, n := range r.state.Notices() {
		if n.Due > today {
			break
		}
		if r.notices[n] || e.tooLate(n, today) {
			continue
		}
		r.notices[n] = true
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

// nextNotice is when the next one falls due, or zero.
func (e *Engine) nextNotice(r *accountRecord) time.Time {
	for _, n := range r.state.Notices() {
		if n.Due > e.Today() {
			return n.Due.Start(e.zone)
		}
	}
	return time.Time{}
}
