package report_test

import (
	"testing"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/report/reporttest"
	"github.com/trueup/trueup/internal/scenario/scenariotest"
)

// The accounts of a book come to its measures, whoever's they are: a payee's
// own, a manager's reports', a pod's.
func TestBooksAddUp(t *testing.T) {
	union := 0
	for _, c := range scenariotest.All(t, cases) {
		r := reporttest.PlayCase(t, c)
		doc, err := r.Statement(t.Context(), report.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range doc.Payees {
			b, err := r.Book(t.Context(), report.Filter{Payee: event.PayeeID(p.ID)})
			if err != nil {
				t.Fatalf("%s: Book(%s): %v", c.Name, p.ID, err)
			}
			if len(b.Of) > 1 {
				union++
			}
			arr, risk := money.Money{Currency: money.Currency(b.Currency)}, money.Money{Currency: money.Currency(b.Currency)}
			for _, a := range b.Accounts {
				m, err := money.Parse(a.ARR, arr.Currency)
				if err != nil {
					t.Fatal(err)
				}
				arr.Minor += m.Minor
				if a.AtRisk {
					risk.Minor += m.Minor
				}
			}
			if b.Role != "" && (arr.Decimal() != b.ARR || risk.Decimal() != b.AtRisk) {
				t.Errorf("%s: the accounts of %s come to %s, at risk %s; the book is %s, at risk %s", c.Name, p.ID, arr.Decimal(), risk.Decimal(), b.ARR, b.AtRisk)
			}
		}
	}
	if union == 0 {
		t.Error("no scenario has a book of several payees")
	}
}
