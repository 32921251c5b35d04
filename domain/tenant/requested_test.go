package tenant

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
)

// owed is a payee with a payable balance.
func owed(balance int64) *payee {
	return &payee{ledger: ledger.Account{Balances: ledger.Balances{Payable: balance}}}
}

func percent(n int64) money.Ratio { return money.Ratio{Num: n, Den: 100} }

// Source: rules §7 "Recovery"; readings R32. Before is the balance carried into
// the period, earned and clawed are what the period did.
func TestRequested(t *testing.T) {
	for _, tt := range []struct {
		name                   string
		before, earned, clawed int64
		cap                    int64
		want                   int64
	}{
		{"nothing", 0, 0, 0, 100, 0},
		{"an earning", 0, 500, 0, 100, 500},
		{"what was left from before too", 200, 500, 0, 50, 700},
		{"a clawback taken whole", 0, 500, 120, 100, 380},
		{"more than there is", 0, 500, 700, 100, 0},
		{"exactly what there is", 0, 500, 500, 100, 0},
		{"at most half of it", 0, 500, 700, 50, 250},
		{"less than half of it", 0, 500, 120, 50, 380},
		{"exactly half of it", 0, 500, 250, 50, 250},
		{"half of an odd amount: away from zero", 0, 501, 700, 50, 250}, // 250.5 taken as 251
		{"a debt from before", -300, 500, 0, 100, 200},
		{"… at most half of what there is", -300, 500, 0, 50, 250},
		{"both debts", -300, 500, 100, 50, 250},
		{"nothing may be taken", -300, 500, 100, 0, 500},
		{"a debt and nothing earned", -300, 0, 0, 50, 0},
		{"a clawback and nothing earned", 0, 0, 100, 50, 0},
		{"carried over, then clawed back", 200, 0, 100, 50, 100},
	} {
		moved := tt.earned - tt.clawed
		totals := ledger.Totals{Lines: 1, Moved: ledger.Balances{Payable: moved}, ClawedBack: tt.clawed}
		if got := owed(tt.before+moved).requested(totals, percent(tt.cap)); got != tt.want {
			t.Errorf("%s: requested = %d, want %d", tt.name, got, tt.want)
		}
	}
}

// Without a cap the balance is requested. With one no more than before debts is,
// nothing below zero, and a lower cap never requests less.
func TestRequestedIsBetweenBalanceAndGross(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := rapid.Int64Range(-1000, 1000).Draw(t, "before")
		earned, clawed := rapid.Int64Range(0, 1000).Draw(t, "earned"), rapid.Int64Range(0, 1000).Draw(t, "clawed")
		p, totals := owed(before+earned-clawed), ledger.Totals{Moved: ledger.Balances{Payable: earned - clawed}, ClawedBack: clawed}
		if got, want := p.requested(totals, money.One), max(0, before+earned-clawed); got != want {
			t.Fatalf("requested without a cap = %d, want %d", got, want)
		}
		gross := max(0, before) + earned
		last := gross
		for _, cap := range []int64{0, 1, 33, 50, 99, 100} {
			got := p.requested(totals, percent(cap))
			if got < 0 || got > last || cap == 0 && got != gross {
				t.Fatalf("requested with a cap of %d %% = %d, at most %d", cap, got, last)
			}
			last = got
		}
	})
}
