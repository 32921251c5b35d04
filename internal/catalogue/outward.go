package main

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/trueup/trueup/internal/wire"
)

// fieldsOut are the fields of the data of a type that goes out, as its struct
// has them.
func fieldsOut(name string, of reflect.Type) ([]wire.Field, error) {
	var all []wire.Field
	for i := range of.NumField() {
		tag, rest, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		f := wire.Field{Name: tag, Required: rest != "omitempty"}
		var err error
		switch t := of.Field(i).Type; {
		case t == reflect.TypeFor[wire.Amount]():
			f.Takes = refer("money")
		case t.Kind() == reflect.Slice:
			f.List = true
			f.Fields, err = fieldsOut(name, t.Elem())
		default:
			f.Takes, err = shapeOut(name, tag)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}

// shapeOut is what a field that goes out is.
func shapeOut(name, field string) (shape, error) {
	family := strings.Split(name, ".")[1] // risk, dispute
	for _, key := range []string{name + " " + field, family + " " + field, field} {
		if s, ok := outShapes[key]; ok {
			return s, nil
		}
	}
	return nil, fmt.Errorf("what %s of %s looks like is not told", field, name)
}

// samplesOut are examples of what goes out, one of each struct.
var samplesOut = []any{
	wire.AdjustmentIssued{
		AdjustmentID: "db7337c4a4df25c953fb8c5df1d4d915", PayeeID: "csm-017", EmployeeID: "40017", Kind: "earning", Reason: "expansion_booked",
		Component: "expansion", Amount: usd("480.00"), From: "expense", To: "held", EffectiveOn: "2027-02-10", Period: "2027-Q1", AppliesTo: "2027-Q1",
		AccountID: "acct-1", OpportunityID: "opp-1", PlanID: "three-pool-mid-market", PlanVersion: 1, HeldAfter: usd("480.00"), PayableAfter: usd("0.00"),
		CausedBy:    []wire.Cause{{Source: "crm", ID: "e5"}},
		Explanation: "$24,000.00 × 100% × $12,000.00 ÷ $600,000.00 = $480.00, held until the renewal after 2027-02-10",
	},
	wire.StatementLocked{PayeeID: "csm-017", Period: "2027-Q1", Net: usd("3375.00"), CarriedForward: usd("0.00"), Lines: 4, Head: strings.Repeat("5e", 32)},
	wire.PaymentRequested{PayeeID: "csm-017", EmployeeID: "40017", Period: "2027-Q1", Amount: usd("3375.00"), Reference: "csm-017/2027-Q1"},
	wire.RiskClock{
		SLA: "risk_intervention", AccountID: "acct-1", PayeeID: "csm-017", EpisodeID: "acct-1@2027-06-01T14:00:00Z",
		OpenedAt: "2027-06-01T14:00:00Z", Deadline: "2027-06-08T14:00:00Z", At: "2027-06-08T14:00:00Z", Score: "58",
	},
	wire.DisputeClock{
		SLA: "dispute", DisputeID: "dispute-1", OpportunityID: "opp-1", AccountID: "acct-1", PayeeID: "csm-017", EpisodeID: "acct-1@2027-03-01T14:00:00Z/dispute-1",
		OpenedAt: "2027-03-01T14:00:00Z", Deadline: "2027-03-03T14:00:00Z", At: "2027-03-03T14:00:00Z",
	},
	wire.RenewalWindowOpened{AccountID: "acct-1", TermEnd: "2027-11-01", OwnerID: "csm-017"},
	wire.ExpansionReviewDue{AccountID: "acct-1", OpportunityID: "opp-1", DueOn: "2027-08-09"},
	wire.Flag{Flag: "silent_signals", PayeeID: "csm-017", Period: "2027-Q1", Figure: "0", Threshold: "1"},
	wire.EventRejected{
		ParkedID: "p-3f0a9c52d1e8b746", Source: "crm", ID: "e9", Subject: "crm.default.churn.effective", Reason: "missing_field",
		Detail: "data.effective_on is missing",
	},
	wire.LedgerLocked{Period: "2027-Q1", Head: strings.Repeat("a1", 32)},
}

func usd(amount string) wire.Amount { return wire.Amount{Amount: amount, Currency: "USD"} }
