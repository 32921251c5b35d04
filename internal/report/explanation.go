package report

import (
	"cmp"
	"math/big"
	"strings"

	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
)

// Detail is what an amount is worked out of. The product of what is "times" and
// "over" is rounded once, to the currency's smallest unit; then "plus" and
// "minus" are added.
type Detail struct {
	Rule     string         `json:"rule"`     // where the rule is written
	Rounding string         `json:"rounding"` // none: there is no product
	Figures  []DetailFigure `json:"figures"`
	Amount   string         `json:"amount"` // what the figures come to
}

// DetailFigure is one number of it.
type DetailFigure struct {
	Op      string `json:"op"` // times over plus minus
	Name    string `json:"name"`
	Value   string `json:"value"` // exact: a decimal in major units where the unit is a currency, else a whole number or a fraction
	Unit    string `json:"unit"`  // a currency, ratio, days, or empty
	Percent string `json:"percent,omitempty"`
	Field   string `json:"field"` // of the plan or the fact it was read from; empty where it was derived
}

const ratioUnit = "ratio"

var ops = [...]string{ledger.Times: "times", ledger.Over: "over", ledger.Plus: "plus", ledger.Minus: "minus"}

var signs = map[string]string{"times": "×", "over": "÷", "plus": "+", "minus": "−"}

// EntryOf is an entry with how its amount comes about, without its facts.
func EntryOf(e *ledger.Entry) (*Entry, error) {
	detail, err := DetailOf(e)
	return &Entry{Posted: PostedOf(e), Detail: detail, Facts: []Fact{}}, err
}

// DetailOf is how an entry's amount comes about, nil for one that an earlier
// release posted without.
func DetailOf(e *ledger.Entry) (*Detail, error) {
	if e.Rule == "" && len(e.Figures) == 0 {
		return nil, nil
	}
	amount, err := e.Amount()
	if err != nil {
		return nil, err
	}
	d := &Detail{
		Rule: e.Rule, Rounding: "none", Figures: make([]DetailFigure, 0, len(e.Figures)),
		Amount: money.Money{Minor: amount, Currency: e.Currency}.Decimal(),
	}
	for _, f := range e.Figures {
		if f.Op == ledger.Times || f.Op == ledger.Over {
			d.Rounding = e.Rounding.String()
		}
		d.Figures = append(d.Figures, figureOf(f))
	}
	return d, nil
}

func figureOf(f ledger.Figure) DetailFigure {
	out := DetailFigure{Op: ops[f.Op], Name: f.Name, Value: f.Value, Unit: f.Unit, Field: f.Field}
	value, ok := new(big.Rat).SetString(f.Value)
	if !ok {
		return out // Amount would have failed
	}
	if f.Unit == "%" {
		out.Unit, out.Percent = ratioUnit, money.Percent(value)
		return out
	}
	if c, err := money.ParseCurrency(f.Unit); err == nil && value.IsInt() && value.Num().IsInt64() {
		out.Value = money.Money{Minor: value.Num().Int64(), Currency: c}.Decimal()
	}
	return out
}

// detail shows the working and adds it up again.
func (p *printer) detail(d *Detail, posted, currency string) {
	p.line("How it comes about: " + plainText(d.Rule))
	g := newGrid("  ").rightAlign(1)
	for i, f := range d.Figures {
		sign := signs[f.Op]
		if i == 0 && (f.Op == "times" || f.Op == "plus") {
			sign = ""
		}
		g.row(sign, f.Shown(), f.Name, f.Field)
	}
	sum := grouped(d.Amount) + " " + currency
	how := "as posted"
	if d.Amount != posted {
		how = "but " + grouped(posted) + " was posted"
	}
	if d.Rounding != "none" {
		how = "rounded " + d.Rounding + "; " + how
	}
	g.row("=", sum, how)
	g.writeTo(p)
}

// Shown is a figure's value for people.
func (f DetailFigure) Shown() string {
	switch {
	case f.Percent != "":
		return exactly(f.Value, f.Percent)
	case f.Unit == "" && strings.Contains(f.Value, "/"):
		if value, ok := new(big.Rat).SetString(f.Value); ok {
			return exactly(f.Value, strings.TrimRight(value.FloatString(6), "0"))
		}
	case f.Unit == "":
		return f.Value
	}
	return grouped(f.Value) + " " + f.Unit
}

// exactly is a fraction as people write it, or where that is not all of it
// both.
func exactly(fraction, written string) string {
	number, percent := strings.CutSuffix(written, "%")
	value, ok := new(big.Rat).SetString(number)
	if !ok {
		return fraction
	}
	if percent {
		value.Quo(value, big.NewRat(100, 1))
	}
	if exact, ok := new(big.Rat).SetString(fraction); ok && exact.Cmp(value) == 0 {
		return written
	}
	return fraction + " ≈ " + written
}

var detailColumns = []string{"rule", "rounding", "figures", "figures_amount"}

func detailRow(d *Detail) []string {
	if d == nil {
		return make([]string, len(detailColumns))
	}
	var figures []string
	for _, f := range d.Figures {
		figures = append(figures, strings.TrimRight(f.Op+" "+f.Value+" "+cmp.Or(f.Unit, ""), " ")+": "+f.Name)
	}
	return []string{text(d.Rule), d.Rounding, text(strings.Join(figures, "; ")), d.Amount}
}
