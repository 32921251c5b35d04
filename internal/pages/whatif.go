package pages

import (
	"github.com/trueup/trueup/internal/report"
)

// whatIfData is a comparison, or the form that begins one.
type whatIfData struct {
	*report.WhatIf // nil: none is asked for
	Rows           []report.PayeeDiff
	Page           pager
	Percent        int
}

func (a *asked) whatIf() (view, error) {
	d := whatIfData{}
	if id := a.query.Get("id"); id != "" {
		w, err := a.WhatIfByID(a.Context(), id)
		if err != nil {
			return view{}, err
		}
		d.WhatIf = w
		if w.Of > 0 {
			d.Percent = int(100 * w.Done / w.Of)
		}
		if w.Diff != nil {
			d.Rows, d.Page = paged(a, w.Diff.Payees, "payees", "offset", rowsShown)
		}
	}
	return a.standing(view{page: "whatif", title: "What if", place: "What if", data: d}), nil
}
