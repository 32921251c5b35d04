package naive

import (
	"testing"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// annually is an account of 80,000 from 2026-11-01, healthy, its CSM enrolled.
func annually(more ...event.Event) []event.Event {
	return with(enrolledFrom("2026-01-01"), append([]event.Event{
		subscribed("80000.00", "2026-11-01", "2027-11-01"), scored(78, "2027-01-04T15:00:00Z"),
	}, more...)...)
}

const feb10 = "2027-02-10T15:04:05Z"

func opp(o event.OpportunityID, e event.ExpansionBooked) event.ExpansionBooked {
	e.Opportunity = o
	return e
}

func invoiced(id string, state event.InvoiceState, amount, when string) event.Invoice {
	return event.Invoice{
		Header: at(when, event.Type("billing.invoice."+string(state)+".v1")), State: state, Invoice: id, Account: "acct-1",
		Opportunity: "opp-1", Amount: usd(amount), At: instant(when),
	}
}

func noted(invoice, reason, amount, when string) event.CreditNoteIssued {
	return event.CreditNoteIssued{
		Header: at(when, "billing.credit_note.issued.v1"), CreditNote: "n1", Invoice: invoice, Account: "acct-1",
		Amount: usd(amount), Reason: reason, At: instant(when),
	}
}

func excepted(role, from string) event.ExceptionApproved {
	return event.ExceptionApproved{
		Header: at(from+"T12:00:00Z", "admin.exception.approved.v1"), By: event.By{By: "x", ByRole: role}, Exception: "x1",
		Account: "acct-1", Kind: "merger", From: on(from), Evidence: "minutes",
	}
}

func contested(id, when string) event.DisputeOpened {
	return event.DisputeOpened{Header: at(when, "admin.dispute.opened.v1"), Dispute: id, Opportunity: "opp-1", Account: "acct-1", OpenedAt: instant(when)}
}

func decidedOn(id, role, when string, split ...event.Share) event.DisputeDecided {
	return event.DisputeDecided{
		Header: at(when, "admin.dispute.decided.v1"), By: event.By{By: "x", ByRole: role}, Dispute: id,
		Opportunity: "opp-1", Account: "acct-1", DecidedAt: instant(when), Split: split,
	}
}

func claimed(p event.PayeeID, stage event.Stage, when string) event.LeadSourced {
	return event.LeadSourced{Header: at(when, "crm.lead.sourced.v1"), Opportunity: "opp-1", Account: "acct-1", Payee: p, Stage: stage, At: instant(when)}
}

func handedOver(when string) event.HandoffLogged {
	estimate := usd("50000.00")
	return event.HandoffLogged{
		Header: at(when, "crm.handoff.logged.v1"), Opportunity: "opp-1", Account: "acct-1", LoggedAt: instant(when),
		BusinessObjective: "b", SKU: "s", EstimatedARR: &estimate, EconomicBuyer: "e",
	}
}

func notified(day string) event.ChurnNotified {
	return event.ChurnNotified{Header: at(day+"T12:00:00Z", "crm.churn.notified.v1"), Account: "acct-1", Notified: on(day)}
}

func retracted(e event.Event, when string) event.FactRetracted {
	return event.FactRetracted{Header: at(when, "admin.fact.retracted.v1"), Retracted: e.Head().Identity}
}

func set(base money.Currency, num, den int64, day string) event.RateSet {
	return event.RateSet{Header: at(day+"T12:00:00Z", "admin.fx.set.v1"), Base: base, Quote: "USD", Rate: money.Ratio{Num: num, Den: den}, Effective: on(day)}
}

func with15(p *plan.Plan) {
	p.Components = append(p.Components, plan.Component{ID: "sourcing", Kind: plan.Sourcing, Rate: percent(15)})
}

func mode(m string) func(*plan.Plan) { return func(p *plan.Plan) { p.Crediting.Mode = m } }

func off(p *plan.Plan) { p.Payability.Renewal = "off" }

func all(set ...func(*plan.Plan)) func(*plan.Plan) {
	return func(p *plan.Plan) {
		for _, s := range set {
			s(p)
		}
	}
}

// TestDealRules: $12,000 a year for a target of $600,000, so 2 % of the credit.
func TestDealRules(t *testing.T) {
	deal := booked("24000.00", feb10)
	second := opp("opp-2", booked("20000.00", "2027-02-20T15:00:00Z"))
	yen := deal
	yen.ARR = money.Money{Minor: 1_000_001, Currency: "JPY"}
	flagged := deal
	flagged.Flags, flagged.AE = []string{"legal"}, "ae-1"
	own := deal
	own.SourcedBy = "csm-1"
	left := event.PayeeTerminated{Header: at("2027-04-01T12:00:00Z", "crm.payee.terminated.v1"), Payee: "csm-1", Effective: on("2027-04-01")}
	uplift := event.UpliftScheduled{
		Header: at("2027-02-01T12:00:00Z", "crm.uplift.scheduled.v1"), Opportunity: "up-1", Account: "acct-1", SignedAt: instant("2027-02-01T12:00:00Z"),
		Steps: []event.UpliftStep{{Effective: on("2027-03-01"), ARR: usd("10000.00")}, {Effective: on("2027-09-01"), ARR: usd("5000.00")}},
	}
	noUplift := event.ExpansionCancelled{Header: at("2027-04-01T12:00:00Z", "crm.expansion.cancelled.v1"), Opportunity: "up-1", Account: "acct-1", On: on("2027-04-01")}
	lifo := func(p *plan.Plan) { p.Clawback.Contraction = "proportional_lifo" }
	full := func(p *plan.Plan) { p.Clawback.Contraction = "full" }
	cash := func(p *plan.Plan) { p.Payability.Cash = "invoice_paid" }
	surviving := func(p *plan.Plan) { p.Payability.Release = "surviving_arr" }
	forfeit := func(p *plan.Plan) { p.Payability.Termination = "forfeit" }
	churnBy := func(rule string) func(*plan.Plan) { return func(p *plan.Plan) { p.Clawback.ChurnDate = rule } }
	handed := func(p *plan.Plan) {
		p.Ownership, p.Crediting.HandoffAbove = "split", usd("24000.00")
	}
	table := func(p *plan.Plan) {
		p.Components = []plan.Component{{ID: "spiff", Kind: plan.Spif, Table: []plan.Amount{{From: usd("0.00"), Amount: usd("250.00")}, {From: usd("24000.00"), Amount: usd("500.00")}}}}
	}
	half := []event.Share{{Payee: "ae-1", BPS: 5_000}, {Payee: "csm-1", BPS: 5_000}}
	for _, tt := range []struct {
		name          string
		plan          func(*plan.Plan)
		events        []event.Event
		asOf          string
		held, payable string
		credit        string // all of csm-1's
	}{
		{"uplift, first step", nil, annually(uplift), "2027-06-01", "200.00", "0.00", "10000.00"},
		{"uplift, both steps", nil, annually(uplift), "2027-09-01", "300.00", "0.00", "15000.00"},
		{"uplift cancelled", nil, annually(uplift, noUplift), "2027-10-01", "0.00", "0.00", "0.00"},
		{"uplift after termination", nil, annually(uplift, left), "2027-10-01", "200.00", "0.00", "10000.00"},
		{"renewal above waits for the next", nil, annually(renewedOn("100000.00", "2027-11-01", "2028-11-01")), "2027-12-01", "400.00", "0.00", "20000.00"},
		{"renewal above what an expansion left", nil, annually(deal, renewedOn("110000.00", "2027-11-01", "2028-11-01")), "2027-12-01", "120.00", "480.00", "30000.00"},
		{"newest first", lifo, annually(deal, second, contracted("30000.00", "2027-03-01")), "2027-03-02", "280.00", "0.00", "14000.00"},
		{"full", full, annually(deal, second, contracted("1.00", "2027-03-01")), "2027-03-02", "0.00", "0.00", "0.00"},
		{"outside the window", full, annually(deal, contracted("1.00", "2027-05-12")), "2027-05-12", "480.00", "0.00", "24000.00"},
		{"lower renewal inside the window", lifo, annually(deal, renewedOn("98000.00", "2027-03-01", "2028-03-01")), "2027-03-02", "0.00", "360.00", "18000.00"},
		{"surviving half", surviving, annually(deal, renewedOn("92000.00", "2027-11-01", "2028-11-01")), "2027-12-01", "0.00", "240.00", "24000.00"},
		{"surviving none", surviving, annually(deal, renewedOn("70000.00", "2027-11-01", "2028-11-01")), "2027-12-01", "0.00", "0.00", "24000.00"},
		{"surviving, covered", surviving, annually(deal, renewedOn("92000.00", "2027-11-01", "2028-11-01"), excepted("cfo", "2027-11-01")), "2027-12-01", "0.00", "480.00", "24000.00"},
		{"credit note", nil, annually(deal, invoiced("i1", "issued", "1000.00", "2027-02-11T12:00:00Z"), noted("i1", "order_change", "250.00", "2027-03-01T12:00:00Z")), "2027-03-02", "360.00", "0.00", "18000.00"},
		{"credit note, waiver", nil, annually(deal, invoiced("i1", "issued", "1000.00", "2027-02-11T12:00:00Z"), noted("i1", "waiver", "250.00", "2027-03-01T12:00:00Z")), "2027-03-02", "480.00", "0.00", "24000.00"},
		{"invoice voided", nil, annually(deal, invoiced("i1", "voided", "1000.00", "2027-03-01T12:00:00Z")), "2027-03-02", "0.00", "0.00", "0.00"},
		{"cash not there", all(off, cash), annually(deal, invoiced("i1", "issued", "1000.00", "2027-02-11T12:00:00Z")), "2027-03-10", "480.00", "0.00", "24000.00"},
		{"cash there", all(off, cash), annually(deal, invoiced("i1", "paid", "1000.00", "2027-03-05T12:00:00Z")), "2027-03-05", "0.00", "480.00", "24000.00"},
		{"covered churn releases", nil, annually(deal, churnedOn("2027-03-01"), excepted("vp_cs", "2027-03-01")), "2027-03-01", "0.00", "480.00", "24000.00"},
		{"exception by who may not", nil, annually(deal, churnedOn("2027-03-01"), excepted("intern", "2027-03-01")), "2027-03-01", "0.00", "0.00", "0.00"},
		{"covered missed renewal", nil, annually(deal, excepted("cfo", "2027-11-01")), "2027-12-01", "0.00", "480.00", "24000.00"},
		{"notice in time", churnBy("notice"), annually(deal, churnedOn("2027-08-01"), notified("2027-05-11")), "2027-05-11", "0.00", "0.00", "0.00"},
		{"notice a day late", churnBy("notice"), annually(deal, notified("2027-05-12")), "2027-05-12", "480.00", "0.00", "24000.00"},
		{"notice before the deal", churnBy("notice"), annually(deal, churnedOn("2027-03-01"), notified("2027-02-09")), "2027-03-01", "0.00", "0.00", "24000.00"},
		{"disputed", off, annually(deal, contested("d1", "2027-03-01T12:00:00Z")), "2027-03-02", "480.00", "0.00", "24000.00"},
		{"decided", off, annually(deal, contested("d1", "2027-03-01T12:00:00Z"), decidedOn("d1", "director_revops", "2027-03-02T12:00:00Z", half...)), "2027-03-02", "0.00", "240.00", "12000.00"},
		{"decided by who may not", off, annually(deal, contested("d1", "2027-03-01T12:00:00Z"), decidedOn("d1", "vp_cs", "2027-03-02T12:00:00Z", half...)), "2027-03-02", "480.00", "0.00", "24000.00"},
		{"decided, disputed again", off, annually(deal, contested("d1", "2027-03-01T12:00:00Z"), decidedOn("d1", "director_revops", "2027-03-02T12:00:00Z", half...), contested("d2", "2027-04-01T12:00:00Z")), "2027-04-02", "240.00", "0.00", "12000.00"},
		{"termination keeps", nil, annually(deal, left), "2027-04-02", "480.00", "0.00", "24000.00"},
		{"termination forfeits", forfeit, annually(deal, left), "2027-04-01", "0.00", "0.00", "24000.00"},
		{"yen", nil, annually(yen, set("JPY", 67, 10_000, "2027-01-01")), "2027-02-10", "134.00", "0.00", "6700.01"},
		{"yen without a rate", nil, annually(yen, set("JPY", 67, 10_000, "2027-02-11")), "2027-03-10", "0.00", "0.00", "0.00"},
		{"dual with sourcing", all(off, mode("dual"), with15), annually(own, handedOver("2027-02-20T12:00:00Z")), "2027-02-20", "0.00", "300.00", "0.00"},
		{"sourcing without hand-off", all(off, mode("dual"), with15), annually(own), "2027-02-20", "300.00", "0.00", "0.00"},
		{"sourcing claimed by two", all(off, mode("dual"), with15), annually(own, claimed("csm-2", "x", "2027-03-01T12:00:00Z"), handedOver("2027-02-20T12:00:00Z")), "2027-03-20", "300.00", "0.00", "0.00"},
		{"sourcing claimed before", all(off, mode("dual"), with15), annually(own, claimed("csm-2", "x", "2027-02-01T12:00:00Z")), "2027-03-20", "0.00", "0.00", "0.00"},
		{"pipeline", mode("pipeline"), annually(own, claimed("csm-1", "Qualified", "2027-01-10T12:00:00Z")), "2027-03-10", "0.00", "480.00", "24000.00"},
		{"pipeline, estimated", mode("pipeline"), annually(claimed("csm-1", "Qualified", "2027-01-10T12:00:00Z"), handedOver("2027-02-20T12:00:00Z")), "2027-03-10", "0.00", "1000.00", "50000.00"},
		{"pod", mode("pod"), annually(booked("40000.00", feb10, "ae-1")), "2027-02-10", "800.00", "0.00", "40000.00"},
		{"spif", all(mode("spif"), table), annually(deal), "2027-02-10", "500.00", "0.00", "24000.00"},
		{"handed off by a flag", handed, annually(flagged), "2027-02-10", "0.00", "0.00", "0.00"},
		{"at the hand-off threshold", handed, annually(deal), "2027-02-10", "480.00", "0.00", "24000.00"},
		{"retracted", nil, annually(deal, retracted(deal, "2027-03-01T12:00:00Z")), "2027-03-02", "0.00", "0.00", "0.00"},
		{"basis mrr", func(p *plan.Plan) {
			p.Components = []plan.Component{{ID: "expansion", Kind: plan.Expansion, Basis: "mrr", Rate: percent(15)}}
		}, annually(deal), "2027-02-10", "300.00", "0.00", "24000.00"},
		{"target from the book", func(p *plan.Plan) {
			share := percent(30)
			p.Components[0].AnnualARR, p.Components[0].PercentOfBook = nil, &share
		}, annually(deal), "2027-02-10", "12000.00", "0.00", "24000.00"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			plans := scenarioPlan()
			if tt.plan != nil {
				tt.plan(plans[0])
			}
			got := compute(t, plans, tt.events, tt.asOf)
			balance(t, got, "csm-1", tt.held, tt.payable)
			credit := int64(0)
			for _, c := range got.Credits["csm-1"] {
				credit += c
			}
			if credit != minor(tt.credit) {
				t.Errorf("credits = %v, want %s", got.Credits, tt.credit)
			}
		})
	}
}
