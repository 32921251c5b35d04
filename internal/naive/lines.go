package naive

import (
	"math/big"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/plan"
)

// credit is ARR attributed to a payee: from the booking until it is lost.
type credit struct {
	payee        event.PayeeID
	opportunity  event.OpportunityID
	arr          int64
	booked, lost civil.Date
}

// line is money for a credit: earned on the booking date, payable from the
// date its gates are open, gone when lost.
type line struct {
	payee       event.PayeeID
	opportunity event.OpportunityID
	component   string
	amount      int64
	booked      civil.Date
	opens       civil.Date // civil.Never: held for good
	lost        civil.Date // civil.Never: kept
	reason      string     // of the loss
}

// dealLines credits and pays every deal (§4, §5, §6, §7).
func (w *world) dealLines() ([]line, []credit, error) {
	var lines []line
	var credits []credit
	for _, d := range w.deals() {
		rules := w.rulesOf(d)
		if rules == nil {
			continue
		}
		shares, err := w.split(d, rules)
		if err != nil {
			return nil, nil, err
		}
		for _, p := range sortedPayees(shares) {
			c := credit{payee: p, opportunity: d.opportunity, arr: shares[p], booked: d.booked}
			health := w.health(d, p, rules)
			if health == failed {
				continue
			}
			enrolled, _ := w.employed(p, d.booked)
			pays := w.planOf(enrolled, d.booked)
			c.lost = w.creditLost(d, pays, rules)
			credits = append(credits, c)
			if pays == nil {
				continue
			}
			more, err := w.pay(d, c, enrolled, pays, health)
			if err != nil {
				return nil, nil, err
			}
			lines = append(lines, more...)
		}
	}
	return lines, credits, nil
}

func sortedPayees(shares map[event.PayeeID]int64) []event.PayeeID {
	set := map[event.PayeeID]bool{}
	for p := range shares {
		set[p] = true
	}
	return sorted(set)
}

// rulesOf is the plan that says how a deal is credited and gated: its CSM's on
// the booking date, else the first in force by name (R27). Before the first
// plan there is none, and no credit.
func (w *world) rulesOf(d deal) *plan.Plan {
	enrolled, _ := w.employed(d.csm, d.booked)
	if p := w.planOf(enrolled, d.booked); p != nil {
		return p
	}
	return w.plans.First(d.booked)
}

// split is mode split: by the band of the whole deal, the CSM's part rounded
// half away from zero and the AE's the remainder (§4). A part without a payee,
// or of one who had left (R15), goes to nobody. One payee in both positions
// has one credit, the sum.
func (w *world) split(d deal, rules *plan.Plan) (map[event.PayeeID]int64, error) {
	band, ok := bandOf(d.arr, rules.Crediting.Bands)
	if rules.Crediting.Mode != "split" || !ok {
		return nil, nil // the other modes are not computed yet
	}
	csm, err := rounded(product(whole(d.arr), ratio(band.CSM)))
	if err != nil {
		return nil, err
	}
	shares := map[event.PayeeID]int64{}
	give := func(p event.PayeeID, arr int64) {
		_, terminated := w.employed(p, d.booked)
		if p != "" && !terminated && arr != 0 {
			shares[p] += arr
		}
	}
	give(d.csm, csm)
	give(d.ae, d.arr-csm)
	return shares, nil
}

// bandOf is the first band that is not too small for a deal (§4).
func bandOf(arr int64, bands []plan.Band) (plan.Band, bool) {
	for _, b := range bands {
		if b.Edge == nil || arr < b.Edge.Minor || b.Inclusive && arr == b.Edge.Minor {
			return b, true
		}
	}
	return plan.Band{}, false
}

// pay is basis pool: credit × annual pool ÷ annual target, rounded once (§5);
// the enrolment's variable and target go before the plan's (§8). All gates of
// a line must be open (R9).
func (w *world) pay(d deal, c credit, enrolled *event.PayeeEnrolled, pays *plan.Plan, health verdict) ([]line, error) {
	gate := w.renewalGate(d, pays)
	var lines []line
	for _, comp := range pays.Components {
		if comp.Kind != plan.Expansion || comp.Basis != "pool" {
			continue
		}
		target := comp.AnnualARR
		if enrolled.AnnualTarget != nil {
			target = enrolled.AnnualTarget
		}
		if target == nil {
			continue
		}
		amount, err := rounded(product(whole(c.arr), annualPool(pays, comp, enrolled), big.NewRat(1, target.Minor)))
		if err != nil {
			return nil, err
		}
		l := line{
			payee: c.payee, opportunity: d.opportunity, component: comp.ID, amount: amount,
			booked: d.booked, opens: gate.opens, lost: civil.Never,
		}
		if health == missing {
			l.opens = civil.Never
		}
		l.lose(gate.missed, "renewal_missed")
		l.lose(w.lostToChurn(d, pays), "churn_within_window")
		l.lose(d.left, "expansion_cancelled")
		lines = append(lines, l)
	}
	return lines, nil
}

// lose takes the line away on d, unless it is gone before. On one date the
// churn's reason wins over the missed renewal's (§7).
func (l *line) lose(d civil.Date, reason string) {
	if d < l.lost || d == l.lost && d != civil.Never && reason == "churn_within_window" {
		l.lost, l.reason = d, reason
	}
}

// annualPool is a component's share of a year's variable, not rounded.
func annualPool(p *plan.Plan, c plan.Component, enrolled *event.PayeeEnrolled) *big.Rat {
	variable := p.Variable
	if enrolled.VariableAnnual != nil {
		variable = *enrolled.VariableAnnual
	}
	return product(whole(variable.Minor), ratio(*c.Weight))
}

// creditLost is when a credit stops to count: cancelled, or lost to a churn in
// the window (§7). A missed renewal takes the money, not the credit (R19).
// Where the payee has no plan, the deal's rules say how long the window is.
func (w *world) creditLost(d deal, pays, rules *plan.Plan) civil.Date {
	if pays == nil {
		pays = rules
	}
	return min(d.left, w.lostToChurn(d, pays))
}
