package naive

import (
	"reflect"
	"testing"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// The cases are those of the scenario files that the rules here cover: the
// same plan, the same events, the same balances.

func TestDeals(t *testing.T) {
	monthly := []event.Event{
		subscribed("60000.00", "2027-01-01", "2027-02-01"), scored(78, "2027-01-04T15:00:00Z"),
		renewedOn("60000.00", "2027-02-01", "2027-03-01"), booked("24000.00", "2027-02-16T17:00:00Z"),
		renewedOn("84000.00", "2027-03-01", "2027-04-01"), renewedOn("84000.00", "2027-04-01", "2027-05-01"),
		renewedOn("84000.00", "2027-05-01", "2027-06-01"),
	}
	annual := []event.Event{subscribed("80000.00", "2026-11-01", "2027-11-01"), scored(78, "2027-01-04T15:00:00Z")}
	feb10 := "2027-02-10T15:04:05Z"
	for _, tt := range []struct {
		name                     string
		events                   []event.Event
		asOf                     string
		held, payable, csm, aeIs string
	}{
		{"held until renewal", with(annual, booked("24000.00", feb10)), "2027-03-01", "480.00", "0.00", "24000.00", "0.00"},
		{"annual term churn forfeits", with(annual, booked("24000.00", feb10), churnedOn("2027-05-01")), "2027-06-15", "0.00", "0.00", "0.00", "0.00"},
		{"late churn misses renewal", with(annual, booked("24000.00", feb10), churnedOn("2027-08-01")), "2027-09-15", "0.00", "0.00", "24000.00", "0.00"},
		{"flat renewal releases", with(annual, booked("24000.00", feb10), renewedOn("104000.00", "2027-11-01", "2028-11-01")), "2027-12-01", "0.00", "480.00", "24000.00", "0.00"},
		{"no renewal, last day of grace", with(annual, booked("24000.00", feb10)), "2027-11-30", "480.00", "0.00", "24000.00", "0.00"},
		{"no renewal, missed", with(annual, booked("24000.00", feb10)), "2027-12-01", "0.00", "0.00", "24000.00", "0.00"},
		{"churn on day 89", with(monthly, churnedOn("2027-05-16")), "2027-06-15", "0.00", "0.00", "0.00", "0.00"},
		{"churn on day 90", with(monthly, churnedOn("2027-05-17")), "2027-06-15", "0.00", "0.00", "0.00", "0.00"},
		{"the day before it", with(monthly, churnedOn("2027-05-17")), "2027-05-16", "0.00", "480.00", "24000.00", "0.00"},
		{"churn on day 91", with(monthly, churnedOn("2027-05-18")), "2027-06-15", "0.00", "480.00", "24000.00", "0.00"},
		{"band edge 24999.99", with(annual, booked("24999.99", feb10, "ae-1")), "2027-03-01", "500.00", "0.00", "24999.99", "0.00"},
		{"band edge 25000.00", with(annual, booked("25000.00", feb10, "ae-1")), "2027-03-01", "350.00", "0.00", "17500.00", "7500.00"},
		{"band edge 100000.00", with(annual, booked("100000.00", feb10, "ae-1")), "2027-03-01", "1400.00", "0.00", "70000.00", "30000.00"},
		{"band edge 100000.01", with(annual, booked("100000.01", feb10, "ae-1")), "2027-03-01", "600.00", "0.00", "30000.00", "70000.01"},
		{"health 64 at close", with(annual, scored(64, "2027-03-12T14:00:00Z"), booked("40000.00", "2027-03-12T20:00:00Z", "ae-1")), "2027-03-20", "0.00", "0.00", "0.00", "12000.00"},
		{"health 65 at close", with(annual, scored(65, "2027-03-12T14:00:00Z"), booked("40000.00", "2027-03-12T20:00:00Z", "ae-1")), "2027-03-20", "560.00", "0.00", "28000.00", "12000.00"},
		{"a score after the close never counts", with(annual[:1], scored(64, "2027-03-12T20:00:01Z"), booked("40000.00", "2027-03-12T20:00:00Z")), "2027-12-01", "0.00", "0.00", "28000.00", "0.00"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := compute(t, scenarioPlan(), with(enrolledFrom("2026-01-01"), tt.events...), tt.asOf)
			balance(t, got, "csm-1", tt.held, tt.payable)
			if c := got.Credits["csm-1"]["opp-1"]; c != minor(tt.csm) {
				t.Errorf("csm credit = %d, want %s", c, tt.csm)
			}
			if c := got.Credits["ae-1"]["opp-1"]; c != minor(tt.aeIs) {
				t.Errorf("ae credit = %d, want %s", c, tt.aeIs)
			}
		})
	}
}

func TestReassignedAccountChurns(t *testing.T) {
	events := with(enrolledFrom("2026-01-01"),
		event.PayeeEnrolled{Header: at("2026-01-01T12:00:00Z", "crm.payee.enrolled.v1"), Payee: "csm-2", Role: event.CSM, Effective: on("2026-01-01")},
		subscribed("120000.00", "2026-08-01", "2027-08-01"), scored(78, "2027-01-04T15:00:00Z"),
		assignedTo("csm-2", "2027-05-01"), booked("30000.00", "2027-04-20T15:00:00Z"))
	before := compute(t, scenarioPlan(), events, "2027-06-09")
	balance(t, before, "csm-1", "420.00", "0.00")
	balance(t, before, "csm-2", "0.00", "0.00")
	after := compute(t, scenarioPlan(), with(events, churnedOn("2027-06-10")), "2027-06-20")
	balance(t, after, "csm-1", "0.00", "0.00")
	balance(t, after, "csm-2", "0.00", "0.00")
}

func TestRetention(t *testing.T) {
	for _, tt := range []struct{ loss, want string }{
		{"80000.00", "5062.50"},
		{"200000.00", "3375.00"},
		{"320000.00", "3268.42"},
		{"400000.00", "3197.37"},
		{"400001.00", "1687.50"},
		{"404000.00", "1687.50"},
	} {
		events := with(enrolledFrom("2027-01-01"), subscribed("4000000.00", "2026-07-01", "2027-07-01"), contracted(tt.loss, "2027-02-15"))
		got := compute(t, retentionPlan(), events, "2027-04-05")
		balance(t, got, "csm-1", "0.00", tt.want)
		if c := got.Components["csm-1"]["retention"]; c != minor(tt.want) {
			t.Errorf("loss %s: retention = %d, want %s", tt.loss, c, tt.want)
		}
	}
}

// TestRetentionIsDueAtTheEnd: the last nanosecond of the quarter, not before.
func TestRetentionIsDueAtTheEnd(t *testing.T) {
	events := with(enrolledFrom("2027-01-01"), subscribed("4000000.00", "2026-07-01", "2027-07-01"))
	balance(t, compute(t, retentionPlan(), events, "2027-03-30"), "csm-1", "0.00", "0.00")
	balance(t, compute(t, retentionPlan(), events, "2027-03-31"), "csm-1", "0.00", "5062.50")
}

func TestLateChurnAfterLock(t *testing.T) {
	small := subscribed("60000.00", "2026-07-01", "2027-07-01")
	small.Account, small.Subscription = "acct-2", "sub-2"
	owner := assignedTo("csm-1", "2026-01-01")
	owner.Account = "acct-2"
	gone := churnedOn("2027-03-20")
	gone.Account = "acct-2"
	events := with(enrolledFrom("2027-01-01"), owner, small,
		subscribed("3940000.00", "2026-07-01", "2027-07-01"), contracted("72000.00", "2027-02-15"))
	balance(t, compute(t, retentionPlan(), events, "2027-04-30"), "csm-1", "0.00", "5062.50")
	balance(t, compute(t, retentionPlan(), with(events, gone), "2027-05-10"), "csm-1", "0.00", "3375.00")
}

func TestRisk(t *testing.T) {
	deadline := "2027-06-08T14:00:00Z"
	for _, tt := range []struct {
		name       string
		more       []event.Event
		status, at string
	}{
		{"silence", nil, "breached", deadline},
		{"met at the deadline", []event.Event{intervened(deadline)}, "met", deadline},
		{"one second late", []event.Event{intervened("2027-06-08T14:00:01Z")}, "resolved", "2027-06-08T14:00:01Z"},
		{"recovered", []event.Event{scored(66, "2027-06-05T14:00:00Z")}, "closed", "2027-06-05T14:00:00Z"},
		{"recovered, then intervention", []event.Event{scored(66, "2027-06-05T14:00:00Z"), intervened("2027-06-06T14:00:00Z")}, "closed", "2027-06-05T14:00:00Z"},
		{"recovered at the deadline", []event.Event{scored(66, deadline)}, "breached", deadline},
		{"churned", []event.Event{churnedOn("2027-06-05")}, "closed", "2027-06-05T04:00:00Z"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			events := with(enrolledFrom("2026-01-01"), subscribed("80000.00", "2026-11-01", "2027-11-01"),
				scored(78, "2027-01-04T15:00:00Z"), scored(71, "2027-05-25T14:00:00Z"), scored(58, "2027-06-01T14:00:00Z"))
			got := compute(t, scenarioPlan(), with(events, tt.more...), "2027-06-20").Episodes
			want := []Episode{{
				SLA: "risk_intervention", Account: "acct-1", Payee: "csm-1",
				OpenedAt: instant("2027-06-01T14:00:00Z"), Deadline: instant(deadline), Status: tt.status, At: instant(tt.at),
			}}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("episodes = %v, want %v", got, want)
			}
		})
	}
}

// TestSeveralSubscriptions: R4, and what a churned account keeps.
func TestSeveralSubscriptions(t *testing.T) {
	a, b := subscribed("50.00", "2026-01-01", "2027-01-01"), subscribed("30.00", "2026-02-01", "2027-02-01")
	b.Subscription = "sub-b"
	renewA := renewedOn("55.00", "2026-04-01", "2027-04-01")
	renewA.Type, renewA.Subscription = "billing.subscription.renewed.v1", a.Subscription
	endA := event.SubscriptionCancelled{Header: at("2026-05-01T12:00:00Z", "billing.subscription.cancelled.v1"), Account: "acct-1", Subscription: a.Subscription, Effective: on("2026-05-01")}
	endB := event.SubscriptionCancelled{Header: at("2026-06-01T12:00:00Z", "billing.subscription.cancelled.v1"), Account: "acct-1", Subscription: "sub-b", Effective: on("2026-06-01")}
	ahead := renewedOn("40.00", "2026-07-01", "2027-07-01")
	back := event.AccountReactivated{Header: at("2026-08-01T12:00:00Z", "crm.account.reactivated.v1"), Account: "acct-1", Effective: on("2026-08-01"), ARR: usd("20.00")}
	var arrivals []Arrival
	for _, e := range []event.Event{a, b, booked("10.00", "2026-03-01T17:00:00Z"), renewA, endA, endB, ahead, back} {
		arrivals = append(arrivals, Arrival{e, e.Head().Time})
	}
	life := newWorld(scenarioPlan(), arrivals, on("2027-01-01").Start(time.UTC)).life("acct-1")
	for _, tt := range []struct{ day, arr string }{
		{"2025-12-31", "0.00"},
		{"2026-01-01", "50.00"},
		{"2026-02-01", "80.00"},
		{"2026-03-01", "90.00"},
		{"2026-04-01", "95.00"},
		{"2026-05-01", "40.00"},
		{"2026-06-01", "0.00"},
		{"2026-07-01", "0.00"},
		{"2026-08-01", "20.00"},
	} {
		if got := life.on(on(tt.day)).arr; got != minor(tt.arr) {
			t.Errorf("ARR on %s = %d, want %s", tt.day, got, tt.arr)
		}
	}
	if want := []civil.Date{on("2026-06-01")}; !reflect.DeepEqual(life.churns, want) {
		t.Errorf("churns = %v, want %v", life.churns, want)
	}
}

func TestPayouts(t *testing.T) {
	amount := usd("100.00")
	adjusted := event.AdjustmentPosted{Header: at("2027-01-05T12:00:00Z", "admin.adjustment.posted.v1"), Adjustment: "a1", Payee: "csm-1", Amount: usd("150.00"), Effective: on("2027-01-05")}
	confirmed := event.PayoutConfirmed{Header: at("2027-02-01T12:00:00Z", "billing.payout.confirmed.v1"), Payee: "csm-1", Amount: amount, Reference: "p1", At: instant("2027-02-01T12:00:00Z")}
	rejected := event.PayoutRejected{Header: at("2027-02-03T12:00:00Z", "billing.payout.rejected.v1"), Payee: "csm-1", Amount: amount, Reference: "p1", At: instant("2027-02-03T12:00:00Z")}
	events := []event.Event{adjusted, confirmed, rejected}
	for _, tt := range []struct{ asOf, payable, paid string }{
		{"2027-01-04", "0.00", "0.00"}, {"2027-01-05", "150.00", "0.00"}, {"2027-02-01", "50.00", "100.00"}, {"2027-02-03", "150.00", "0.00"},
	} {
		got := compute(t, scenarioPlan(), events, tt.asOf)
		balance(t, got, "csm-1", "0.00", tt.payable)
		if paid := got.Balances["csm-1"]["paid"]; paid != minor(tt.paid) {
			t.Errorf("%s: paid = %d, want %s", tt.asOf, paid, tt.paid)
		}
	}
}

// TestYearToDate: enrolled on 45 of the 90 days of Q1, so the first quarter is
// half of one; in Q2 the year so far is one and a half, at a lower multiplier
// (R16). A book that was another's all the time is empty and pays nothing (R17).
func TestYearToDate(t *testing.T) {
	plans := retentionPlan()
	plans[0].Components[0].Window = "ytd"
	events := with(enrolledFrom("2027-02-15"), subscribed("4000000.00", "2026-07-01", "2027-07-01"), contracted("200000.00", "2027-05-15"))
	balance(t, compute(t, plans, events, "2027-03-31"), "csm-1", "0.00", "2531.25")
	balance(t, compute(t, plans, events, "2027-06-30"), "csm-1", "0.00", "5062.50")
	gone := with(events, assignedTo("csm-2", "2027-01-01"))
	balance(t, compute(t, plans, gone, "2027-09-30"), "csm-1", "0.00", "0.00")
}
