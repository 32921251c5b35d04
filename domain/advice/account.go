package advice

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// AccountFigures is what an account's flags look at, as known today: nothing
// that takes effect later.
type AccountFigures struct {
	Account  event.AccountID
	Calendar civil.Calendar
	Since    civil.Quarter // flags of earlier ones are not looked for
	// Crediting is of the plan that the account's deals are credited by.
	Crediting plan.Crediting
	// Expansions that were booked as such: no steps of an uplift, no renewals.
	// Their ARR is in the currency of the bands.
	Expansions []Deal
	// Renewals are the first days of renewed terms, Churns the ends of the
	// account's lives.
	Renewals, Churns []civil.Date
	// Changes are billing's statements of a new total that the plan does not take
	// as evidence.
	Changes []Change
}

// Deal is a won expansion.
type Deal struct {
	Opportunity event.OpportunityID
	Booked      civil.Date
	Left        civil.Date // the day it was cancelled, civil.Never while it stands
	ARR         money.Money
}

// Change is billing's statement of an ARR, and the timeline's on that day.
type Change struct {
	On             civil.Date
	Told, Timeline money.Money
}

// OfAccount lists an account's flags, one of each name and quarter, by name in
// the order of the constants, then quarter.
func OfAccount(in AccountFigures) []Flag {
	var out []Flag
	for _, rule := range []func(AccountFigures) []Flag{expandedThenChurned, dealSlicing, arrMismatch} {
		flags := rule(in)
		// Of one quarter's the last stands.
		slices.Reverse(flags)
		slices.SortStableFunc(flags, func(a, b Flag) int { return cmp.Compare(a.Period, b.Period) })
		for _, f := range slices.CompactFunc(flags, func(a, b Flag) bool { return a.Period == b.Period }) {
			if f.Account = in.Account; f.Period >= in.Since {
				out = append(out, f)
			}
		}
	}
	return out
}

// sorted is the account's expansions by booking date.
func (in AccountFigures) sorted() []Deal {
	return slices.SortedFunc(slices.Values(in.Expansions), func(a, b Deal) int {
		return cmp.Or(cmp.Compare(a.Booked, b.Booked), cmp.Compare(a.Opportunity, b.Opportunity))
	})
}

// expandedThenChurned is raised by a churn before the first renewal after an
// expansion that still stood then. It is of the quarter of the churn; the
// figure is from the last such expansion.
//
// Source: rules §12 [000], with the renewal of §7.
// Units: whole days.
// Rounding: none.
func expandedThenChurned(in AccountFigures) []Flag {
	var out []Flag
	deals, churns, renewals := in.sorted(), slices.Sorted(slices.Values(in.Churns)), slices.Sorted(slices.Values(in.Renewals))
	for i, churn := range churns {
		from := civil.Date(-1 << 31)
		if i > 0 {
			from = churns[i-1] + 1 // a life in between had its own end
		}
		if n, renewed := slices.BinarySearch(renewals, churn); renewed {
			from = max(from, churn)
		} else if n > 0 {
			from = max(from, renewals[n-1])
		}
		for _, e := range slices.Backward(deals) {
			if e.Booked < from {
				break
			}
			if e.Booked > churn || e.Left <= churn {
				continue
			}
			out = append(out, Flag{
				Name: ExpandedThenChurned, Period: in.Calendar.QuarterOf(churn),
				Figure: strconv.Itoa(churn.Sub(e.Booked)) + " days", Threshold: "next renewal",
			})
			break
		}
	}
	return out
}

// dealSlicing is raised by standing expansions within slicing_days of the first
// of them whose sum falls into another band than the largest of them. It is of
// the quarter of the first, once for a quarter; the threshold is the edge of the
// largest's band.
//
// Source: plan fields crediting.slicing_days and crediting.bands; rules §4
// "Deal slicing".
// Units: whole days, both ends included; minor units of ARR.
// Rounding: none.
func dealSlicing(in AccountFigures) []Flag {
	standing := slices.DeleteFunc(in.sorted(), func(e Deal) bool { return e.Left != civil.Never })
	var out []Flag
	for i, first := range standing {
		period := in.Calendar.QuarterOf(first.Booked)
		if period < in.Since || len(out) > 0 && out[len(out)-1].Period == period {
			continue
		}
		sum, largest := first.ARR, first.ARR
		for _, e := range standing[i+1:] {
			if e.Booked.Sub(first.Booked) > in.Crediting.SlicingDays {
				break
			}
			more, err := sum.Add(e.ARR)
			if err != nil {
				continue // another currency cannot be compared
			}
			sum = more
			if e.ARR.Minor > largest.Minor {
				largest = e.ARR
			}
		}
		band := in.Crediting.BandOf(largest)
		if band == in.Crediting.BandOf(sum) || band.Edge == nil {
			continue
		}
		out = append(out, Flag{Name: DealSlicing, Period: period, Figure: sum.Decimal(), Threshold: band.Edge.Decimal()})
	}
	return out
}

// arrMismatch is raised where billing's new total is not the account's ARR of
// that day. It is of the quarter of the change; the last of the quarter stands.
//
// Source: rules §1a.
// Units: minor units of ARR.
// Rounding: none.
func arrMismatch(in AccountFigures) []Flag {
	var out []Flag
	for _, c := range slices.SortedStableFunc(slices.Values(in.Changes), func(a, b Change) int { return cmp.Compare(a.On, b.On) }) {
		if c.Told != c.Timeline {
			out = append(out, Flag{Name: ARRMismatch, Period: in.Calendar.QuarterOf(c.On), Figure: c.Told.Decimal(), Threshold: c.Timeline.Decimal()})
		}
	}
	return out
}
