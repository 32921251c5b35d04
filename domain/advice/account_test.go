package advice_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/trueup/trueup/domain/advice"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// The bands of the default plan: below 25,000, up to 100,000, above.
func crediting() plan.Crediting {
	return plan.Crediting{SlicingDays: 30, Bands: []plan.Band{
		{Edge: amount(25000_00), CSM: percent(100), AE: percent(0)},
		{Edge: amount(100000_00), Inclusive: true, CSM: percent(70), AE: percent(30)},
		{CSM: percent(30), AE: percent(70)},
	}}
}

// deals are standing expansions of "date major-units", o1, o2, ….
func deals(of ...string) []advice.Deal {
	var out []advice.Deal
	for i, text := range of {
		var on string
		var major int64
		if _, err := fmt.Sscan(text, &on, &major); err != nil {
			panic(err)
		}
		out = append(out, advice.Deal{Opportunity: event.OpportunityID(fmt.Sprint("o", i)), Booked: day(on), Left: civil.Never, ARR: usd(major * 100)})
	}
	return out
}

func dates(of ...string) []civil.Date {
	var out []civil.Date
	for _, text := range of {
		out = append(out, day(text))
	}
	return out
}

func told(flags []advice.Flag) []string {
	var out []string
	for _, f := range flags {
		out = append(out, fmt.Sprintf("%s %s %s %s of %s", f.Account, f.Period, f.Name, f.Figure, f.Threshold))
	}
	return out
}

func TestFlagsOfAccounts(t *testing.T) {
	left := func(e []advice.Deal, i int, on string) []advice.Deal {
		e[i].Left = day(on)
		return e
	}
	foreign := deals("2027-02-10 24000", "2027-02-11 24000")
	foreign[1].ARR.Currency = "EUR"
	change := func(on string, said, is int64) advice.Change {
		return advice.Change{On: day(on), Told: usd(said), Timeline: usd(is)}
	}
	for _, tt := range []struct {
		name string
		in   advice.AccountFigures
		want []string
	}{
		{"nothing", advice.AccountFigures{}, nil},

		{"one deal", advice.AccountFigures{Expansions: deals("2027-02-10 24000")}, nil},
		{"two that stay in the band", advice.AccountFigures{Expansions: deals("2027-02-10 12000", "2027-02-11 12999")}, nil},
		{"two that reach the edge", advice.AccountFigures{Expansions: deals("2027-02-10 12000", "2027-02-11 13000")}, []string{"acct-1 2027-Q1 possible_deal_slicing 25000.00 of 25000.00"}},
		{"30 days apart", advice.AccountFigures{Expansions: deals("2027-02-10 24000", "2027-03-12 24000")}, []string{"acct-1 2027-Q1 possible_deal_slicing 48000.00 of 25000.00"}},
		{"31 days apart", advice.AccountFigures{Expansions: deals("2027-02-10 24000", "2027-03-13 24000")}, nil},
		{"told in the other order", advice.AccountFigures{Expansions: deals("2027-03-12 24000", "2027-02-10 24000")}, []string{"acct-1 2027-Q1 possible_deal_slicing 48000.00 of 25000.00"}},
		{"on one day", advice.AccountFigures{Expansions: deals("2027-02-10 24000", "2027-02-10 24000")}, []string{"acct-1 2027-Q1 possible_deal_slicing 48000.00 of 25000.00"}},
		{"up to the upper edge", advice.AccountFigures{Expansions: deals("2027-02-10 50000", "2027-02-11 50000")}, nil},
		{"above it", advice.AccountFigures{Expansions: deals("2027-02-10 50000", "2027-02-11 50001")}, []string{"acct-1 2027-Q1 possible_deal_slicing 100001.00 of 100000.00"}},
		{"the largest is in that band already", advice.AccountFigures{Expansions: deals("2027-02-10 60000", "2027-02-11 10000")}, nil},
		{"in the last band", advice.AccountFigures{Expansions: deals("2027-02-10 160000", "2027-02-11 10000")}, nil},
		{"one cancelled", advice.AccountFigures{Expansions: left(deals("2027-02-10 24000", "2027-02-11 24000"), 1, "2027-05-01")}, nil},
		{"three, of which any two stay", advice.AccountFigures{Expansions: deals("2027-02-10 9000", "2027-02-20 9000", "2027-03-01 9000")}, []string{"acct-1 2027-Q1 possible_deal_slicing 27000.00 of 25000.00"}},
		{"once for a quarter: from the first", advice.AccountFigures{Expansions: deals("2027-02-10 20000", "2027-02-20 20000", "2027-03-01 20000")}, []string{"acct-1 2027-Q1 possible_deal_slicing 60000.00 of 25000.00"}},
		{"in two quarters", advice.AccountFigures{Expansions: deals("2027-02-10 20000", "2027-02-20 20000", "2027-05-10 20000", "2027-05-20 20000")}, []string{
			"acct-1 2027-Q1 possible_deal_slicing 40000.00 of 25000.00", "acct-1 2027-Q2 possible_deal_slicing 40000.00 of 25000.00",
		}},
		{"another currency", advice.AccountFigures{Expansions: foreign}, nil},

		{"churned on the booking's day", advice.AccountFigures{Expansions: deals("2027-02-10 1"), Churns: dates("2027-02-10")}, []string{"acct-1 2027-Q1 expanded_then_churned 0 days of next renewal"}},
		{"churned before", advice.AccountFigures{Expansions: deals("2027-02-10 1"), Churns: dates("2027-02-09")}, nil},
		{"churned a year later", advice.AccountFigures{Expansions: deals("2027-02-10 1"), Churns: dates("2028-02-10")}, []string{"acct-1 2028-Q1 expanded_then_churned 365 days of next renewal"}},
		{"renewed in between", advice.AccountFigures{Expansions: deals("2027-02-10 1"), Renewals: dates("2027-06-01"), Churns: dates("2027-07-01")}, nil},
		{"renewed on the day of the churn", advice.AccountFigures{Expansions: deals("2027-02-10 1"), Renewals: dates("2027-07-01"), Churns: dates("2027-07-01")}, nil},
		{"renewed the day after", advice.AccountFigures{Expansions: deals("2027-02-10 1"), Renewals: dates("2027-07-02"), Churns: dates("2027-07-01")}, []string{"acct-1 2027-Q3 expanded_then_churned 141 days of next renewal"}},
		{"booked on the renewal's day", advice.AccountFigures{Expansions: deals("2027-06-01 1"), Renewals: dates("2027-06-01"), Churns: dates("2027-07-01")}, []string{"acct-1 2027-Q3 expanded_then_churned 30 days of next renewal"}},
		{"cancelled before the churn", advice.AccountFigures{Expansions: left(deals("2027-02-10 1"), 0, "2027-07-01"), Churns: dates("2027-07-01")}, nil},
		{"cancelled after the churn", advice.AccountFigures{Expansions: left(deals("2027-02-10 1"), 0, "2027-07-02"), Churns: dates("2027-07-01")}, []string{"acct-1 2027-Q3 expanded_then_churned 141 days of next renewal"}},
		{"the last of two", advice.AccountFigures{Expansions: deals("2027-06-21 1", "2027-02-10 1"), Churns: dates("2027-07-01")}, []string{"acct-1 2027-Q3 expanded_then_churned 10 days of next renewal"}},
		{"the second life's churn is not the first's", advice.AccountFigures{Expansions: deals("2027-02-10 1"), Churns: dates("2027-10-01", "2027-04-01")}, []string{"acct-1 2027-Q2 expanded_then_churned 50 days of next renewal"}},

		{"billing agrees", advice.AccountFigures{Changes: []advice.Change{change("2027-02-10", 1_00, 1_00)}}, nil},
		{"billing disagrees by a cent", advice.AccountFigures{Changes: []advice.Change{change("2027-02-10", 1_01, 1_00)}}, []string{"acct-1 2027-Q1 arr_mismatch 1.01 of 1.00"}},
		{"twice in a quarter: the last", advice.AccountFigures{Changes: []advice.Change{change("2027-03-31", 3_00, 1_00), change("2027-02-10", 2_00, 1_00)}}, []string{"acct-1 2027-Q1 arr_mismatch 3.00 of 1.00"}},
		{"disagreed once, then agreed", advice.AccountFigures{Changes: []advice.Change{change("2027-02-10", 2_00, 1_00), change("2027-03-31", 3_00, 3_00)}}, []string{"acct-1 2027-Q1 arr_mismatch 2.00 of 1.00"}},
		{"in two quarters", advice.AccountFigures{Changes: []advice.Change{change("2027-03-31", 2_00, 1_00), change("2027-04-01", 2_00, 1_00)}}, []string{"acct-1 2027-Q1 arr_mismatch 2.00 of 1.00", "acct-1 2027-Q2 arr_mismatch 2.00 of 1.00"}},
	} {
		tt.in.Account, tt.in.Crediting = "acct-1", crediting()
		before := fmt.Sprint(tt.in)
		if got := told(advice.OfAccount(tt.in)); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
		if fmt.Sprint(tt.in) != before {
			t.Errorf("%s: the figures were changed", tt.name)
		}
	}
}

// The order of the flags of an account does not depend on what raises them.
func TestFlagsOfAnAccountAreInOrder(t *testing.T) {
	in := advice.AccountFigures{
		Account: "a", Calendar: civil.Calendar{StartMonth: 2}, Crediting: crediting(), Expansions: deals("2027-01-31 24000", "2027-02-01 24000"),
		Churns: dates("2027-02-01"), Changes: []advice.Change{{On: day("2027-01-31"), Told: usd(1), Timeline: money.Money{Currency: "USD"}}},
	}
	want := []string{
		"a 2027-Q1 expanded_then_churned 0 days of next renewal", "a 2026-Q4 possible_deal_slicing 48000.00 of 25000.00", "a 2026-Q4 arr_mismatch 0.01 of 0.00",
	}
	if got := told(advice.OfAccount(in)); !slices.Equal(got, want) {
		t.Errorf("OfAccount = %q, want %q", got, want)
	}
}
