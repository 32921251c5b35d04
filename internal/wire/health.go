package wire

import (
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

var (
	reviewKinds = []string{"ebr", "qbr"}
	surveyKinds = []string{"nps", "csat"}
	calls       = []string{"renew", "risk", "churn"}
)

// Bounds of ratios; what is outside them is a typing error.
var (
	zero       = money.Ratio{Num: 0, Den: 1}
	tiny       = money.Ratio{Num: 1, Den: 1_000_000_000_000_000}
	ten        = money.Ratio{Num: 10, Den: 1}
	hundred    = money.Ratio{Num: 100, Den: 1} // 100, or 10000%
	million    = money.Ratio{Num: 1_000_000, Den: 1}
	greatestFX = money.Ratio{Num: 1_000_000_000, Den: 1}
)

func healthScored(f *form, e *event.HealthScored) {
	f.header(&e.Header)
	id(f, "account_id", &e.Account, must)
	f.ratio("score", &e.Score, &jsonNumber, zero, million)
	f.ratio("scale_max", &e.ScaleMax, &jsonNumber, tiny, million)
	if f.err == nil && less(e.ScaleMax, e.Score) {
		f.fail(BadValue, "score", "%v is above scale_max %v", e.Score, e.ScaleMax)
	}
	f.instant("measured_at", &e.MeasuredAt, must)
}

func interventionLogged(f *form, e *event.InterventionLogged) {
	f.header(&e.Header)
	id(f, "account_id", &e.Account, must)
	id(f, "intervention_id", &e.Intervention, must)
	f.instant("logged_at", &e.LoggedAt, must)
	id(f, "by", &e.By, must)
	id(f, "kind", &e.Kind, may)
}

func reviewHeld(f *form, e *event.ReviewHeld) {
	f.header(&e.Header)
	id(f, "account_id", &e.Account, must)
	id(f, "review_id", &e.Review, must)
	f.date("held_on", &e.On, must)
	oneOf(f, "kind", &e.Kind, must, reviewKinds)
}

func contactEngaged(f *form, e *event.ContactEngaged) {
	f.header(&e.Header)
	id(f, "account_id", &e.Account, must)
	id(f, "contact_id", &e.Contact, must)
	f.instant("engaged_at", &e.EngagedAt, must)
}

func surveyAnswered(f *form, e *event.SurveyAnswered) {
	f.header(&e.Header)
	id(f, "account_id", &e.Account, must)
	id(f, "survey_id", &e.Survey, must)
	oneOf(f, "kind", &e.Kind, must, surveyKinds)
	most := hundred
	if e.Kind == "nps" {
		most = ten
	}
	f.ratio("score", &e.Score, &jsonNumber, zero, most)
	if f.told != nil {
		f.rule(where("kind", Shape{"const": "nps"}, Shape{"score": Shape{"maximum": ten.Num}}))
	}
	f.instant("answered_at", &e.AnsweredAt, must)
}

func adoptionMeasured(f *form, e *event.AdoptionMeasured) {
	f.header(&e.Header)
	id(f, "account_id", &e.Account, must)
	f.ratio("rate", &e.Rate, &percentString, zero, hundred)
	f.instant("measured_at", &e.MeasuredAt, must)
}

func onboardingCompleted(f *form, e *event.OnboardingCompleted) {
	f.header(&e.Header)
	id(f, "account_id", &e.Account, must)
	f.date("started_on", &e.Started, must)
	f.date("completed_on", &e.Completed, must)
	if e.Completed < e.Started {
		f.fail(BadDate, "completed_on", "%v is before started_on %v", e.Completed, e.Started)
	}
}

func forecastRecorded(f *form, e *event.ForecastRecorded) {
	f.header(&e.Header)
	id(f, "account_id", &e.Account, must)
	f.date("term_end", &e.TermEnd, must)
	oneOf(f, "call", &e.Call, must, calls)
	f.instant("recorded_at", &e.RecordedAt, must)
	id(f, "by", &e.By, must)
}
