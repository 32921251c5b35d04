package demo

import (
	"strconv"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

// attend tells the attention an account gets in each quarter.
func (l *life) attend() {
	cal := l.w.plan.Periods.Calendar
	for q := cal.QuarterOf(l.w.From); q <= cal.QuarterOf(l.w.Until); q++ {
		first, last := max(cal.First(q), l.w.From), min(cal.Last(q), l.w.Until)
		l.review(first, last, q.String())
		for range l.times(l.seg.contacts * 1000) {
			l.engage(first.Add(l.between(0, last.Sub(first))))
		}
		if l.chance(120) {
			l.survey(first.Add(l.between(0, last.Sub(first))))
		}
	}
}

// review tells a business review. How many a CSM gets done is their own: from
// seven in ten up to nearly all.
func (l *life) review(first, last civil.Date, quarter string) {
	on := working(first.Add(l.between(5, max(last.Sub(first), 5))))
	done := l.ownerOn(on).reviews
	if !l.livesOn(on) || on < l.began.Add(30) || !l.chance(done) {
		return
	}
	l.tell(reviewed, l.at(on, 9, 17), func(h event.Header) event.Event {
		return event.ReviewHeld{Header: h, Account: l.id, Review: "rev-" + l.number + "-" + quarter, On: on, Kind: l.seg.reviews}
	})
}

func (l *life) engage(on civil.Date) {
	contact := l.between(1, 2+2*l.seg.contacts)
	if on = working(on); !l.livesOn(on) {
		return
	}
	l.tell(engaged, l.at(on, 9, 18), func(h event.Header) event.Event {
		return event.ContactEngaged{Header: h, Account: l.id, Contact: "contact-" + l.number + "-" + strconv.Itoa(contact), EngagedAt: h.Time}
	})
}

func (l *life) survey(on civil.Date) {
	score := min(l.between(4, 13), 10)
	if !l.livesOn(on) {
		return
	}
	l.tell(surveyed, l.at(on, 8, 22), func(h event.Header) event.Event {
		return event.SurveyAnswered{
			Header: h, Account: l.id, Survey: "nps-" + l.number + "-" + on.String(), Kind: "nps",
			Score: money.Ratio{Num: int64(score), Den: 1}, AnsweredAt: h.Time,
		}
	})
}
