package report_test

import (
	"testing"

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
