package report_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/scenario"
	"github.com/trueup/trueup/internal/scenario/scenariotest"
)

// side plays a worked case's events under a plan.
func side(t *testing.T, c scenariotest.Case, src string) report.Side {
	t.Helper()
	set, err := planfile.DecodeAll("plan.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	arrivals, err := scenario.Read(bytes.NewReader(c.Events), "default")
	if err != nil {
		t.Fatal(err)
	}
	scenario.Sort(arrivals)
	day, err := civil.ParseDate(c.Want.AsOf)
	if err != nil {
		t.Fatal(err)
	}
	played, err := scenario.Play("default", set, arrivals, day.End(set[0].Zone))
	if err != nil {
		t.Fatal(err)
	}
	return report.Side{Setting: played.Setting, Source: played}
}

func TestDiff(t *testing.T) {
	var c scenariotest.Case
	for _, one := range scenariotest.All(t, cases) {
		if one.Name == "expansion-held-until-renewal" {
			c = one
		}
	}
	plan := string(c.Plan)
	atOnce := strings.Replace(strings.ReplaceAll(plan, "12000.00", "24000.00"), "renewal: hold", "renewal: off", 1)
	d, err := report.Diff(side(t, c, plan), side(t, c, atOnce))
	if err != nil || len(d.Payees) != 1 || len(d.Payees[0].Components) != 1 {
		t.Fatalf("Diff = %+v, %v, want one payee with one component", d, err)
	}
	want := report.Sides{
		Old:        report.Standing{Earned: "480.00", Held: "480.00", Payable: "0.00", Paid: "0.00"},
		New:        report.Standing{Earned: "960.00", Held: "0.00", Payable: "960.00", Paid: "0.00"},
		Difference: report.Standing{Earned: "480.00", Held: "-480.00", Payable: "960.00", Paid: "0.00"},
	}
	for what, got := range map[string]report.Sides{
		"expansion": d.Payees[0].Components[0].Sides, "the payee": d.Payees[0].Total, "everybody": d.Total,
	} {
		if got != want {
			t.Errorf("Diff of %s = %+v, want %+v", what, got, want)
		}
	}
	same, err := report.Diff(side(t, c, plan), side(t, c, plan))
	if err != nil || same.Total.Difference != (report.Standing{Earned: "0.00", Held: "0.00", Payable: "0.00", Paid: "0.00"}) {
		t.Errorf("Diff of a plan with itself = %+v, %v", same, err)
	}
	if _, err := report.Diff(side(t, c, plan), side(t, c, strings.Replace(plan, "USD", "EUR", 1))); err == nil {
		t.Error("Diff of two currencies gave no error")
	}
}
