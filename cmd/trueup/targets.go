package main

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/trueup/trueup/domain/advice"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/internal/report"
)

// targeting is what targets is told.
type targeting struct {
	base, need, acquisition, churn amountFlag
	monthly, segment, portfolio    string
	nrr                            string

	given func(flag string) bool
}

func newTargetsCommand(_ env) *cobra.Command {
	var as reading
	var t targeting
	cmd := &cobra.Command{
		Use:   "targets",
		Short: "What targets come to, with the arithmetic",
		Long: `Works out targets; give the flags of as many questions as you have:

  --base --need [--acquisition --churn]  the gross expansion that net new revenue needs
  --monthly RATE                         a monthly rate in a year: 1.01 is one per cent more each month
  --segment NAME [--base]                what is usual for enterprise, mid_market or smb
  --portfolio NAME=AMOUNT,… [--nrr 110%] what a book is to grow by: at one NRR, or at each segment's range

Amounts are a year's, in US dollars. With no flags it lists the segments.`,
		Example: `  trueup targets --base 5000000 --need 2000000 --acquisition 1200000 --churn 500000
  trueup targets --portfolio enterprise=2000000,mid_market=1000000 --nrr 110%`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t.given = cmd.Flags().Changed
			figures, err := t.figures()
			if err != nil {
				return usageError{err}
			}
			return as.show(cmd, figures)
		},
	}
	t.flags(cmd.Flags())
	addFormatFlag(cmd, &as.format)
	completeFrom(cmd, "segment", segmentNames())
	return cmd
}

func (t *targeting) flags(f *pflag.FlagSet) {
	f.Var(&t.base, "base", "recurring revenue at the start of the year")
	f.Var(&t.need, "need", "net new revenue wanted")
	f.Var(&t.acquisition, "acquisition", "of it from new customers (default 0)")
	f.Var(&t.churn, "churn", "revenue expected to be lost (default 0)")
	f.StringVar(&t.monthly, "monthly", "", "a monthly rate, such as 1.01")
	f.StringVar(&t.segment, "segment", "", "one of "+strings.Join(segmentNames(), ", "))
	f.StringVar(&t.portfolio, "portfolio", "", "what each segment of the book opens with: enterprise=2000000,smb=500000")
	f.StringVar(&t.nrr, "nrr", "", "one target for the whole portfolio, such as 110%")
}

func segmentNames() []string {
	var names []string
	for _, s := range advice.Segments() {
		names = append(names, s.Name)
	}
	return names
}

// figures answers every question asked. Its errors are about the flags.
func (t *targeting) figures() ([]report.Figure, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	var out []report.Figure
	for _, q := range []struct {
		asked  bool
		answer func() ([]report.Figure, error)
	}{
		{t.given("need"), t.growth},
		{t.given("monthly"), t.annual},
		{t.given("segment"), func() ([]report.Figure, error) { return t.segmentFigures(t.segment) }},
		{t.given("portfolio"), t.portfolioFigures},
	} {
		if !q.asked {
			continue
		}
		figures, err := q.answer()
		if err != nil {
			return nil, err
		}
		out = append(out, figures...)
	}
	if len(out) > 0 {
		return out, nil
	}
	for _, name := range segmentNames() {
		figures, err := t.segmentFigures(name)
		if err != nil {
			return nil, err
		}
		out = append(out, figures...)
	}
	return out, nil
}

// check finds flags that go without those they need.
func (t *targeting) check() error {
	for _, f := range []struct {
		flag   string
		needs  []string
		saying string
	}{
		{"need", []string{"base"}, "--need needs --base"},
		{"base", []string{"need", "segment"}, "--base needs --need or --segment"},
		{"acquisition", []string{"need"}, "--acquisition needs --need"},
		{"churn", []string{"need"}, "--churn needs --need"},
		{"nrr", []string{"portfolio"}, "--nrr needs --portfolio"},
	} {
		met := !t.given(f.flag)
		for _, other := range f.needs {
			met = met || t.given(other)
		}
		if !met {
			return usagef("%s", f.saying)
		}
	}
	return nil
}

func (t *targeting) growth() ([]report.Figure, error) {
	usd := func(a amountFlag) money.Money { return money.Money{Minor: a.Minor, Currency: "USD"} }
	g := advice.Growth{Base: usd(t.base), Need: usd(t.need), Acquisition: usd(t.acquisition), Churn: usd(t.churn)}
	x, err := g.Expansion()
	if err != nil {
		return nil, err
	}
	how := fmt.Sprintf("%s need − %s acquisition + %s churn", g.Need, g.Acquisition, g.Churn)
	if x.Surplus.Minor > 0 {
		how += fmt.Sprintf(": none is needed, %s is left over", x.Surplus)
	}
	against := map[int]string{-1: "below", 0: "exactly", 1: "above"}[x.VersusGRR]
	return []report.Figure{
		{Measure: "gross_expansion", Value: x.Needed.Decimal(), How: how},
		{Measure: "expansion_of_base", Value: money.Percent(x.OfBase), How: fmt.Sprintf("%s ÷ %s base", x.Needed, g.Base)},
		{Measure: "nrr", Value: money.Percent(x.NRR), How: fmt.Sprintf("(%s + %s − %s) ÷ %s", g.Base, x.Needed, g.Churn, g.Base)},
		{Measure: "grr", Value: money.Percent(x.GRR), How: fmt.Sprintf("(%s − %s) ÷ %s, %s the floor of %s", g.Base, g.Churn, g.Base, against, advice.GRRFloor.Percent())},
	}, nil
}

// maxMonthly is a rate nobody means to go beyond.
const maxMonthly = 1000

func (t *targeting) annual() ([]report.Figure, error) {
	r, err := money.ParseRatio(t.monthly)
	switch {
	case err != nil:
		return nil, fmt.Errorf("--monthly %q is not a rate such as 1.01", t.monthly)
	case r.Num < 0 || r.Cmp(money.Ratio{Num: maxMonthly, Den: 1}) > 0:
		return nil, fmt.Errorf("--monthly %s is not between 0 and %d", t.monthly, maxMonthly)
	}
	return []report.Figure{{Measure: "annual_rate", Value: advice.Annual(r).FloatString(6), How: t.monthly + " to the power of 12"}}, nil
}

func (t *targeting) segmentFigures(name string) ([]report.Figure, error) {
	s, ok := advice.SegmentOf(name)
	if !ok {
		return nil, fmt.Errorf("--segment %q is not one of %s", name, strings.Join(segmentNames(), ", "))
	}
	out := []report.Figure{{Measure: s.Name + " nrr", Low: s.NRR.Low.Percent(), High: s.NRR.High.Percent(), How: "usual for accounts " + accounts(s)}}
	if s.Expansion == nil {
		return out, nil
	}
	out = append(out, report.Figure{Measure: s.Name + " expansion", Low: s.Expansion.Low.Percent(), High: s.Expansion.High.Percent(), How: "of the book, a year"})
	if !t.given("base") {
		return out, nil
	}
	base := money.Money(t.base)
	low, err := base.Scale(s.Expansion.Low)
	if err != nil {
		return nil, err
	}
	high, err := base.Scale(s.Expansion.High)
	return append(out, report.Figure{
		Measure: s.Name + " expansion target", Low: low.Decimal(), High: high.Decimal(),
		How: fmt.Sprintf("%s × %s to %s", base, s.Expansion.Low.Percent(), s.Expansion.High.Percent()),
	}), err
}

// accounts says which accounts are of a segment.
func accounts(s advice.Segment) string {
	switch {
	case s.UpTo == nil:
		return "above " + s.Above.String()
	case s.Above == nil:
		return "below " + s.UpTo.String()
	}
	return fmt.Sprintf("of %s to %s", s.Above, s.UpTo)
}

// portfolioFigures is what each part of a book, and the whole, is to grow by.
func (t *targeting) portfolioFigures() ([]report.Figure, error) {
	one, err := t.oneNRR()
	if err != nil {
		return nil, err
	}
	var out []report.Figure
	total := figureSum{}
	seen := map[string]bool{}
	for part := range strings.SplitSeq(t.portfolio, ",") {
		name, amount, _ := strings.Cut(part, "=")
		s, ok := advice.SegmentOf(name)
		if !ok {
			return nil, fmt.Errorf("--portfolio %q: %q is not one of %s", part, name, strings.Join(segmentNames(), ", "))
		}
		if seen[name] {
			return nil, fmt.Errorf("--portfolio has %s twice", name)
		}
		seen[name] = true
		var opening amountFlag
		if err := opening.Set(amount); err != nil {
			return nil, fmt.Errorf("--portfolio %q: %w", part, err)
		}
		r := s.NRR
		if one != nil {
			r = advice.Range{Low: *one, High: *one}
		}
		f, err := total.add(name, money.Money(opening), r)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return append(out, total.figure("portfolio_target", "the sum of the segments")), nil
}

func (t *targeting) oneNRR() (*money.Ratio, error) {
	if !t.given("nrr") {
		return nil, nil
	}
	r, err := money.ParsePercent(t.nrr)
	if err != nil || r.Num < 0 || r.Cmp(money.Ratio{Num: 100, Den: 1}) > 0 {
		return nil, fmt.Errorf("--nrr %q is not a percentage such as 110%%", t.nrr)
	}
	return &r, nil
}

// figureSum adds up what parts of a book are to grow by.
type figureSum struct{ low, high big.Int }

// add is one part's figure.
func (s *figureSum) add(name string, opening money.Money, nrr advice.Range) (report.Figure, error) {
	low, err := advice.Grown(opening, nrr.Low)
	if err != nil {
		return report.Figure{}, err
	}
	high, err := advice.Grown(opening, nrr.High)
	if err != nil {
		return report.Figure{}, err
	}
	one := figureSum{}
	for _, x := range []*figureSum{s, &one} {
		x.low.Add(&x.low, big.NewInt(low.Minor))
		x.high.Add(&x.high, big.NewInt(high.Minor))
	}
	rate := nrr.Low.Percent()
	if nrr.Low != nrr.High {
		rate += " to " + nrr.High.Percent()
	}
	return one.figure(name+" target", fmt.Sprintf("%s × %s − %s", opening, rate, opening)), nil
}

// figure is a value, or a range where the two ends differ.
func (s *figureSum) figure(measure, how string) report.Figure {
	dec := func(minor *big.Int) string { return money.Money{Minor: minor.Int64(), Currency: "USD"}.Decimal() }
	if s.low.Cmp(&s.high) == 0 {
		return report.Figure{Measure: measure, Value: dec(&s.low), How: how}
	}
	return report.Figure{Measure: measure, Low: dec(&s.low), High: dec(&s.high), How: how}
}
