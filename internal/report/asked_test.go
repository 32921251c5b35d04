package report_test

import (
	"testing"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/internal/report/reporttest"
	"github.com/trueup/trueup/internal/scenario/scenariotest"
)

const worked = "../../domain/testdata/scenario"

// eachCase plays every worked case.
func eachCase(t *testing.T, do func(t *testing.T, r reporttest.Reader)) {
	t.Helper()
	for _, c := range scenariotest.All(t, worked) {
		t.Run(c.Name, func(t *testing.T) { do(t, reporttest.PlayCase(t, c)) })
	}
}

// The overview and the payees of each quarter come to what the statements'
// lines do, months to quarters, and rows to totals.
func TestListsAddUpToStatements(t *testing.T) {
	eachCase(t, func(t *testing.T, r reporttest.Reader) { reporttest.ListsAddUp(t, r) })
}

// What a lock of each quarter would freeze is what it freezes.
func TestPreviewHolds(t *testing.T) {
	previewed, refused := 0, 0
	eachCase(t, func(t *testing.T, r reporttest.Reader) {
		list, err := r.Periods(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range list.Periods {
			q, err := civil.ParseQuarter(p.Period)
			if err != nil {
				t.Fatal(err)
			}
			switch p.Status {
			case "ended":
				previewed++
				reporttest.PreviewHolds(t, r.Played, q)
			case "open":
				if x := reporttest.PreviewHolds(t, r.Played, q); len(x.Blockers) != 1 || x.Blockers[0].Code != "not_ended" {
					t.Errorf("%s is open, and its blockers are %v", q, x.Blockers)
				}
				refused++
			}
		}
	})
	if previewed < 3 || refused < 3 {
		t.Errorf("%d quarters were locked and %d not: the cases show too few", previewed, refused)
	}
}
