package pages

import (
	"slices"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/report"
)

// How many rows of a list a page shows.
const (
	rowsShown = 50
	fewShown  = 25
)

// statementData is a payee's statement.
type statementData struct {
	*report.PayeeView
	Pictures     []gaugeView
	Before, Next string // periods
	Deals        []report.ViewDeal
	DealsPage    pager
	Held         []report.ViewHeld
	HeldPage     pager
	AtRisk       []report.ViewRisk
	RiskPage     pager
	Lines        []report.Line
	LinesPage    pager
	Nothing      []report.ViewDeal // deals of the period that earned nothing
	NothingPage  pager
}

func (a *asked) statement() (view, error) {
	q, err := a.quarter()
	if err != nil {
		return view{}, err
	}
	x, err := a.PayeeView(a.Context(), report.Filter{Payee: event.PayeeID(a.PathValue("id")), Period: q})
	if err != nil {
		return view{}, err
	}
	d := statementData{PayeeView: x}
	for _, g := range x.Gauges {
		d.Pictures = append(d.Pictures, gaugeOf(g))
	}
	if i := slices.Index(x.Periods, x.Period); i > 0 {
		d.Before = x.Periods[i-1]
	}
	if i := slices.Index(x.Periods, x.Period); i >= 0 && i+1 < len(x.Periods) {
		d.Next = x.Periods[i+1]
	}
	var some, none []report.ViewDeal
	for _, deal := range x.Deals {
		if len(deal.Nothing) > 0 {
			none = append(none, deal)
		} else {
			some = append(some, deal)
		}
	}
	d.Deals, d.DealsPage = paged(a, some, "deals", "deals", fewShown)
	d.Nothing, d.NothingPage = paged(a, none, "deals that came to nothing", "none", fewShown)
	d.Held, d.HeldPage = paged(a, x.Held, "deals that hold money", "held", fewShown)
	d.AtRisk, d.RiskPage = paged(a, x.AtRisk, "deals at risk", "risk", fewShown)
	d.Lines, d.LinesPage = paged(a, x.Lines, "lines", "lines", rowsShown)
	became := a.sent()
	if became != nil {
		for _, l := range x.Lines {
			if slices.Contains(l.CausedBy, report.Cause{Source: decisionSource, ID: became.ID}) {
				became.Applied = change(l.Amount) + " " + x.Currency + " is posted in " + x.Period + "."
			}
		}
	}
	return view{page: "statement", title: "Statement of " + x.PayeeID + ", " + x.Period, place: "Payees", tenant: x.Tenant, asOf: x.AsOf, sent: became, data: d}, nil
}
