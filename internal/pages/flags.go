package pages

import (
	"slices"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/report"
)

// flagsData is the flags that are raised.
type flagsData struct {
	Flag, Payee, Account string
	Names                []string
	Rows                 []report.Flag
	Page                 pager
	Of                   int
}

func (a *asked) flags() (view, error) {
	d := flagsData{Flag: a.query.Get("flag"), Payee: a.query.Get("payee"), Account: a.query.Get("account")}
	list, err := a.Raised(a.Context(), report.Filter{Payee: event.PayeeID(d.Payee), Account: event.AccountID(d.Account)})
	if err != nil {
		return view{}, err
	}
	var of []report.Flag
	for _, f := range list {
		if !slices.Contains(d.Names, f.Flag) {
			d.Names = append(d.Names, f.Flag)
		}
		if d.Flag == "" || f.Flag == d.Flag {
			of = append(of, f)
		}
	}
	d.Of = len(of)
	d.Rows, d.Page = paged(a, of, "flags", "offset", rowsShown)
	return a.standing(view{page: "flags", title: "Flags", place: "Flags", data: d}), nil
}
