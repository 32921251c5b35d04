package report

import (
	"math/big"
	"strings"

	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// Gauge is a measure of a quarter beside what the plan asks of it. Ratios have
// six decimals.
type Gauge struct {
	Measure   string      `json:"measure"`             // grr nrr attainment reviews
	Component string      `json:"component,omitempty"` // of the plan, that it decides
	Window    string      `json:"window"`              // quarter ytd ttm
	Value     string      `json:"value,omitempty"`     // empty: there is nothing to measure yet
	Marks     []GaugeMark `json:"marks"`               // ascending; what is below the first is the first's Below
	Below     string      `json:"below"`               // what it pays below the first mark
}

// GaugeMark is a value from which on something else is paid.
type GaugeMark struct {
	Mark    string `json:"mark"` // floor target stretch tier gate
	From    string `json:"from"`
	Pays    string `json:"pays"` // "× 1.5" of the pool; "value ÷ target" is pro rata
	Reached bool   `json:"reached"`
}

// gauges are a quarter's measures beside what a plan asks for.
func (v *viewer) gauges(p *plan.Plan) ([]Gauge, error) {
	f, _, err := v.look.Figures(v.id, v.q)
	if err != nil {
		return nil, err
	}
	out := []Gauge{}
	for i := range p.Components {
		c := &p.Components[i]
		switch c.Kind {
		case plan.Retention:
			out = append(out, retentionGauge("grr", c, f.GRR))
		case plan.NetRetention:
			out = append(out, retentionGauge("nrr", c, f.NRR))
		case plan.Expansion:
			if len(c.Tiers) == 0 || c.Basis != "pool" {
				continue
			}
			g := Gauge{Measure: "attainment", Component: c.ID, Window: "quarter", Below: "× 1"}
			for _, t := range c.Tiers {
				g.mark("tier", t.From, times(t.Rate), f.Attainment)
			}
			out = append(out, g.of(f.Attainment))
			r := Gauge{Measure: "reviews", Component: c.ID, Window: "quarter", Below: "no accelerator"}
			if f.Reviews != nil {
				r.mark("gate", p.Gates.ReviewsAtLeast, "accelerator paid", f.Reviews.Rat())
				out = append(out, r.of(f.Reviews.Rat()))
			}
		}
	}
	return out, nil
}

func times(r money.Ratio) string { return "× " + r.String() }

// retentionGauge is a retention component's, by rules §8 "Multiplier".
func retentionGauge(name string, c *plan.Component, kept *money.Ratio) Gauge {
	g := Gauge{Measure: name, Component: c.ID, Window: c.Window, Below: times(c.Multiplier.BelowFloor)}
	between := map[string]string{"flat": times(c.Multiplier.AtTarget), "ramp": "rising to " + times(c.Multiplier.AtTarget)}[c.Curve]
	if between == "" {
		between = strings.TrimSuffix("value ÷ target "+times(c.Multiplier.AtTarget), " × 1")
	}
	atTarget := times(c.Multiplier.AtTarget)
	if c.Curve == "ramp" {
		atTarget = "rising to " + times(c.Multiplier.AtStretch)
	}
	var value *big.Rat
	if kept != nil {
		value = kept.Rat()
	}
	g.mark("floor", c.Floor, between, value)
	g.mark("target", c.Target, atTarget, value)
	g.mark("stretch", c.Stretch, times(c.Multiplier.AtStretch), value)
	return g.of(value)
}

func (g *Gauge) mark(name string, from money.Ratio, pays string, value *big.Rat) {
	g.Marks = append(g.Marks, GaugeMark{name, from.Fixed(), pays, value != nil && value.Cmp(from.Rat()) >= 0})
}

func (g Gauge) of(value *big.Rat) Gauge {
	if value != nil {
		g.Value = value.FloatString(6)
	}
	return g
}
