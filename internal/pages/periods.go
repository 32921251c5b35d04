package pages

import (
	"slices"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/internal/report"
)

func (a *asked) periods() (view, error) {
	list, err := a.Periods(a.Context())
	if err != nil {
		return view{}, err
	}
	return view{page: "periods", title: "Periods", place: "Periods", tenant: list.Tenant, asOf: list.AsOf, data: list}, nil
}

// periodData is a quarter and what its lock freezes.
type periodData struct {
	*report.LockPreview
	State   report.PeriodState
	Rows    []report.PreviewRow
	Page    pager
	Locked  bool
	Reopens bool   // it is locked, and nothing was asked of payroll for it
	Confirm string // lock or reopen, when that is to be confirmed
	Changed bool   // it was locked before: rows say by how much they differ
}

func (a *asked) period() (view, error) {
	q, err := civil.ParseQuarter(a.PathValue("id"))
	if err != nil {
		return view{}, report.NotFound{What: "period", ID: a.PathValue("id")}
	}
	list, err := a.Periods(a.Context())
	if err != nil {
		return view{}, err
	}
	x, err := a.LockPreview(a.Context(), q)
	if err != nil {
		return view{}, err
	}
	d := periodData{LockPreview: x, Locked: x.Status == "locked" || x.Status == "paid", Changed: x.Totals.Before != ""}
	requested := slices.ContainsFunc(x.Blockers, func(c report.Concern) bool { return c.Code == "payment_requested" })
	d.Reopens = x.Status == "locked" && !requested
	for _, p := range list.Periods {
		if p.Period == x.Period {
			d.State = p
		}
	}
	if c := a.query.Get("confirm"); a.mayAct(c) && (c == "lock" && !d.Locked && len(x.Blockers) == 0 || c == "reopen" && d.Reopens) {
		d.Confirm = c
	}
	d.Rows, d.Page = paged(a, x.Rows, "payees", "offset", rowsShown)
	return view{page: "period", title: x.Period, place: "Periods", tenant: x.Tenant, asOf: x.AsOf, data: d}, nil
}
