package account

import (
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

var healthy65 = money.Ratio{Num: 65, Den: 1}

// inSegment is an assignment that tells the account's segment.
func inSegment(role event.Role, payee event.PayeeID, on, segment string) fact {
	return func(h event.Header) event.Event {
		return event.AccountAssigned{Header: h, Account: "acct-1", Payee: payee, Role: role, Effective: day(on), Segment: segment}
	}
}

// book is csm-1's account of 100 in 2027, and more.
func book(more ...fact) []fact {
	return append([]fact{assigned(event.CSM, "csm-1", "2027-01-01"), starts("s1", "2027-01-01", "2028-01-01", 100)}, more...)
}

const (
	q1Over = "2027-06-01T00:00:00Z"
	nps    = "nps"
	csat   = "csat"
)

func points(n int64) money.Ratio { return money.Ratio{Num: n, Den: 1} }

// Each measure at both sides of its edges, for csm-1 in 2027-Q1 where no other
// instant is named. 2027-01-01 is the first day of Q1, which has 90 days: 12
// whole weeks and a part-week of 6 days, from 2027-03-26.
func TestMeasures(t *testing.T) {
	type numbers []int
	weeks := func(m Measures) numbers { return numbers{m.WeeksOwned, m.WeeksScored} }
	reviews := func(m Measures) numbers { return numbers{m.ReviewScope, m.ReviewsDone} }
	contacts := func(m Measures) numbers { return numbers{m.Accounts, m.Living, m.Contacts} }
	episodes := func(m Measures) numbers { return numbers{m.EpisodesDue, m.EpisodesMet} }
	health := func(m Measures) numbers { return numbers{int(m.ARR), int(m.HealthyARR), int(m.AtRiskARR)} }
	promoted := func(m Measures) numbers { return numbers{m.Promoters, m.Detractors, m.NPSAnswers} }
	satisfied := func(m Measures) numbers { return numbers{int(m.CSATMillionths), m.CSATAnswers} }
	adopted := func(m Measures) numbers { return numbers{int(m.AdoptedARR), int(m.MeasuredARR)} }
	forecast := func(m Measures) numbers { return numbers{m.TermEnds, m.Forecasts, m.ForecastsRight} }
	lost := func(m Measures) numbers {
		return numbers{m.Quarter.Logos, m.Quarter.Lost, int(m.Quarter.Opening), int(m.Quarter.Gross)}
	}
	sold := func(m Measures) numbers { return numbers{m.Leads, m.Qualified, m.QualifiedWon} }
	early := func(more ...fact) []fact {
		return append([]fact{assigned(event.CSM, "csm-1", "2026-01-01"), starts("s1", "2026-02-01", "2027-02-01", 100)}, more...)
	}
	low := measured("2027-03-24T12:00:00Z", 64) // its deadline is 31 March, noon

	for _, tt := range []struct {
		name    string
		facts   []fact
		asOf    string // empty: when Q1 is over
		measure func(Measures) numbers
		want    numbers
	}{
		{"no score", book(), "", weeks, numbers{12, 0}},
		{"a score on the first instant", book(measured("2027-01-01T00:00:00Z", 1)), "", weeks, numbers{12, 1}},
		{"an instant before", book(measured("2026-12-31T23:59:59Z", 1)), "", weeks, numbers{12, 0}},
		{"two in one week", book(measured("2027-01-01T00:00:00Z", 1), measured("2027-01-07T23:59:59Z", 1)), "", weeks, numbers{12, 1}},
		{"in two weeks", book(measured("2027-01-07T23:59:59Z", 1), measured("2027-01-08T00:00:00Z", 1)), "", weeks, numbers{12, 2}},
		{"the last whole week", book(measured("2027-03-25T23:59:59Z", 1)), "", weeks, numbers{12, 1}},
		{"the part-week is dropped", book(measured("2027-03-26T00:00:00Z", 1)), "", weeks, numbers{12, 0}},
		{"given away inside a week", book(assigned(event.CSM, "csm-2", "2027-01-14")), "", weeks, numbers{1, 0}},
		{"given away after a week", book(assigned(event.CSM, "csm-2", "2027-01-15")), "", weeks, numbers{2, 0}},
		{"owned from inside a week", []fact{assigned(event.CSM, "csm-1", "2027-01-02")}, "", weeks, numbers{11, 0}},
		{"owned by another in a week", book(assigned(event.CSM, "csm-2", "2027-01-10"), assigned(event.CSM, "csm-1", "2027-01-11")), "", weeks, numbers{11, 0}},
		{"whatever the ARR", []fact{assigned(event.CSM, "csm-1", "2027-01-01")}, "", weeks, numbers{12, 0}},
		{"running: the week that ends today", book(), "2027-01-14T00:00:00Z", weeks, numbers{2, 0}},
		{"running: the week that ends tomorrow", book(), "2027-01-13T23:59:59Z", weeks, numbers{1, 0}},
		{"not begun", book(), "2026-12-31T23:59:59Z", weeks, numbers{0, 0}},

		{"no review", book(), "", reviews, numbers{1, 0}},
		{"reviewed on the first day", book(reviewed("1", "2027-01-01")), "", reviews, numbers{1, 1}},
		{"reviewed on the day before", book(reviewed("1", "2026-12-31")), "", reviews, numbers{1, 0}},
		{"reviewed on the last day", book(reviewed("1", "2027-03-31")), "", reviews, numbers{1, 1}},
		{"reviewed on the day after", book(reviewed("1", "2027-04-01")), "", reviews, numbers{1, 0}},
		{"reviewed twice", book(reviewed("1", "2027-02-01"), reviewed("2", "2027-03-01")), "", reviews, numbers{1, 1}},
		{"a review moved out of the quarter", book(reviewed("1", "2027-02-01"), reviewed("1", "2027-04-01")), "", reviews, numbers{1, 0}},
		{"owned from the second day", []fact{assigned(event.CSM, "csm-1", "2027-01-02"), reviewed("1", "2027-02-01")}, "", reviews, numbers{0, 0}},
		{"given away on the last day", book(assigned(event.CSM, "csm-2", "2027-03-31"), reviewed("1", "2027-02-01")), "", reviews, numbers{0, 0}},
		{"given away on the day after", book(assigned(event.CSM, "csm-2", "2027-04-01"), reviewed("1", "2027-02-01")), "", reviews, numbers{1, 1}},
		{"to be given away, while it runs", book(assigned(event.CSM, "csm-2", "2027-03-31")), "2027-03-30T12:00:00Z", reviews, numbers{1, 0}},
		{"churned accounts stay in scope", book(churns("2027-02-01")), "", reviews, numbers{1, 0}},

		{"no contact", book(), "", contacts, numbers{1, 1, 0}},
		{"engaged 89 days before the last", book(engages("1", "2027-01-01T00:00:00Z")), "", contacts, numbers{1, 1, 1}},
		{"engaged 90 days before the last", book(engages("1", "2026-12-31T23:59:59Z")), "", contacts, numbers{1, 1, 0}},
		{"engaged on the last day", book(engages("1", "2027-03-31T23:59:59Z")), "", contacts, numbers{1, 1, 1}},
		{"engaged on the day after", book(engages("1", "2027-04-01T00:00:00Z")), "", contacts, numbers{1, 1, 0}},
		{"the same contact again", book(engages("1", "2027-02-01T00:00:00Z"), engages("1", "2027-03-01T00:00:00Z")), "", contacts, numbers{1, 1, 1}},
		{"two contacts", book(engages("1", "2027-02-01T00:00:00Z"), engages("2", "2027-02-01T00:00:00Z")), "", contacts, numbers{1, 1, 2}},
		{"given away on the last day: not mine", book(assigned(event.CSM, "csm-2", "2027-03-31"), engages("1", "2027-02-01T00:00:00Z")), "", contacts, numbers{0, 0, 0}},
		{"churned on the last day", book(churns("2027-03-31")), "", contacts, numbers{1, 0, 0}},
		{"churned on the day after", book(churns("2027-04-01")), "", contacts, numbers{1, 1, 0}},
		{"engaged before it was mine", []fact{assigned(event.CSM, "csm-1", "2027-03-31"), engages("1", "2027-02-01T00:00:00Z")}, "", contacts, numbers{1, 1, 1}},

		{"due on the last day, met", book(low, intervenes("1", "2027-03-31T12:00:00Z")), "", episodes, numbers{1, 1}},
		{"due on the last day, breached", book(low), "", episodes, numbers{1, 0}},
		{"due on the last day, still running", book(low), "2027-03-31T12:00:00Z", episodes, numbers{0, 0}},
		{"met while the quarter runs", book(low, intervenes("1", "2027-03-25T12:00:00Z")), "2027-03-26T00:00:00Z", episodes, numbers{1, 1}},
		{"resolved late", book(low, intervenes("1", "2027-03-31T12:00:01Z")), "", episodes, numbers{1, 0}},
		{"neutral", book(low, measured("2027-03-25T12:00:00Z", 65)), "", episodes, numbers{0, 0}},
		{"due in the next quarter", book(measured("2027-03-25T00:00:00Z", 64)), "", episodes, numbers{0, 0}},
		{"due from the quarter before", book(assigned(event.CSM, "csm-1", "2026-12-01"), measured("2026-12-25T00:00:00Z", 64)), "", episodes, numbers{1, 0}},
		{"due before the quarter", book(assigned(event.CSM, "csm-1", "2026-12-01"), measured("2026-12-24T23:59:59Z", 64)), "", episodes, numbers{0, 0}},
		{"the CSM's of its opening", book(low, assigned(event.CSM, "csm-2", "2027-03-25")), "", episodes, numbers{1, 0}},
		{"another CSM's at its opening", book(low, assigned(event.CSM, "csm-2", "2027-03-24")), "", episodes, numbers{0, 0}},

		{"65 is healthy", book(measured("2027-03-31T23:59:59Z", 65)), "", health, numbers{100, 100, 0}},
		{"64 is at risk", book(measured("2027-03-31T23:59:59Z", 64)), "", health, numbers{100, 0, 100}},
		{"unscored is neither", book(), "", health, numbers{100, 0, 0}},
		{"the last score counts", book(measured("2027-01-01T00:00:00Z", 10), measured("2027-02-01T00:00:00Z", 90)), "", health, numbers{100, 100, 0}},
		{"a score after the last day does not", book(measured("2027-04-01T00:00:00Z", 90)), "", health, numbers{100, 0, 0}},
		{"ARR of the last day", book(wins("1", "2027-03-31", 20), wins("2", "2027-04-01", 40), measured("2027-01-01T00:00:00Z", 90)), "", health, numbers{120, 120, 0}},
		{"churned has none", book(churns("2027-03-31"), measured("2027-01-01T00:00:00Z", 10)), "", health, numbers{0, 0, 0}},
		{"not mine on the last day", book(assigned(event.CSM, "csm-2", "2027-03-31"), measured("2027-01-01T00:00:00Z", 90)), "", health, numbers{0, 0, 0}},

		{"9 promotes", book(answers("1", nps, "2027-01-01T00:00:00Z", points(9))), "", promoted, numbers{1, 0, 1}},
		{"8 is passive", book(answers("1", nps, "2027-01-01T00:00:00Z", points(8))), "", promoted, numbers{0, 0, 1}},
		{"7 is passive", book(answers("1", nps, "2027-01-01T00:00:00Z", points(7))), "", promoted, numbers{0, 0, 1}},
		{"6 detracts", book(answers("1", nps, "2027-01-01T00:00:00Z", points(6))), "", promoted, numbers{0, 1, 1}},
		{"0 detracts, 10 promotes", book(answers("1", nps, "2027-01-01T00:00:00Z", points(0)), answers("2", nps, "2027-01-01T00:00:00Z", points(10))), "", promoted, numbers{1, 1, 2}},
		{"answered before the quarter", book(assigned(event.CSM, "csm-1", "2026-12-01"), answers("1", nps, "2026-12-31T23:59:59Z", points(9))), "", promoted, numbers{0, 0, 0}},
		{"answered at its end", book(answers("1", nps, "2027-03-31T23:59:59Z", points(9))), "", promoted, numbers{1, 0, 1}},
		{"answered after it", book(answers("1", nps, "2027-04-01T00:00:00Z", points(9))), "", promoted, numbers{0, 0, 0}},
		{"answered while another's", book(assigned(event.CSM, "csm-2", "2027-02-01"), answers("1", nps, "2027-02-01T00:00:00Z", points(9))), "", promoted, numbers{0, 0, 0}},
		{"csat is no nps", book(answers("1", csat, "2027-02-01T00:00:00Z", points(9))), "", promoted, numbers{0, 0, 0}},
		{"csat adds scores", book(answers("1", csat, "2027-02-01T00:00:00Z", money.Ratio{Num: 45, Den: 10}), answers("2", csat, "2027-02-01T00:00:00Z", points(3))), "", satisfied, numbers{7_500_000, 2}},
		{"nps is no csat", book(answers("1", nps, "2027-02-01T00:00:00Z", points(9))), "", satisfied, numbers{0, 0}},

		{"adoption weighs ARR", book(adopts("2027-02-01T00:00:00Z", percent(60))), "", adopted, numbers{60, 100}},
		{"half a minor unit rounds away", book(adopts("2027-02-01T00:00:00Z", money.Ratio{Num: 605, Den: 1000})), "", adopted, numbers{61, 100}},
		{"the latest rate", book(adopts("2027-02-01T00:00:00Z", percent(60)), adopts("2027-01-01T00:00:00Z", percent(20))), "", adopted, numbers{60, 100}},
		{"of one instant, the one stated later", book(adopts("2027-02-01T00:00:00Z", percent(60)), func(h event.Header) event.Event {
			h.Source = "a" // another's, which sorts before
			return event.AdoptionMeasured{Header: h, Rate: percent(20), MeasuredAt: instant("2027-02-01T00:00:00Z")}
		}), "", adopted, numbers{20, 100}},
		{"a rate of the year before", book(adopts("2026-02-01T00:00:00Z", percent(60))), "", adopted, numbers{60, 100}},
		{"a rate after the quarter", book(adopts("2027-04-01T00:00:00Z", percent(60))), "", adopted, numbers{0, 0}},
		{"no ARR, no weight", book(churns("2027-03-31"), adopts("2027-02-01T00:00:00Z", percent(60))), "", adopted, numbers{0, 0}},

		{"an end without a call", early(), "", forecast, numbers{1, 0, 0}},
		{"renew, renewed", early(calls("renew", "2027-02-01", "2027-01-02T23:59:59Z"), renews("", "2027-02-01", "2028-02-01", 90)), "", forecast, numbers{1, 1, 1}},
		{"called a day too late", early(calls("renew", "2027-02-01", "2027-01-03T00:00:00Z"), renews("", "2027-02-01", "2028-02-01", 90)), "", forecast, numbers{1, 0, 0}},
		{"a late call does not replace the one in time", early(calls("renew", "2027-02-01", "2027-01-02T00:00:00Z"), calls("churn", "2027-02-01", "2027-01-03T00:00:00Z"), renews("", "2027-02-01", "2028-02-01", 90)), "", forecast, numbers{1, 1, 1}},
		{"the last in time counts", early(calls("renew", "2027-02-01", "2027-01-01T00:00:00Z"), calls("churn", "2027-02-01", "2027-01-02T00:00:00Z"), renews("", "2027-02-01", "2028-02-01", 90)), "", forecast, numbers{1, 1, 0}},
		{"renew, churned", early(calls("renew", "2027-02-01", "2027-01-01T00:00:00Z"), churns("2027-02-01")), "", forecast, numbers{1, 1, 0}},
		{"churn, churned", early(calls("churn", "2027-02-01", "2027-01-01T00:00:00Z"), churns("2027-02-01")), "", forecast, numbers{1, 1, 1}},
		{"churn, nothing told", early(calls("churn", "2027-02-01", "2027-01-01T00:00:00Z")), "", forecast, numbers{1, 1, 1}},
		{"churn, renewed", early(calls("churn", "2027-02-01", "2027-01-01T00:00:00Z"), renews("", "2027-02-01", "2028-02-01", 90)), "", forecast, numbers{1, 1, 0}},
		{"churn, renewed at nothing", early(calls("churn", "2027-02-01", "2027-01-01T00:00:00Z"), renews("", "2027-02-01", "2028-02-01", 0)), "", forecast, numbers{1, 1, 1}},
		{"risk is never right, renewed", early(calls("risk", "2027-02-01", "2027-01-01T00:00:00Z"), renews("", "2027-02-01", "2028-02-01", 90)), "", forecast, numbers{1, 1, 0}},
		{"risk is never right, churned", early(calls("risk", "2027-02-01", "2027-01-01T00:00:00Z"), churns("2027-02-01")), "", forecast, numbers{1, 1, 0}},
		{"a call on another end", early(calls("renew", "2027-02-02", "2027-01-01T00:00:00Z"), renews("", "2027-02-01", "2028-02-01", 90)), "", forecast, numbers{1, 0, 0}},
		{"renewed on the last day of grace", early(calls("renew", "2027-02-01", "2027-01-01T00:00:00Z"), renews("", "2027-03-03", "2028-02-01", 90)), "", forecast, numbers{1, 1, 1}},
		{"renewed a day later", early(calls("renew", "2027-02-01", "2027-01-01T00:00:00Z"), renews("", "2027-03-04", "2028-02-01", 90)), "", forecast, numbers{1, 1, 0}},
		{"renewed early", early(calls("renew", "2027-02-01", "2027-01-01T00:00:00Z"), renews("", "2027-01-01", "2028-02-01", 90)), "", forecast, numbers{1, 1, 1}},
		{"churned before a renewal in the grace", early(calls("renew", "2027-02-01", "2027-01-01T00:00:00Z"), churns("2027-02-02"), renews("", "2027-02-03", "2028-02-01", 90)), "", forecast, numbers{1, 1, 0}},
		{"stopped before a call was due", early(churns("2027-01-02")), "", forecast, numbers{0, 0, 0}},
		{"stopped after a call was due", early(churns("2027-01-03"), calls("churn", "2027-02-01", "2027-01-01T00:00:00Z")), "", forecast, numbers{1, 1, 1}},
		{"two terms with one end are one", early(starts("s2", "2026-03-01", "2027-02-01", 1)), "", forecast, numbers{1, 0, 0}},
		{"a renewal of one of them is enough", early(starts("s2", "2026-03-01", "2027-02-01", 1), renews("s2", "2027-02-01", "2028-02-01", 1), calls("renew", "2027-02-01", "2027-01-01T00:00:00Z")), "", forecast, numbers{1, 1, 1}},
		{"a renewal of another subscription is none", early(starts("s2", "2026-03-01", "2027-05-01", 1), renews("s2", "2027-02-01", "2028-02-01", 1), calls("renew", "2027-02-01", "2027-01-01T00:00:00Z")), "", forecast, numbers{1, 1, 0}},
		{"the owner's of the end's day", early(assigned(event.CSM, "csm-2", "2027-02-01")), "", forecast, numbers{0, 0, 0}},
		{"given away on the day after", early(assigned(event.CSM, "csm-2", "2027-02-02")), "", forecast, numbers{1, 0, 0}},
		{"an end still to come", early(), "2027-01-31T23:59:59Z", forecast, numbers{0, 0, 0}},
		{"an end today", early(), "2027-02-01T00:00:00Z", forecast, numbers{1, 0, 0}},
		{"an end on the quarter's first day", []fact{assigned(event.CSM, "csm-1", "2026-01-01"), starts("s1", "2026-01-01", "2027-01-01", 100)}, "", forecast, numbers{1, 0, 0}},
		{"an end on the day before", []fact{assigned(event.CSM, "csm-1", "2026-01-01"), starts("s1", "2026-01-01", "2026-12-31", 100)}, "", forecast, numbers{0, 0, 0}},

		{"kept", early(), "", lost, numbers{1, 0, 100, 100}},
		{"lost on the last day", early(churns("2027-03-31")), "", lost, numbers{1, 1, 100, 0}},
		{"lost on the day after", early(churns("2027-04-01")), "", lost, numbers{1, 0, 100, 100}},
		{"lost tomorrow", early(churns("2027-02-10")), "2027-02-09T12:00:00Z", lost, numbers{1, 0, 100, 100}},
		{"lost today", early(churns("2027-02-10")), "2027-02-10T00:00:00Z", lost, numbers{1, 1, 100, 0}},
		{"new in the quarter", book(), "", lost, numbers{0, 0, 0, 0}},

		{"sourced on the first day", []fact{leads("1", "csm-1", "new", "2027-01-01")}, "", sold, numbers{1, 0, 0}},
		{"sourced before", []fact{leads("1", "csm-1", "new", "2026-12-31")}, "", sold, numbers{0, 0, 0}},
		{"sourced on the last day", []fact{leads("1", "csm-1", "new", "2027-03-31")}, "", sold, numbers{1, 0, 0}},
		{"sourced after", []fact{leads("1", "csm-1", "new", "2027-04-01")}, "", sold, numbers{0, 0, 0}},
		{"told again at the next stage is one lead", []fact{leads("1", "csm-1", "new", "2026-12-31"), leads("1", "csm-1", "qualified", "2027-01-01")}, "", sold, numbers{0, 1, 0}},
		{"another's", []fact{leads("1", "csm-2", "qualified", "2027-01-01")}, "", sold, numbers{0, 0, 0}},
		{"a second claimant has nothing", []fact{leads("1", "csm-2", "new", "2027-01-01"), leads("1", "csm-1", "qualified", "2027-01-01")}, "", sold, numbers{0, 0, 0}},
		{"the first claimant keeps it", []fact{leads("1", "csm-1", "new", "2027-01-01"), leads("1", "csm-2", "qualified", "2027-01-02")}, "", sold, numbers{1, 1, 0}},
		{"named by the booking alone", []fact{wonBy("1", "csm-1", "2027-02-01", 5)}, "", sold, numbers{1, 0, 0}},
		{"booked after the quarter", []fact{wonBy("1", "csm-1", "2027-04-01", 5)}, "", sold, numbers{0, 0, 0}},
		{"booked with nobody", []fact{wonBy("1", "", "2027-02-01", 5)}, "", sold, numbers{0, 0, 0}},
		{"named by the booking first", []fact{wonBy("1", "csm-1", "2027-02-01", 5), leads("1", "csm-2", "new", "2027-01-01")}, "", sold, numbers{1, 0, 0}},
		{"named by the booking second", []fact{leads("1", "csm-2", "new", "2027-01-01"), wonBy("1", "csm-1", "2027-02-01", 5)}, "", sold, numbers{0, 0, 0}},
		{"named by a booking that was cancelled", []fact{wonBy("1", "csm-1", "2027-02-01", 5), loses("1", "2027-02-02")}, "", sold, numbers{0, 0, 0}},
		{"qualified 89 days before the last", []fact{leads("1", "csm-1", "QUALIFIED 1", "2027-01-01")}, "", sold, numbers{1, 1, 0}},
		{"qualified 90 days before", []fact{leads("1", "csm-1", "qualified", "2026-12-31")}, "", sold, numbers{0, 0, 0}},
		{"qualified on the last day", []fact{leads("1", "csm-1", "Qualified", "2027-03-31")}, "", sold, numbers{1, 1, 0}},
		{"qualified is a word", []fact{leads("1", "csm-1", "unqualified", "2027-03-31")}, "", sold, numbers{1, 0, 0}},
		{"qualified twice: the first", []fact{leads("1", "csm-1", "qualified", "2026-12-31"), leads("1", "csm-1", "qualified", "2027-02-01")}, "", sold, numbers{0, 0, 0}},
		{"won", []fact{leads("1", "csm-1", "qualified", "2027-02-01"), wins("1", "2027-05-01", 1)}, "", sold, numbers{1, 1, 1}},
		{"won by its stage", []fact{leads("1", "csm-1", "qualified", "2027-02-01"), staged("1", "Closed Won", 1)}, "", sold, numbers{1, 1, 1}},
		{"won and left", []fact{leads("1", "csm-1", "qualified", "2027-02-01"), staged("1", "Closed Won", 1), staged("1", "proposal", 0)}, "", sold, numbers{1, 1, 0}},
		{"won and cancelled", []fact{leads("1", "csm-1", "qualified", "2027-02-01"), wins("1", "2027-03-01", 1), loses("1", "2027-03-02")}, "", sold, numbers{1, 1, 0}},
		{"won as an uplift", []fact{leads("1", "csm-1", "qualified", "2027-02-01"), steps("1", "2027-03-01", 1)}, "", sold, numbers{1, 1, 1}},
		{"an uplift cancelled", []fact{leads("1", "csm-1", "qualified", "2027-02-01"), steps("1", "2027-03-01", 1), loses("1", "2027-03-02")}, "", sold, numbers{1, 1, 0}},
		{"an uplift told again", []fact{leads("1", "csm-1", "qualified", "2027-02-01"), loses("1", "2027-03-02"), steps("1", "2027-03-01", 1)}, "", sold, numbers{1, 1, 1}},
	} {
		asOf := tt.asOf
		if asOf == "" {
			asOf = q1Over
		}
		events := stated(tt.facts...)
		for _, order := range [][]event.Event{events, reversed(events)} {
			s := state(t, setting(grace30), order...)
			all := s.Measures(Holders{{"csm-1", event.CSM}}, q1, instant(asOf), healthy65)
			if paid := s.Holding(Holders{{"csm-1", event.CSM}}).Paid(q1, instant(asOf), healthy65); paid != all.Paid() {
				t.Errorf("%s: Paid = %+v, of all that is measured %+v", tt.name, paid, all.Paid())
			}
			if full, quick := s.Measures(Holders{{"csm-1", event.CSM}}, q1, instant(asOf), healthy65), s.Glance(Holders{{"csm-1", event.CSM}}, q1, lastDay(q1, instant(asOf))); full.Glance != quick {
				t.Errorf("Glance = %+v, Measures has %+v", quick, full.Glance)
			}
			if got := tt.measure(s.Measures(Holders{{"csm-1", event.CSM}}, q1, instant(asOf), healthy65)); !slices.Equal(got, tt.want) {
				t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
			}
		}
	}
}

func grace30(p *plan.Plan) { p.Payability.GraceDays = 30 }

const q1 = civil.Quarter(2027 * 4)

// A measure asked of a breached episode must not settle it: the engine has yet
// to be told.
func TestMeasuresSettleNoEpisode(t *testing.T) {
	s := state(t, setting(nil), stated(book(measured("2027-03-01T12:00:00Z", 10), intervenes("1", "2027-03-02T00:00:00Z"))...)...)
	m := s.Measures(Holders{{"csm-1", event.CSM}}, q1, instant(q1Over), healthy65)
	if m.EpisodesMet != 1 || !slices.Equal(m.ResponseSeconds, []int64{12 * 3600}) {
		t.Errorf("met %d, seconds %v, want 1 after 12 hours", m.EpisodesMet, m.ResponseSeconds)
	}
	if got := s.Episodes(); len(got) != 1 {
		t.Errorf("%d episodes are left to settle, want 1", len(got))
	}
}

// Source: rules §12a, escalation response time.
func TestResponseIsTheFirstIntervention(t *testing.T) {
	low := measured("2027-03-01T12:00:00Z", 10)
	for _, tt := range []struct {
		name  string
		facts []fact
		want  []int64
	}{
		{"none", []fact{low}, nil},
		{"at once", []fact{low, intervenes("1", "2027-03-01T12:00:00Z")}, []int64{0}},
		{"the first of two", []fact{low, intervenes("1", "2027-03-01T12:01:00Z"), intervenes("2", "2027-03-01T12:00:59Z")}, []int64{59}},
		{"late", []fact{low, intervenes("1", "2027-03-09T12:00:00Z")}, []int64{8 * 86400}},
		{"later than today", []fact{low, intervenes("1", "2027-06-09T12:00:00Z")}, nil},
		{"recovered before", []fact{low, measured("2027-03-01T13:00:00Z", 80), intervenes("1", "2027-03-02T12:00:00Z")}, nil},
		{"two episodes", []fact{low, intervenes("1", "2027-03-01T12:00:01Z"), measured("2027-03-02T12:00:00Z", 80), measured("2027-03-03T12:00:00Z", 10), intervenes("2", "2027-03-03T12:00:02Z")}, []int64{1, 2}},
	} {
		s := state(t, setting(nil), stated(book(tt.facts...)...)...)
		if got := s.Measures(Holders{{"csm-1", event.CSM}}, q1, instant(q1Over), healthy65).ResponseSeconds; !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// Source: rules §12a, time to value.
func TestOnboardingCountsWhenItIsCompleted(t *testing.T) {
	for _, tt := range []struct {
		name  string
		facts []fact
		want  []int
	}{
		{"completed on the first day", book(onboards("2026-12-01", "2027-01-01")), []int{31}},
		{"on the day before", append(book(onboards("2026-12-01", "2026-12-31")), assigned(event.CSM, "csm-1", "2026-01-01")), nil},
		{"on the last day", book(onboards("2027-03-31", "2027-03-31")), []int{0}},
		{"on the day after", book(onboards("2027-03-31", "2027-04-01")), nil},
		{"while another's", book(assigned(event.CSM, "csm-2", "2027-02-01"), onboards("2027-01-01", "2027-02-01")), nil},
		{"on my last day", book(assigned(event.CSM, "csm-2", "2027-02-02"), onboards("2027-01-01", "2027-02-01")), []int{31}},
		{"two", book(onboards("2027-01-01", "2027-01-11"), onboards("2027-02-01", "2027-02-06")), []int{10, 5}},
	} {
		s := state(t, setting(nil), stated(tt.facts...)...)
		if got := s.Measures(Holders{{"csm-1", event.CSM}}, q1, instant(q1Over), healthy65).OnboardingDays; !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// Source: rules §12a, commercial and health mix.
func TestMix(t *testing.T) {
	good, bad := measured("2027-02-01T00:00:00Z", 65), measured("2027-02-01T00:00:00Z", 64)
	for _, tt := range []struct {
		name  string
		facts []fact
		want  []Segment
	}{
		{"no segment, unscored", book(), []Segment{{Unscored: 1, Rest: 100}}},
		{"healthy", book(good, inSegment(event.CSM, "csm-1", "2027-01-01", "smb")), []Segment{{Name: "smb", Healthy: 1, HealthyARR: 100}}},
		{"at risk", book(bad, inSegment(event.CSM, "csm-1", "2027-01-01", "smb")), []Segment{{Name: "smb", AtRisk: 1, AtRiskARR: 100}}},
		{"moved on the last day", book(good, inSegment(event.CSM, "csm-1", "2027-01-01", "smb"), inSegment(event.AE, "ae-1", "2027-03-31", "mid_market")), []Segment{{Name: "mid_market", Healthy: 1, HealthyARR: 100}}},
		{"moved on the day after", book(good, inSegment(event.CSM, "csm-1", "2027-01-01", "smb"), inSegment(event.AE, "ae-1", "2027-04-01", "mid_market")), []Segment{{Name: "smb", Healthy: 1, HealthyARR: 100}}},
		{"an assignment that tells none", book(good, inSegment(event.CSM, "csm-1", "2027-01-01", "smb"), assigned(event.CSM, "csm-1", "2027-02-01")), []Segment{{Name: "smb", Healthy: 1, HealthyARR: 100}}},
		{"of one day, the one stated later", book(good, inSegment(event.CSM, "csm-1", "2027-01-01", "smb"), inSegment(event.AE, "ae-1", "2027-01-01", "strategic")), []Segment{{Name: "strategic", Healthy: 1, HealthyARR: 100}}},
		{"without ARR there is no part", book(good, churns("2027-03-01")), nil},
	} {
		events := stated(tt.facts...)
		for _, order := range [][]event.Event{events, reversed(events)} {
			s := state(t, setting(nil), order...)
			if got := s.Measures(Holders{{"csm-1", event.CSM}}, q1, instant(q1Over), healthy65).Mix; !slices.Equal(got, tt.want) {
				t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
			}
		}
	}
}

// What a healthy account is and what is at risk are two thresholds.
func TestHealthyIsWhatIsAskedFor(t *testing.T) {
	s := state(t, setting(nil), stated(book(measured("2027-02-01T00:00:00Z", 70))...)...)
	for _, tt := range []struct{ min, healthy int64 }{{70, 100}, {71, 0}} {
		if m := s.Measures(Holders{{"csm-1", event.CSM}}, q1, instant(q1Over), points(tt.min)); m.HealthyARR != tt.healthy || m.AtRiskARR != 0 {
			t.Errorf("from %d on: healthy %d, at risk %d, want %d and 0", tt.min, m.HealthyARR, m.AtRiskARR, tt.healthy)
		}
	}
}

// Source: rules §12a, expansion pipeline sourced.
func TestPipeline(t *testing.T) {
	euros := func(h event.Header) event.Event {
		return event.ExpansionBooked{Header: h, Deal: event.Deal{Opportunity: "1", ARR: money.Money{Minor: 7, Currency: "EUR"}, ClosedAt: noon("2027-02-01")}}
	}
	lead := leads("1", "csm-1", "Qualified", "2027-02-01")
	for _, tt := range []struct {
		name  string
		facts []fact
		want  []Stage
	}{
		{"nothing known of its ARR", []fact{lead}, []Stage{{"qualified", 1, 0}}},
		{"as estimated", []fact{lead, estimates("1", 5)}, []Stage{{"qualified", 1, 5}}},
		{"as estimated last", []fact{lead, estimates("1", 5), estimates("1", 6), estimates("1", 0)}, []Stage{{"qualified", 1, 6}}},
		{"as staged", []fact{lead, staged("1", "proposal", 8), estimates("1", 5)}, []Stage{{"qualified", 1, 8}}},
		{"as staged last", []fact{lead, staged("1", "proposal", 8), staged("1", "proposal", 9), staged("1", "verbal", 0)}, []Stage{{"qualified", 1, 9}}},
		{"as won", []fact{lead, wins("1", "2027-03-01", 7), staged("2", "proposal", 8)}, []Stage{{"qualified", 1, 7}}},
		{"another currency", []fact{lead, euros}, []Stage{{"qualified", 1, 0}}},
		{"the stage it came to", []fact{leads("1", "csm-1", "new", "2027-01-15"), lead, leads("1", "csm-1", "demo", "2027-01-20")}, []Stage{{"qualified", 1, 0}}},
		{"the stage it comes to later", []fact{lead, leads("1", "csm-1", "closed lost", "2027-04-01")}, []Stage{{"qualified", 1, 0}}},
		{"two stages, one with two", []fact{lead, leads("2", "csm-1", "new", "2027-02-01"), leads("3", "csm-1", "qualified!", "2027-02-02"), estimates("3", 4)}, []Stage{{"new", 1, 0}, {"qualified", 2, 4}}},
		{"named by the booking", []fact{wonBy("1", "csm-1", "2027-02-01", 5)}, []Stage{{"closedwon", 1, 5}}},
	} {
		events := stated(tt.facts...)
		for _, order := range [][]event.Event{events, reversed(events)} {
			s := state(t, setting(nil), order...)
			if got := s.Measures(Holders{{"csm-1", event.CSM}}, q1, instant(q1Over), healthy65).Pipeline; !slices.Equal(got, tt.want) {
				t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
			}
		}
	}
}

// numbered gives every number of a Measures its own value.
func numbered(v reflect.Value, next *int64) {
	switch v.Kind() {
	case reflect.Int, reflect.Int64:
		*next++
		v.SetInt(*next)
	case reflect.Struct:
		for i := range v.NumField() {
			numbered(v.Field(i), next)
		}
	default:
	}
}

// No number is forgotten when measures are added, and none goes elsewhere.
func TestMeasuresAddUp(t *testing.T) {
	var a Measures
	next := int64(0)
	numbered(reflect.ValueOf(&a).Elem(), &next)
	if next < 30 {
		t.Fatalf("%d numbers", next)
	}
	sum := a
	if err := sum.Add(a); err != nil {
		t.Fatal(err)
	}
	x, y := reflect.ValueOf(a), reflect.ValueOf(sum)
	for i := range x.NumField() {
		if f := x.Field(i); f.CanInt() && y.Field(i).Int() != 2*f.Int() {
			t.Errorf("%s = %d, want %d", x.Type().Field(i).Name, y.Field(i).Int(), 2*f.Int())
		}
	}
	want := a.Quarter
	if err := want.Add(a.Quarter); err != nil || sum.Quarter != want {
		t.Errorf("Quarter = %+v, want %+v", sum.Quarter, want)
	}
}

func TestPartsAddUpByName(t *testing.T) {
	var m Measures
	for _, o := range []Measures{
		{Mix: []Segment{{"smb", 1, 2, 3, 4, 5, 6}}, Pipeline: []Stage{{"new", 1, 2}}, OnboardingDays: []int{3}, ResponseSeconds: []int64{4}},
		{Mix: []Segment{{"enterprise", 1, 1, 1, 1, 1, 1}, {"smb", 10, 20, 30, 40, 50, 60}}, Pipeline: []Stage{{"demo", 1, 1}, {"new", 10, 20}}, OnboardingDays: []int{1}},
	} {
		if err := m.Add(o); err != nil {
			t.Fatal(err)
		}
	}
	want := Measures{
		Mix:            []Segment{{"enterprise", 1, 1, 1, 1, 1, 1}, {"smb", 11, 22, 33, 44, 55, 66}},
		Pipeline:       []Stage{{"demo", 1, 1}, {"new", 11, 22}},
		OnboardingDays: []int{3, 1}, ResponseSeconds: []int64{4},
	}
	if !reflect.DeepEqual(m, want) {
		t.Errorf("Add = %+v, want %+v", m, want)
	}
}

func TestMeasuresTooLargeFail(t *testing.T) {
	const most = math.MaxInt64
	for _, much := range []Measures{
		{Glance: Glance{ARR: most}},
		{HealthyARR: most},
		{Glance: Glance{AtRiskARR: most}},
		{CSATMillionths: most},
		{AdoptedARR: most},
		{MeasuredARR: most},
		{Quarter: Retention{Opening: most}},
		{Mix: []Segment{{Rest: most}}},
		{Mix: []Segment{{HealthyARR: most}}},
		{Mix: []Segment{{AtRiskARR: most}}},
		{Pipeline: []Stage{{ARR: most}}},
	} {
		var m Measures
		if err := m.Add(much); err != nil {
			t.Errorf("Add(%+v) to nothing: %v", much, err)
		}
		if err := m.Add(much); err == nil {
			t.Errorf("Add(%+v) twice is no error", much)
		}
	}
	if got := scaled(math.MaxInt64, points(2)); got != math.MaxInt64 {
		t.Errorf("scaled past int64 = %d", got)
	}
}
