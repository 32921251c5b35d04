package account

import (
	"testing"

	"github.com/trueup/trueup/domain/plan"
)

// Source: rules §1a; readings R4–R6.
func TestARR(t *testing.T) {
	type at struct {
		day  string
		want int64
	}
	for _, tt := range []struct {
		name  string
		facts []fact
		want  []at
	}{
		{"nothing known", nil, []at{{"2027-01-01", 0}}},
		{
			"a subscription, from its first day",
			[]fact{starts("s1", "2027-01-10", "2028-01-10", 100)},
			[]at{{"2027-01-09", 0}, {"2027-01-10", 100}, {"2029-01-01", 100}},
		},
		{
			"subscriptions add up",
			[]fact{starts("s1", "2027-01-01", "2028-01-01", 100), starts("s2", "2027-02-01", "2028-02-01", 50)},
			[]at{{"2027-01-31", 100}, {"2027-02-01", 150}},
		},
		{
			"a change that names one of several moves that part",
			[]fact{starts("s1", "2027-01-01", "2028-01-01", 100), starts("s2", "2027-01-01", "2028-01-01", 50), changes("s2", "2027-03-01", 80)},
			[]at{{"2027-02-28", 150}, {"2027-03-01", 180}},
		},
		{
			"… and leaves the increments",
			[]fact{starts("s1", "2027-01-01", "2028-01-01", 100), starts("s2", "2027-01-01", "2028-01-01", 50), wins("o1", "2027-02-01", 7), changes("s2", "2027-03-01", 80)},
			[]at{{"2027-02-28", 157}, {"2027-03-01", 187}},
		},
		{
			"a change of the only one sets the account and absorbs the increments",
			[]fact{starts("s1", "2027-01-01", "2028-01-01", 100), wins("o1", "2027-02-01", 7), changes("s1", "2027-03-01", 120)},
			[]at{{"2027-02-28", 107}, {"2027-03-01", 120}},
		},
		{
			"a renewal that names none sets the account of several",
			[]fact{starts("s1", "2027-01-01", "2028-01-01", 100), starts("s2", "2027-01-01", "2028-01-01", 50), wins("o1", "2027-02-01", 7), renews("", "2028-01-01", "2029-01-01", 90)},
			[]at{{"2027-12-31", 157}, {"2028-01-01", 90}},
		},
		{
			"absolute statements before increments on one date",
			[]fact{starts("s1", "2027-01-01", "2028-01-01", 100), wins("o1", "2028-01-01", 7), renews("", "2028-01-01", "2029-01-01", 90), shrinks("c1", "2028-01-01", 5)},
			[]at{{"2027-12-31", 100}, {"2028-01-01", 92}},
		},
		{
			"a change before a renewal on one date",
			[]fact{starts("s1", "2027-01-01", "2028-01-01", 100), renews("", "2028-01-01", "2029-01-01", 90), changes("s1", "2028-01-01", 300)},
			[]at{{"2028-01-01", 90}},
		},
		{
			"a churn after a renewal on one date",
			[]fact{starts("s1", "2027-01-01", "2028-01-01", 100), churns("2028-01-01"), renews("", "2028-01-01", "2029-01-01", 90)},
			[]at{{"2027-12-31", 100}, {"2028-01-01", 0}},
		},
		{
			"reactivated on the day of the churn",
			[]fact{starts("s1", "2027-01-01", "2028-01-01", 100), returns("2027-06-01", 60), churns("2027-06-01")},
			[]at{{"2027-05-31", 100}, {"2027-06-01", 60}},
		},
		{
			"a contraction, not below nothing",
			[]fact{starts("s1", "2027-01-01", "2028-01-01", 100), shrinks("c1", "2027-02-01", 30), shrinks("c2", "2027-03-01", 500), wins("o1", "2027-04-01", 20)},
			[]at{{"2027-02-01", 70}, {"2027-03-01", 0}, {"2027-04-01", 20}},
		},
		{
			"the latest statement about a contraction stands",
			[]fact{starts("s1", "2027-01-01", "2028-01-01", 100), shrinks("c1", "2027-02-01", 30), shrinks("c1", "2027-03-01", 40)},
			[]at{{"2027-02-01", 100}, {"2027-03-01", 60}},
		},
		{
			"an expansion, and its cancellation on its date",
			[]fact{starts("s1", "2027-01-01", "2028-01-01", 100), wins("o1", "2027-02-01", 20), loses("o1", "2027-03-01")},
			[]at{{"2027-01-31", 100}, {"2027-02-01", 120}, {"2027-02-28", 120}, {"2027-03-01", 100}},
		},
		{
			"an expansion told again moves",
			[]fact{starts("s1", "2027-01-01", "2028-01-01", 100), wins("o1", "2027-02-01", 20), wins("o1", "2027-04-01", 30)},
			[]at{{"2027-02-01", 100}, {"2027-03-31", 100}, {"2027-04-01", 130}},
		},
		{
			"churn, and nothing moves until the next life",
			[]fact{starts("s1", "2027-01-01", "2028-01-01", 100), churns("2027-06-01"), wins("o1", "2027-07-01", 20), renews("", "2028-01-01", "2029-01-01", 90), returns("2028-03-01", 40)},
			[]at{{"2027-05-31", 100}, {"2027-06-01", 0}, {"2027-07-01", 0}, {"2028-01-01", 0}, {"2028-03-01", 40}},
		},
		{
			"a new subscription starts the next life by itself",
			[]fact{starts("s1", "2027-01-01", "2028-01-01", 100), wins("o1", "2027-02-01", 20), churns("2027-06-01"), starts("s2", "2027-09-01", "2028-09-01", 70)},
			[]at{{"2027-06-01", 0}, {"2027-09-01", 70}},
		},
		{
			"a subscription started again keeps its first life",
			[]fact{starts("s1", "2027-01-01", "2028-01-01", 100), churns("2027-06-01"), starts("s1", "2027-09-01", "2028-09-01", 70)},
			[]at{{"2027-01-01", 100}, {"2027-06-01", 0}, {"2027-09-01", 70}},
		},
		{
			"an expansion lost to a churn does not leave the next life when it is cancelled",
			[]fact{starts("s1", "2027-01-01", "2028-01-01", 100), wins("o1", "2027-02-01", 20), churns("2027-06-01"), returns("2027-07-01", 50), loses("o1", "2027-08-01")},
			[]at{{"2027-07-01", 50}, {"2027-08-01", 50}},
		},
		{
			"one churn per life: the earliest date",
			[]fact{starts("s1", "2027-01-01", "2028-01-01", 100), churns("2027-06-01"), churns("2027-04-01")},
			[]at{{"2027-03-31", 100}, {"2027-04-01", 0}},
		},
		{
			"a cancelled churn did not happen",
			[]fact{starts("s1", "2027-01-01", "2028-01-01", 100), churns("2027-06-01"), stays("2027-06-01")},
			[]at{{"2027-06-01", 100}},
		},
		{
			"… of that date only",
			[]fact{starts("s1", "2027-01-01", "2028-01-01", 100), churns("2027-04-01"), churns("2027-06-01"), stays("2027-04-01")},
			[]at{{"2027-05-31", 100}, {"2027-06-01", 0}},
		},
		{
			"… unless it is stated again later",
			[]fact{starts("s1", "2027-01-01", "2028-01-01", 100), churns("2027-06-01"), stays("2027-06-01"), churns("2027-06-01")},
			[]at{{"2027-06-01", 0}},
		},
		{
			"a subscription cancelled while another lives is a contraction",
			[]fact{starts("s1", "2027-01-01", "2028-01-01", 100), starts("s2", "2027-01-01", "2028-01-01", 50), cancels("s1", "2027-06-01"), wins("o1", "2027-07-01", 5)},
			[]at{{"2027-05-31", 150}, {"2027-06-01", 50}, {"2027-07-01", 55}},
		},
		{
			"… not below nothing, also where a contraction was of both",
			[]fact{starts("s1", "2027-01-01", "2028-01-01", 100), starts("s2", "2027-01-01", "2028-01-01", 100), shrinks("c1", "2027-02-01", 150), cancels("s1", "2027-06-01"), wins("o1", "2027-07-01", 100)},
			[]at{{"2027-05-31", 50}, {"2027-06-01", 0}, {"2027-07-01", 100}},
		},
		{
			"the last one cancelled ends the account",
			[]fact{starts("s1", "2027-01-01", "2028-01-01", 100), starts("s2", "2027-01-01", "2028-01-01", 50), cancels("s1", "2027-06-01"), cancels("s2", "2027-08-01"), wins("o1", "2027-09-01", 5)},
			[]at{{"2027-06-01", 50}, {"2027-08-01", 0}, {"2027-09-01", 0}},
		},
		{
			"both cancelled on one day",
			[]fact{starts("s1", "2027-01-01", "2028-01-01", 100), starts("s2", "2027-01-01", "2028-01-01", 50), cancels("s1", "2027-06-01"), cancels("s2", "2027-06-01")},
			[]at{{"2027-05-31", 150}, {"2027-06-01", 0}},
		},
		{
			"a churn ends all subscriptions",
			[]fact{starts("s1", "2027-01-01", "2028-01-01", 100), starts("s2", "2027-01-01", "2028-01-01", 50), churns("2027-06-01")},
			[]at{{"2027-06-01", 0}},
		},
		{
			"a won renewal stage sets the account",
			[]fact{starts("s1", "2027-01-01", "2028-01-01", 100), renewalStage("Closed Won", "2028-01-01", "2029-01-01", 110)},
			[]at{{"2027-12-31", 100}, {"2028-01-01", 110}},
		},
		{
			"a lost renewal stage is a churn at the end of the term",
			[]fact{starts("s1", "2027-01-01", "2028-01-01", 100), renewalStage("Closed Lost", "2028-01-01", "2029-01-01", 0)},
			[]at{{"2027-12-31", 100}, {"2028-01-01", 0}},
		},
		{
			"a renewal lost and then won",
			[]fact{starts("s1", "2027-01-01", "2028-01-01", 100), renewalStage("lost", "2028-01-01", "2029-01-01", 0), renewalStage("won", "2028-01-01", "2029-01-01", 95)},
			[]at{{"2028-01-01", 95}},
		},
		{
			"a renewal won and then open again",
			[]fact{starts("s1", "2027-01-01", "2028-01-01", 100), renewalStage("won", "2028-01-01", "2029-01-01", 95), renewalStage("negotiation", "2028-01-01", "2029-01-01", 0)},
			[]at{{"2028-01-01", 100}},
		},
		{
			"the latest renewal of a term start stands",
			[]fact{starts("s1", "2027-01-01", "2028-01-01", 100), renews("", "2028-01-01", "2029-01-01", 90), renews("", "2028-01-01", "2029-01-01", 105)},
			[]at{{"2028-01-01", 105}},
		},
	} {
		events := stated(tt.facts...)
		forth, back := state(t, setting(nil), events...), state(t, setting(nil), reversed(events)...)
		for _, at := range tt.want {
			if got := forth.arr.At(day(at.day)); got != at.want {
				t.Errorf("%s: ARR on %s = %d, want %d", tt.name, at.day, got, at.want)
			}
			if got := back.arr.At(day(at.day)); got != at.want {
				t.Errorf("%s, told backwards: ARR on %s = %d, want %d", tt.name, at.day, got, at.want)
			}
		}
	}
}

// Source: rules §1a, evidence.
func TestEvidence(t *testing.T) {
	events := func() []fact {
		return []fact{
			starts("s1", "2027-01-01", "2028-01-01", 100), changes("s1", "2027-02-01", 500), wins("o1", "2027-03-01", 20),
			renews("", "2028-01-01", "2029-01-01", 90), churns("2028-06-01"),
		}
	}
	for _, tt := range []struct {
		evidence plan.Evidence
		want     map[string]int64 // all facts are crm's
	}{
		{plan.Evidence{Renewal: "any", Churn: "any", Expansion: "any"}, map[string]int64{"2027-02-01": 500, "2027-03-01": 520, "2028-01-01": 90, "2028-06-01": 0}},
		{plan.Evidence{Renewal: "crm", Churn: "crm", Expansion: "crm"}, map[string]int64{"2027-02-01": 100, "2027-03-01": 120, "2028-01-01": 90, "2028-06-01": 0}},
		{plan.Evidence{Renewal: "billing", Churn: "any", Expansion: "crm"}, map[string]int64{"2027-03-01": 120, "2028-01-01": 120, "2028-06-01": 0}},
		{plan.Evidence{Renewal: "any", Churn: "billing", Expansion: "crm"}, map[string]int64{"2028-01-01": 90, "2028-06-01": 90}},
		{plan.Evidence{Renewal: "any", Churn: "any", Expansion: "billing"}, map[string]int64{"2027-02-01": 500, "2027-03-01": 500}},
	} {
		s := state(t, setting(func(p *plan.Plan) { p.Evidence = tt.evidence }), stated(events()...)...)
		for on, want := range tt.want {
			if got := s.arr.At(day(on)); got != want {
				t.Errorf("evidence %+v: ARR on %s = %d, want %d", tt.evidence, on, got, want)
			}
		}
	}
}

// Of several terms in force the one that started last, then the one that ends last.
func TestTermOn(t *testing.T) {
	facts := []fact{
		starts("s1", "2027-01-01", "2028-01-01", 100),
		starts("s2", "2027-03-01", "2027-09-01", 50),
		starts("s3", "2027-03-01", "2027-12-01", 50),
		renews("", "2028-01-01", "2029-01-01", 90),
	}
	for _, tt := range []struct {
		name  string
		extra []fact
		on    string
		end   string // of the term; empty: none
	}{
		{"before all", nil, "2026-12-31", ""},
		{"the first day", nil, "2027-01-01", "2028-01-01"},
		{"of two that start together the one that ends last", nil, "2027-03-01", "2027-12-01"},
		{"the day before its end", nil, "2027-11-30", "2027-12-01"},
		{"its end: back to the longer one", nil, "2027-12-01", "2028-01-01"},
		{"the renewal's first day", nil, "2028-01-01", "2029-01-01"},
		{"after all", nil, "2029-01-01", ""},
		{"a churn stops all", []fact{churns("2027-04-01")}, "2027-04-01", ""},
		{"the day before the churn", []fact{churns("2027-04-01")}, "2027-03-31", "2027-12-01"},
		{"a cancelled subscription stops its own", []fact{cancels("s3", "2027-04-01")}, "2027-04-01", "2027-09-01"},
	} {
		s := state(t, setting(nil), stated(append(facts[:len(facts):len(facts)], tt.extra...)...)...)
		got, ok := s.arr.termOn(day(tt.on))
		if ok != (tt.end != "") || ok && got.end != day(tt.end) {
			t.Errorf("%s: termOn(%s) ends %s, %v, want %q", tt.name, tt.on, got.end, ok, tt.end)
		}
	}
}
