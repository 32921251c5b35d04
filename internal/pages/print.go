package pages

import (
	_ "embed"
	"html/template"
	"io"
	"maps"
	"slices"

	"github.com/trueup/trueup/internal/report"
)

//go:embed print/statements.html
var printed string

var printing = template.Must(template.New("statements").Funcs(funcs).Parse(printed))

// printedPayee is a payee's statement on paper.
type printedPayee struct {
	report.Payee
	Periods []printedPeriod
	Credits []report.Credit
	SLA     []report.Episode
}

type printedPeriod struct {
	report.Period
	Measures []measure
}

type measure struct{ Name, Ratio string }

// Print writes statements as one HTML document to be printed: a payee to a page
// or more, with nothing beside it to be loaded and no script.
func Print(w io.Writer, doc *report.Document) error {
	credits, episodes := map[string][]report.Credit{}, map[string][]report.Episode{}
	for _, c := range doc.Credits {
		credits[c.PayeeID] = append(credits[c.PayeeID], c)
	}
	for _, e := range doc.SLA {
		episodes[e.PayeeID] = append(episodes[e.PayeeID], e)
	}
	data := struct {
		Tenant, AsOf string
		Plans        []string
		Payees       []printedPayee
	}{doc.Tenant, doc.AsOf, doc.PlanVersions, nil}
	for _, p := range doc.Payees {
		on := printedPayee{Payee: p, Credits: credits[p.ID], SLA: episodes[p.ID]}
		for _, q := range p.Periods {
			of := printedPeriod{Period: q}
			for _, name := range slices.Sorted(maps.Keys(q.Measures)) {
				of.Measures = append(of.Measures, measure{name, q.Measures[name]})
			}
			on.Periods = append(on.Periods, of)
		}
		data.Payees = append(data.Payees, on)
	}
	return printing.Execute(w, data)
}
