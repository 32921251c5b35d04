package account

import (
	"fmt"
	"slices"
	"testing"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

// roster gives each payee the terms it names, whatever the day.
type roster map[event.PayeeID]Terms

func (r roster) Terms(payee event.PayeeID, _ civil.Date) (Terms, error) {
	t := r[payee]
	if t.Until == 0 {
		t.Until = civil.Never
	}
	return t, nil
}

func (r roster) Book(event.PayeeID, event.Role, civil.Quarter) (int64, error) { return 0, nil }

// Source: rules §4, §6; readings R13–R15, R23, R27. A deal of 50,000: 70 to 30.
func TestWhoIsCredited(t *testing.T) {
	base := setting(nil)
	p := base.Plans[0]
	target := usd(300000_00)
	people := roster{
		"csm-1":    {Role: event.CSM, Plan: p, Variable: p.Variable},
		"csm-high": {Role: event.CSM, Plan: p, Variable: p.Variable, Target: &target},
		"csm-gone": {Terminated: true},
		"csm-free": {Role: event.CSM}, // no plan: credits, no money
		"ae-1":     {Role: event.AE},
		"ae-gone":  {Terminated: true},
	}
	const deal = 50_000_00
	for _, tt := range []struct {
		name    string
		csm, ae event.PayeeID
		arr     money.Money
		score   int64
		want    []string
		earned  string // all that is earned, by plan p's pool; empty: nothing
	}{
		{"both", "csm-1", "ae-1", usd(deal), 90, []string{"csm-1 35000.00", "ae-1 15000.00"}, "700.00"},
		{"nobody is AE", "csm-1", "", usd(deal), 90, []string{"csm-1 35000.00"}, "700.00"},
		{"nobody is CSM", "", "ae-1", usd(deal), 90, []string{"ae-1 15000.00"}, ""},
		{"one is both", "csm-1", "csm-1", usd(deal), 90, []string{"csm-1 50000.00"}, "1000.00"},
		{"a target of one's own", "csm-high", "", usd(deal), 90, []string{"csm-high 35000.00"}, "1400.00"},
		{"the CSM was terminated before", "csm-gone", "ae-1", usd(deal), 90, []string{"csm-gone 0.00 terminated", "ae-1 15000.00"}, ""},
		{"the AE was terminated before", "csm-1", "ae-gone", usd(deal), 90, []string{"csm-1 35000.00", "ae-gone 0.00 terminated"}, "700.00"},
		{"a payee without a plan", "csm-free", "", usd(deal), 90, []string{"csm-free 35000.00"}, ""},
		{"unhealthy: the AE keeps theirs", "csm-1", "ae-1", usd(deal), 64, []string{"csm-1 0.00 health_gate_failed", "ae-1 15000.00"}, ""},
		{"a currency that cannot be converted", "csm-1", "ae-1", money.Money{Minor: 20_000_00, Currency: "EUR"}, 90, []string{"csm-1 0.00 fx_rate_missing"}, ""},
		{"… nor put in a band", "csm-1", "ae-1", money.Money{Minor: deal, Currency: "EUR"}, 90, []string{"csm-1 0.00 fx_rate_missing"}, ""},
	} {
		set := *base
		set.Payees = people
		won := event.Deal{Opportunity: "o1", Account: "acct-1", ARR: tt.arr, ClosedAt: noon("2027-02-10"), CSM: tt.csm, AE: tt.ae}
		s := state(t, &set, stated(
			measured("2027-02-01T00:00:00Z", tt.score),
			func(h event.Header) event.Event { return event.ExpansionBooked{Header: h, Deal: won} },
		)...)
		lines(t, s, "2027-02-10")
		var got []string
		for _, c := range creditsOn(t, s.Deals()[0], "2027-02-10") {
			text := fmt.Sprint(c.Payee, " ", c.ARR.Decimal())
			if !c.Counted() {
				text += " " + string(c.Why)
			}
			got = append(got, text)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: credits %q, want %q", tt.name, got, tt.want)
		}
		earned := ""
		for _, st := range s.Deals()[0].Due(day("2027-02-10")) {
			earned += money.Money{Minor: st.Minor, Currency: st.Currency}.Decimal()
		}
		if earned != tt.earned {
			t.Errorf("%s: earned %q, want %q", tt.name, earned, tt.earned)
		}
	}
}
