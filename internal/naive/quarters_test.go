package naive

import (
	"testing"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

func tiered(mode, window string) func(*plan.Plan) {
	return func(p *plan.Plan) {
		off(p)
		target := usd("96000.00") // 24,000 a quarter, so 12.5 % of the credit
		c := &p.Components[0]
		c.AnnualARR, c.TierMode, c.Window = &target, mode, window
		c.Tiers = []plan.Tier{{From: percent(0), Rate: money.One}, {From: percent(100), Rate: percent(150)}, {From: percent(150), Rate: percent(200)}}
	}
}

func only(c plan.Component) func(*plan.Plan) {
	return func(p *plan.Plan) {
		c.Weight = &money.Ratio{Num: 1, Den: 1}
		p.Components = []plan.Component{c}
	}
}

func reviewed(day string) event.ReviewHeld {
	return event.ReviewHeld{Header: at(day+"T12:00:00Z", "crm.review.held.v1"), Account: "acct-1", Review: "r1", On: on(day), Kind: "qbr"}
}

func net(c plan.Component) plan.Component {
	c.Kind = plan.NetRetention
	return c
}

// TestQuarters: 12,000 a year, so 3,000 a quarter.
func TestQuarters(t *testing.T) {
	big := booked("40000.00", feb10)
	onceMore := opp("opp-2", booked("20000.00", "2027-05-10T15:00:00Z"))
	gated := all(tiered("marginal", "quarter"), func(p *plan.Plan) { p.Gates.ReviewsAtLeast = percent(80) })
	band := func(p *plan.Plan) { p.Crediting.Mode = "pod" } // the CSM has it all
	asPaid := func(p *plan.Plan) { p.Clawback.Basis = "as_paid" }
	reviews := only(plan.Component{ID: "objectives", Kind: plan.Objectives, Objectives: []plan.Objective{
		{ID: "reviews", Weight: percent(60), Target: money.One, Percent: true}, {ID: "multithreading", Weight: percent(40), Target: money.Ratio{Num: 3, Den: 1}},
	}})
	contact := func(id, when string) event.ContactEngaged {
		return event.ContactEngaged{Header: at(when, "crm.contact.engaged.v1"), Account: "acct-1", Contact: id, EngagedAt: instant(when)}
	}
	attested := event.ObjectiveAttested{
		Header: at("2027-04-01T12:00:00Z", "admin.objective.attested.v1"), Payee: "csm-1", Period: civil.Calendar{}.QuarterOf(on("2027-01-01")),
		Objective: "multithreading", Value: percent(50),
	}
	retention := retentionPlan()[0].Components[0]
	churned := with(enrolledFrom("2026-01-01"), subscribed("80000.00", "2026-11-01", "2027-11-01"), contracted("8001.00", "2027-02-01"))
	for _, tt := range []struct {
		name      string
		plan      func(*plan.Plan)
		events    []event.Event
		asOf      string
		component string
		want      string
	}{
		// 12,000 above 100 % to 150 % at half more, 4,000 at as much again: 10,000 × 12.5 %
		{"marginal", all(band, tiered("marginal", "quarter")), annually(big), "2027-03-31", accelerator, "1250.00"},
		{"not before the quarter ends", all(band, tiered("marginal", "quarter")), annually(big), "2027-03-30", accelerator, "0.00"},
		{"retroactive", all(band, tiered("retroactive", "quarter")), annually(big), "2027-03-31", accelerator, "5000.00"},
		{"no review", all(band, gated), annually(big), "2027-03-31", accelerator, "0.00"},
		{"review", all(band, gated), annually(big, reviewed("2027-03-31")), "2027-03-31", accelerator, "1250.00"},
		// 60,000 of 48,000 in two quarters: 12,000 × 0.5 × 12.5 %, less the first quarter's 1,250
		{"ytd", all(band, tiered("marginal", "ytd")), annually(big, onceMore), "2027-06-30", accelerator, "750.00"},
		{"clawed back with its deal", all(band, tiered("marginal", "quarter")), annually(big, churnedOn("2027-05-01")), "2027-05-01", accelerator, "0.00"},
		{"as paid", all(band, asPaid, tiered("marginal", "quarter")), annually(big, invoiced("i1", "issued", "100.00", "2027-03-01T12:00:00Z"), noted("i1", "order_change", "50.00", "2027-05-01T12:00:00Z")), "2027-05-01", accelerator, "625.00"},
		{"recomputed", all(band, tiered("marginal", "quarter")), annually(big, invoiced("i1", "issued", "100.00", "2027-03-01T12:00:00Z"), noted("i1", "order_change", "50.00", "2027-05-01T12:00:00Z")), "2027-05-01", accelerator, "0.00"},
		// half the reviews' 60 %... the one account was reviewed; one contact of three
		{"objectives", reviews, annually(reviewed("2027-02-01"), contact("c", "2027-03-31T12:00:00Z"), contact("c", "2027-03-30T12:00:00Z"), contact("d", "2026-12-31T12:00:00Z")), "2027-03-31", "objectives", "2200.00"},
		{"objectives attested", reviews, annually(reviewed("2027-02-01"), attested), "2027-04-02", "objectives", "2400.00"},
		{"health", only(plan.Component{ID: "health", Kind: plan.Health, Target: percent(80)}), annually(), "2027-03-31", "health", "3000.00"},
		{"health, low by the end", only(plan.Component{ID: "health", Kind: plan.Health, Target: percent(80)}), annually(scored(64, "2027-03-31T20:00:00Z")), "2027-03-31", "health", "0.00"},
		{"below the floor", only(retention), churned, "2027-03-31", "retention", "1500.00"},
		{"taken out by the cfo", only(retention), with(churned, excepted("cfo", "2027-02-01")), "2027-03-31", "retention", "0.00"},
		{"net of growth", only(net(retention)), annually(booked("1000.00", feb10), contracted("1000.00", "2027-02-15")), "2027-03-31", "retention", "4500.00"},
		{"opened", nil, annually(event.BalanceOpened{Header: at("2027-01-01T12:00:00Z", "admin.balance.opened.v1"), Payee: "csm-1", AsOf: on("2027-01-01"), Held: ptr(usd("7.00")), Paid: ptr(usd("-2.00"))}), "2027-01-02", "opening", "5.00"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			plans := scenarioPlan()
			if tt.plan != nil {
				tt.plan(plans[0])
			}
			got := compute(t, plans, tt.events, tt.asOf)
			// The quarters of 2026 had no accounts with ARR, deals or reviews.
			if have := got.Components["csm-1"][tt.component]; have != minor(tt.want)+before(t, plans, tt.events, tt.component) {
				t.Errorf("%s = %d, want %s beside what 2026 paid; all %v", tt.component, have, tt.want, got.Components)
			}
		})
	}
}

// before is what a component had paid by the end of 2026.
func before(t *testing.T, plans plan.Set, events []event.Event, component string) int64 {
	t.Helper()
	return compute(t, plans, events, "2026-12-31").Components["csm-1"][component]
}

func ptr[T any](t T) *T { return &t }

// TestRollUp: an account that moves between two who report to one manager is
// one account of that manager's, and a pod's members are paid alike.
func TestRollUp(t *testing.T) {
	plans := retentionPlan()
	plans[0].AppliesTo = plan.AppliesTo{}
	as := func(p event.PayeeID, role event.Role, manager event.PayeeID, team string) event.PayeeEnrolled {
		return event.PayeeEnrolled{Header: at("2027-01-01T12:00:00Z", "crm.payee.enrolled.v1"), Payee: p, Role: role, Effective: on("2027-01-01"), Manager: manager, Team: team}
	}
	events := []event.Event{
		as("csm-1", event.CSM, "mgr-1", "red"), as("csm-2", event.CSM, "mgr-1", "red"), as("mgr-1", event.Manager, "mgr-2", ""), as("mgr-2", event.Manager, "", ""),
		as("ae-1", event.AE, "", "red"),
		assignedTo("csm-1", "2026-01-01"), assignedTo("csm-2", "2027-02-15"),
		subscribed("4000000.00", "2026-07-01", "2027-07-01"), contracted("200000.00", "2027-02-01"),
	}
	got := compute(t, plans, events, "2027-03-31")
	balance(t, got, "csm-1", "0.00", "3375.00") // 95 %
	balance(t, got, "csm-2", "0.00", "5062.50") // all of what came to it
	balance(t, got, "mgr-1", "0.00", "3375.00")
	balance(t, got, "mgr-2", "0.00", "3375.00")
	balance(t, got, "ae-1", "0.00", "0.00")
	plans[0].Ownership = "pod"
	got = compute(t, plans, events, "2027-03-31")
	for _, p := range []event.PayeeID{"csm-1", "csm-2", "ae-1"} {
		balance(t, got, p, "0.00", "3375.00")
	}
}

// TestRetractedRetraction: the fact stands again, unless the retraction of the
// retraction is told to have been the earlier.
func TestRetractedRetraction(t *testing.T) {
	deal := booked("24000.00", feb10)
	gone := retracted(deal, "2027-03-01T12:00:00Z")
	balance(t, compute(t, scenarioPlan(), annually(deal, gone, retracted(gone, "2027-03-02T12:00:00Z")), "2027-03-10"), "csm-1", "480.00", "0.00")
	balance(t, compute(t, scenarioPlan(), annually(deal, gone, retracted(gone, "2027-02-28T12:00:00Z")), "2027-03-10"), "csm-1", "0.00", "0.00")
	elsewhere := gone
	elsewhere.Account = "acct-2"
	balance(t, compute(t, scenarioPlan(), annually(deal, elsewhere), "2027-03-10"), "csm-1", "480.00", "0.00")
}

func TestDisputeClock(t *testing.T) {
	opened := contested("d1", "2027-06-01T14:00:00Z")
	half := event.Share{Payee: "csm-1", BPS: 10_000}
	for _, tt := range []struct {
		decided, status string
	}{
		{"", "breached"}, {"2027-06-03T14:00:00Z", "met"}, {"2027-06-03T14:00:01Z", "resolved"},
	} {
		events := annually(opened)
		if tt.decided != "" {
			events = with(events, decidedOn("d1", "director_revops", tt.decided, half))
		}
		got := compute(t, scenarioPlan(), events, "2027-06-20").Episodes
		if len(got) != 1 || got[0].SLA != "dispute" || got[0].Status != tt.status || !got[0].Deadline.Equal(instant("2027-06-03T14:00:00Z")) {
			t.Errorf("decided %s: episodes = %+v, want %s", tt.decided, got, tt.status)
		}
	}
}

// TestBusinessClock: 9 to 5 in New York, a Friday before a holiday Monday.
func TestBusinessClock(t *testing.T) {
	plans := scenarioPlan()
	plans[0].SLA.Business = plan.Business{
		Days: []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}, From: "09:00", To: "17:00",
		Holidays: []civil.Date{on("2027-06-07")},
	}
	w := newWorld(plans, nil, instant("2027-07-01T00:00:00Z"))
	for _, tt := range []struct {
		from  string
		hours int
		want  string
	}{
		{"2027-06-04T15:00:00Z", 6, "2027-06-04T21:00:00Z"}, // to closing
		{"2027-06-04T15:00:01Z", 6, "2027-06-08T13:00:01Z"},
		{"2027-06-04T22:00:00Z", 8, "2027-06-08T21:00:00Z"},
		{"2027-06-06T12:00:00Z", 9, "2027-06-09T14:00:00Z"},
	} {
		if got := w.deadline(instant(tt.from), tt.hours, "business"); !got.Equal(instant(tt.want)) {
			t.Errorf("%d hours from %s = %v, want %s", tt.hours, tt.from, got, tt.want)
		}
	}
}
