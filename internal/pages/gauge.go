package pages

import (
	"math"
	"strconv"

	"github.com/trueup/trueup/internal/report"
)

// gaugeView is a gauge drawn: bands for what is paid, and where the value is.
type gaugeView struct {
	Name, Of, Value, Label string
	Bands                  []band
	Bar                    *band
	Ticks                  []mark
	At                     mark
	Steps                  []gaugeStep
}

type band struct {
	X, W float64
	Tone int
}

type mark struct {
	X      float64
	Text   string
	Anchor string
}

// gaugeStep is a range of the measure and what it pays.
type gaugeStep struct {
	Range, Pays string
	Here        bool
}

const gaugeWidth, gaugeSide = 340.0, 8.0

func gaugeOf(g report.Gauge) gaugeView {
	out := gaugeView{Name: word(g.Measure), Of: "over the " + map[string]string{"ttm": "trailing twelve months", "ytd": "year so far", "quarter": "quarter"}[g.Window], Value: g.Value}
	if g.Component != "" {
		out.Of += ", for " + word(g.Component)
	}
	out.Steps = stepsOf(g)
	value, err := strconv.ParseFloat(g.Value, 64)
	if err != nil || len(g.Marks) == 0 {
		out.Value = ""
		return out
	}
	edges := make([]float64, len(g.Marks))
	for i, m := range g.Marks {
		edges[i], _ = strconv.ParseFloat(m.From, 64)
	}
	lo, hi := 0.0, max(1, edges[len(edges)-1]*1.2, value*1.08)
	if g.Measure == "grr" || g.Measure == "nrr" { // what matters is near the top
		lo, hi = max(0, min(edges[0]-.1, value-.03)), max(edges[len(edges)-1]+.04, value+.02)
	}
	x := func(v float64) float64 {
		return math.Round(10*(gaugeSide+(v-lo)/(hi-lo)*(gaugeWidth-2*gaugeSide))) / 10
	}
	from := lo
	for i, e := range append(edges, hi) {
		if e > from {
			out.Bands = append(out.Bands, band{x(from), math.Round(10*(x(e)-x(from))) / 10, toneOf(g, i)})
		}
		from = e
	}
	for i, e := range edges {
		if e <= lo {
			continue
		}
		if i > 0 && x(e)-x(edges[i-1]) < 34 && len(out.Ticks) > 0 { // side by side, one to each side
			out.Ticks[len(out.Ticks)-1].Anchor = "end"
			out.Ticks = append(out.Ticks, mark{x(e), percent(g.Marks[i].From), "start"})
			continue
		}
		out.Ticks = append(out.Ticks, mark{x(e), percent(g.Marks[i].From), "middle"})
	}
	if lo == 0 {
		out.Bar = &band{X: x(0), W: math.Round(10*(x(value)-x(0))) / 10}
	}
	out.At = mark{x(value), percent(g.Value), "middle"}
	switch at := x(value); {
	case at < 40:
		out.At.Anchor = "start"
	case at > gaugeWidth-40:
		out.At.Anchor = "end"
	}
	out.Label = out.Name + " is " + percent(g.Value)
	for _, s := range out.Steps {
		if s.Here {
			out.Label += ", " + s.Range + ": " + s.Pays
		}
	}
	return out
}

// toneOf is the colour of the band below the i-th edge.
func toneOf(g report.Gauge, i int) int {
	if g.Measure == "reviews" {
		return 2 * i
	}
	return i
}

// stepsOf says in words what each range pays.
func stepsOf(g report.Gauge) []gaugeStep {
	var out []gaugeStep
	here := -1
	for i, m := range g.Marks {
		if m.Reached {
			here = i
		}
	}
	if len(g.Marks) > 0 && !nothing(g.Marks[0].From) {
		out = append(out, gaugeStep{"below " + percent(g.Marks[0].From), g.Below, here < 0 && g.Value != ""})
	}
	for i, m := range g.Marks {
		name := "from " + percent(m.From)
		if m.Mark != "tier" && m.Mark != "gate" {
			name += ", the " + m.Mark
		}
		out = append(out, gaugeStep{name, m.Pays, here == i})
	}
	return out
}
