package planfile

import (
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// The values that fields left out take: those shown in docs/plan.md. The
// amounts are so many of whichever currency the plan is in.

func percent(n int64) money.Ratio { return lowest(money.Ratio{Num: n, Den: 100}) }

func tenths(n int64) money.Ratio { return lowest(money.Ratio{Num: n, Den: 10}) }

// major is so many whole units of c; the zero amount where c is not known.
func major(s string, c money.Currency) money.Money {
	m, err := money.Parse(s, c)
	if err != nil {
		return money.Money{Currency: c}
	}
	return m
}

const (
	defaultCurrency = money.Currency("USD")
	defaultZone     = "America/New_York"
)

// defaults is a plan in which everything is left out that may be.
func defaults(c money.Currency) plan.Plan {
	return plan.Plan{
		Currency:  c,
		Ownership: "banded",
		Variable:  major("30000", c),
		Periods:   plan.Periods{Kind: "quarter", Calendar: civil.Calendar{StartMonth: time.January, StartDay: 1}, LockAfterDays: 10},
		Proration: "days",
		Crediting: plan.Crediting{Mode: "split", Bands: defaultBands(c), SlicingDays: 30, HandoffAbove: major("15000", c)},
		Gates:     plan.Gates{HealthMin: money.Ratio{Num: 65, Den: 1}, HealthMissing: "hold", ReviewsAtLeast: percent(80)},
		Payability: plan.Payability{
			Renewal: "hold", Release: "all", GraceDays: 30, Cash: "off", Termination: "keep",
		},
		Clawback: plan.Clawback{
			WindowDays: 90, ChurnDate: "effective", Contraction: "proportional_lifo", Basis: "recompute", RecoveryCap: money.One,
		},
		SLA: plan.SLA{
			Risk:                plan.RiskClock{Below: money.Ratio{Num: 65, Den: 1}, Hours: 168, Warn: 24, Clock: "elapsed"},
			Dispute:             plan.DisputeClock{Hours: 48, Warn: 8, Clock: "elapsed", DecidedBy: "director_revops"},
			RenewalWindowDays:   120,
			ExpansionReviewDays: []int{180, 365},
			Business: plan.Business{
				Days: []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday},
				From: "09:00", To: "17:00",
			},
		},
		Evidence:   plan.Evidence{Renewal: "any", Churn: "any", Expansion: "crm"},
		Exceptions: plan.Exceptions{ApprovedBy: []string{"cfo", "director_revops", "vp_cs"}},
		Flags:      plan.Flags{PortfolioLarge: 50, PortfolioTooLarge: 60, HandoffBroken: percent(40)},
	}
}

func defaultBands(c money.Currency) []plan.Band {
	low, high := major("25000", c), major("100000", c)
	return []plan.Band{
		{Edge: &low, CSM: money.One, AE: percent(0)},
		{Edge: &high, Inclusive: true, CSM: percent(70), AE: percent(30)},
		{CSM: percent(30), AE: percent(70)},
	}
}

func defaultTiers() []plan.Tier {
	return []plan.Tier{
		{From: percent(0), Rate: money.One},
		{From: percent(120), Rate: tenths(13)},
		{From: percent(150), Rate: tenths(15)},
	}
}

func defaultTable(c money.Currency) []plan.Amount {
	return []plan.Amount{{From: major("0", c), Amount: major("250", c)}}
}

func defaultObjectives() []plan.Objective {
	quarter := percent(25)
	return []plan.Objective{
		{ID: "health_updates", Weight: quarter, Target: money.One, Percent: true},
		{ID: "reviews", Weight: quarter, Target: money.One, Percent: true},
		{ID: "multithreading", Weight: quarter, Target: money.Ratio{Num: 3, Den: 1}},
		{ID: "risk_response", Weight: quarter, Target: money.One, Percent: true},
	}
}

// roles are those a plan can be for.
var roles = []event.Role{event.CSM, event.AE, event.RenewalManager, event.Manager}
