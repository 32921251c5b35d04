package pages

import (
	"math"
	"strconv"

	"github.com/trueup/trueup/internal/report"
)

// overviewData is how the tenant stands.
type overviewData struct {
	*report.Overview
	Chart   monthsChart
	Soonest []episodeRow
	Worker  *report.Status // nil: whoever asks may not know
}

func (a *asked) overview() (view, error) {
	o, err := a.Overview(a.shortly())
	if err != nil && a.who.Payee != "" { // what is everybody's is not for them: theirs is
		return view{}, elsewhere(payeePath(a.who.Payee))
	}
	if err != nil {
		return view{}, err
	}
	d := overviewData{Overview: o, Chart: chartMonths(o.Months)}
	d.Worker, _ = a.Status(a.Context()) // without it the page says less
	asOf := o.AsOf
	if d.Worker != nil {
		asOf = stamp(d.Worker.AsOf)
	}
	d.Soonest = a.episodeRows(o.SLA.Soonest, asOf)
	return view{page: "overview", title: "Overview", place: "Overview", tenant: o.Tenant, asOf: asOf, data: d}, nil
}

// monthsChart is twelve months of what was earned and what was taken back.
type monthsChart struct {
	Width, Height, Zero float64
	Bars                []monthBars
	Lines               []mark // of the axis, by height
}

type monthBars struct {
	X, W, Mid    float64
	Name         string
	Up, Down     stick
	Earned, Lost string // in words
}

// stick is a bar from Y down.
type stick struct{ Y, H float64 }

// chartMonths draws months. Heights are for the eye: every figure is in the
// table below it.
func chartMonths(months []report.Month) monthsChart {
	const width, height, top, bottom, left = 1120.0, 240.0, 12.0, 22.0, 72.0
	c := monthsChart{Width: width, Height: height}
	value := func(s string) float64 { v, _ := strconv.ParseFloat(s, 64); return v }
	most, least := 1.0, 0.0
	for _, m := range months {
		most, least = max(most, value(m.Earned)), min(least, value(m.ClawedBack)+value(m.Forfeited))
	}
	step := niceStep((most - least) / 4)
	hi, lo := math.Ceil(most/step)*step, math.Floor(least/step)*step
	y := func(v float64) float64 { return math.Round(10*(top+(hi-v)/(hi-lo)*(height-top-bottom))) / 10 }
	c.Zero = y(0)
	for v := lo; v <= hi+step/2; v += step {
		c.Lines = append(c.Lines, mark{X: y(v), Text: amount(strconv.FormatFloat(v, 'f', 0, 64))})
	}
	slot := (width - left) / float64(max(1, len(months)))
	for i, m := range months {
		x := left + slot*float64(i)
		up, down := max(0, value(m.Earned)), min(0, value(m.ClawedBack)+value(m.Forfeited))
		c.Bars = append(c.Bars, monthBars{
			X: math.Round(10*(x+slot*.25)) / 10, W: math.Round(slot * .5), Mid: math.Round(10*(x+slot/2)) / 10, Name: month(m.Month)[:3],
			Up: stick{y(up), c.Zero - y(up)}, Down: stick{c.Zero, y(down) - c.Zero},
		})
	}
	return c
}

// niceStep is a round number that is at least v.
func niceStep(v float64) float64 {
	if v <= 0 {
		return 1
	}
	ten := math.Pow(10, math.Floor(math.Log10(v)))
	for _, n := range []float64{1, 2, 5} {
		if v <= n*ten {
			return n * ten
		}
	}
	return 10 * ten
}
