package account

import (
	"time"

	"pgregory.net/rapid"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

func step(on string, arr int64) event.UpliftStep {
	return event.UpliftStep{Effective: day(on), ARR: usd(arr)}
}

// schedules is an uplift signed at noon of a day.
func schedules(opp event.OpportunityID, signed string, steps ...event.UpliftStep) fact {
	return func(h event.Header) event.Event {
		return event.UpliftScheduled{Header: h, Opportunity: opp, Account: "acct-1", SignedAt: noon(signed), Steps: steps}
	}
}

// books is a booking of this account.
func books(d event.Deal) fact {
	d.Account = "acct-1"
	return func(h event.Header) event.Event { return event.ExpansionBooked{Header: h, Deal: d} }
}

func bills(id string, opp event.OpportunityID, state event.InvoiceState, on string, amount int64) fact {
	return func(h event.Header) event.Event {
		return event.Invoice{Header: h, State: state, Invoice: id, Account: "acct-1", Opportunity: opp, Amount: usd(amount), At: noon(on)}
	}
}

func credits(invoice string, opp event.OpportunityID, reason, on string, amount int64) fact {
	return func(h event.Header) event.Event {
		return event.CreditNoteIssued{
			Header: h, CreditNote: "note " + h.ID, Invoice: invoice, Account: "acct-1", Opportunity: opp, Amount: usd(amount), Reason: reason, At: noon(on),
		}
	}
}

func notifies(on string) fact {
	return func(h event.Header) event.Event {
		return event.ChurnNotified{Header: h, Account: "acct-1", Notified: day(on)}
	}
}

// excepts is an exception from a day on, until another where one is named.
func excepts(id, role, from, until string) fact {
	return func(h event.Header) event.Event {
		e := event.ExceptionApproved{Header: h, By: event.By{ByRole: role}, Exception: id, Account: "acct-1", From: day(from)}
		if until != "" {
			last := day(until)
			e.Until = &last
		}
		return e
	}
}

func disputes(id string, opp event.OpportunityID, on string) fact {
	return func(h event.Header) event.Event {
		return event.DisputeOpened{Header: h, Dispute: id, Opportunity: opp, Account: "acct-1", OpenedAt: noon(on)}
	}
}

func decides(id string, opp event.OpportunityID, on string, split ...event.Share) fact {
	return func(h event.Header) event.Event {
		return event.DisputeDecided{Header: h, Dispute: id, Opportunity: opp, Account: "acct-1", DecidedAt: noon(on), Split: split}
	}
}

// handsOff is a hand-off record that lacks nothing but perhaps the buyer.
func handsOff(opp event.OpportunityID, on, buyer string) fact {
	arr := usd(50)
	return func(h event.Header) event.Event {
		return event.HandoffLogged{
			Header: h, Opportunity: opp, Account: "acct-1", LoggedAt: noon(on), BusinessObjective: "grow", SKU: "seats", EstimatedARR: &arr, EconomicBuyer: buyer,
		}
	}
}

// crew are payees by one plan: csm-1 for good, csm-2 until a last day, csm-3
// and others without a plan.
type crew struct {
	plan *plan.Plan
	last civil.Date
}

func (c crew) Terms(payee event.PayeeID, on civil.Date) (Terms, error) {
	t := Terms{Role: event.CSM, Plan: c.plan, Variable: c.plan.Variable, Until: civil.Never}
	switch {
	case payee == "csm-2" && on > c.last:
		return Terms{Terminated: true, Until: civil.Never}, nil
	case payee == "csm-2":
		t.Until, t.LeftTold = c.last, event.Identity{Source: "hris", ID: "left"}
	case payee == "csm-3":
		t.Plan = nil
	case payee == "ae-1":
		t.Role = event.AE
	case payee != "csm-1":
		return Terms{Until: civil.Never}, nil
	}
	return t, nil
}

func (crew) Book(event.PayeeID, event.Role, civil.Quarter) (int64, error) { return 700, nil }

// genSetting draws every choice of a plan that an account's rules look at. Its
// amounts are those of the generated facts: cents.
func genSetting(t *rapid.T) *Setting {
	one := func(name string, of ...string) string { return rapid.SampledFrom(of).Draw(t, name) }
	set := setting(func(p *plan.Plan) {
		low, high, target := usd(30), usd(60), usd(rapid.Int64Range(1, 500).Draw(t, "target"))
		p.Variable = usd(rapid.Int64Range(1, 2000).Draw(t, "variable"))
		p.Ownership = one("ownership", "banded", "split", "three_way", "full")
		p.Crediting.Mode = one("mode", "split", "split", "split", "dual", "pipeline", "pod", "spif")
		p.Crediting.Bands[0].Edge, p.Crediting.Bands[1].Edge, p.Crediting.HandoffAbove = &low, &high, usd(40)
		weight := percent(40)
		expansion := plan.Component{ID: "expansion", Kind: plan.Expansion, Weight: &weight, Basis: one("basis", "pool", "pool", "mrr", "fixed"), Rate: percent(130)}
		if expansion.AnnualARR = &target; rapid.Bool().Draw(t, "of the book") {
			part := percent(11)
			expansion.AnnualARR, expansion.PercentOfBook = nil, &part
		}
		table := []plan.Amount{{From: usd(10), Amount: usd(7)}, {From: usd(50), Amount: usd(33)}}
		expansion.Table = table
		p.Components = []plan.Component{
			expansion, {ID: "sourcing", Kind: plan.Sourcing, Rate: money.Ratio{Num: 7, Den: 3}}, {ID: "spif", Kind: plan.Spif, Table: table},
		}
		p.Gates.HealthMissing = one("missing", "pass", "pass", "hold", "fail")
		p.Payability = plan.Payability{
			Renewal: one("renewal", "hold", "hold", "advance", "off"), Release: one("release", "all", "surviving_arr"),
			GraceDays: rapid.SampledFrom([]int{0, 30}).Draw(t, "grace"), Cash: one("cash", "off", "off", "invoice_paid"), Termination: one("termination", "keep", "forfeit"),
		}
		p.Clawback.WindowDays = rapid.SampledFrom([]int{0, 90, 400}).Draw(t, "window")
		p.Clawback.ChurnDate = one("churn date", "effective", "notice", "earlier_of")
		p.Clawback.Contraction = one("contraction", "proportional_lifo", "proportional_lifo", "full", "ignore")
		p.Evidence.Expansion = one("evidence", "any", "crm")
		p.SLA.Risk.Clock = one("clock", "elapsed", "business")
		p.SLA.Dispute = plan.DisputeClock{Hours: 48, Warn: 24, Clock: p.SLA.Risk.Clock}
		p.SLA.Business = plan.Business{Days: []time.Weekday{time.Monday, time.Tuesday, time.Friday}, From: "09:00", To: "17:00"}
		p.SLA.RenewalWindowDays, p.SLA.ExpansionReviewDays = 120, []int{180, 365}
	})
	set.Surviving = set.Plans[0].Payability.Release == "surviving_arr"
	set.Rates = Rates{}.With(event.RateSet{Header: event.Header{Type: "admin.fx.set.v1"}, Base: "EUR", Quote: "USD", Rate: percent(110), Effective: day("2027-01-01")})
	set.Payees = crew{set.Plans[0], genDate.Draw(t, "csm-2's last day")}
	return set
}
