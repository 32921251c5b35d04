package naive

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// The plans of a history.
const (
	csmPlan event.PlanID = "csm-plan"
	aePlan  event.PlanID = "ae-plan"
)

// plansFor makes a plan for CSMs, often a second version of it, and often one
// for AEs. All have the same tenant settings.
func plansFor(r *rand.Rand) plan.Set {
	starts := pick(r, []civil.Date{
		civil.On(2026, time.January, 1), civil.On(2026, time.January, 1), civil.On(2025, time.November, 1),
		civil.On(2026, time.February, 1), civil.On(2026, time.May, 15),
	})
	first := basePlan(r, csmPlan, event.CSM, starts)
	first.Components = csmComponents(r)
	plans := []*plan.Plan{first}
	if r.IntN(3) == 0 {
		next := *first
		next.Version = 2
		next.EffectiveFrom = pick(r, []civil.Date{
			civil.On(2026, time.July, 1), civil.On(2026, time.November, 15), civil.On(2027, time.January, 1), civil.On(2027, time.February, 1),
		})
		choosePayRules(r, &next)
		next.Components = csmComponents(r)
		plans = append(plans, &next)
	}
	if r.IntN(2) == 0 {
		ae := *first
		ae.Name, ae.AppliesTo = aePlan, plan.AppliesTo{Roles: []event.Role{event.AE}}
		choosePayRules(r, &ae)
		ae.Components = []plan.Component{expansionComponent(r, percent(100))}
		plans = append(plans, &ae)
	}
	for _, p := range plans {
		p.Hash = sha256.Sum256(fmt.Appendf(nil, "%s %d", p.ID(), r.Uint64()))
	}
	set, problems := plan.NewSet(plans...)
	for _, p := range set {
		problems = append(problems, p.Check()...)
	}
	if len(problems) > 0 {
		panic(fmt.Sprintf("naive: generated plans contradict themselves: %v", problems))
	}
	return set
}

// basePlan is a plan with every field filled; the tenant's settings are chosen
// here and copied to the other plans.
func basePlan(r *rand.Rand, name event.PlanID, role event.Role, starts civil.Date) *plan.Plan {
	p := &plan.Plan{
		Name: name, Version: 1, EffectiveFrom: starts, Zone: zone(r), Currency: "USD", Ownership: "banded",
		AppliesTo: plan.AppliesTo{Roles: []event.Role{role}},
		Periods:   plan.Periods{Kind: "quarter", Calendar: calendar(r), LockAfterDays: 10},
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
		Evidence: plan.Evidence{
			Renewal:   pick(r, []string{"any", "any", "any", "any", "crm", "billing"}),
			Churn:     pick(r, []string{"any", "any", "any", "any", "crm", "billing"}),
			Expansion: pick(r, []string{"crm", "crm", "crm", "crm", "crm", "crm", "any", "any", "billing"}),
		},
		Exceptions: plan.Exceptions{ApprovedBy: []string{"cfo", "director_revops", "vp_cs"}},
		Flags:      plan.Flags{PortfolioLarge: 50, PortfolioTooLarge: 60, HandoffBroken: percent(40)},
	}
	choosePayRules(r, p)
	return p
}

// choosePayRules fills what may differ between plans. Contractions are ignored,
// releases are whole and there are no accelerator tiers: those rules are not
// computed yet.
func choosePayRules(r *rand.Rand, p *plan.Plan) {
	p.Variable = money.Money{Minor: pick(r, []int64{12_000_00, 30_000_00, 13_500_01, 33_333_33}), Currency: p.Currency}
	p.Proration = pick(r, []string{"days", "days", "none"})
	p.Crediting = plan.Crediting{
		Mode: "split", Bands: bands(r), SlicingDays: 30,
		HandoffAbove: money.Money{Minor: 15_000_00, Currency: p.Currency},
	}
	p.Gates = plan.Gates{
		HealthMin:      money.Ratio{Num: pick(r, []int64{65, 65, 65, 70, 0}), Den: 1},
		HealthMissing:  pick(r, []string{"hold", "hold", "pass", "fail"}),
		ReviewsAtLeast: percent(80),
	}
	p.Payability = plan.Payability{
		Renewal: pick(r, []string{"hold", "hold", "hold", "advance", "off"}), Release: "all",
		GraceDays: pick(r, []int{30, 30, 0}), Cash: "off", Termination: "keep",
	}
	p.Clawback = plan.Clawback{
		WindowDays: pick(r, []int{90, 90, 90, 0}), ChurnDate: "effective", Contraction: "ignore",
		Basis: "recompute", RecoveryCap: money.One,
	}
}

// bands with edges of both kinds, and shares that do not divide evenly.
func bands(r *rand.Rand) []plan.Band {
	edge := func(minor int64) *money.Money { return &money.Money{Minor: minor, Currency: "USD"} }
	switch r.IntN(6) {
	case 0:
		return []plan.Band{{CSM: percent(100), AE: percent(0)}}
	case 1:
		third := money.Ratio{Num: 333, Den: 1000}
		rest := money.Ratio{Num: 667, Den: 1000}
		return []plan.Band{{Edge: edge(25_000_00), Inclusive: true, CSM: rest, AE: third}, {CSM: third, AE: rest}}
	}
	return []plan.Band{
		{Edge: edge(25_000_00), CSM: percent(100), AE: percent(0)},
		{Edge: edge(100_000_00), Inclusive: true, CSM: percent(70), AE: percent(30)},
		{CSM: percent(30), AE: percent(70)},
	}
}

// csmComponents are retention and expansion in some weights, seldom one alone.
func csmComponents(r *rand.Rand) []plan.Component {
	switch n := pick(r, []int64{45, 50, 50, 60, 0, 100}); n {
	case 0:
		return []plan.Component{expansionComponent(r, percent(100))}
	case 100:
		return []plan.Component{retentionComponent(r, percent(100))}
	default:
		return []plan.Component{retentionComponent(r, percent(n)), expansionComponent(r, percent(100-n))}
	}
}

func retentionComponent(r *rand.Rand, weight money.Ratio) plan.Component {
	return plan.Component{
		ID: "retention", Kind: plan.Retention, Weight: &weight, Window: pick(r, []string{"quarter", "ytd", "ttm"}),
		Floor: percent(90), Target: percent(95), Stretch: percent(98),
		Multiplier: plan.Multiplier{
			BelowFloor: money.Ratio{Num: 1, Den: 2}, AtTarget: money.One, AtStretch: money.Ratio{Num: 3, Den: 2},
		},
		Curve: pick(r, []string{"prorata", "prorata", "flat", "ramp"}),
	}
}

func expansionComponent(r *rand.Rand, weight money.Ratio) plan.Component {
	target := money.Money{Minor: pick(r, []int64{600_000_00, 450_000_00, 700_000_00}), Currency: "USD"}
	return plan.Component{
		ID: "expansion", Kind: plan.Expansion, Weight: &weight, AnnualARR: &target, Basis: "pool",
		Tiers:    []plan.Tier{{From: percent(0), Rate: money.One}},
		TierMode: "marginal", Window: "quarter",
	}
}

func zone(r *rand.Rand) *time.Location {
	z, err := time.LoadLocation(pick(r, []string{"America/New_York", "UTC", "Australia/Sydney", "Europe/London"}))
	if err != nil {
		panic(err) // tzdata is linked in
	}
	return z
}

func calendar(r *rand.Rand) civil.Calendar {
	return pick(r, []civil.Calendar{{StartMonth: time.January, StartDay: 1}, {StartMonth: time.January, StartDay: 1}, {StartMonth: time.February, StartDay: 1}})
}

func percent(n int64) money.Ratio { return money.Ratio{Num: n, Den: 100} }
