package book

import (
	"fmt"
	"math/big"
	"time"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// trueUps are the steps of every quarter that has ended by an instant: a
// quarter ends with the last nanosecond of its last day.
//
// Source: rules §8; readings R16, R17, R36.
// Units: minor units of the plan's currency.
// Rounding: half away from zero, once per quarter and component.
func (p *Person) trueUps(asOf time.Time, books Books, kept *Kept) (steps [][]ledger.Step, err error) {
	if len(p.told) == 0 {
		return nil, nil
	}
	var year yearSoFar
	for q := p.set.Calendar.QuarterOf(p.told[0].on); !p.set.Calendar.Last(q).End(p.set.Zone).After(asOf); q++ {
		if q.Number() == 1 {
			year = yearSoFar{}
		}
		qt, ok := p.quarterOf(q)
		if !ok {
			continue
		}
		year.shares.put(qt)
		for i := range qt.plan.Components {
			c := &qt.plan.Components[i]
			more, err := p.component(qt, c, &year, books, civil.In(asOf, p.set.Zone), kept)
			if err != nil {
				return nil, fmt.Errorf("%s of %s: %w", c.ID, q, err)
			}
			if len(more) > 0 {
				steps = append(steps, more)
			}
		}
	}
	return steps, nil
}

// yearSoFar is what the quarters of a year before have come to.
type yearSoFar struct {
	pools  []*poolSoFar // one for each component that there was
	shares yearShares   // of the last one, too
	posted map[dealPart][]postedShare
	kept   []*keptUplift // whose shares are not among posted yet
	anew   bool          // an accelerator was worked out, so cumulative ones are from here on
}

// pool is what a component has come to.
func (y *yearSoFar) pool(component string) *poolSoFar {
	for _, so := range y.pools {
		if so.component == component {
			return so
		}
	}
	so := &poolSoFar{component: component}
	y.pools = append(y.pools, so)
	return so
}

// component is what one component makes due for one quarter. The steps must not
// be changed: they may be kept.
func (p *Person) component(qt quarter, c *plan.Component, year *yearSoFar, books Books, today civil.Date, kept *Kept) ([]ledger.Step, error) {
	switch c.Kind {
	case plan.Retention, plan.NetRetention:
		return p.retention(qt, c, year, books, kept)
	case plan.Objectives, plan.Health:
		m, err := books.Measures(p, qt.Quarter)
		if err != nil {
			return nil, err
		}
		in := poolInputs{quarter: qt, measured: m, facts: p.facts}
		if k := kept.pool(in, c.ID); k != nil {
			return k.due, nil
		}
		var due []ledger.Step
		if c.Kind == plan.Health {
			due, err = p.scored(qt, c, ledger.HealthBonus, "rules §8, health bonus", healthy(c, m))
		} else {
			due, err = p.scored(qt, c, ledger.ObjectivesScore, "rules §8, objectives", p.objectives(qt, c, m))
		}
		kept.keepPool(in, c.ID, due, 0)
		return due, err
	case plan.Expansion:
		return p.accelerator(qt, c, year, books, today, kept)
	}
	return nil, nil // sourcing and spif are paid per deal
}

// pool is a retention component's quarter for one payee.
type pool struct {
	quarter
	component *plan.Component
	window    account.Window
	all, cfo  account.Retention
}

// kept is the ratio the component measures: closings capped at their opening
// for GRR, as they are for NRR.
func (p pool) kept(r account.Retention) money.Ratio {
	if p.component.Kind == plan.NetRetention {
		return money.Ratio{Num: r.Net, Den: r.Opening}
	}
	return money.Ratio{Num: r.Gross, Den: r.Opening}
}

// poolSoFar is what a retention component has come to in the quarters of a
// year before.
type poolSoFar struct {
	component string
	shares    yearShares // of the quarters added
	posted    int64
	before    int64 // posted before the last quarter added
}

func (p *Person) retention(qt quarter, c *plan.Component, year *yearSoFar, books Books, kept *Kept) ([]ledger.Step, error) {
	w := account.WindowOf(c.Window)
	all, cfo, err := books.Retained(p, w, qt.Quarter)
	if err != nil {
		return nil, err
	}
	so := year.pool(c.ID)
	so.shares.put(qt)
	so.before = so.posted
	in := poolInputs{quarter: qt, all: all, cfo: cfo, shares: so.shares, before: so.before}
	if k := kept.pool(in, c.ID); k != nil {
		so.posted = k.posted
		return k.due, nil
	}
	pool := pool{qt, c, w, all, cfo}
	due, err := so.add(pool)
	if err != nil {
		return nil, err
	}
	var steps []ledger.Step
	if due != 0 {
		reason := ledger.GRRMultiplier
		if c.Kind == plan.NetRetention {
			reason = ledger.NRRMultiplier
		}
		steps = []ledger.Step{p.trueUp(qt, c.ID, reason, due, so.explain(pool, due))}
	}
	kept.keepPool(in, c.ID, steps, so.posted)
	return steps, nil
}

// add gives what the quarter that was put in last makes due: its pool × multiplier, or for a cumulative window the year's pool so far × multiplier
// less what the quarters before were due. An empty book is due nothing.
//
// Source: rules §8 "Pay"; readings R16, R17.
func (y *poolSoFar) add(p pool) (int64, error) {
	if p.all.Opening == 0 {
		return 0, nil
	}
	of, less := p.share.Rat(), int64(0)
	if p.window != account.WindowQuarter {
		of, less = y.shares.sum(), y.before
	}
	total := new(big.Rat).Mul(money.Ratio{Num: p.variable.Minor, Den: 4}.Rat(), p.component.Weight.Rat())
	due, err := money.Round(total.Mul(total, of).Mul(total, p.multiplier().times))
	if err != nil {
		return 0, err
	}
	if due, err = money.Add(due, -less); err != nil {
		return 0, err
	}
	y.posted, err = money.Add(y.posted, due)
	return due, err
}

// explain keeps the numbers of the quarter just added.
func (y *poolSoFar) explain(p pool, due int64) func() ledger.Explanation {
	shares, before := y.shares, y.before
	return func() ledger.Explanation {
		amount := func(minor int64) money.Money { return money.Money{Minor: minor, Currency: p.variable.Currency} }
		name, closing, rule := "GRR", p.all.Gross, "rules §8, GRR"
		if p.component.Kind == plan.NetRetention {
			name, closing, rule = "NRR", p.all.Net, "rules §8, NRR"
		}
		m := p.multiplier()
		text := fmt.Sprintf("%s of %s over %s: %s ÷ %s = %s, %s; %s a year × %s",
			name, p.Quarter, p.component.Window, amount(closing), amount(p.all.Opening), p.kept(p.all).Percent(), m.text,
			p.variable, p.component.Weight.Percent())
		so := shares.sum()
		of := p.share.Rat()
		if p.window != account.WindowQuarter {
			of = so
		}
		x := ledger.Explanation{Rule: rule, Figures: []ledger.Figure{
			ledger.Cash(ledger.Times, "variable a year", "variable_annual", p.variable),
			ledger.Part(ledger.Times, "weight of "+p.component.ID, "components."+p.component.ID+".weight", *p.component.Weight),
			ledger.Plain(ledger.Times, "quarters of the year so far, by days enrolled", "proration", of),
			ledger.Plain(ledger.Over, "quarters in a year", "", big.NewRat(4, 1)),
			ledger.Plain(ledger.Times, "multiplier: "+m.text, "components."+p.component.ID+".multiplier", m.times),
		}}
		if p.window == account.WindowQuarter {
			x.Text = text + fmt.Sprintf(" ÷ 4 × %s of the quarter = %s", p.share, amount(due))
			return x
		}
		if before != 0 {
			x.Figures = append(x.Figures, ledger.Minor(ledger.Minus, "due for the year's quarters before", "", before, p.variable.Currency))
		}
		x.Text = text + fmt.Sprintf(" × %s of 4 quarters − %s due before = %s", so.RatString(), amount(before), amount(due))
		return x
	}
}

// achieved is a score between 0 and 1, and where it comes from.
type achieved struct {
	score *big.Rat
	text  func() string
	told  []event.Identity
}

// scored pays a quarter's pool by a score.
//
// Source: rules §8 "Objectives", "Health bonus".
// Units: minor units of the plan's currency.
// Rounding: half away from zero, once.
func (p *Person) scored(qt quarter, c *plan.Component, why ledger.Reason, rule string, a achieved) ([]ledger.Step, error) {
	total := new(big.Rat).Mul(money.Ratio{Num: qt.variable.Minor, Den: 4}.Rat(), c.Weight.Rat())
	due, err := money.Round(total.Mul(total, qt.share.Rat()).Mul(total, a.score))
	if err != nil || due == 0 {
		return nil, err
	}
	step := p.trueUp(qt, c.ID, why, due, func() ledger.Explanation {
		return ledger.Explanation{
			Text: fmt.Sprintf("%s of %s: %s; %s a year × %s ÷ 4 × %s of the quarter × %s = %s", c.ID, qt.Quarter, a.text(),
				qt.variable, c.Weight.Percent(), qt.share, money.Percent(a.score), money.Money{Minor: due, Currency: qt.variable.Currency}),
			Rule: rule,
			Figures: []ledger.Figure{
				ledger.Cash(ledger.Times, "variable a year", "variable_annual", qt.variable),
				ledger.Part(ledger.Times, "weight of "+c.ID, "components."+c.ID+".weight", *c.Weight),
				ledger.Plain(ledger.Over, "quarters in a year", "", big.NewRat(4, 1)),
				ledger.Plain(ledger.Times, "part of the quarter enrolled", "proration", qt.share.Rat()),
				{Op: ledger.Times, Name: "score", Value: a.score.RatString(), Unit: "%", Field: "components." + c.ID},
			},
		}
	})
	step.Causes = append(step.Causes, a.told...)
	return []ledger.Step{step}, nil
}

func (p *Person) trueUp(qt quarter, component string, why ledger.Reason, due int64, explain func() ledger.Explanation) ledger.Step {
	return ledger.Step{
		Key: ledger.Key{
			Line: ledger.Line{Payee: p.ID, Component: component}, Kind: ledger.TrueUp, Reason: why,
			From: ledger.Expense, To: ledger.Payable, Effective: qt.last,
		},
		Minor: due, Currency: qt.variable.Currency, Plan: qt.plan, Causes: []event.Identity{qt.enrolment.Identity}, Explain: explain,
	}
}
