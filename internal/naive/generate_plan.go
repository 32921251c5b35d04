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

// The plans of a history, by who they are for.
const (
	csmPlan        event.PlanID = "csm-plan"
	enterprisePlan event.PlanID = "csm-enterprise"
	aePlan         event.PlanID = "ae-plan"
	managerPlan    event.PlanID = "manager-plan"
	renewalPlan    event.PlanID = "renewal-plan"
)

// plans makes a plan for CSMs, often a second version of it, often one for AEs,
// and those that features ask for. All have the same tenant settings.
func (g *generator) plans() plan.Set {
	r := rand.New(rand.NewPCG(g.seed, 3))
	first := basePlan(r)
	g.tenantOptions(first)
	choosePayRules(r, first)
	g.options(first)
	first.Components = g.components(r, first, event.CSM)
	all := []*plan.Plan{first}
	more := func(name event.PlanID, version int, from civil.Date, role event.Role, segments ...string) {
		p := *first
		p.Name, p.Version, p.EffectiveFrom = name, version, from
		p.AppliesTo = plan.AppliesTo{Roles: []event.Role{role}, Segments: segments}
		choosePayRules(r, &p)
		g.options(&p)
		p.Components = g.components(r, &p, role)
		all = append(all, &p)
	}
	second, ae := r.IntN(4) == 0, r.IntN(2) == 0
	next := pick(r, []civil.Date{
		civil.On(2026, time.July, 1), civil.On(2026, time.November, 15), civil.On(2027, time.January, 1), civil.On(2027, time.February, 1),
	})
	if second || g.on(Versions) {
		more(csmPlan, 2, next, event.CSM)
	}
	if ae {
		more(aePlan, 1, first.EffectiveFrom, event.AE)
	}
	if g.on(Versions) {
		v := g.rand(Versions)
		more(csmPlan, 3, next.Add(pick(v, []int{1, 45, 90, 181})), event.CSM)
		if v.IntN(2) == 0 {
			more(enterprisePlan, 1, first.EffectiveFrom.Add(pick(v, []int{0, 30, 120})), event.CSM, "enterprise")
		}
		if ae && v.IntN(2) == 0 {
			more(aePlan, 2, next.Add(v.IntN(60)), event.AE)
		}
	}
	if g.on(Managers) {
		more(managerPlan, 1, first.EffectiveFrom, event.Manager)
	}
	if g.on(Pods) {
		more(renewalPlan, 1, first.EffectiveFrom, event.RenewalManager)
	}
	for i, p := range all {
		p.Hash = sha256.Sum256(fmt.Appendf(nil, "%s %d %d", p.ID(), g.seed, i))
	}
	set, problems := plan.NewSet(all...)
	for _, p := range set {
		problems = append(problems, p.Check()...)
	}
	if len(problems) > 0 {
		panic(fmt.Sprintf("naive: generated plans contradict themselves: %v", problems))
	}
	return set
}

// basePlan is a plan for CSMs with every field filled; the tenant's settings are chosen
// here and copied to the other plans.
func basePlan(r *rand.Rand) *plan.Plan {
	starts := pick(r, []civil.Date{
		civil.On(2026, time.January, 1), civil.On(2026, time.January, 1), civil.On(2025, time.November, 1),
		civil.On(2026, time.February, 1), civil.On(2026, time.May, 15),
	})
	return &plan.Plan{
		Name: csmPlan, Version: 1, EffectiveFrom: starts, Zone: zone(r), Currency: "USD",
		AppliesTo: plan.AppliesTo{Roles: []event.Role{event.CSM}},
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
}

// choosePayRules fills what may differ between plans, without any feature.
func choosePayRules(r *rand.Rand, p *plan.Plan) {
	p.Ownership = "banded"
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
