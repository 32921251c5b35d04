package event_test

import (
	"testing"

	"github.com/trueup/trueup/domain/event"
)

// Source: events.md; letters only, lower-cased.
func TestStage(t *testing.T) {
	for _, tt := range []struct {
		stage     event.Stage
		won, lost bool
	}{
		{"Closed Won", true, false},
		{"closed_won", true, false},
		{"CLOSED-WON", true, false},
		{"ClosedWon", true, false},
		{"won", true, false},
		{"6. Won!", true, false},
		{"Closed Lost", false, true},
		{"closed/lost", false, true},
		{"LOST", false, true},
		{"", false, false},
		{"Closed", false, false},
		{"Closed Won (pending)", false, false},
		{"not won", false, false},
		{"wonder", false, false},
		{"almost", false, false},
		{"qualified", false, false},
		{"wön", false, false},
	} {
		if got := tt.stage.Won(); got != tt.won {
			t.Errorf("Stage(%q).Won() = %v, want %v", tt.stage, got, tt.won)
		}
		if got := tt.stage.Lost(); got != tt.lost {
			t.Errorf("Stage(%q).Lost() = %v, want %v", tt.stage, got, tt.lost)
		}
	}
}

func TestScope(t *testing.T) {
	const (
		a = event.AccountID("acct-1")
		p = event.PayeeID("csm-1")
		o = event.OpportunityID("opp-1")
	)
	deal := event.Deal{Opportunity: o, Account: a, CSM: p, AE: p, SourcedBy: p}
	account, payee := event.Scope{Account: a}, event.Scope{Payee: p}
	for _, tt := range []struct {
		event event.Event
		want  event.Scope
	}{
		{event.PayeeEnrolled{Payee: p}, payee},
		{event.PayeeTerminated{Payee: p}, payee},
		{event.PayoutConfirmed{Payee: p}, payee},
		{event.PayoutRejected{Payee: p}, payee},
		{event.ObjectiveAttested{Payee: p}, payee},
		{event.AdjustmentPosted{Payee: p}, payee},
		{event.SpifAwarded{Payee: p}, payee},
		{event.BalanceOpened{Payee: p}, payee},

		{event.AccountAssigned{Account: a, Payee: p}, account}, // owned by p, but about the account
		{event.LeadSourced{Account: a, Opportunity: o, Payee: p}, account},
		{event.AccountReactivated{Account: a}, account},
		{event.ExpansionBooked{Deal: deal}, account},
		{event.ExpansionStage{Deal: deal}, account},
		{event.ExpansionCancelled{Account: a, Opportunity: o}, account},
		{event.UpliftScheduled{Account: a, Opportunity: o}, account},
		{event.HandoffLogged{Account: a, Opportunity: o}, account},
		{event.HandoffIntroduced{Account: a, Opportunity: o}, account},
		{event.HandoffClosed{Account: a, Opportunity: o}, account},
		{event.RenewalBooked{Account: a}, account},
		{event.RenewalStage{Account: a, Opportunity: o}, account},
		{event.SubscriptionStarted{Account: a}, account},
		{event.SubscriptionChanged{Account: a}, account},
		{event.SubscriptionCancelled{Account: a}, account},
		{event.ChurnNotified{Account: a}, account},
		{event.ChurnEffective{Account: a}, account},
		{event.ChurnCancelled{Account: a}, account},
		{event.ContractionBooked{Account: a}, account},
		{event.HealthScored{Account: a}, account},
		{event.InterventionLogged{Account: a, By: "csm-1"}, account},
		{event.ReviewHeld{Account: a}, account},
		{event.ContactEngaged{Account: a}, account},
		{event.SurveyAnswered{Account: a}, account},
		{event.AdoptionMeasured{Account: a}, account},
		{event.OnboardingCompleted{Account: a}, account},
		{event.ForecastRecorded{Account: a}, account},
		{event.Invoice{Account: a, Opportunity: o}, account},
		{event.CreditNoteIssued{Account: a, Opportunity: o}, account},
		{event.ExceptionApproved{Account: a}, account},
		{event.DisputeOpened{Account: a, Opportunity: o}, account},
		{event.DisputeDecided{Account: a, Opportunity: o, Split: []event.Share{{Payee: p, BPS: 10_000}}}, account},

		{event.PlanPublished{}, event.Tenant},
		{event.ParkedRetried{}, event.Tenant},
		{event.ParkedDiscarded{}, event.Tenant},
		{event.RateSet{}, event.Tenant},
		{event.PeriodLocked{}, event.Tenant},
		{event.PeriodReopened{}, event.Tenant},
		{event.Ticked{}, event.Tenant},

		{event.FactRetracted{Account: a}, account},
		{event.FactRetracted{Payee: p}, payee},
		{event.FactRetracted{}, event.Tenant},
	} {
		if got := tt.event.Scope(); got != tt.want {
			t.Errorf("%T.Scope() = %+v, want %+v", tt.event, got, tt.want)
		}
	}
}

func TestHeadIsTheHeaderAsGiven(t *testing.T) {
	h := event.Header{Identity: event.Identity{Source: "crm", ID: "e1"}, Type: "crm.expansion.booked.v1"}
	if got := (event.ExpansionBooked{Header: h}).Head(); got != h {
		t.Errorf("Head() = %+v, want %+v", got, h)
	}
}
