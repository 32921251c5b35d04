package scenario_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/demo"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/scenario"
	"github.com/trueup/trueup/internal/scenario/scenariotest"
	"github.com/trueup/trueup/internal/wire"
)

// explained reports what is missing of an entry's explanation.
func explained(t *testing.T, e *ledger.Entry) {
	t.Helper()
	amount, err := e.Amount()
	if err != nil || amount != e.Minor {
		t.Errorf("entry %s (%s %s of %s, %s): the figures come to %d, %v; posted is %d\n%s\n%+v",
			e.ID, e.Kind, e.Reason, e.Payee, e.Component, amount, err, e.Minor, e.Text, e.Figures)
	}
	if strings.TrimSpace(e.Text) == "" || strings.TrimSpace(e.Rule) == "" {
		t.Errorf("entry %s (%s %s): sentence %q, rule %q", e.ID, e.Kind, e.Reason, e.Text, e.Rule)
	}
	if shown, err := shownAmount(e); err != nil || shown.Cmp(new(big.Rat).SetInt64(e.Minor)) != 0 {
		t.Errorf("entry %s (%s %s): the working as shown comes to %v minor units, %v; posted is %d\n%+v", e.ID, e.Kind, e.Reason, shown, err, e.Minor, e.Figures)
	}
	for _, f := range e.Figures {
		if f.Name == "" {
			t.Errorf("entry %s (%s %s): figure %+v has no name", e.ID, e.Kind, e.Reason, f)
		}
	}
}

// shownAmount works an entry's explanation out as a reader of the document
// would: with amounts in major units.
func shownAmount(e *ledger.Entry) (*big.Rat, error) {
	d, err := report.DetailOf(e)
	if err != nil || d == nil {
		return nil, err
	}
	product, rest, any := big.NewRat(1, 1), new(big.Rat), false
	for _, f := range d.Figures {
		v, ok := new(big.Rat).SetString(f.Value)
		if !ok {
			return nil, fmt.Errorf("%q is no number", f.Value)
		}
		switch f.Op {
		case "times":
			product, any = product.Mul(product, v), true
		case "over":
			product, any = product.Quo(product, v), true
		case "plus":
			rest.Add(rest, v)
		case "minus":
			rest.Sub(rest, v)
		}
	}
	minor := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(e.Currency.Exponent())), nil))
	rest.Mul(rest, minor)
	if !any {
		return rest, nil
	}
	if product.Mul(product, minor); strings.HasPrefix(d.Rounding, "down") {
		return rest.Add(rest, new(big.Rat).SetInt(new(big.Int).Quo(product.Num(), product.Denom()))), nil
	}
	n, err := money.Round(product)
	return rest.Add(rest, new(big.Rat).SetInt64(n)), err
}

// everyEntry goes through every entry of a tenant.
func everyEntry(t *testing.T, played *scenario.Played, yield func(*ledger.Entry)) (n int) {
	t.Helper()
	ids, err := played.Payees()
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		err := played.EntriesOf(id, func(e *ledger.Entry) error {
			n++
			yield(e)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// playCase is a case after its events.
func playCase(t *testing.T, c scenariotest.Case) *scenario.Played {
	t.Helper()
	set, arrivals := load(t, c)
	scenario.Sort(arrivals)
	day, err := civil.ParseDate(c.Want.AsOf)
	if err != nil {
		t.Fatal(err)
	}
	played, err := scenario.Play("default", set, arrivals, day.End(set[0].Zone))
	if err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	return played
}

// The figures of every entry's explanation come to its amount, exactly.
func TestEntriesOfScenariosExplainThemselves(t *testing.T) {
	for _, c := range scenariotest.All(t, cases) {
		t.Run(c.Name, func(t *testing.T) {
			everyEntry(t, playCase(t, c), func(e *ledger.Entry) { explained(t, e) })
		})
	}
}

// some is how many generated histories are enough to look at what is said of them.
func some() uint64 {
	if testing.Short() {
		return uint64(min(*histories, 100))
	}
	return uint64(min(*histories, 1000))
}

// And so they do in made-up histories of every rule and option, told late and
// out of order: there what was posted is taken back and posted anew.
func TestEntriesOfHistoriesExplainThemselves(t *testing.T) {
	for i := range some() {
		seed := *firstSeed + i
		plans, _, arrivals, asOf := history(t, seed)
		r := rand.New(rand.NewPCG(seed, 17))
		arrivals = arriving(r, shuffled(r, arrivals), asOf)
		played, err := scenario.Play("default", plans, arrivals, asOf)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		everyEntry(t, played, func(e *ledger.Entry) { explained(t, e) })
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// And in a whole year of a company, smaller than the demo's.
func TestEntriesOfDemoExplainThemselves(t *testing.T) {
	c := demo.Default()
	less := 5
	if testing.Short() {
		less = 15
	}
	c.Accounts, c.CSMs, c.AEs = c.Accounts/less, c.CSMs/less, c.AEs/less
	var arrivals []scenario.Arrival
	for a := range c.Events() {
		line, err := demo.Line(a)
		if err != nil {
			t.Fatal(err)
		}
		in, err := wire.DecodeLine(line, "default")
		if err != nil {
			t.Fatal(err)
		}
		arrivals = append(arrivals, scenario.Arrival{Input: tenant.Input{Event: in.Event, Canonical: in.Canonical, Sum: in.Sum, Arrived: in.Recorded}})
	}
	plans := c.Plans()
	played, err := scenario.Play("default", plans, arrivals, c.Until.End(plans[0].Zone))
	if err != nil {
		t.Fatal(err)
	}
	if n := everyEntry(t, played, func(e *ledger.Entry) { explained(t, e) }); n == 0 {
		t.Error("nothing was posted")
	}
}

// Every reason of the closed list is that of an entry or a credit of a scenario.
func TestScenariosHaveEveryReason(t *testing.T) {
	seen := map[ledger.Reason]bool{}
	for _, c := range scenariotest.All(t, cases) {
		played := playCase(t, c)
		everyEntry(t, played, func(e *ledger.Entry) { seen[e.Reason] = true })
		ids, err := played.Payees()
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range ids {
			credits, err := played.Credits(id)
			if err != nil {
				t.Fatal(err)
			}
			for _, cr := range credits {
				seen[cr.Why] = true
			}
		}
	}
	for _, r := range reasons(t) {
		if !seen[r] {
			t.Errorf("no scenario has an entry or a credit for %s", r)
		}
	}
}

// reasons is the closed list, as it is written.
func reasons(t *testing.T) []ledger.Reason {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../domain/ledger/step.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []ledger.Reason
	ast.Inspect(file, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || len(v.Values) != 1 {
			return true
		}
		of, named := v.Type.(*ast.Ident)
		is, literal := v.Values[0].(*ast.BasicLit)
		if !named || !literal || of.Name != "Reason" {
			return true
		}
		text, err := strconv.Unquote(is.Value)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, ledger.Reason(text))
		return true
	})
	if len(out) < 30 {
		t.Fatalf("only %d reasons are read of the list: %v", len(out), out)
	}
	return out
}
