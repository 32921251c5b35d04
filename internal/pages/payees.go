package pages

import (
	"net/url"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/report"
)

// payeesData is a page of payees.
type payeesData struct {
	*report.PayeeList
	Asked report.PayeesQuery
	Page  pager
	Heads []sortHead
}

// sortHead is the head of a column that the list can be sorted by.
type sortHead struct {
	Name, Class, Path string
	Sorted            string // aria-sort: ascending descending, or empty
}

func (a *asked) payees() (view, error) {
	period, err := a.quarter()
	if err != nil {
		return view{}, err
	}
	q := report.PayeesQuery{
		Period: period, Role: event.Role(a.query.Get("role")), Team: a.query.Get("team"), Manager: event.PayeeID(a.query.Get("manager")),
		Search: a.query.Get("search"), Sort: a.query.Get("sort"), Order: a.query.Get("order"), Offset: a.offset("offset"), Limit: rowsShown,
	}
	list, err := a.Payees(a.shortly(), q)
	if err != nil {
		return view{}, err
	}
	d := payeesData{PayeeList: list, Asked: q}
	d.Page = a.pagerOf("payees", "offset", list.Offset, rowsShown, list.Of)
	for _, h := range []sortHead{
		{Name: "Payee", Path: "payee"},
		{Name: "Earned", Class: "n", Path: "earned"},
		{Name: "Clawed back", Class: "n", Path: "clawed_back"},
		{Name: "Held", Class: "n", Path: "balance_held"},
		{Name: "Payable", Class: "n", Path: "balance_payable"},
	} {
		d.Heads = append(d.Heads, a.sortHead(h, q))
	}
	return view{page: "payees", title: "Payees, " + list.Period, place: "Payees", tenant: list.Tenant, asOf: list.AsOf, data: d}, nil
}

// sortHead links to the list sorted by a column, the other way round where it
// is sorted by it already. Amounts begin with the largest.
func (a *asked) sortHead(h sortHead, q report.PayeesQuery) sortHead {
	sorted, key := q.Sort, h.Path
	if sorted == "" {
		sorted = "payee"
	}
	order := map[bool]string{true: "desc", false: "asc"}[h.Class == "n"]
	if sorted == key {
		h.Sorted = map[bool]string{true: "descending", false: "ascending"}[q.Order == "desc"]
		order = map[bool]string{true: "asc", false: "desc"}[q.Order == "desc"]
	}
	to := url.Values{}
	for k, v := range a.query {
		to[k] = v
	}
	to.Set("sort", key)
	to.Set("order", order)
	to.Del("offset")
	h.Path = "/payees?" + to.Encode()
	return h
}
