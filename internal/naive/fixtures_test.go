package naive

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

func compute(t *testing.T, plans plan.Set, events []event.Event, asOf string) Result {
	t.Helper()
	var arrivals []Arrival
	for _, e := range events {
		arrivals = append(arrivals, Arrival{e, e.Head().Time}, Arrival{e, e.Head().Time}) // told twice is told once
	}
	got, err := Compute(plans, arrivals, on(asOf).End(plans[0].Zone))
	if err != nil {
		t.Fatalf("Compute: %v", err)
	}
	return got
}

func balance(t *testing.T, got Result, p event.PayeeID, held, payable string) {
	t.Helper()
	if b := got.Balances[p]; b["held"] != minor(held) || b["payable"] != minor(payable) {
		t.Errorf("%s has %v, want held %s, payable %s", p, b, held, payable)
	}
}

func scenarioPlan() plan.Set {
	p := testPlan(12_000_00, "2026-01-01")
	target := usd("600000.00")
	p.Components = []plan.Component{{
		ID: "expansion", Kind: plan.Expansion, Weight: &money.Ratio{Num: 1, Den: 1},
		AnnualARR: &target, Basis: "pool", Tiers: []plan.Tier{{Rate: money.One}},
	}}
	return plan.Set{p}
}

func retentionPlan() plan.Set {
	p := testPlan(13_500_00, "2027-01-01")
	p.Components = []plan.Component{{
		ID: "retention", Kind: plan.Retention, Weight: &money.Ratio{Num: 1, Den: 1}, Window: "quarter", Curve: "prorata",
		Floor: percent(90), Target: percent(95), Stretch: percent(98),
		Multiplier: plan.Multiplier{BelowFloor: percent(50), AtTarget: money.One, AtStretch: percent(150)},
	}}
	return plan.Set{p}
}

// testPlan has the settings all the scenario files share.
func testPlan(variable int64, from string) *plan.Plan {
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		panic(err)
	}
	edge := func(s string) *money.Money { m := usd(s); return &m }
	return &plan.Plan{
		Name: "scenario", Version: 1, EffectiveFrom: on(from), Zone: newYork, Currency: "USD",
		AppliesTo: plan.AppliesTo{Roles: []event.Role{event.CSM}}, Variable: money.Money{Minor: variable, Currency: "USD"},
		Proration: "days",
		Crediting: plan.Crediting{Mode: "split", Bands: []plan.Band{
			{Edge: edge("25000.00"), CSM: percent(100), AE: percent(0)},
			{Edge: edge("100000.00"), Inclusive: true, CSM: percent(70), AE: percent(30)},
			{CSM: percent(30), AE: percent(70)},
		}},
		Gates:      plan.Gates{HealthMin: money.Ratio{Num: 65, Den: 1}, HealthMissing: "hold"},
		Payability: plan.Payability{Renewal: "hold", Release: "all", GraceDays: 30},
		Clawback:   plan.Clawback{WindowDays: 90, ChurnDate: "effective", RecoveryCap: money.One},
		SLA: plan.SLA{
			Risk:    plan.RiskClock{Below: money.Ratio{Num: 65, Den: 1}, Hours: 168, Warn: 24},
			Dispute: plan.DisputeClock{Hours: 48, Warn: 8, DecidedBy: "director_revops"},
		},
		Exceptions: plan.Exceptions{ApprovedBy: []string{"cfo", "director_revops", "vp_cs"}},
		Evidence:   plan.Evidence{Renewal: "any", Churn: "any", Expansion: "crm"},
	}
}

var testIDs int

// at is a header with an id of its own.
func at(t string, kind event.Type) event.Header {
	testIDs++
	source, _, _ := strings.Cut(string(kind), ".")
	return event.Header{Identity: event.Identity{Source: source, ID: fmt.Sprintf("t%d", testIDs)}, Type: kind, Time: instant(t)}
}

func with(events []event.Event, more ...event.Event) []event.Event {
	return append(events[:len(events):len(events)], more...)
}

func instant(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func on(s string) civil.Date {
	d, err := civil.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func usd(s string) money.Money {
	m, err := money.Parse(s, "USD")
	if err != nil {
		panic(err)
	}
	return m
}

func minor(s string) int64 { return usd(s).Minor }

func enrolledFrom(day string) []event.Event {
	return []event.Event{
		event.PayeeEnrolled{Header: at("2026-01-01T12:00:00Z", "crm.payee.enrolled.v1"), Payee: "csm-1", Role: event.CSM, Effective: on(day)},
		assignedTo("csm-1", "2026-01-01"),
	}
}

func assignedTo(p event.PayeeID, day string) event.AccountAssigned {
	return event.AccountAssigned{Header: at(day+"T12:00:00Z", "crm.account.assigned.v1"), Account: "acct-1", Payee: p, Role: event.CSM, Effective: on(day)}
}

func subscribed(arr, from, until string) event.SubscriptionStarted {
	return event.SubscriptionStarted{
		Header: at(from+"T12:00:00Z", "billing.subscription.started.v1"), Account: "acct-1", Subscription: "sub-acct-1",
		Term: event.Term{Start: on(from), End: on(until), ARR: usd(arr)},
	}
}

func renewedOn(arr, from, until string) event.RenewalBooked {
	return event.RenewalBooked{
		Header: at(from+"T13:00:00Z", "crm.renewal.booked.v1"), Account: "acct-1",
		Term: event.Term{Start: on(from), End: on(until), ARR: usd(arr)},
	}
}

func booked(arr, closed string, ae ...event.PayeeID) event.ExpansionBooked {
	d := event.Deal{Opportunity: "opp-1", Account: "acct-1", ARR: usd(arr), ClosedAt: instant(closed), Kind: "seats"}
	for _, p := range ae {
		d.AE = p
	}
	return event.ExpansionBooked{Header: at(closed, "crm.expansion.booked.v1"), Deal: d}
}

func churnedOn(day string) event.ChurnEffective {
	return event.ChurnEffective{Header: at(day+"T16:00:00Z", "crm.churn.effective.v1"), Account: "acct-1", Effective: on(day)}
}

func contracted(by, day string) event.ContractionBooked {
	return event.ContractionBooked{Header: at(day+"T16:00:00Z", "crm.contraction.booked.v1"), Contraction: "c1", Account: "acct-1", Effective: on(day), Decrease: usd(by)}
}

func scored(points int64, measured string) event.HealthScored {
	return event.HealthScored{
		Header: at(measured, "crm.health.scored.v1"), Account: "acct-1",
		Score: money.Ratio{Num: points, Den: 1}, ScaleMax: money.Ratio{Num: 100, Den: 1}, MeasuredAt: instant(measured),
	}
}

func intervened(logged string) event.InterventionLogged {
	return event.InterventionLogged{Header: at(logged, "crm.intervention.logged.v1"), Account: "acct-1", Intervention: "i1", LoggedAt: instant(logged)}
}
