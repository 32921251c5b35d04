package naive

import (
	"math/rand/v2"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// components are a role's, with weights that total 100 %: of a CSM retention,
// expansion or both, of an AE expansion, of the others retention, and what
// features add.
func (g *generator) components(r *rand.Rand, p *plan.Plan, role event.Role) []plan.Component {
	retains, expands := r.IntN(5) > 0, r.IntN(5) > 0
	retention, expansion := retentionComponent(r), expansionComponent(r)
	cut := pick(r, []int64{45, 50, 50, 60, 33})
	switch role {
	case event.AE:
		retains, expands = false, true
	case event.Manager, event.RenewalManager:
		retains, expands = true, false
	case event.CSM:
		retains = retains || !expands
	}
	g.bases(&expansion)
	g.tiers(&expansion)
	var weighted, free []plan.Component
	if retains {
		weighted = append(weighted, retention)
	}
	switch {
	case expands && expansion.Basis == "pool":
		weighted = append(weighted, expansion)
	case expands:
		free = append(free, expansion)
	}
	if role != event.AE {
		weighted = append(weighted, g.measures()...)
	}
	rest := int64(100)
	for i := range weighted {
		weight := rest
		if i < len(weighted)-1 {
			weight = rest * cut / 100
		}
		rest -= weight
		share := percent(weight)
		weighted[i].Weight = &share
	}
	return append(append(weighted, free...), g.perDeal(p)...)
}

// measures are the weighted components that features add.
func (g *generator) measures() []plan.Component {
	var out []plan.Component
	if g.on(NetRetention) && g.rand(NetRetention).IntN(4) > 0 {
		c := retentionComponent(g.rand(NetRetention))
		c.ID, c.Kind = "nrr", plan.NetRetention
		c.Floor, c.Target, c.Stretch = percent(95), percent(105), percent(115)
		out = append(out, c)
	}
	if g.on(Objectives) && g.rand(Objectives).IntN(4) > 0 {
		out = append(out, plan.Component{ID: "objectives", Kind: plan.Objectives, Objectives: objectives(g.rand(Objectives))})
	}
	if g.on(HealthBonus) && g.rand(HealthBonus).IntN(4) > 0 {
		out = append(out, plan.Component{ID: "health", Kind: plan.Health, Target: percent(pick(g.rand(HealthBonus), []int64{100, 80, 33}))})
	}
	return out
}

func objectives(r *rand.Rand) []plan.Objective {
	whole := money.One
	all := []plan.Objective{
		{ID: "health_updates", Weight: percent(25), Target: pick(r, []money.Ratio{whole, percent(50)}), Percent: true},
		{ID: "reviews", Weight: percent(25), Target: pick(r, []money.Ratio{whole, percent(80)}), Percent: true},
		{ID: "multithreading", Weight: percent(25), Target: money.Ratio{Num: pick(r, []int64{3, 2}), Den: 1}},
		{ID: "risk_response", Weight: percent(25), Target: whole, Percent: true},
	}
	if r.IntN(3) == 0 {
		all[0] = plan.Objective{ID: "nps", Weight: percent(25), Target: money.Ratio{Num: 30, Den: 1}}
	}
	return all
}

// perDeal are the components without a weight that features add.
func (g *generator) perDeal(p *plan.Plan) []plan.Component {
	var out []plan.Component
	if g.on(Sourcing) && g.rand(Sourcing).IntN(5) > 0 {
		out = append(out, plan.Component{ID: "sourcing", Kind: plan.Sourcing, Rate: percent(pick(g.rand(Sourcing), []int64{15, 20, 17}))})
	}
	if g.on(Spifs) && g.rand(Spifs).IntN(5) > 0 || p.Crediting.Mode == "spif" {
		out = append(out, plan.Component{ID: "spiff", Kind: plan.Spif, Table: table()})
	}
	return out
}

// table pays nothing below its first row.
func table() []plan.Amount {
	usd := func(minor int64) money.Money { return money.Money{Minor: minor, Currency: "USD"} }
	return []plan.Amount{{From: usd(100_00), Amount: usd(250_00)}, {From: usd(25_000_00), Amount: usd(333_33)}, {From: usd(100_000_00), Amount: usd(1_000_00)}}
}

func retentionComponent(r *rand.Rand) plan.Component {
	return plan.Component{
		ID: "retention", Kind: plan.Retention, Window: pick(r, []string{"quarter", "ytd", "ttm"}),
		Floor: percent(90), Target: percent(95), Stretch: percent(98),
		Multiplier: plan.Multiplier{
			BelowFloor: money.Ratio{Num: 1, Den: 2}, AtTarget: money.One, AtStretch: money.Ratio{Num: 3, Den: 2},
		},
		Curve: pick(r, []string{"prorata", "prorata", "flat", "ramp"}),
	}
}

func expansionComponent(r *rand.Rand) plan.Component {
	target := money.Money{Minor: pick(r, []int64{600_000_00, 450_000_00, 700_000_00}), Currency: "USD"}
	return plan.Component{
		ID: "expansion", Kind: plan.Expansion, AnnualARR: &target, Basis: "pool",
		Tiers: []plan.Tier{{From: percent(0), Rate: money.One}}, TierMode: "marginal", Window: "quarter",
	}
}

// bases other than a pool with a fixed target.
func (g *generator) bases(c *plan.Component) {
	if !g.on(Bases) {
		return
	}
	r := g.rand(Bases)
	switch r.IntN(4) {
	case 0:
		c.Basis, c.Rate, c.AnnualARR = "mrr", percent(15), nil
	case 1:
		c.Basis, c.Table, c.AnnualARR = "fixed", table(), nil
	case 2:
		share := percent(pick(r, []int64{15, 8, 100}))
		c.AnnualARR, c.PercentOfBook = nil, &share
	}
}

// tiers with edges that a deal or two reach.
func (g *generator) tiers(c *plan.Component) {
	if !g.on(Accelerators) {
		return
	}
	r := g.rand(Accelerators)
	rate := func(tenths int64) money.Ratio { return money.Ratio{Num: tenths, Den: 10} }
	c.TierMode = pick(r, []string{"marginal", "marginal", "retroactive"})
	c.Window = pick(r, []string{"quarter", "ytd"})
	c.Tiers = pick(r, [][]plan.Tier{
		{{From: percent(0), Rate: money.One}, {From: percent(120), Rate: rate(13)}, {From: percent(150), Rate: rate(15)}},
		{{From: percent(0), Rate: money.One}, {From: percent(20), Rate: rate(13)}, {From: percent(50), Rate: rate(15)}},
		{{From: percent(0), Rate: rate(8)}, {From: percent(10), Rate: rate(17)}},
		{{From: percent(0), Rate: money.One}, {From: percent(1), Rate: rate(12)}},
	})
	if c.AnnualARR != nil && r.IntN(2) == 0 {
		c.AnnualARR = &money.Money{Minor: pick(r, []int64{80_000_00, 100_000_00, 96_000_00}), Currency: "USD"}
	}
}
