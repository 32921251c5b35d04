package account

import (
	"testing"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

// inStage is a statement of the opportunity's stage, made at noon of a day;
// won it is a deal of that instant.
func inStage(stage event.Stage, on string, arr int64) fact {
	return func(h event.Header) event.Event {
		h.Time = noon(on)
		return event.ExpansionStage{Header: h, Deal: event.Deal{Opportunity: "o1", Account: "acct-1", ARR: usd(arr), ClosedAt: noon(on)}, Stage: stage}
	}
}

// at moves a fact's statement to noon of a day.
func at(on string, f fact) fact {
	return func(h event.Header) event.Event {
		h.Time = noon(on)
		return f(h)
	}
}

// Source: readings R25: an opportunity is its latest statement, whole. Left:
// the date of the first statement that is not won after the latest won one.
func TestOpportunity(t *testing.T) {
	for _, tt := range []struct {
		name   string
		facts  []fact
		booked string // empty: no deal
		left   string // empty: it stands
		arr    int64
	}{
		{"never won", []fact{inStage("qualified", "2027-02-01", 0)}, "", "", 0},
		{"lost, never won", []fact{inStage("Closed Lost", "2027-02-01", 0)}, "", "", 0},
		{"cancelled, never booked", []fact{at("2027-02-01", loses("o1", "2027-02-01"))}, "", "", 0},
		{"booked", []fact{at("2027-02-01", wins("o1", "2027-02-01", 10))}, "2027-02-01", "", 10},
		{"won by its stage", []fact{inStage("qualified", "2027-01-05", 0), inStage("Closed Won", "2027-02-01", 10)}, "2027-02-01", "", 10},
		{"booked late: on the day it closed", []fact{at("2027-03-01", wins("o1", "2027-02-01", 10))}, "2027-02-01", "", 10},
		{"told again", []fact{at("2027-02-01", wins("o1", "2027-02-01", 10)), at("2027-02-05", wins("o1", "2027-02-03", 12))}, "2027-02-03", "", 12},
		{"cancelled", []fact{at("2027-02-01", wins("o1", "2027-02-01", 10)), at("2027-03-01", loses("o1", "2027-02-20"))}, "2027-02-01", "2027-02-20", 10},
		{"lost after it was won", []fact{inStage("won", "2027-02-01", 10), inStage("lost", "2027-03-01", 0)}, "2027-02-01", "2027-03-01", 10},
		{"reopened after it was won", []fact{inStage("won", "2027-02-01", 10), inStage("negotiation", "2027-03-01", 0)}, "2027-02-01", "2027-03-01", 10},
		{"left by the first, not the last", []fact{inStage("won", "2027-02-01", 10), inStage("negotiation", "2027-03-01", 0), inStage("lost", "2027-04-01", 0)}, "2027-02-01", "2027-03-01", 10},
		{"won again", []fact{inStage("won", "2027-02-01", 10), inStage("lost", "2027-03-01", 0), inStage("won", "2027-04-01", 11)}, "2027-04-01", "", 11},
		{"won again and lost again", []fact{inStage("won", "2027-02-01", 10), inStage("lost", "2027-03-01", 0), inStage("won", "2027-04-01", 11), inStage("lost", "2027-05-01", 0)}, "2027-04-01", "2027-05-01", 11},
		{"cancelled before it was booked: not before the booking", []fact{at("2027-02-01", wins("o1", "2027-02-01", 10)), at("2027-03-01", loses("o1", "2027-01-15"))}, "2027-02-01", "2027-02-01", 10},
		{"a cancellation stated before the booking undoes nothing", []fact{at("2027-02-01", wins("o1", "2027-02-01", 10)), at("2027-01-15", loses("o1", "2027-03-01"))}, "2027-02-01", "", 10},
	} {
		events := stated(tt.facts...)
		for _, s := range []*State{state(t, setting(nil), events...), state(t, setting(nil), reversed(events)...)} {
			if tt.booked == "" {
				if len(s.Deals()) > 0 {
					t.Errorf("%s: deal %+v, want none", tt.name, s.Deals()[0])
				}
				continue
			}
			if len(s.Deals()) != 1 {
				t.Fatalf("%s: %d deals, want one", tt.name, len(s.Deals()))
			}
			left := civil.Never
			if tt.left != "" {
				left = day(tt.left)
			}
			if d := s.Deals()[0]; d.Booked != day(tt.booked) || d.Left != left || d.ARR != usd(tt.arr) {
				t.Errorf("%s: booked %s, left %s, %s, want %s, %s, %s", tt.name, d.Booked, d.Left, d.ARR, tt.booked, left, usd(tt.arr))
			}
		}
	}
}

// What a later statement leaves out is not taken from an older one.
func TestAStatementIsWhole(t *testing.T) {
	first := event.Deal{Opportunity: "o1", Account: "acct-1", ARR: usd(10), ClosedAt: noon("2027-02-01"), CSM: "csm-1", AE: "ae-1", Kind: "seats"}
	second := event.Deal{Opportunity: "o1", Account: "acct-1", ARR: usd(10), ClosedAt: noon("2027-02-01")}
	s := state(t, setting(nil), stated(
		func(h event.Header) event.Event { return event.ExpansionBooked{Header: h, Deal: first} },
		func(h event.Header) event.Event { return event.ExpansionBooked{Header: h, Deal: second} },
	)...)
	if d := s.Deals()[0]; d.CSM != "" || d.AE != "" || d.Kind != "" {
		t.Errorf("deal %+v keeps what only its first statement said", d.Deal)
	}
}

// An opportunity told again in a currency that cannot be converted leaves the
// ARR at once.
func TestADealToldInAnotherCurrencyLeavesTheARR(t *testing.T) {
	euro := event.Deal{Opportunity: "o1", Account: "acct-1", ARR: money.Money{Minor: 10, Currency: "EUR"}, ClosedAt: noon("2027-03-01")}
	facts := []fact{
		starts("s1", "2027-01-01", "2028-01-01", 100), wins("o1", "2027-02-01", 20),
		func(h event.Header) event.Event { return event.ExpansionBooked{Header: h, Deal: euro} },
	}
	events := stated(facts...)
	for _, s := range []*State{state(t, setting(nil), events...), state(t, setting(nil), reversed(events)...)} {
		if got := s.arr.At(day("2027-04-01")); got != 100 {
			t.Errorf("ARR = %d, want 100", got)
		}
	}
}
