package pages

import (
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/report"
)

// dealData is a deal's story.
type dealData struct {
	*report.Deal
	Lines []report.Posted
	Page  pager
}

func (a *asked) deal() (view, error) {
	x, err := a.Deal(a.Context(), event.OpportunityID(a.PathValue("id")), event.AccountID(a.query.Get("account")))
	if err != nil {
		return view{}, err
	}
	d := dealData{Deal: x}
	d.Lines, d.Page = paged(a, x.Entries, "lines", "lines", rowsShown)
	return view{page: "deal", title: "Deal " + x.OpportunityID, place: "Payees", tenant: x.Tenant, asOf: x.AsOf, data: d}, nil
}
