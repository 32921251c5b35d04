package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

const (
	plotWidth  = 18 * vg.Centimeter
	plotHeight = 10.5 * vg.Centimeter
	plotMargin = 0.35 * vg.Centimeter
)

// The background is the plots' own, so that they can be read on any page.
var (
	paper = color.RGBA{0xfb, 0xfb, 0xfa, 0xff}
	ink   = color.RGBA{0x26, 0x26, 0x26, 0xff}
	faint = color.RGBA{0xdc, 0xdc, 0xda, 0xff}
)

// stroke is how one curve is told from the others: by its colour (of the palette of
// Okabe and Ito), and without colours by dashes and marks.
type stroke struct {
	color  color.RGBA
	dashes []vg.Length
	mark   draw.GlyphDrawer
}

var strokes = []stroke{
	{color.RGBA{0x00, 0x72, 0xb2, 0xff}, nil, draw.CircleGlyph{}},
	{color.RGBA{0xd5, 0x5e, 0x00, 0xff}, []vg.Length{6, 3}, draw.SquareGlyph{}},
	{color.RGBA{0x00, 0x9e, 0x73, 0xff}, []vg.Length{2, 2}, draw.TriangleGlyph{}},
	{color.RGBA{0xcc, 0x79, 0xa7, 0xff}, []vg.Length{8, 3, 2, 3}, draw.CrossGlyph{}},
	{color.RGBA{0x8a, 0x6d, 0x00, 0xff}, []vg.Length{10, 3}, draw.RingGlyph{}},
	{color.RGBA{0x2f, 0x8f, 0xc4, 0xff}, []vg.Length{4, 2, 1, 2, 1, 2}, draw.BoxGlyph{}},
	{color.RGBA{0x26, 0x26, 0x26, 0xff}, []vg.Length{1, 2}, draw.PyramidGlyph{}},
}

// savePlots writes a plot of the rounds and one of each group of curves into a
// folder, and gives the names of the files.
func savePlots(dir string, r results) (files []string, err error) {
	if len(r.Rounds) > 1 {
		files = append(files, "end-to-end.svg")
		p, err := plotRounds(r)
		if err == nil {
			err = savePlot(filepath.Join(dir, files[0]), p, nil)
		}
		if err != nil {
			return nil, fmt.Errorf("plot end-to-end: %w", err)
		}
	}
	groups, order := map[string][]curve{}, []string(nil)
	for _, f := range r.Findings {
		for _, c := range f.Curves {
			if groups[c.Plot] == nil {
				order = append(order, c.Plot)
			}
			groups[c.Plot] = append(groups[c.Plot], c)
		}
	}
	for _, name := range order {
		p, legend, err := plotCurves(name, groups[name])
		if err == nil {
			files = append(files, fileOf(name))
			err = savePlot(filepath.Join(dir, fileOf(name)), p, legend)
		}
		if err != nil {
			return nil, fmt.Errorf("plot %s: %w", name, err)
		}
	}
	return files, nil
}

// fileOf is a plot's name as a file's.
func fileOf(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	return strings.Join(words, "-") + ".svg"
}

// newPlot is a plot in our colours and letters.
func newPlot(title string) *plot.Plot {
	sans := func(size vg.Length) font.Font { return font.Font{Typeface: "Liberation", Variant: "Sans", Size: size} }
	p := plot.New()
	p.BackgroundColor = paper
	p.Title.Text, p.Title.Padding = title, 8
	styles := []*text.Style{&p.Title.TextStyle}
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		styles = append(styles, &axis.Label.TextStyle, &axis.Tick.Label)
		axis.Color, axis.Tick.Color = ink, ink
		axis.Label.Padding = 5
	}
	styles = append(styles, &p.Legend.TextStyle)
	for _, s := range styles {
		s.Font, s.Color = sans(10), ink
	}
	p.Title.TextStyle.Font = sans(12)
	p.Legend.ThumbnailWidth, p.Legend.Padding = 1.1*vg.Centimeter, 2
	return p
}

func grid() *plotter.Grid {
	g := plotter.NewGrid()
	g.Horizontal.Color, g.Vertical.Color = faint, faint
	return g
}

// plotCurves draws curves together, with the legend beside them, where it hides
// none.
func plotCurves(name string, curves []curve) (*plot.Plot, *plot.Legend, error) {
	p := newPlot(strings.ReplaceAll(name, "-", " "))
	first := curves[0]
	p.X.Label.Text, p.Y.Label.Text = first.X, first.Y
	p.Add(grid())
	legend := p.Legend
	legend.Top, legend.Left = true, true
	for i, c := range curves {
		if c.X != first.X || c.Y != first.Y || c.LogX != first.LogX || c.LogY != first.LogY {
			return nil, nil, fmt.Errorf("curve %s has other axes than curve %s", c.Name, first.Name)
		}
		points := drawable(c)
		if len(points) == 0 {
			continue
		}
		line, marks, err := plotter.NewLinePoints(points)
		if err != nil {
			return nil, nil, err
		}
		l := strokes[i%len(strokes)]
		line.Color, line.Dashes, line.Width = l.color, l.dashes, 1.6
		marks.Color, marks.Shape, marks.Radius = l.color, l.mark, 2.6
		p.Add(line, marks)
		legend.Add(c.Name, line, marks)
	}
	scale(&p.X, first.LogX)
	scale(&p.Y, first.LogY)
	return p, &legend, nil
}

// drawable are a curve's points; a logarithmic axis has no place for zero.
func drawable(c curve) plotter.XYs {
	var out plotter.XYs
	for _, at := range c.Points {
		if c.LogX && at[0] <= 0 || c.LogY && at[1] <= 0 {
			continue
		}
		out = append(out, plotter.XY{X: at[0], Y: at[1]})
	}
	slices.SortStableFunc(out, func(a, b plotter.XY) int { return cmp.Compare(a.X, b.X) })
	return out
}

// scale fits an axis to what is drawn: from zero on, or logarithmic.
func scale(a *plot.Axis, log bool) {
	if math.IsInf(a.Min, 0) || math.IsInf(a.Max, 0) { // nothing is drawn
		a.Min, a.Max = 1, 10
	}
	a.Tick.Marker = ticks{log}
	if !log {
		a.Min = min(0, a.Min)
		a.Max = cmp.Or(a.Max, 1)
		a.Max += 0.05 * (a.Max - a.Min)
		return
	}
	a.Min, a.Max = a.Min/1.15, a.Max*1.15
	a.Scale = plot.LogScale{}
}

// plotRounds draws what each contender reached: the median as a bar, and from
// the slowest to the fastest round.
func plotRounds(r results) (*plot.Plot, error) {
	p := newPlot("events a second, end to end")
	p.X.Label.Text = "events/s: median of the rounds, and from the slowest to the fastest"
	g := grid()
	g.Horizontal.Color = color.Transparent
	p.Add(g)
	var labels []string
	var spreads []spread
	for _, name := range names {
		if s := r.over(func(r round) float64 { return r.rate(name) }); s.median > 0 {
			labels, spreads = append(labels, name), append(spreads, s)
		}
	}
	if len(labels) == 0 {
		return nil, errors.New("no contender has a number")
	}
	slices.Reverse(labels) // the first on top
	slices.Reverse(spreads)
	height := min(vg.Length(0.5)*plotHeight/vg.Length(len(labels)), vg.Centimeter)
	for i, s := range spreads {
		bar, err := plotter.NewBarChart(plotter.Values{s.median}, height)
		if err != nil {
			return nil, err
		}
		bar.Horizontal, bar.XMin, bar.Color, bar.LineStyle.Width = true, float64(i), strokes[(len(spreads)-1-i)%len(strokes)].color, 0
		p.Add(bar)
		ends := &span{XYs: plotter.XYs{{X: s.median, Y: float64(i)}}, XErrors: plotter.XErrors{{Low: s.low - s.median, High: s.high - s.median}}}
		whisker, err := plotter.NewXErrorBars(ends)
		if err != nil {
			return nil, err
		}
		whisker.LineStyle = draw.LineStyle{Color: ink, Width: 1.2}
		p.Add(whisker)
		value, err := plotter.NewLabels(plotter.XYLabels{XYs: plotter.XYs{{X: s.high, Y: float64(i)}}, Labels: []string{fmt.Sprintf("%.0f", s.median)}})
		if err != nil {
			return nil, err
		}
		value.TextStyle[0] = p.X.Tick.Label
		value.TextStyle[0].XAlign, value.TextStyle[0].YAlign = text.XLeft, text.YCenter
		value.Offset = vg.Point{X: 6}
		p.Add(value)
	}
	p.NominalY(labels...)
	p.Y.Padding, p.Y.Min, p.Y.Max = 6, -0.5, float64(len(labels))-0.5
	scale(&p.X, false)
	p.X.Max *= 1.07 // for the number after the longest bar
	return p, nil
}

// span is one point and what it lies between.
type span struct {
	plotter.XYs
	plotter.XErrors
}

// savePlot draws a plot, and the legend beside it, into an SVG file.
func savePlot(path string, p *plot.Plot, legend *plot.Legend) error {
	canvas := vgsvg.New(plotWidth, plotHeight)
	all := draw.New(canvas)
	all.SetColor(paper)
	all.Fill(all.Path())
	all = draw.Crop(all, plotMargin, -plotMargin, plotMargin, -plotMargin)
	area := all
	if legend != nil {
		wide := legend.Rectangle(all)
		width := 1.1 * (wide.Max.X - wide.Min.X) // other letters may be wider
		area = draw.Crop(all, 0, -width-2*plotMargin, 0, 0)
		beside := draw.Crop(all, all.Max.X-all.Min.X-width, 0, 0, -p.Title.TextStyle.Font.Size-2*plotMargin)
		legend.Draw(beside)
	}
	p.Draw(area)
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return err
	}
	// Where the letters are not installed, others without serifs.
	svg := strings.ReplaceAll(b.String(), "font-family:Liberation Sans;", "font-family:Liberation Sans,Arial,Helvetica,sans-serif;")
	return os.WriteFile(path, []byte(svg), 0o644) //nolint:gosec // results are no secret
}
