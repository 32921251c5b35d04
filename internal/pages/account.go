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
	became := a.sent()
	if became != nil {
		became.Applied = excepted(t, became.ID)
	}
	return view{page: "account", title: "Account " + title, place: "Payees", tenant: t.Tenant, asOf: t.AsOf, sent: became, data: d}, nil
}

// excepted says of an exception that was sent from the page what it does; empty:
// it is not applied yet.
func excepted(t *report.Timeline, id string) string {
	for _, x := range t.Exceptions {
		if x.Event == (report.Cause{Source: decisionSource, ID: id}) {
			until := ""
			if x.Until != "" {
				until = " to " + day(x.Until)
			}
			return "From " + day(x.From) + until + " the account is out of retention (" + word(x.Kind) + "); what that changes is posted in the statements of those who own it."
		}
	}
	return ""
}
