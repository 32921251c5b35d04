package report

import (
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
)

// grid is rows of cells that are written in aligned columns. A column with
// nothing below its header is left out.
type grid struct {
	indent string
	header bool
	right  map[int]bool // columns aligned to the right
	states map[int]bool // columns of states, which may be coloured
	rows   [][]string
}

func newGrid(indent string, header ...string) *grid {
	g := &grid{indent: indent, header: len(header) > 0, right: map[int]bool{}, states: map[int]bool{}}
	if g.header {
		g.rows = append(g.rows, header)
	}
	return g
}

func (g *grid) rightAlign(columns ...int) *grid {
	for _, c := range columns {
		g.right[c] = true
	}
	return g
}

// state says which columns have states.
func (g *grid) state(columns ...int) *grid {
	for _, c := range columns {
		g.states[c] = true
	}
	return g
}

func (g *grid) row(cells ...string) {
	for i, c := range cells {
		cells[i] = plainText(c)
	}
	g.rows = append(g.rows, cells)
}

func (g *grid) writeTo(w *printer) {
	widths := g.widths()
	for n, row := range g.rows {
		var b strings.Builder
		gap := g.indent
		for i, c := range row {
			if widths[i] == 0 {
				continue
			}
			pad := strings.Repeat(" ", widths[i]-width(c))
			switch {
			case g.header && n == 0:
				c = w.paint(c, heading)
			case g.states[i]:
				c = w.paint(c, toneOf(c))
			case g.right[i] && strings.HasPrefix(c, "-"):
				c = w.paint(c, bad)
			}
			if g.right[i] {
				c, pad = pad, c
			}
			b.WriteString(gap + c + pad)
			gap = "  "
		}
		w.line(strings.TrimRight(b.String(), " "))
	}
}

// cells tells how many cells of a terminal a text takes: two for what is wide in
// East Asia, none for what combines. What is wide or not as one likes is not.
var cells = func() *runewidth.Condition {
	c := runewidth.NewCondition()
	c.EastAsianWidth, c.StrictEmojiNeutral = false, true
	return c
}()

func width(s string) int { return cells.StringWidth(s) }

// widths are those of the columns, 0 for one to leave out.
func (g *grid) widths() []int {
	var widths []int
	filled := map[int]bool{}
	for n, row := range g.rows {
		for i, c := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], width(c))
			filled[i] = filled[i] || c != "" && (!g.header || n != 0)
		}
	}
	for i := range widths {
		if !filled[i] {
			widths[i] = 0
		}
	}
	return widths
}

// printer writes lines until the first error, which it keeps.
type printer struct {
	w      io.Writer
	colour bool
	err    error
}

func (p *printer) line(s string) {
	if p.err == nil {
		_, p.err = io.WriteString(p.w, s+"\n")
	}
}

// plainText is s without what could steer a terminal or turn a line around:
// ids, reasons and payloads come from outside.
func plainText(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return utf8.RuneError
	}, s)
}

// grouped is a decimal with its thousands separated: -1200.50 is -1,200.50.
func grouped(amount string) string {
	sign, digits := "", amount
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	whole, fraction, hasFraction := strings.Cut(digits, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if hasFraction {
		whole += "." + fraction
	}
	return sign + whole
}

// percent is a ratio of six decimals in percent: 0.982000 is 98.2%.
func percent(ratio string) string {
	whole, fraction, ok := strings.Cut(ratio, ".")
	if !ok || len(fraction) < 2 {
		return ratio
	}
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	whole = strings.TrimLeft(whole+fraction[:2], "0")
	if whole == "" {
		whole = "0"
	}
	if rest := strings.TrimRight(fraction[2:], "0"); rest != "" {
		whole += "." + rest
	}
	return sign + grouped(whole) + "%"
}
