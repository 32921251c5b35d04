package pages_test

import (
	"encoding/xml"
	"html"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/pages"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/report/reporttest"
	"github.com/trueup/trueup/internal/scenario/scenariotest"
)

// rowsWith are the texts of a page's cells, for each row that has a link to an
// address.
func rowsWith(body, href string) (out [][]string) {
	for _, row := range strings.Split(body, "<tr")[1:] {
		row, _, _ = strings.Cut(row, "</tr>")
		if !strings.Contains(html.UnescapeString(row), `href="`+href+`"`) {
			continue
		}
		var cells []string
		for _, cell := range strings.Split(row, "<td")[1:] {
			cells = append(cells, text("<td"+cell))
		}
		out = append(out, cells)
	}
	return out
}

// text is a piece of a page without its elements.
func text(piece string) string {
	d := xml.NewDecoder(strings.NewReader(piece))
	d.Strict, d.Entity = false, xml.HTMLEntity
	var b strings.Builder
	for {
		token, err := d.RawToken()
		if err != nil {
			return b.String()
		}
		if x, is := token.(xml.CharData); is {
			b.Write(x)
		}
	}
}

// plain is a figure as answers have it.
func plain(shown string) string {
	shown = strings.NewReplacer(",", "", "−", "-", "+", "", "\u00a0", "").Replace(shown)
	first, _, _ := strings.Cut(strings.TrimSpace(shown), " ")
	return first
}

func wantCells(t *testing.T, what string, cells []string, want ...string) {
	t.Helper()
	at := 0
	for _, cell := range cells {
		if at < len(want) && plain(cell) == want[at] {
			at++
		}
	}
	if at < len(want) {
		t.Errorf("%s: cells %q, want in order %q", what, cells, want)
	}
}

// Each figure of a page is the answer's.
func TestFiguresAreTheAnswers(t *testing.T) {
	for _, c := range scenariotest.All(t, cases) {
		t.Run(c.Name, func(t *testing.T) {
			r := reporttest.PlayCase(t, c)
			h := serve(r, pages.Options{})
			doc, err := r.Statement(t.Context(), report.Filter{})
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range doc.Payees {
				for _, q := range p.Periods {
					path := "/payees/" + url.PathEscape(p.ID) + "?period=" + q.Period
					body := show(t, h, path)
					for _, l := range q.Lines {
						rows := rowsWith(body, "/entries/"+l.EntryID)
						if len(rows) == 0 && len(q.Lines) > 50 {
							continue // on another page of the list
						}
						if len(rows) != 1 {
							t.Fatalf("GET %s: %d rows of entry %s", path, len(rows), l.EntryID)
						}
						wantCells(t, path, rows[0], l.Amount)
					}
					for _, want := range []string{p.Balances.Held, p.Balances.Payable, p.Balances.Paid} {
						if !strings.Contains(strings.NewReplacer(",", "", "−", "-").Replace(body), want) {
							t.Errorf("GET %s has no %s", path, want)
						}
					}
				}
			}
			list, err := r.Payees(t.Context(), report.PayeesQuery{})
			if err != nil {
				t.Fatal(err)
			}
			body := show(t, h, "/payees")
			for _, x := range list.Rows {
				rows := rowsWith(body, "/payees/"+url.PathEscape(x.PayeeID)+"?period="+list.Period)
				if len(rows) != 1 {
					t.Fatalf("/payees has %d rows of %s", len(rows), x.PayeeID)
				}
				wantCells(t, "/payees, "+x.PayeeID, rows[0], x.Quarter.Earned, x.Quarter.ClawedBack, x.Balances.Held, x.Balances.Payable)
			}
			periods, err := r.Periods(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			body = show(t, h, "/periods")
			for _, q := range periods.Periods {
				rows := rowsWith(body, "/periods/"+q.Period)
				if len(rows) != 1 {
					t.Fatalf("/periods has %d rows of %s", len(rows), q.Period)
				}
				wantCells(t, "/periods, "+q.Period, rows[0], q.Totals.Earned, q.Totals.ClawedBack)
			}
		})
	}
}

// A view of a payee adds up: components and deals to the lines, the parts to the
// statement's figures.
func TestPayeeViewAgreesWithTheStatement(t *testing.T) {
	for _, c := range scenariotest.All(t, cases) {
		t.Run(c.Name, func(t *testing.T) {
			r := reporttest.PlayCase(t, c)
			doc, err := r.Statement(t.Context(), report.Filter{})
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range doc.Payees {
				for _, q := range p.Periods {
					period := quarter(t, q.Period)
					v, err := r.PayeeView(t.Context(), report.Filter{Payee: event.PayeeID(p.ID), Period: &period})
					if err != nil {
						t.Fatal(err)
					}
					if !reflect.DeepEqual(v.Lines, q.Lines) || v.Balances != p.Balances || v.Status != q.Status {
						t.Errorf("PayeeView(%s, %s) = %+v, the statement has %+v", p.ID, q.Period, v, q)
					}
					moved := report.Balances{Held: v.Quarter.Held, Payable: v.Quarter.Payable, Paid: v.Quarter.Paid}
					if moved != q.Totals {
						t.Errorf("PayeeView(%s, %s) moved %+v, the statement %+v", p.ID, q.Period, moved, q.Totals)
					}
					lines := 0
					for _, x := range v.Components {
						lines += x.Lines
					}
					if lines != len(v.Lines) {
						t.Errorf("PayeeView(%s, %s): components have %d lines of %d", p.ID, q.Period, lines, len(v.Lines))
					}
					held := int64(0)
					for _, x := range v.Held {
						held += minor(t, x.Amount)
					}
					if opening := minor(t, p.Balances.Held); held != opening && !brought(p) {
						t.Errorf("PayeeView(%s, %s): deals hold %d, the balance is %d", p.ID, q.Period, held, opening)
					}
					for _, g := range v.Gauges {
						if want := q.Measures[g.Measure]; g.Value != want {
							t.Errorf("PayeeView(%s, %s): %s is %q, the statement has %q", p.ID, q.Period, g.Measure, g.Value, want)
						}
					}
				}
			}
		})
	}
}

// brought reports whether a payee has money that no deal here holds.
func brought(p report.Payee) bool {
	for _, q := range p.Periods {
		for _, l := range q.Lines {
			if l.To == "held" && l.OpportunityID == "" {
				return true
			}
		}
	}
	return false
}
