package account

import (
	"cmp"
	"slices"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/few"
)

// attention is what was done with the account and what its people said of it:
// what measures beside ARR and health look at. Of several statements under one
// key the newest stands, in whatever order they came.
type attention struct {
	reviews     few.Map[string, *event.ReviewHeld] // by review_id
	contacts    []event.ContactEngaged             // by instant, then contact
	surveys     []event.SurveyAnswered             // by instant, then survey
	adoption    []event.AdoptionMeasured           // by instant, then source
	onboardings []event.OnboardingCompleted        // by first day
	forecasts   []event.ForecastRecorded           // by the term's end, instant, then who
	sourced     few.Map[event.OpportunityID, *sourced]
	claimed     []*sourced // those that somebody said they found, by the last day on which that begins or stops to count
}

// add takes one more fact and reports whether anything measured may differ.
// It looks at expansions too, for what became of the leads.
func (a *attention) add(e event.Event, zone *time.Location) (changed bool) {
	switch e := e.(type) {
	case event.ReviewHeld:
		if old, known := a.reviews.Find(e.Review); known && !event.Newer(e.Header, old.Header) {
			return false
		}
		a.reviews.Put(e.Review, &e)
		return true
	case event.ContactEngaged:
		a.contacts, changed = keep(a.contacts, e, func(a, b event.ContactEngaged) int {
			return cmp.Or(a.EngagedAt.Compare(b.EngagedAt), cmp.Compare(a.Contact, b.Contact))
		})
	case event.SurveyAnswered:
		a.surveys, changed = keep(a.surveys, e, func(a, b event.SurveyAnswered) int {
			return cmp.Or(a.AnsweredAt.Compare(b.AnsweredAt), cmp.Compare(a.Survey, b.Survey))
		})
	case event.AdoptionMeasured:
		a.adoption, changed = keep(a.adoption, e, func(a, b event.AdoptionMeasured) int {
			return cmp.Or(a.MeasuredAt.Compare(b.MeasuredAt), cmp.Compare(a.Source, b.Source))
		})
	case event.OnboardingCompleted:
		a.onboardings, changed = keep(a.onboardings, e, func(a, b event.OnboardingCompleted) int {
			return cmp.Compare(a.Started, b.Started)
		})
	case event.ForecastRecorded:
		a.forecasts, changed = keep(a.forecasts, e, func(a, b event.ForecastRecorded) int {
			return cmp.Or(cmp.Compare(a.TermEnd, b.TermEnd), a.RecordedAt.Compare(b.RecordedAt), cmp.Compare(a.By, b.By))
		})
	default:
		return a.addSourced(e, zone)
	}
	return changed
}

// keep puts a statement into a list by key, where of several under one key
// only the newest stands, and reports whether the list differs.
func keep[T event.Event](list []T, e T, compare func(a, b T) int) ([]T, bool) {
	i, found := len(list), false
	if i > 0 && compare(list[i-1], e) >= 0 { // the usual one is the latest
		i, found = slices.BinarySearchFunc(list, e, compare)
	}
	switch {
	case !found:
		return slices.Insert(list, i, e), true
	case event.Newer(e.Head(), list[i].Head()):
		list[i] = e
		return list, true
	}
	return list, false
}

// reviewed is the day of the review that a statement restates, or civil.Never.
func (a *attention) reviewed(e event.Event) civil.Date {
	if r, ok := e.(event.ReviewHeld); ok {
		if old, known := a.reviews.Find(r.Review); known {
			return old.On
		}
	}
	return civil.Never
}
