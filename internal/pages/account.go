package pages

import (
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/report"
)

// accountData is an account over time.
type accountData struct {
	*report.Timeline
	Chart   timeChart
	Events  []timeRow
	Page    pager
	Approve bool // whoever looks may approve an exception
}

func (a *asked) account() (view, error) {
	t, err := a.Timeline(a.Context(), event.AccountID(a.PathValue("id")))
	if err != nil {
		return view{}, err
	}
	d := accountData{Timeline: t, Chart: chartTimeline(t)}
	rows := rowsOf(t)
	d.Events, d.Page = paged(a, rows, "rows", "rows", rowsShown)
	title := t.AccountID
	if t.Name != "" {
		title = t.Name
	}
	d.Approve = a.mayTake("approve")
	return view{page: "account", title: "Account " + title, place: "Payees", tenant: t.Tenant, asOf: t.AsOf, data: d}, nil
}
