package account

import (
	"math"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

// surveys takes the answers of the quarter, each to the owner of its day. A
// promoter answers 9 or more, a detractor 6 or less.
//
// Source: rules §12a, NPS and CSAT.
// Units: answers; millionths of a CSAT point.
// Rounding: half away from zero, once per answer.
func (l *look) surveys() {
	for a := range l.attention.surveys.from(0) {
		if d := l.day(a.AnsweredAt); !l.during(d) || !l.owns(d) {
			continue
		}
		switch {
		case a.Kind == "csat":
			l.m.CSATAnswers++
			l.m.CSATMillionths += scaled(1_000_000, a.Score)
			continue
		case a.Score.Cmp(money.Ratio{Num: 9, Den: 1}) >= 0:
			l.m.Promoters++
		case a.Score.Cmp(money.Ratio{Num: 6, Den: 1}) <= 0:
			l.m.Detractors++
		}
		l.m.NPSAnswers++
	}
}

// scaled is x × r, rounded half away from zero. What int64 does not hold is the
// largest there is, which no sum takes.
func scaled(x int64, r money.Ratio) int64 {
	v, err := money.MulDiv(x, []int64{r.Num}, []int64{r.Den})
	if err != nil {
		return math.MaxInt64
	}
	return v
}

// adoption weighs the latest rate measured by the last day with that day's ARR.
//
// Source: rules §12a, adoption.
// Units: minor units of ARR.
// Rounding: half away from zero, once per account.
func (l *look) adoption() {
	end := l.last.End(l.set.Zone)
	var latest event.AdoptionMeasured
	found := false
	for a := range l.attention.adoption.backward() {
		if a.MeasuredAt.After(end) {
			continue
		}
		if found && a.MeasuredAt.Before(latest.MeasuredAt) {
			break
		}
		if !found || event.Newer(a.Header, latest.Header) {
			latest, found = a, true
		}
	}
	if found {
		l.m.MeasuredARR, l.m.AdoptedARR = l.m.ARR, scaled(l.m.ARR, latest.Rate)
	}
}

// onboardings takes those completed in the quarter, each to the owner of that
// day.
//
// Source: rules §12a, time to value.
// Units: days from the start to the completion.
// Rounding: none.
func (l *look) onboardings() {
	for o := range l.attention.onboardings.from(0) {
		if l.during(o.Completed) && l.owns(o.Completed) {
			l.m.OnboardingDays = append(l.m.OnboardingDays, o.Completed.Sub(o.Started))
		}
	}
}
