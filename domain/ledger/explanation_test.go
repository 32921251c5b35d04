package ledger_test

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
)

func whole(op ledger.Op, minor int64) ledger.Figure { return ledger.Minor(op, "n", "", minor, "USD") }

func ratio(op ledger.Op, num, den int64) ledger.Figure {
	return ledger.Plain(op, "r", "", big.NewRat(num, den))
}

// Figures are worked out as written: one product, rounded once, then what is
// added and taken off.
func TestAmount(t *testing.T) {
	for _, tt := range []struct {
		name     string
		rounding ledger.Rounding
		figures  []ledger.Figure
		want     int64
	}{
		{"no figures", ledger.HalfAway, nil, 0},
		{"one amount", ledger.HalfAway, []ledger.Figure{whole(ledger.Plus, 480_00)}, 480_00},
		{"a product", ledger.HalfAway, []ledger.Figure{whole(ledger.Times, 24_000_00), whole(ledger.Times, 12_000_00), whole(ledger.Over, 600_000_00)}, 480_00},
		{"half a unit: away from zero", ledger.HalfAway, []ledger.Figure{whole(ledger.Times, 5), ratio(ledger.Times, 1, 2)}, 3},
		{"half a unit below zero", ledger.HalfAway, []ledger.Figure{whole(ledger.Times, -5), ratio(ledger.Times, 1, 2)}, -3},
		{"just below a half", ledger.HalfAway, []ledger.Figure{whole(ledger.Times, 249), ratio(ledger.Over, 100, 1)}, 2},
		{"down", ledger.Down, []ledger.Figure{whole(ledger.Times, 299), ratio(ledger.Over, 100, 1)}, 2},
		{"down is towards zero", ledger.Down, []ledger.Figure{whole(ledger.Times, -299), ratio(ledger.Over, 100, 1)}, -2},
		{"the remainder on top", ledger.Down, []ledger.Figure{whole(ledger.Times, 299), ratio(ledger.Over, 100, 1), whole(ledger.Plus, 1)}, 3},
		{"rounded once, before what is taken off", ledger.HalfAway, []ledger.Figure{ratio(ledger.Times, 1, 3), whole(ledger.Times, 10), whole(ledger.Minus, 1)}, 2},
		{"in whichever order", ledger.HalfAway, []ledger.Figure{whole(ledger.Minus, 1), whole(ledger.Times, 10), ratio(ledger.Over, 3, 1)}, 2},
		{"a product of nothing", ledger.HalfAway, []ledger.Figure{whole(ledger.Times, 0), whole(ledger.Plus, 7)}, 7},
	} {
		x := ledger.Explanation{Rounding: tt.rounding, Figures: tt.figures}
		if got, err := x.Amount(); err != nil || got != tt.want {
			t.Errorf("%s: Amount() = %d, %v, want %d", tt.name, got, err, tt.want)
		}
	}
}

// What is read from disk may be anything.
func TestAmountRefusesWhatIsNoFigure(t *testing.T) {
	for _, figures := range [][]ledger.Figure{
		{{Op: ledger.Times, Value: "twelve"}},
		{{Op: ledger.Times, Value: ""}},
		{whole(ledger.Times, 1), whole(ledger.Over, 0)},
		{{Op: ledger.Plus, Value: "1/2"}},
		{{Op: ledger.Minus, Value: "9223372036854775808"}},
	} {
		x := ledger.Explanation{Figures: figures}
		if got, err := x.Amount(); domain.KindOf(err) != domain.Corrupt {
			t.Errorf("Amount of %+v = %d, %v, want Corrupt", figures, got, err)
		}
	}
	for _, figures := range [][]ledger.Figure{
		{whole(ledger.Times, 1<<62), whole(ledger.Times, 2)},
		{whole(ledger.Plus, 1<<62), whole(ledger.Plus, 1<<62)},
	} {
		x := ledger.Explanation{Figures: figures}
		if got, err := x.Amount(); err == nil {
			t.Errorf("Amount of more than int64 = %d, want an error", got)
		}
	}
}

// Amount is Scale where there is one amount and one ratio, and what is rounded
// down is never more than a unit less.
func TestAmountIsScale(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := money.Money{Minor: rapid.Int64Range(-1_000_000, 1_000_000).Draw(t, "minor"), Currency: "USD"}
		r := money.Ratio{Num: rapid.Int64Range(0, 1000).Draw(t, "num"), Den: rapid.Int64Range(1, 1000).Draw(t, "den")}
		x := ledger.Explanation{Figures: []ledger.Figure{ledger.Cash(ledger.Times, "amount", "", m), ledger.Part(ledger.Times, "part", "", r)}}
		want, err := m.Scale(r)
		if err != nil {
			t.Fatalf("Scale: %v", err)
		}
		got, err := x.Amount()
		if err != nil || got != want.Minor {
			t.Fatalf("Amount of %+v = %d, %v, want %d", x.Figures, got, err, want.Minor)
		}
		x.Rounding = ledger.Down
		down, err := x.Amount()
		if off := want.Minor - down; err != nil || off < -1 || off > 1 || down*down > want.Minor*want.Minor {
			t.Fatalf("Amount of %+v rounded down = %d, %v, rounded %d", x.Figures, down, err, want.Minor)
		}
	})
}

// Whatever was posted before, an entry's figures give the entry's amount.
func TestEntriesAreExplained(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tally ledger.Tally
		for range rapid.IntRange(1, 4).Draw(t, "rounds") {
			seen, due := map[ledger.Key]bool{}, []ledger.Step(nil)
			for _, s := range genSteps.Draw(t, "due") {
				if !seen[s.Key] {
					seen[s.Key], due = true, append(due, s)
				}
			}
			entries, err := ledger.Settle(nil, due, tally)
			if err != nil {
				t.Fatalf("Settle: %v", err)
			}
			for i := range entries {
				if !explained(&entries[i]) || entries[i].Rule == "" || entries[i].Text == "" {
					t.Fatalf("the figures of %+v do not give %d", entries[i].Explanation, entries[i].Minor)
				}
			}
			tally = post(t, tally, entries)
		}
	})
}

func TestClawedBack(t *testing.T) {
	acc := ledger.Account{Payee: "csm-1"}
	for _, tt := range []struct {
		name  string
		kind  ledger.Kind
		to    ledger.Bucket
		minor int64
		want  int64
	}{
		{"an earning", ledger.Earning, ledger.Payable, 500, 0},
		{"a clawback", ledger.Clawback, ledger.Payable, -120, 120},
		{"a forfeiture takes nothing that is payable", ledger.Forfeiture, ledger.Held, -80, 120},
		{"another clawback", ledger.Clawback, ledger.Payable, -30, 150},
		{"one taken back", ledger.Clawback, ledger.Payable, 120, 30},
	} {
		e := fullEntry()
		e.Kind, e.From, e.To, e.Minor, e.Period = tt.kind, ledger.Expense, tt.to, tt.minor, 100
		if err := acc.Append(&e); err != nil {
			t.Fatalf("Append: %v", err)
		}
		if got := acc.Periods[100].ClawedBack; got != tt.want {
			t.Errorf("after %s: ClawedBack = %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestNamesOfFigures(t *testing.T) {
	for op, want := range map[ledger.Op]string{ledger.Times: "×", ledger.Over: "÷", ledger.Plus: "+", ledger.Minus: "−"} {
		if op.String() != want {
			t.Errorf("Op(%d) = %q, want %q", op, op, want)
		}
	}
	for r, want := range map[ledger.Rounding]string{ledger.HalfAway: "half away from zero", ledger.Down: "down, then by largest remainder"} {
		if r.String() != want {
			t.Errorf("Rounding(%d) = %q, want %q", r, r, want)
		}
	}
	for _, tt := range []struct{ got, want ledger.Figure }{
		{ledger.Cash(ledger.Times, "a", "f", money.Money{Minor: 5, Currency: "USD"}), ledger.Figure{Op: ledger.Times, Name: "a", Value: "5", Unit: "USD", Field: "f"}},
		{ledger.Part(ledger.Over, "a", "f", money.Ratio{Num: 40, Den: 100}), ledger.Figure{Op: ledger.Over, Name: "a", Value: "2/5", Unit: "%", Field: "f"}},
		{ledger.Days(ledger.Minus, "a", "f", 3), ledger.Figure{Op: ledger.Minus, Name: "a", Value: "3", Unit: "days", Field: "f"}},
		{ledger.Plain(ledger.Plus, "a", "f", big.NewRat(4, 2)), ledger.Figure{Op: ledger.Plus, Name: "a", Value: "2", Field: "f"}},
	} {
		if tt.got != tt.want {
			t.Errorf("figure %+v, want %+v", tt.got, tt.want)
		}
	}
}
