// Package webtest asks every operation of the API something that a worked case
// has an answer to.
package webtest

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/web"
)

// Question is an operation with what it is asked.
type Question struct {
	Operation web.Operation
	Values    map[string]string
}

// Target is the path and query that asks it over HTTP.
func (q Question) Target() string {
	path, query := q.Operation.Path, url.Values{}
	for _, p := range q.Operation.Params {
		v, given := q.Values[p.Name]
		switch {
		case p.Required():
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(v))
		case given:
			query.Set(p.Name, v)
		}
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return path
}

// Questions are some that a reader of a worked case answers: those of each
// operation that reads and answers with JSON.
func Questions(t testing.TB, r report.Reader) []Question {
	t.Helper()
	doc, err := r.Statement(t.Context(), report.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	parked, err := r.Parked(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	var entries, opportunities, accounts, payees []string
	for _, p := range doc.Payees {
		payees = append(payees, p.ID)
		for _, period := range p.Periods {
			for _, l := range period.Lines {
				entries = append(entries, l.EntryID)
				opportunities, accounts = append(opportunities, l.OpportunityID), append(accounts, l.AccountID)
			}
		}
	}
	for _, e := range doc.SLA {
		accounts = append(accounts, e.AccountID)
	}
	var ids []string
	for _, p := range parked {
		ids = append(ids, p.ParkedID)
	}
	known := map[string][]string{
		"entry": entries, "deal": opportunities, "timeline": accounts, "book": payees, "payee": payees, "parked_by_id": ids,
	}
	var out []Question
	for _, o := range web.Operations() {
		if o.Method != "GET" || !o.JSON() {
			continue
		}
		for _, values := range values(o, known[o.Name]) {
			out = append(out, Question{o, values})
		}
	}
	return out
}

// values are what an operation's parameters may be: of its path each of those
// known, of its query none, and each that has a closed list from that.
func values(o web.Operation, known []string) []map[string]string {
	slices.Sort(known)
	known = slices.DeleteFunc(slices.Compact(known), func(id string) bool { return id == "" })
	base := []map[string]string{{}}
	for _, p := range o.Params {
		if !p.Required() {
			continue
		}
		if base = nil; p.Name == "period" {
			base = []map[string]string{{"period": "2027-Q1"}}
		} else {
			for _, id := range known {
				base = append(base, map[string]string{p.Name: id})
			}
		}
	}
	out := slices.Clone(base)
	for _, p := range o.Params {
		for _, v := range tried(p) {
			for _, b := range base {
				more := map[string]string{p.Name: v}
				for name, value := range b {
					more[name] = value
				}
				out = append(out, more)
			}
		}
	}
	return out
}

// tried are values of a parameter of a query.
func tried(p web.Param) []string {
	if p.Required() {
		return nil
	}
	if list, is := p.Schema["enum"].([]string); is {
		return list
	}
	if p.Name == "period" {
		return []string{"2027-Q1"}
	}
	return nil
}
