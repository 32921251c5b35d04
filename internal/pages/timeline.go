package pages

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/trueup/trueup/internal/report"
)

// timeChart is an account over time, its lanes under one another on one axis.
type timeChart struct {
	Width, Height float64
	Lanes         []lane
	Months        []mark
	Today         float64
	Area, Line    string // of the ARR
	Points        []point
	Bars          []timeBar
}

// lane is a strip of the picture with a name.
type lane struct {
	Name          string
	Y, H          float64
	Top           string // what the top of it means, where it has a scale
	TextTop, TopY float64
}

// point is a health score.
type point struct {
	X, Y float64
	Low  bool
}

// timeBar lasts from one day to another.
type timeBar struct {
	X, Y, W, H float64
	Class      string
	Text       string // written into it where it fits, or beside it
	Title      string
	TextX      float64
	TextY      float64
	Anchor     string
}

const (
	timeWidth = 960.0
	timeLeft  = 84.0
	barHeight = 16.0
	barGap    = 4.0
	laneGap   = 14.0
)

// timeScale places days.
type timeScale struct{ from, until time.Time }

func (s timeScale) x(text string) float64 {
	at, _ := instantOf(text)
	return s.at(at)
}

func (s timeScale) at(at time.Time) float64 {
	part := float64(at.Sub(s.from)) / float64(s.until.Sub(s.from))
	return math.Round(10*(timeLeft+min(1, max(0, part))*(timeWidth-timeLeft-8))) / 10
}

// chartTimeline draws an account. Where things are is for the eye: the table
// below has every figure.
func chartTimeline(t *report.Timeline) timeChart {
	from, _ := instantOf(t.From)
	until, _ := instantOf(t.Until)
	for _, d := range t.Deals { // windows and terms may reach past what is known
		if w, _ := instantOf(d.WindowUntil); w.After(until) {
			until = w
		}
	}
	if !until.After(from) {
		until = from.AddDate(0, 0, 1)
	}
	s := timeScale{from, until}
	c := timeChart{Width: timeWidth, Today: s.x(t.AsOf)}
	y := 8.0
	y = c.arr(t, s, y)
	y = c.health(t, s, y)
	y = c.terms(t, s, y)
	y = c.owners(t, s, y)
	y = c.deals(t, s, y)
	y = c.episodes(t, s, y)
	c.months(s)
	c.Height = y + 12
	return c
}

func (c *timeChart) lane(name string, y, h float64, top string) {
	c.Lanes = append(c.Lanes, lane{name, y, h, top, y + 12, y + 26})
}

// arr draws the ARR as steps.
func (c *timeChart) arr(t *report.Timeline, s timeScale, y float64) float64 {
	const h = 88.0
	value := func(text string) float64 { v, _ := strconv.ParseFloat(text, 64); return v }
	most := 1.0
	for _, l := range t.Levels {
		most = max(most, value(l.ARR))
	}
	high := func(v float64) float64 { return math.Round(10*(y+h-v/most*(h-6))) / 10 }
	var b strings.Builder
	var at float64
	first := timeLeft
	for i, l := range t.Levels {
		x := s.x(l.On)
		if i == 0 {
			first = x
			fmt.Fprintf(&b, "M%g %g", x, y+h)
		}
		fmt.Fprintf(&b, "H%g", x)
		at = high(value(l.ARR))
		fmt.Fprintf(&b, "V%g", at)
	}
	end := c.Today
	if len(t.Levels) > 0 {
		end = max(end, s.x(t.Levels[len(t.Levels)-1].On))
		fmt.Fprintf(&b, "H%g", end)
		c.Line = b.String()
		c.Area = fmt.Sprintf("%sV%gH%gZ", c.Line, y+h, first)
	}
	top := ""
	if most > 1 {
		top = "to " + amount(strconv.FormatFloat(most, 'f', 0, 64))
	}
	c.lane("ARR", y, h, top)
	return y + h + laneGap
}

// health draws every score as a point.
func (c *timeChart) health(t *report.Timeline, s timeScale, y float64) float64 {
	const h = 60.0
	if len(t.Health) == 0 {
		return y
	}
	for _, p := range t.Health {
		v, _ := strconv.ParseFloat(p.Score, 64)
		c.Points = append(c.Points, point{s.x(p.At), math.Round(10*(y+h-4-v/100*(h-8))) / 10, p.Low})
	}
	c.lane("Health", y, h, "to 100")
	return y + h + laneGap
}

// bar adds a bar. What is written goes into it, or where it may beside it.
func (c *timeChart) bar(s timeScale, y float64, from, until, class, text, title string, beside bool) {
	x := s.x(from)
	w := timeWidth - 8 - x
	if until != "" {
		w = s.x(until) - x
	}
	w = max(2, math.Round(10*w)/10)
	b := timeBar{x, y, w, barHeight, class, text, title, x + 5, y + 12, "start"}
	wide := 6.5 * float64(utf8.RuneCountInString(text))
	switch {
	case wide+10 <= w:
	case beside && x+w+wide < timeWidth-10:
		b.TextX = x + w + 5
	case beside:
		b.TextX, b.Anchor = x-5, "end"
	default:
		b.Text = ""
	}
	c.Bars = append(c.Bars, b)
}

func (c *timeChart) terms(t *report.Timeline, s timeScale, y float64) float64 {
	if len(t.Terms) == 0 {
		return y
	}
	for _, x := range t.Terms {
		until := x.Until
		if x.On != "" && x.On < until {
			until = x.On
		}
		title := "Term " + day(x.From) + " to " + day(x.Until)
		if x.Ended != "" {
			title += ", " + word(x.Ended)
		}
		c.bar(s, y, x.From, until, "term", word(x.Ended), title, false)
	}
	c.lane("Terms", y, barHeight, "")
	return y + barHeight + laneGap
}

// owners have a line for each role.
func (c *timeChart) owners(t *report.Timeline, s timeScale, y float64) float64 {
	var roles []string
	at := map[string]float64{}
	for _, o := range t.Owners {
		if _, known := at[o.Role]; !known {
			at[o.Role] = y
			roles = append(roles, o.Role)
			c.lane(word(o.Role), y, barHeight, "")
			y += barHeight + barGap
		}
		c.bar(s, at[o.Role], o.From, o.Until, "owner", o.PayeeID, word(o.Role)+" "+o.PayeeID+" from "+day(o.From), false)
	}
	if len(roles) == 0 {
		return y
	}
	return y + laneGap - barGap
}

// mostDeals is how many deals are drawn; the table has all.
const mostDeals = 12

func (c *timeChart) deals(t *report.Timeline, s timeScale, y float64) float64 {
	var list []report.TimelineDeal
	for _, d := range t.Deals {
		if d.Origin != "pipeline" { // nothing was sold yet
			list = append(list, d)
		}
	}
	list = list[max(0, len(list)-mostDeals):]
	if len(list) == 0 {
		return y
	}
	from := y
	for _, d := range list {
		until := d.WindowUntil
		if until == "" {
			until = d.BookedOn
		}
		c.bar(s, y, d.BookedOn, until, "window", d.OpportunityID+", "+word(d.Outcome),
			d.OpportunityID+" booked "+day(d.BookedOn)+", window until "+day(until)+", "+word(d.Outcome), true)
		y += barHeight + barGap
	}
	c.lane("Deals", from, y-from-barGap, "")
	return y + laneGap - barGap
}

func (c *timeChart) episodes(t *report.Timeline, s timeScale, y float64) float64 {
	if len(t.Episodes) == 0 {
		return y
	}
	for _, e := range t.Episodes {
		c.bar(s, y, e.OpenedAt, e.Deadline, "risk", "", word(e.SLA)+" opened "+day(e.OpenedAt)+", due "+instant(e.Deadline)+", "+e.Status, false)
	}
	c.lane("Risk", y, barHeight, "")
	return y + barHeight + laneGap
}

// months marks the axis: as many as can be read.
func (c *timeChart) months(s timeScale) {
	all := int(s.until.Sub(s.from).Hours()/24/30) + 1
	step := 1
	for _, n := range []int{1, 2, 3, 6, 12} {
		if step = n; all/n <= 16 {
			break
		}
	}
	at := time.Date(s.from.Year(), s.from.Month(), 1, 0, 0, 0, 0, time.UTC)
	for ; !at.After(s.until); at = at.AddDate(0, 1, 0) {
		if (int(at.Month())-1)%step != 0 || at.Before(s.from) {
			continue
		}
		text := at.Format("Jan")
		if at.Month() == time.January || len(c.Months) == 0 {
			text = at.Format("Jan 2006")
		}
		c.Months = append(c.Months, mark{X: s.at(at), Text: text})
	}
}
