package account

import (
	"fmt"

	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// earning is what a share earns in a component, and how that is explained once it
// is to be posted; zero where it is not paid by it.
func (s *State) earning(c *Credited, comp *plan.Component) (money.Money, func() ledger.Explanation, error) {
	none := money.Money{Currency: c.Deal.home.Currency}
	switch comp.Kind {
	case plan.Expansion:
		if !c.split || c.mode == "spif" && comp.Basis != "fixed" {
			return none, nil, nil
		}
		switch comp.Basis {
		case "mrr":
			return c.monthly(comp, "rules §5, rate basis mrr")
		case "fixed":
			return c.fixed(comp, "rules §5, rate basis fixed")
		}
		return s.pooled(c, comp)
	case plan.Sourcing:
		if c.sourcing {
			return c.monthly(comp, "rules §4, sourcing credit")
		}
	case plan.Spif:
		if c.csm {
			return c.fixed(comp, "rules §4, spif")
		}
	}
	return none, nil, nil
}

// pooled is what a credit earns in a component paid from a pool: hitting the
// target pays the pool, from the first unit of ARR on.
//
// Source: rules §5, "rate basis: pool".
// Units: minor units of the plan's currency; pool and target are the year's.
// Rounding: half away from zero, once.
func (s *State) pooled(c *Credited, comp *plan.Component) (money.Money, func() ledger.Explanation, error) {
	none := money.Money{Currency: c.Deal.home.Currency}
	target, part, field, err := s.target(c, comp)
	if err != nil || target.Minor <= 0 || part.Num <= 0 {
		return none, nil, err
	}
	variable := c.terms.Variable
	minor, err := money.MulDiv(c.credit.Minor,
		[]int64{variable.Minor, comp.Weight.Num, part.Den}, []int64{target.Minor, comp.Weight.Den, part.Num})
	amount := money.Money{Minor: minor, Currency: c.credit.Currency}
	if err != nil {
		return none, nil, err
	}
	return amount, func() ledger.Explanation {
		pool, _ := variable.Scale(*comp.Weight)
		goal := target.String()
		if part != money.One {
			goal = fmt.Sprintf("(%s of the book's %s)", part.Percent(), target)
		}
		x := ledger.Explanation{
			Text: fmt.Sprintf("%s%s × %s × %s ÷ %s = %s", c.converted(), c.Deal.home, c.rate.Percent(), pool, goal, amount),
			Rule: "rules §5, rate basis pool",
			Figures: append(c.creditFigures(),
				ledger.Cash(ledger.Times, "variable a year", "variable_annual", variable),
				ledger.Part(ledger.Times, "weight of "+comp.ID, "components."+comp.ID+".weight", *comp.Weight),
				ledger.Cash(ledger.Over, "target a year", field, target)),
		}
		if part != money.One {
			last := &x.Figures[len(x.Figures)-1]
			last.Name, last.Field = "ARR of the book on the quarter's first day", ""
			x.Figures = append(x.Figures, ledger.Part(ledger.Over, "part of it that is the target a year", field, part))
		}
		return x
	}, nil
}

// target is the year's target that a share is measured against: part of an
// amount, which is all of it but where the target is a part of the book.
//
// Source: plan field components.target; rules §8 "annual_target".
// Rounding: none.
func (s *State) target(c *Credited, comp *plan.Component) (amount money.Money, part money.Ratio, field string, err error) {
	switch {
	case c.terms.Target != nil:
		return *c.terms.Target, money.One, "annual_target of the enrolment", nil
	case comp.AnnualARR != nil:
		return *comp.AnnualARR, money.One, "components." + comp.ID + ".target.annual_arr", nil
	case comp.PercentOfBook == nil:
		return money.Money{}, money.One, "", nil
	}
	c.Deal.derived.book = true
	arr, err := s.set.Payees.Book(c.payee, c.terms.Role, s.set.Calendar.QuarterOf(c.Deal.Booked))
	return money.Money{Minor: arr, Currency: c.credit.Currency}, *comp.PercentOfBook, "components." + comp.ID + ".target.percent_of_book", err
}

// monthly is one month of a credit's ARR × a rate.
//
// Source: rules §4 "Sourcing credit", §5 "rate basis: mrr".
// Units: minor units.
// Rounding: half away from zero, once.
func (c *Credited) monthly(comp *plan.Component, rule string) (money.Money, func() ledger.Explanation, error) {
	minor, err := money.MulDiv(c.credit.Minor, []int64{comp.Rate.Num}, []int64{comp.Rate.Den, 12})
	amount := money.Money{Minor: minor, Currency: c.credit.Currency}
	return amount, func() ledger.Explanation {
		return ledger.Explanation{
			Text: fmt.Sprintf("%s%s × %s × %s ÷ 12 = %s", c.converted(), c.Deal.home, c.rate.Percent(), comp.Rate.Percent(), amount),
			Rule: rule,
			Figures: append(c.creditFigures(),
				ledger.Part(ledger.Times, "rate of "+comp.ID, "components."+comp.ID+".rate", comp.Rate),
				ledger.Figure{Op: ledger.Over, Name: "months in a year", Value: "12"}),
		}
	}, err
}

// fixed is the amount of the table's last row that the deal's ARR reaches.
//
// Source: rules §5 "rate basis: fixed"; plan field table.
// Rounding: none.
func (c *Credited) fixed(comp *plan.Component, rule string) (money.Money, func() ledger.Explanation, error) {
	amount := money.Money{Currency: c.Deal.home.Currency}
	var from money.Money
	for _, row := range comp.Table {
		if row.From.Minor <= c.Deal.home.Minor {
			amount, from = row.Amount, row.From
		}
	}
	return amount, func() ledger.Explanation {
		return ledger.Explanation{
			Text:    fmt.Sprintf("%s%s is in the row from %s: %s", c.converted(), c.Deal.home, from, amount),
			Rule:    rule,
			Figures: []ledger.Figure{ledger.Cash(ledger.Plus, "amount for deals from "+from.String(), "components."+comp.ID+".table", amount)},
		}
	}, nil
}

// creditFigures are the share's credit as booked.
func (c *Credited) creditFigures() []ledger.Figure {
	return []ledger.Figure{ledger.Cash(ledger.Times, "credit: "+c.rate.Percent()+" of "+c.Deal.home.String(), "incremental_arr, crediting", c.credit)}
}

// converted says at which rate a foreign deal's ARR was converted.
func (c *Credited) converted() string {
	if c.Deal.rate.Type == "" {
		return ""
	}
	return fmt.Sprintf("%s at %s = ", c.Deal.ARR, c.Deal.rate.Rate)
}
