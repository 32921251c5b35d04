package access_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/access"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/report/reporttest"
)

// Whoever exports gets the records about those whose pay they see, all of them,
// and no others; whoever only operates the worker gets its clocks.
func TestExportsAreNarrowed(t *testing.T) {
	r := reporttest.Play(t, cases, "rollup-two-levels")
	take := func(of report.Reader, what string, payee event.PayeeID) (list []string, about map[string]bool, err error) {
		about = map[string]bool{}
		err = of.Export(t.Context(), report.ExportQuery{What: what, Filter: report.Filter{Payee: payee}}, report.Exporting{
			Next: func(string) error { return nil },
			Each: func(x *report.Exported) error {
				list, about[x.PayeeID()] = append(list, fmt.Sprintf("%s %+v", x.PayeeID(), x)), true
				return nil
			},
		})
		return list, about, err
	}
	for _, what := range report.Exports() {
		all, everyone, err := take(as(r, access.Admin, ""), what, "")
		if err != nil || len(all) == 0 && what == report.ExportJournal {
			t.Fatalf("%s: an admin gets %d records, %v", what, len(all), err)
		}
		_, own, err := take(as(r, access.Payee, "csm-1"), what, "")
		delete(own, "csm-1")
		if err != nil || len(own) > 0 {
			t.Errorf("%s: csm-1 gets records of %v, %v", what, own, err)
		}
		for id := range everyone {
			list, _, err := take(as(r, access.Payee, event.PayeeID(id)), what, "")
			named, _, _ := take(as(r, access.Admin, ""), what, event.PayeeID(id))
			if err != nil || len(list) != len(named) || len(list) == 0 {
				t.Errorf("%s: %s gets %d records (%v), an admin %d of them", what, id, len(list), err, len(named))
			}
		}
		_, _, some := take(as(r, access.Payee, "csm-1"), what, "csm-2")
		_, _, none := take(as(r, access.Payee, "csm-1"), what, "csm-9")
		if _, forbidden := errors.AsType[access.Forbidden](some); !forbidden || none == nil || some.Error() != "payee csm-2 is not yours to see" || none.Error() != "payee csm-9 is not yours to see" {
			t.Errorf("%s: csm-1 asks for another: %v, and for nobody: %v", what, some, none)
		}
		_, _, err = take(as(r, access.Ops, ""), what, "")
		if _, forbidden := errors.AsType[access.Forbidden](err); forbidden != slices.Contains([]string{report.ExportJournal, report.ExportPayroll, report.ExportCredits}, what) {
			t.Errorf("%s: ops: %v", what, err)
		}
	}
}
