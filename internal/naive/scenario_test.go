package naive

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/wire"
)

var cases = flag.String("cases", filepath.Join("..", "..", "domain", "testdata", "scenario"), "directory of worked cases")

// wanted is what of a worked case's want.json does not depend on posting.
type wanted struct {
	AsOf   string `json:"as_of"`
	Payees map[event.PayeeID]struct {
		Balances map[string]string
	}
	ComponentTotals map[event.PayeeID]map[string]string `json:"component_totals"`
	Credits         []struct {
		Payee       event.PayeeID       `json:"payee_id"`
		Opportunity event.OpportunityID `json:"opportunity_id"`
		ARR         *string             `json:"credited_arr"`
	}
	SLA []struct {
		SLA     string
		Account event.AccountID `json:"account_id"`
		Status  string
	}
}

// TestScenarios: every worked case, in balances, totals, credits and episodes.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(*cases, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios in %s: %v", *cases, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { checkScenario(t, file) })
	}
}

func checkScenario(t *testing.T, file string) {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var plans []*plan.Plan
	var arrivals []Arrival
	var want wanted
	for _, f := range txtar.Parse(b).Files {
		switch {
		case strings.HasSuffix(f.Name, ".yaml"):
			p, err := planfile.Decode(f.Name, f.Data)
			if err != nil {
				t.Fatal(err)
			}
			plans = append(plans, p)
		case f.Name == "events.ndjson":
			for line := range bytes.Lines(f.Data) {
				if len(bytes.TrimSpace(line)) > 0 {
					arrivals = append(arrivals, arrival(t, line))
				}
			}
		case f.Name == "want.json":
			if err := json.Unmarshal(f.Data, &want); err != nil {
				t.Fatal(err)
			}
		}
	}
	set, problems := plan.NewSet(plans...)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	asOf := on(want.AsOf).End(set[0].Zone)
	got, err := Compute(withPublished(set, arrivals, asOf), arrivals, asOf)
	if err != nil {
		t.Fatal(err)
	}
	want.check(t, got)
}

// withPublished adds the plans that were published by an instant, in the order
// they came. One that cannot be read or does not fit is rejected, and nothing.
func withPublished(set plan.Set, arrivals []Arrival, asOf time.Time) plan.Set {
	arrivals = slices.Clone(arrivals)
	slices.SortStableFunc(arrivals, func(a, b Arrival) int { return a.Arrived.Compare(b.Arrived) })
	for _, a := range arrivals {
		told, ok := a.Event.(event.PlanPublished)
		if !ok || a.Arrived.After(asOf) {
			continue
		}
		p, err := planfile.Parse(told.YAML)
		if err != nil || p.Zone.String() != set[0].Zone.String() || p.Currency != set[0].Currency || p.Periods.Calendar != set[0].Periods.Calendar {
			continue
		}
		if slices.ContainsFunc(set, func(known *plan.Plan) bool { return known.Hash == p.Hash }) {
			continue
		}
		if more, problems := plan.NewSet(append(slices.Clone([]*plan.Plan(set)), p)...); len(problems) == 0 {
			set = more
		}
	}
	return set
}

func arrival(t *testing.T, line []byte) Arrival {
	t.Helper()
	in, err := wire.DecodeLine(line, "")
	if err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	if in.Recorded.IsZero() {
		return Arrival{in.Event, in.Event.Head().Time}
	}
	return Arrival{in.Event, in.Recorded}
}

func (want wanted) check(t *testing.T, got Result) {
	t.Helper()
	for p, w := range want.Payees {
		for bucket, amount := range w.Balances {
			if have := got.Balances[p][bucket]; have != minor(amount) {
				t.Errorf("%s has %d %s, want %s; components %v", p, have, bucket, amount, got.Components[p])
			}
		}
	}
	for p, components := range want.ComponentTotals {
		for id, amount := range components {
			if have := got.Components[p][id]; have != minor(amount) {
				t.Errorf("%s has %d of %s, want %s", p, have, id, amount)
			}
		}
	}
	for _, c := range want.Credits {
		if c.ARR != nil && got.Credits[c.Payee][c.Opportunity] != minor(*c.ARR) {
			t.Errorf("%s is credited with %d of %s, want %s", c.Payee, got.Credits[c.Payee][c.Opportunity], c.Opportunity, *c.ARR)
		}
	}
	for _, s := range want.SLA {
		found := false
		for _, e := range got.Episodes {
			found = found || (s.SLA == "" || e.SLA == s.SLA) && (s.Account == "" || e.Account == s.Account) && (s.Status == "" || e.Status == s.Status)
		}
		if !found && s.Status != "retracted" {
			t.Errorf("no episode %+v in %+v", s, got.Episodes)
		}
	}
}
