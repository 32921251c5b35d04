package pages

import (
	"bytes"
	"io"
	"net/http"
	"net/url"

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

// maxPlan bounds a plan that is uploaded.
const maxPlan = 1 << 20

// compare begins a comparison with a plan that a form brings, as a file or as
// text. It is a question: nothing is decided by it.
func (a *asked) compare() (view, error) {
	a.Body = http.MaxBytesReader(nil, a.Body, maxPlan)
	if err := a.ParseMultipartForm(maxPlan); err != nil {
		return view{}, badRequest{"The form cannot be read: " + err.Error() + "."}
	}
	plan := []byte(a.PostFormValue("plan"))
	if f, _, err := a.FormFile("file"); err == nil {
		told, err := io.ReadAll(f)
		if err != nil {
			return view{}, badRequest{"The file cannot be read: " + err.Error() + "."}
		}
		if len(told) > 0 {
			plan = told
		}
	}
	if len(bytes.TrimSpace(plan)) == 0 {
		return view{}, badRequest{"There is no plan: choose a file, or write its text."}
	}
	w, err := a.WhatIf(a.Context(), plan)
	if err != nil {
		return view{}, err
	}
	return view{}, elsewhere("/what-if?id=" + url.QueryEscape(w.ID))
}
