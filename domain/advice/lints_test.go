package advice

import (
	"testing"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

func percent(n int64) *money.Ratio { return &money.Ratio{Num: n, Den: 100} }

func usd(major int64) money.Money { return money.Money{Minor: major * 100, Currency: "USD"} }

// sound is a plan there is nothing to say about.
func sound() *plan.Plan {
	edge := usd(25_000)
	return &plan.Plan{
		Name: "p", Version: 1, EffectiveFrom: civil.On(2027, time.January, 1), Currency: "USD", Ownership: "banded", Variable: usd(30_000),
		AppliesTo: plan.AppliesTo{Roles: []event.Role{event.CSM}},
		Components: []plan.Component{
			{ID: "r", Kind: plan.Retention, Weight: percent(30)}, {ID: "e", Kind: plan.Expansion, Basis: "pool", Weight: percent(70)},
		},
		Crediting: plan.Crediting{Mode: "split", Bands: []plan.Band{{Edge: &edge, Inclusive: true}, {}}},
		SLA: plan.SLA{
			Risk: plan.RiskClock{Hours: 168, Clock: "elapsed"}, Dispute: plan.DisputeClock{DecidedBy: "director_revops"},
			Business: plan.Business{Days: []time.Weekday{1, 2, 3, 4, 5}, From: "09:00", To: "17:30"},
		},
	}
}

func TestLints(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*plan.Plan)
		want   string // name, figure and threshold
	}{
		{"sound", func(*plan.Plan) {}, ""},
		{"no variable", func(p *plan.Plan) { p.Variable = usd(0) }, "no_variable 0.00 above 0"},
		{"no variable and no revenue", func(p *plan.Plan) { p.Variable, p.Ownership = usd(0), "three_way" }, ""},
		{"no variable but a SPIF", func(p *plan.Plan) {
			p.Variable, p.Components = usd(0), append(p.Components, plan.Component{Kind: plan.Spif})
		}, ""},
		{"no variable but a fixed basis", func(p *plan.Plan) {
			p.Variable, p.Components = usd(0), append(p.Components, plan.Component{Kind: plan.Expansion, Basis: "fixed"})
		}, ""},
		{"29% on GRR", func(p *plan.Plan) { p.Components[0].Weight = percent(29) }, "grr_weight_low 29% at least 30%"},
		{"29.999999% on GRR", func(p *plan.Plan) { p.Components[0].Weight = &money.Ratio{Num: 29_999_999, Den: 100_000_000} }, "grr_weight_low 29.999999% at least 30%"},
		{"GRR in two components", func(p *plan.Plan) {
			p.Components[0].Weight = percent(20)
			p.Components = append(p.Components, plan.Component{Kind: plan.Retention, Weight: percent(10)})
		}, ""},
		{"NRR is not GRR", func(p *plan.Plan) { p.Components[0].Kind = plan.NetRetention }, "grr_weight_low 0% at least 30%"},
		{"29% on GRR in PLG", func(p *plan.Plan) { p.Name, p.Components[0].Weight = "PLG-2027", percent(29) }, ""},
		{"29% on GRR of others' renewals", func(p *plan.Plan) { p.Ownership, p.Components[0].Weight = "non_commercial", percent(29) }, ""},
		{"an AE's plan", func(p *plan.Plan) { p.AppliesTo.Roles, p.Components = []event.Role{event.AE}, p.Components[1:] }, ""},
		{"anybody's plan", func(p *plan.Plan) { p.AppliesTo.Roles, p.Components = nil, p.Components[1:] }, "grr_weight_low 0% at least 30%"},
		{"no pools", func(p *plan.Plan) { p.Components = []plan.Component{{Kind: plan.Sourcing}} }, ""},
		{"one band", func(p *plan.Plan) { p.Crediting.Bands = p.Crediting.Bands[1:] }, "no_bands 1 at least 2"},
		{"bands nothing is credited by", func(p *plan.Plan) { p.Crediting.Mode = "dual" }, "no_bands 0 at least 2"},
		{"one band where one owns all", func(p *plan.Plan) { p.Ownership, p.Crediting.Bands = "full", p.Crediting.Bands[1:] }, ""},
		{"169 hours", func(p *plan.Plan) { p.SLA.Risk.Hours = 169 }, "no_risk_sla 169 at most 168"},
		{"a week of business hours", func(p *plan.Plan) { p.SLA.Risk.Clock, p.SLA.Risk.Hours = "business", 42 }, ""},
		{"more than it", func(p *plan.Plan) { p.SLA.Risk.Clock, p.SLA.Risk.Hours = "business", 43 }, "no_risk_sla 43 at most 42"},
		{"a leader decides", func(p *plan.Plan) { p.SLA.Dispute.DecidedBy = "vp_sales" }, "leaders_decide_splits vp_sales one of director_revops, revops, deal_desk, finance, cfo"},
		{"finance decides", func(p *plan.Plan) { p.SLA.Dispute.DecidedBy = "cfo" }, ""},
	} {
		p := sound()
		tt.change(p)
		got := ""
		for _, l := range Lints(p) {
			got += l.Name + " " + l.Figure + " " + l.Threshold
			if l.Path == "" || l.Text == "" {
				t.Errorf("%s: %+v does not say where and why", tt.name, l)
			}
		}
		if got != tt.want {
			t.Errorf("Lints(%s) = %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestReviewDue(t *testing.T) {
	first := sound()
	second := sound()
	second.Version, second.EffectiveFrom = 2, civil.On(2028, time.February, 29)
	set, _ := plan.NewSet(first, second)
	for _, tt := range []struct {
		p    *plan.Plan
		on   string
		want string
	}{
		{first, "2027-12-31", ""},
		{first, "2028-01-01", "12 months"},
		{first, "2028-02-28", "13 months"},
		{first, "2028-02-29", ""}, // replaced
		{second, "2027-06-01", ""},
		{second, "2029-02-27", ""},
		{second, "2029-02-28", "12 months"},
		{second, "2030-08-15", "29 months"},
	} {
		on, err := civil.ParseDate(tt.on)
		if err != nil {
			t.Fatal(err)
		}
		l, found := ReviewDue(set, tt.p, on)
		if l.Figure != tt.want || found != (tt.want != "") {
			t.Errorf("ReviewDue(%s, %s) = %+v, %v, want %q", tt.p.ID(), tt.on, l, found, tt.want)
		}
	}
}
