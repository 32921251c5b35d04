package pages

import (
	"slices"
	"strings"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/internal/report"
)

func (a *asked) periods() (view, error) {
	list, err := a.Periods(a.shortly())
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
	Confirm string // lock, reopen or confirm, when that is asked
	// Outstanding is how many payments payroll was asked for and has not confirmed,
	// and Owed what they are; of Payee alone where one is named.
	Outstanding int
	Owed        string
	Payee       string
	Changed     bool // it was locked before: rows say by how much they differ
}

func (a *asked) period() (view, error) {
	q, err := civil.ParseQuarter(a.PathValue("id"))
	if err != nil {
		return view{}, report.NotFound{What: "period", ID: a.PathValue("id")}
	}
	list, err := a.Periods(a.shortly())
	if err != nil {
		return view{}, err
	}
	x, err := a.LockPreview(a.shortly(), q)
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
	d.owed(a.query.Get("payee"))
	c := a.query.Get("confirm")
	if may := map[string]bool{"lock": !d.Locked && len(x.Blockers) == 0, "reopen": d.Reopens, "confirm": d.Outstanding > 0}; may[c] && a.mayAct(c) {
		d.Confirm = c
	}
	became := a.sent()
	if became != nil && became.Parked == nil {
		became.Applied = d.became(became.ID)
	}
	d.Rows, d.Page = paged(a, x.Rows, "payees", "offset", rowsShown)
	return view{page: "period", title: x.Period, place: "Periods", tenant: x.Tenant, asOf: x.AsOf, sent: became, data: d}, nil
}

// owed is what payroll was asked for and has not confirmed, of one payee or of all.
func (d *periodData) owed(payee string) {
	d.Payee, d.Outstanding, d.Owed = payee, d.Totals.RequestedOf-d.Totals.PaidOf, less(d.Totals.Requested, d.Totals.Paid)
	if !d.Locked {
		d.Outstanding = 0
	}
	if payee == "" {
		return
	}
	d.Outstanding = 0
	for _, r := range d.LockPreview.Rows {
		if r.PayeeID == payee && r.Reference != "" && !r.Paid {
			d.Outstanding, d.Owed = 1, r.Requested
		}
	}
}

// became says of what was sent from the page what the quarter shows of it by now;
// empty: nothing yet.
func (d *periodData) became(id string) string {
	action, _, _ := strings.Cut(id, "/")
	switch {
	case action == "lock" && d.Locked:
		return d.Period + " is " + d.Status + "."
	case action == "reopen" && d.State.Reopened:
		return d.Period + " is open again."
	case action == "confirm" && d.Outstanding == 0:
		return "Every payment that was asked for " + d.Period + " is confirmed."
	}
	return ""
}
