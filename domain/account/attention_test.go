package account

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

func reviewed(id, on string) fact {
	return func(h event.Header) event.Event {
		return event.ReviewHeld{Header: h, Account: "acct-1", Review: id, On: day(on), Kind: "qbr"}
	}
}

func engages(contact, at string) fact {
	return func(h event.Header) event.Event {
		return event.ContactEngaged{Header: h, Account: "acct-1", Contact: contact, EngagedAt: instant(at)}
	}
}

func answers(id, kind, at string, score money.Ratio) fact {
	return func(h event.Header) event.Event {
		return event.SurveyAnswered{Header: h, Account: "acct-1", Survey: id, Kind: kind, Score: score, AnsweredAt: instant(at)}
	}
}

func adopts(at string, rate money.Ratio) fact {
	return func(h event.Header) event.Event {
		return event.AdoptionMeasured{Header: h, Account: "acct-1", Rate: rate, MeasuredAt: instant(at)}
	}
}

func onboards(from, to string) fact {
	return func(h event.Header) event.Event {
		return event.OnboardingCompleted{Header: h, Account: "acct-1", Started: day(from), Completed: day(to)}
	}
}

func calls(call, end, at string) fact {
	return func(h event.Header) event.Event {
		return event.ForecastRecorded{Header: h, Account: "acct-1", TermEnd: day(end), Call: call, RecordedAt: instant(at), By: "csm-1"}
	}
}

func leads(opp event.OpportunityID, payee event.PayeeID, stage event.Stage, on string) fact {
	return func(h event.Header) event.Event {
		return event.LeadSourced{Header: h, Opportunity: opp, Account: "acct-1", Payee: payee, Stage: stage, At: noon(on)}
	}
}

func estimates(opp event.OpportunityID, arr int64) fact {
	return func(h event.Header) event.Event {
		e := event.HandoffLogged{Header: h, Opportunity: opp, Account: "acct-1"}
		if arr > 0 {
			amount := usd(arr)
			e.EstimatedARR = &amount
		}
		return e
	}
}

func staged(opp event.OpportunityID, stage event.Stage, arr int64) fact {
	return func(h event.Header) event.Event {
		e := event.ExpansionStage{Header: h, Stage: stage, Deal: event.Deal{Opportunity: opp, Account: "acct-1", ClosedAt: h.Time}}
		if arr > 0 {
			e.ARR = usd(arr)
		}
		return e
	}
}

func steps(opp event.OpportunityID, on string, arr int64) fact {
	return func(h event.Header) event.Event {
		return event.UpliftScheduled{
			Header: h, Opportunity: opp, Account: "acct-1", SignedAt: noon(on),
			Steps: []event.UpliftStep{{Effective: day(on), ARR: usd(arr)}},
		}
	}
}

// wonBy is a booking that names who sourced it.
func wonBy(opp event.OpportunityID, payee event.PayeeID, on string, arr int64) fact {
	return func(h event.Header) event.Event {
		return event.ExpansionBooked{Header: h, Deal: event.Deal{Opportunity: opp, Account: "acct-1", ARR: usd(arr), ClosedAt: noon(on), SourcedBy: payee}}
	}
}

// genAttention draws facts with few keys, so that they often meet.
func genAttention(t *rapid.T) fact {
	on := rapid.SampledFrom([]string{"2027-01-01", "2027-01-31", "2027-03-31", "2027-04-01", "2027-06-30", "2027-12-01"}).Draw(t, "on")
	at := rapid.SampledFrom([]string{"2027-01-01T00:00:00Z", "2027-03-31T23:59:59Z", "2027-04-01T00:00:00Z", "2027-06-01T12:00:00Z"}).Draw(t, "at")
	id := rapid.SampledFrom([]string{"1", "2"}).Draw(t, "id")
	opp := event.OpportunityID(id)
	payee := rapid.SampledFrom([]event.PayeeID{"csm-1", "csm-2"}).Draw(t, "payee")
	n := rapid.Int64Range(0, 10).Draw(t, "n")
	return []fact{
		reviewed(id, on), engages(id, at), answers(id, "nps", at, money.Ratio{Num: n, Den: 1}), answers(id, "csat", at, money.Ratio{Num: n, Den: 2}),
		adopts(at, percent(n)), onboards("2027-01-01", on), calls(rapid.SampledFrom([]string{"renew", "risk", "churn"}).Draw(t, "call"), on, at),
		leads(opp, payee, rapid.SampledFrom([]event.Stage{"Qualified", "new"}).Draw(t, "stage"), on), estimates(opp, n), staged(opp, "proposal", n), staged(opp, "won", n+1),
		wonBy(opp, payee, on, n), loses(opp, on), steps(opp, on, n), measured(at, 60+n), intervenes(id, at),
	}[rapid.IntRange(0, 15).Draw(t, "kind")]
}

// sameAttention compares two, of which those claimed until one day are in any order.
func sameAttention(a, b attention) bool {
	until := func(list []*sourced) (out []civil.Date) {
		for _, o := range list {
			out = append(out, o.ends)
		}
		return out
	}
	claimed := slices.Equal(until(a.claimed), until(b.claimed))
	a.claimed, b.claimed = nil, nil
	return claimed && reflect.DeepEqual(a, b)
}

// Measures are a function of the set of facts: order and repeats leave no
// trace, and add says whether a fact changed anything.
func TestAttentionOrderLeavesNoTrace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var facts []fact
		for range rapid.IntRange(1, 25).Draw(t, "facts") {
			if rapid.Bool().Draw(t, "moves") {
				facts = append(facts, genMove(t))
			} else {
				facts = append(facts, genAttention(t))
			}
		}
		events := shuffledTimes(t, facts)
		again := append(rapid.Permutation(events).Draw(t, "arrived"), rapid.SliceOf(rapid.SampledFrom(events)).Draw(t, "repeats")...)

		forth := state(t, setting(nil), events...)
		var back attention
		for i, e := range again {
			before := attentionOf(again[:i]...)
			if changed := back.add(e, time.UTC); changed == sameAttention(back, before) {
				t.Fatalf("add(%+v) = %v, but it was %+v and is %+v", e, changed, before, back)
			}
		}
		if want := attentionOf(events...); !sameAttention(back, want) {
			t.Fatalf("attention %+v, or %+v in another order", want, back)
		}
		other := state(t, setting(nil), events...)
		other.attention = back
		for _, payee := range []event.PayeeID{"csm-1", "csm-2", "csm-3"} {
			for q := civil.Quarter(2026*4 + 3); q < 2028*4; q++ {
				for _, asOf := range []time.Time{noon("2027-02-15"), horizon} {
					a := forth.Measures(Holders{{payee, event.CSM}}, q, asOf, percent(6500))
					if paid := forth.Holding(Holders{{payee, event.CSM}}).Paid(q, asOf, percent(6500)); paid != a.Paid() {
						t.Fatalf("Paid(%s, %s) = %+v, of all that is measured %+v", payee, q, paid, a.Paid())
					}
					if g := forth.Glance(Holders{{payee, event.CSM}}, q, lastDay(q, asOf)); g != a.Glance {
						t.Fatalf("Glance(%s, %v) = %+v, Measures has %+v", payee, q, g, a.Glance)
					}
					if b := other.Measures(Holders{{payee, event.CSM}}, q, asOf, percent(6500)); !reflect.DeepEqual(a, b) {
						t.Fatalf("Measures(%s, %s) = %+v, or %+v in another order", payee, q, a, b)
					}
				}
			}
		}
	})
}

func attentionOf(events ...event.Event) (a attention) {
	for _, e := range events {
		a.add(e, time.UTC)
	}
	return a
}

// Of several statements under one key the newest stands.
func TestAttentionKeepsTheNewest(t *testing.T) {
	const at = "2027-02-01T12:00:00Z"
	half := money.Ratio{Num: 1, Den: 2}
	for _, tt := range []struct {
		name  string
		facts []fact
		want  int // how many stand
		count func(attention) int
	}{
		{"one review told twice", []fact{reviewed("1", "2027-02-01"), reviewed("1", "2027-03-01")}, 1, func(a attention) int { return a.reviews.Len() }},
		{"two reviews", []fact{reviewed("1", "2027-02-01"), reviewed("2", "2027-02-01")}, 2, func(a attention) int { return a.reviews.Len() }},
		{"one contact at one instant", []fact{engages("1", at), engages("1", at)}, 1, func(a attention) int { return a.contacts.len() }},
		{"two contacts at one instant", []fact{engages("1", at), engages("2", at)}, 2, func(a attention) int { return a.contacts.len() }},
		{"one answer corrected", []fact{answers("1", "nps", at, half), answers("1", "nps", at, money.One)}, 1, func(a attention) int { return a.surveys.len() }},
		{"two answers to one survey", []fact{answers("1", "nps", at, half), answers("1", "nps", "2027-02-01T12:00:01Z", half)}, 2, func(a attention) int { return a.surveys.len() }},
		{"one rate corrected", []fact{adopts(at, half), adopts(at, money.One)}, 1, func(a attention) int { return a.adoption.len() }},
		{"one onboarding corrected", []fact{onboards("2027-01-01", "2027-02-01"), onboards("2027-01-01", "2027-03-01")}, 1, func(a attention) int { return a.onboardings.len() }},
		{"two onboardings", []fact{onboards("2027-01-01", "2027-02-01"), onboards("2027-01-02", "2027-02-01")}, 2, func(a attention) int { return a.onboardings.len() }},
		{"one forecast corrected", []fact{calls("renew", "2028-01-01", at), calls("churn", "2028-01-01", at)}, 1, func(a attention) int { return a.forecasts.len() }},
		{"two forecasts", []fact{calls("renew", "2028-01-01", at), calls("churn", "2028-01-01", "2027-03-01T00:00:00Z")}, 2, func(a attention) int { return a.forecasts.len() }},
		{"every lead is its own", []fact{leads("1", "csm-1", "new", "2027-02-01"), leads("1", "csm-1", "new", "2027-02-01")}, 2, func(a attention) int { return len(a.sourced.Get("1").leads) }},
	} {
		events := stated(tt.facts...)
		forth, back := attentionOf(events...), attentionOf(reversed(events)...)
		if got := tt.count(forth); got != tt.want || !reflect.DeepEqual(forth, back) {
			t.Errorf("%s: %d stand, want %d; %+v, told backwards %+v", tt.name, got, tt.want, forth, back)
		}
		if tt.want == 1 {
			newest := events[len(events)-1]
			if alone := attentionOf(newest); !reflect.DeepEqual(alone, forth) {
				t.Errorf("%s: %+v stands, want the newest %+v", tt.name, forth, alone)
			}
			if forth.add(events[0], time.UTC) {
				t.Errorf("%s: the older one, told again, changed something", tt.name)
			}
		}
	}
}

func TestAttentionLeavesOtherEventsAlone(t *testing.T) {
	for _, f := range []fact{churns("2027-01-01"), measured("2027-01-01T00:00:00Z", 1), assigned(event.CSM, "csm-1", "2027-01-01"), starts("s1", "2027-01-01", "2028-01-01", 1)} {
		var a attention
		if e := stated(f)[0]; a.add(e, time.UTC) || !reflect.DeepEqual(a, attention{}) {
			t.Errorf("add(%T) left %+v", e, a)
		}
	}
}

// lastDay is the day up to which a quarter is looked at, as of an instant.
func lastDay(q civil.Quarter, asOf time.Time) civil.Date {
	set := setting(nil)
	return min(set.Calendar.Last(q), civil.In(asOf, set.Zone))
}
