package demo

import (
	"crypto/sha256"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/internal/planfile"
)

// aePlan is the name of what account executives are paid by.
const aePlan = "ae-expansion"

// A year's variable and target of an account executive, in major units.
const (
	aeVariable = 60_000
	aeTarget   = 1_000_000
)

// Plans is what the company pays by: the CSMs' plan and a small one for
// account executives, who are paid on expansion at once.
func (c Company) Plans() plan.Set {
	set, _ := plan.NewSet(c.csmPlan(), c.aePlan())
	return set
}

func (c Company) csmPlan() *plan.Plan {
	if c.Plan != nil {
		return c.Plan
	}
	return planfile.Default()[0]
}

// aePlan shares the tenant's settings with the CSMs' plan, as it must.
func (c Company) aePlan() *plan.Plan {
	p := *c.csmPlan()
	whole, target := money.One, units(aeTarget, p.Currency)
	p.Name, p.Version = aePlan, 1
	p.AppliesTo = plan.AppliesTo{Roles: []event.Role{event.AE}}
	p.Variable = units(aeVariable, p.Currency)
	p.Components = []plan.Component{{
		ID: "expansion", Kind: plan.Expansion, Weight: &whole, Window: "quarter", AnnualARR: &target, Basis: "pool",
		Tiers: []plan.Tier{{From: money.Ratio{Num: 0, Den: 1}, Rate: money.One}}, TierMode: "marginal",
	}}
	p.Payability.Renewal = "off"
	p.Hash = sha256.Sum256(planfile.Canonical(&p))
	return &p
}

// units is an amount of whole units of a currency with two decimals.
func units(n int64, c money.Currency) money.Money { return money.Money{Minor: n * 100, Currency: c} }

// lockDay is the day a date's quarter takes no more entries from.
func (w *world) lockDay(d civil.Date) civil.Date {
	p := w.plan.Periods
	return p.Calendar.Last(p.Calendar.QuarterOf(d)).Add(p.LockAfterDays + 1)
}
