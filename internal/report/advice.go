package report

import "strings"

// Advice is who usually owns revenue at a size of company, and the presets for
// it.
type Advice struct {
	ARR       string          `json:"arr"`
	Currency  string          `json:"currency"`
	Ownership string          `json:"ownership"`
	From      string          `json:"from"`            // of the stage, included
	Below     string          `json:"below,omitempty"` // not included; the last stage has no end
	Renewals  string          `json:"renewals"`
	Expansion string          `json:"expansion"`
	PaidOn    string          `json:"paid_on"`
	Why       string          `json:"why"`
	Presets   []AdvisedPreset `json:"presets"`
}

// AdvisedPreset is a preset that fits.
type AdvisedPreset struct {
	Preset    string `json:"preset"`
	Ownership string `json:"ownership"`
	Why       string `json:"why"`
}

// Figure is one result of trueup targets: a value, or a range.
type Figure struct {
	Measure string `json:"measure"`
	Value   string `json:"value,omitempty"`
	Low     string `json:"low,omitempty"`
	High    string `json:"high,omitempty"`
	How     string `json:"how"` // the arithmetic
}

func (p *printer) advice(a *Advice) {
	p.linef("%s: %s (%s)", grouped(a.ARR)+" "+a.Currency, a.Ownership, a.Why)
	span := "from " + grouped(a.From)
	if a.Below != "" {
		span += " to below " + grouped(a.Below)
	}
	p.pairs("stage", span, "renewals", a.Renewals, "expansion", a.Expansion, "CSM is paid on", a.PaidOn)
	p.line("\nPresets that fit")
	g := newGrid("  ", "PRESET", "OWNERSHIP", "WHY")
	for _, x := range a.Presets {
		g.row(x.Preset, x.Ownership, x.Why)
	}
	g.writeTo(p)
	p.line("\nThis is advice: who owns what is decided by the plan's ownership alone.")
}

func (p *printer) figures(list []Figure) {
	g := newGrid("", "MEASURE", "VALUE", "LOW", "HIGH", "HOW").rightAlign(1, 2, 3)
	for _, f := range list {
		g.row(f.Measure, figure(f.Value), figure(f.Low), figure(f.High), f.How)
	}
	g.writeTo(p)
}

// figure is an amount with its thousands separated, or a percentage as it is.
func figure(s string) string {
	if strings.HasSuffix(s, "%") {
		return s
	}
	return grouped(s)
}

var (
	adviceColumns = []string{"arr", "currency", "advised", "from", "below", "why", "preset", "ownership", "preset_why"}
	figureColumns = []string{"measure", "value", "low", "high", "how"}
)

// adviceRows has a row per preset.
func adviceRows(a *Advice) [][]string {
	return rowsOf(adviceColumns, a.Presets, func(x AdvisedPreset) []string {
		return texts(a.ARR, a.Currency, a.Ownership, a.From, a.Below, a.Why, x.Preset, x.Ownership, x.Why)
	})
}

func figureRows(list []Figure) [][]string {
	return rowsOf(figureColumns, list, func(f Figure) []string { return []string{text(f.Measure), f.Value, f.Low, f.High, text(f.How)} })
}
