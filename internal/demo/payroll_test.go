package demo

import (
	"testing"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// Payroll answers every payment asked for, in order of arrival, and the same
// company is paid the same.
func TestPaid(t *testing.T) {
	c := Company{Seed: 1, CSMs: 6, AEs: 3, Accounts: 150, From: Default().From, Until: Default().Until}
	var last Arrival
	confirmed := map[civil.Quarter]int{}
	rejected, plain := 0, 0
	for a, err := range c.Paid() {
		if err != nil {
			t.Fatal(err)
		}
		if a.Recorded.Before(last.Recorded) {
			t.Fatalf("%s arrives at %s, after %s", a.Event.Head().ID, a.Recorded, last.Recorded)
		}
		last = a
		switch e := a.Event.(type) {
		case event.PayoutConfirmed:
			confirmed[e.Period]++
		case event.PayoutRejected:
			rejected++
		default:
			plain++
		}
	}
	events := 0
	for range c.Events() {
		events++
	}
	if plain != events {
		t.Errorf("%d events beside payroll's, want all %d", plain, events)
	}
	if len(confirmed) != 3 || rejected != 0 { // Q4 locks after the year; too few payees for a bank to err
		t.Errorf("payments confirmed per quarter %v, %d sent back", confirmed, rejected)
	}
}
