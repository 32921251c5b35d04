package account

import (
	"cmp"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/few"
)

// attention is what was done with the account and what its people said of it:
// what measures beside ARR and health look at. Of several statements under one
// key the newest stands, in whatever order they came.
type attention struct {
	reviews     few.Map[string, event.Event]    // ReviewHeld, by review_id
	contacts    kept[event.ContactEngaged]      // by instant, then contact
	surveys     kept[event.SurveyAnswered]      // by instant, then survey
	adoption    kept[event.AdoptionMeasured]    // by instant, then source
	onboardings kept[event.OnboardingCompleted] // by first day
	forecasts   kept[event.ForecastRecorded]    // by the term's end, instant, then who
	sourced     few.Map[event.OpportunityID, *sourced]
	claimed     []*sourced // those that somebody said they found, by the last day on which that begins or stops to count
}

// add takes one more fact and reports whether anything measured may differ.
// It looks at expansions too, for what became of the leads.
func (a *attention) add(e event.Event, zone *time.Location) (changed bool) {
	switch r := e.(type) {
	case event.ReviewHeld:
		if old, known := a.reviews.Find(r.Review); known && !event.Newer(r.Header, old.Head()) {
			return false
		}
		a.reviews.Put(r.Review, e)
		return true
	case event.ContactEngaged:
		return a.contacts.add(e, func(a, b event.ContactEngaged) int {
			return cmp.Or(a.EngagedAt.Compare(b.EngagedAt), cmp.Compare(a.Contact, b.Contact))
		})
	case event.SurveyAnswered:
		return a.surveys.add(e, func(a, b event.SurveyAnswered) int {
			return cmp.Or(a.AnsweredAt.Compare(b.AnsweredAt), cmp.Compare(a.Survey, b.Survey))
		})
	case event.AdoptionMeasured:
		return a.adoption.add(e, func(a, b event.AdoptionMeasured) int {
			return cmp.Or(a.MeasuredAt.Compare(b.MeasuredAt), cmp.Compare(a.Source, b.Source))
		})
	case event.OnboardingCompleted:
		return a.onboardings.add(e, func(a, b event.OnboardingCompleted) int {
			return cmp.Compare(a.Started, b.Started)
		})
	case event.ForecastRecorded:
		return a.forecasts.add(e, func(a, b event.ForecastRecorded) int {
			return cmp.Or(cmp.Compare(a.TermEnd, b.TermEnd), a.RecordedAt.Compare(b.RecordedAt), cmp.Compare(a.By, b.By))
		})
	default:
		return a.addSourced(e, zone)
	}
}

// reviewed is the day of the review that a statement restates, or civil.Never.
func (a *attention) reviewed(e event.Event) civil.Date {
	if r, ok := e.(event.ReviewHeld); ok {
		if old, known := a.reviews.Find(r.Review); known {
			return old.(event.ReviewHeld).On
		}
	}
	return civil.Never
}
