package report

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
)

// Effect is what one event moved: a plan version published late, an exchange
// rate, a correction. Everything posted because of it is summed; what it left
// as it was is not there.
type Effect struct {
	Cause   Cause   `json:"cause"`
	Entries int     `json:"entries"`
	Moved   []Moved `json:"moved"` // by payee, period, applies_to and component
}

// Moved is what an event moved in one component of a payee's quarter.
type Moved struct {
	PayeeID   string `json:"payee_id"`
	Currency  string `json:"currency"`
	Period    string `json:"period"`     // posted in
	AppliesTo string `json:"applies_to"` // about
	Component string `json:"component"`
	Entries   int    `json:"entries"`
	Standing
}

// EffectOf goes through a ledger for what an event moved. An event that moved
// nothing, or that nobody has heard of, has no lines.
func EffectOf(ctx context.Context, r Reader, cause Cause) (*Effect, error) {
	type place struct{ payee, period, about, component string }
	type sum struct {
		ledger.Balances
		entries  int
		currency money.Currency
	}
	out, sums := &Effect{Cause: cause, Moved: []Moved{}}, map[place]*sum{}
	err := r.Journal(ctx, Filter{}, func(p *Posted) error {
		if !slices.Contains(p.CausedBy, cause) {
			return nil
		}
		m, err := money.Parse(p.Amount, money.Currency(p.Currency))
		if err != nil {
			return fmt.Errorf("entry %s: %w", p.EntryID, err)
		}
		from, errFrom := ledger.ParseBucket(p.From)
		to, errTo := ledger.ParseBucket(p.To)
		if err := cmp.Or(errFrom, errTo); err != nil {
			return fmt.Errorf("entry %s: %w", p.EntryID, err)
		}
		at := place{p.PayeeID, p.Period, p.AppliesTo, p.Component}
		if sums[at] == nil {
			sums[at] = &sum{currency: m.Currency}
		}
		s := sums[at]
		if s.Balances, err = s.Move(m.Minor, from, to); err != nil {
			return fmt.Errorf("entry %s: %w", p.EntryID, err)
		}
		s.entries++
		out.Entries++
		return nil
	})
	if err != nil {
		return nil, err
	}
	for at, s := range sums {
		out.Moved = append(out.Moved, Moved{at.payee, string(s.currency), at.period, at.about, at.component, s.entries, standing(s.currency, s.Balances)})
	}
	slices.SortFunc(out.Moved, func(a, b Moved) int {
		return cmp.Or(cmp.Compare(a.PayeeID, b.PayeeID), cmp.Compare(a.Period, b.Period), cmp.Compare(a.AppliesTo, b.AppliesTo), cmp.Compare(a.Component, b.Component))
	})
	return out, nil
}

func (p *printer) effect(e *Effect) {
	if e.Entries == 0 {
		p.linef("%s of %s moved nothing.", plainText(e.Cause.ID), plainText(e.Cause.Source))
		return
	}
	p.linef("%s of %s moved this, in %s", plainText(e.Cause.ID), plainText(e.Cause.Source), some(e.Entries, "entry"))
	g := newGrid("  ", "PAYEE", "PERIOD", "ABOUT", "COMPONENT", "EARNED", "HELD", "PAYABLE", "PAID", "").rightAlign(4, 5, 6, 7)
	for _, m := range e.Moved {
		g.row(m.PayeeID, m.Period, m.AppliesTo, m.Component, grouped(m.Earned), grouped(m.Held), grouped(m.Payable), grouped(m.Paid), m.Currency)
	}
	g.writeTo(p)
}
