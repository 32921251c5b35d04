package reporttest

import (
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/internal/report"
)

// ListsAddUp holds a reader's overview, payees and periods against its statements.
func ListsAddUp(t testing.TB, r report.Reader) {
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
	running := newAdder(t)
	running.movement(over.Period, over.Quarter)
	running.equal("the quarter that runs", lines.only(over.Period))
	months, of := map[string]adder{}, map[string]int{}
	for _, m := range over.Months {
		if months[m.Period].sum == nil {
			months[m.Period] = newAdder(t)
		}
		months[m.Period].movement(m.Period, m.Movement)
		of[m.Period]++
	}
	for period, sum := range months {
		if of[period] == 3 || period == over.Period {
			sum.equal("the months", lines.only(period))
		}
	}
	for q := range quarters {
		payeesAddUp(t, r, doc, q)
	}
}

// payeesAddUp holds the list of a quarter's payees against their statements.
func payeesAddUp(t testing.TB, r report.Reader, doc *report.Document, period string) {
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

// amount is a decimal string as a number.
func amount(t testing.TB, text string) *big.Rat {
	t.Helper()
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		t.Fatalf("%q is no amount", text)
	}
	return r
}

// adder adds up amounts by name.
type adder struct {
	t   testing.TB
	sum map[string]*big.Rat
}

func newAdder(t testing.TB) adder { return adder{t, map[string]*big.Rat{}} }

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

// only are the sums whose names begin with one.
func (a adder) only(name string) adder {
	out := newAdder(a.t)
	for n, sum := range a.sum {
		if strings.HasPrefix(n, name+" ") {
			out.sum[n] = sum
		}
	}
	return out
}

// line adds what one line of a statement moves, by what Movement says of itself.
func (a adder) line(name string, l report.Line) {
	negative := strings.ReplaceAll("-"+l.Amount, "--", "")
	side := func(bucket, text string) {
		if bucket != "expense" {
			a.add(name+" "+bucket, text)
		}
	}
	side(l.From, negative)
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
