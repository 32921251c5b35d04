package naive

import (
	"math/big"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/plan"
)

// dealLines credits and pays every deal (§4, §5, §6, §7).
func (w *world) dealLines() ([]line, []credit, error) {
	var lines []line
	var credits []credit
	for _, d := range w.deals() {
		rules := w.rulesOf(d.csm, d.booked)
		if rules == nil || rules.Crediting.Mode == "pipeline" {
			continue
		}
		mine, more, err := w.dealPay(d, rules)
		if err != nil {
			return nil, nil, err
		}
		credits, lines = append(credits, mine...), append(lines, more...)
	}
	for _, c := range w.pipelineCredits() {
		credits = append(credits, c)
		for _, kind := range []string{plan.Expansion, plan.Sourcing, plan.Spif} {
			more, err := w.pay(c, kind, c.opens)
			if err != nil {
				return nil, nil, err
			}
			lines = append(lines, more...)
		}
	}
	return lines, credits, nil
}

// dealPay is one deal's credits and lines: of expansion components to whom it
// is credited, of spif components to its CSM (R34), of sourcing components to
// who found it. In mode spif there is no quota: no expansion component pays but
// one of fixed amounts.
func (w *world) dealPay(d *deal, rules *plan.Plan) (credits []credit, lines []line, err error) {
	shares, err := w.split(d, rules)
	if err != nil {
		return nil, nil, err
	}
	pay := func(p event.PayeeID, arr int64, kind string, opens func(*credit) civil.Date) error {
		c, err := w.credited(d, p, arr, rules)
		if c == nil || err != nil {
			return err
		}
		if kind == plan.Expansion {
			credits = append(credits, *c)
		}
		more, err := w.pay(*c, kind, opens(c))
		lines = append(lines, more...)
		return err
	}
	asItIs := func(c *credit) civil.Date { return c.opens }
	for _, p := range sorted(shares) {
		if shares[p] == 0 {
			continue
		}
		if err := pay(p, shares[p], plan.Expansion, asItIs); err != nil {
			return nil, nil, err
		}
	}
	if err := pay(d.csm, d.arr, plan.Spif, asItIs); err != nil {
		return nil, nil, err
	}
	if d.again {
		return credits, lines, nil // found once, and paid for it once
	}
	finder, contested := w.source(d.opportunity)
	err = pay(finder, d.arr, plan.Sourcing, func(c *credit) civil.Date {
		if contested {
			return civil.Never
		}
		return max(c.opens, w.handedOff(d.opportunity))
	})
	return credits, lines, err
}

// pay is a credit's lines of all components of one kind in its payee's plan.
func (w *world) pay(c credit, kind string, opens civil.Date) ([]line, error) {
	if c.pays == nil {
		return nil, nil
	}
	var lines []line
	for _, comp := range c.pays.Components {
		if comp.Kind != kind || kind == plan.Expansion && !c.quota && comp.Basis != "fixed" {
			continue
		}
		amount, err := w.amount(c, comp)
		if err != nil {
			return nil, err
		}
		if amount == 0 {
			continue
		}
		l := line{
			payee: c.payee, opportunity: c.deal.opportunity, component: comp.ID, amount: amount,
			earned: c.deal.booked, opens: opens, forfeits: c.forfeits,
		}
		if l.cuts, err = cuts(amount, whole(c.deal.arr), append(c.fate.gone[:len(c.fate.gone):len(c.fate.gone)], c.fate.unpaid...)); err != nil {
			return nil, err
		}
		lines = append(lines, l)
	}
	return lines, nil
}

// amount is what one component pays for a credit (§5), rounded once: of the
// pool, of a month's recurring revenue, or from a table by the deal's ARR.
func (w *world) amount(c credit, comp plan.Component) (int64, error) {
	switch {
	case comp.Kind == plan.Spif, comp.Basis == "fixed" && c.arr != 0:
		return fromTable(comp.Table, c.deal.arr), nil
	case comp.Kind == plan.Sourcing, comp.Basis == "mrr":
		return rounded(product(whole(c.arr), ratio(comp.Rate), big.NewRat(1, 12)))
	case comp.Basis == "pool":
		target := w.annualTarget(c.payee, c.in, comp, w.tenant.Periods.Calendar.QuarterOf(c.deal.booked))
		if target.Sign() <= 0 {
			return 0, nil
		}
		return rounded(product(whole(c.arr), annualPool(c.pays, comp, c.in), new(big.Rat).Inv(target)))
	}
	return 0, nil
}

// fromTable is the amount of the row that an ARR reaches.
func fromTable(table []plan.Amount, arr int64) int64 {
	amount := int64(0)
	for _, row := range table {
		if row.From.Minor <= arr {
			amount = row.Amount.Minor
		}
	}
	return amount
}

// annualPool is a component's share of a year's variable, not rounded; the
// enrolment's variable goes before the plan's (§8).
func annualPool(p *plan.Plan, c plan.Component, in *event.PayeeEnrolled) *big.Rat {
	variable := p.Variable
	if in.VariableAnnual != nil {
		variable = *in.VariableAnnual
	}
	if c.Weight == nil {
		return new(big.Rat)
	}
	return product(whole(variable.Minor), ratio(*c.Weight))
}

// annualTarget is the enrolment's, else the component's: an amount, or so much
// of the ARR of the book owned on the quarter's first day, as of the day before.
func (w *world) annualTarget(p event.PayeeID, in *event.PayeeEnrolled, c plan.Component, q civil.Quarter) *big.Rat {
	switch {
	case in.AnnualTarget != nil:
		return whole(in.AnnualTarget.Minor)
	case c.AnnualARR != nil:
		return whole(c.AnnualARR.Minor)
	case c.PercentOfBook == nil:
		return new(big.Rat)
	}
	first, sum := w.tenant.Periods.Calendar.First(q), int64(0)
	for _, account := range w.accounts() {
		if w.owner(account, seatOf(in.Role), first) == p {
			sum += w.life(account).on(first - 1).arr
		}
	}
	return product(whole(sum), ratio(*c.PercentOfBook))
}
