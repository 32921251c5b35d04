package report_test

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/report/reporttest"
	"github.com/trueup/trueup/internal/scenario/scenariotest"
)

const worked = "../../domain/testdata/scenario"

// amount is a decimal string as a number.
func amount(t *testing.T, text string) *big.Rat {
	t.Helper()
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		t.Fatalf("%q is no amount", text)
	}
	return r
}

// adder adds up amounts by name.
type adder struct {
	t   *testing.T
	sum map[string]*big.Rat
}

func newAdder(t *testing.T) adder { return adder{t, map[string]*big.Rat{}} }

func (a adder) add(name, text string) {
	if a.sum[name] == nil {
		a.sum[name] = new(big.Rat)
	}
	a.sum[name].Add(a.sum[name], amount(a.t, text))
}

func (a adder) movement(name string, m report.Movement) {
	for what, text := range map[string]string{
		"earned": m.Earned, "clawed_back": m.ClawedBack, "forfeited": m.Forfeited, "released": m.Released, "held": m.Held, "payable": m.Payable, "paid": m.Paid,
	} {
		a.add(name+" "+what, text)
	}
}

func (a adder) balances(name string, b report.Balances) {
	for what, text := range map[string]string{"held": b.Held, "payable": b.Payable, "paid": b.Paid} {
		a.add(name+" "+what, text)
	}
}

// line adds what one line of a statement moves, by what Movement says of itself.
func (a adder) line(name string, l report.Line) {
	sign := map[bool]string{true: "-" + l.Amount, false: l.Amount}
	neg := strings.ReplaceAll(sign[true], "--", "")
	side := func(bucket, text string) {
		if bucket != "expense" {
			a.add(name+" "+bucket, text)
		}
	}
	side(l.From, neg)
	side(l.To, l.Amount)
	given := map[string]string{"clawback": "clawed_back", "forfeiture": "forfeited"}[l.Kind]
	if given == "" {
		given = "earned"
	}
	if l.From == "expense" {
		a.add(name+" "+given, l.Amount)
	}
	if l.From == "held" && l.To == "payable" {
		a.add(name+" released", l.Amount)
	}
}

// equal holds one adder's sums against another's; what is not there is zero.
func (a adder) equal(what string, want adder) {
	a.t.Helper()
	names := map[string]bool{}
	for _, x := range []adder{a, want} {
		for name := range x.sum {
			names[name] = true
		}
	}
	value := func(r *big.Rat) string {
		if r == nil {
			return "0.00"
		}
		return r.FloatString(2)
	}
	for name := range names {
		if got, want := value(a.sum[name]), value(want.sum[name]); got != want {
			a.t.Errorf("%s: %s is %s, want %s", what, name, got, want)
		}
	}
}

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
	eachCase(t, func(t *testing.T, r reporttest.Reader) { ListsAddUp(t, r) })
}

// ListsAddUp holds a reader's overview, payees and periods against its statements.
func ListsAddUp(t *testing.T, r report.Reader) {
	t.Helper()
	doc, err := r.Statement(t.Context(), report.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	over, err := r.Overview(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	periods, err := r.Periods(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprintf("%+v", over.Periods), fmt.Sprintf("%+v", periods.Periods); got != want {
		t.Errorf("the overview's periods are\n%s\nand those listed\n%s", got, want)
	}
	lines, balances := newAdder(t), newAdder(t)
	quarters := map[string]bool{over.Period: true}
	for _, p := range doc.Payees {
		balances.balances("now", p.Balances)
		for _, q := range p.Periods {
			quarters[q.Period] = true
			for _, l := range q.Lines {
				lines.line(q.Period, l)
			}
		}
	}
	now := newAdder(t)
	now.balances("now", over.Balances)
	now.equal("overview", balances)
	listed := newAdder(t)
	for _, p := range periods.Periods {
		listed.movement(p.Period, p.Totals)
		if !quarters[p.Period] && p.Payees > 0 {
			t.Errorf("%s has %d payees and no statement", p.Period, p.Payees)
		}
	}
	listed.equal("periods", lines)
	months, whole := newAdder(t), newAdder(t)
	for i, m := range over.Months {
		if n := len(slices.DeleteFunc(slices.Clone(over.Months), func(o report.Month) bool { return o.Period != m.Period })); n == 3 || i >= 9 {
			months.movement(m.Period, m.Movement) // the whole quarter is there, or the one that runs
		}
	}
	for name, sum := range lines.sum {
		if _, there := months.sum[name]; there {
			whole.sum[name] = sum
		}
	}
	months.equal("months", whole)
	running := newAdder(t)
	running.movement(over.Period, over.Quarter)
	for name := range lines.sum {
		if strings.HasPrefix(name, over.Period) {
			whole.sum[name] = lines.sum[name]
		}
	}
	for name, sum := range running.sum {
		if w := lines.sum[name]; w != nil && sum.Cmp(w) != 0 || w == nil && sum.Sign() != 0 {
			t.Errorf("the quarter's %s is %s, the lines' %v", name, sum.FloatString(2), w)
		}
	}
	for q := range quarters {
		payeesAddUp(t, r, doc, q)
	}
}

// payeesAddUp holds the list of a quarter's payees against their statements.
func payeesAddUp(t *testing.T, r report.Reader, doc *report.Document, period string) {
	t.Helper()
	q, err := civil.ParseQuarter(period)
	if err != nil {
		t.Fatal(err)
	}
	list, err := r.Payees(t.Context(), report.PayeesQuery{Period: &q, Limit: report.MostRows})
	if err != nil {
		t.Fatal(err)
	}
	if list.Of != len(doc.Payees) || len(list.Rows) != list.Of {
		t.Fatalf("%s: %d of %d payees, the document has %d", period, len(list.Rows), list.Of, len(doc.Payees))
	}
	rows, total := newAdder(t), newAdder(t)
	for i, row := range list.Rows {
		p := doc.Payees[i]
		rows.movement("all", row.Quarter)
		of, lines := newAdder(t), newAdder(t)
		of.movement(p.ID, row.Quarter)
		of.balances(p.ID+" now", row.Balances)
		lines.balances(p.ID+" now", p.Balances)
		for _, s := range p.Periods {
			if s.Period != period {
				continue
			}
			if s.Status != row.Status || fmt.Sprint(s.Measures) != fmt.Sprint(row.Measures) {
				t.Errorf("%s of %s: %s %v, its statement %s %v", period, p.ID, row.Status, row.Measures, s.Status, s.Measures)
			}
			for _, l := range s.Lines {
				lines.line(p.ID, l)
			}
		}
		of.equal(period, lines)
		given := new(big.Rat)
		for _, x := range []string{row.Quarter.Earned, row.Quarter.ClawedBack, row.Quarter.Forfeited} {
			given.Add(given, amount(t, x))
		}
		for _, x := range []string{row.Quarter.Held, row.Quarter.Payable, row.Quarter.Paid} {
			given.Sub(given, amount(t, x))
		}
		if given.Sign() != 0 {
			t.Errorf("%s of %s: %+v does not add up", period, p.ID, row.Quarter)
		}
	}
	total.movement("all", list.Total)
	rows.equal(period+" rows", total)
}
