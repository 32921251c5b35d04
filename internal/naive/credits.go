package naive

import (
	"slices"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/plan"
)

// credit is ARR of a deal attributed to a payee, from the booking until it is
// lost.
type credit struct {
	payee event.PayeeID
	deal  *deal
	arr   int64
	quota bool // counts for attainment
	// pays is the payee's plan on the booking date, nil without one; judged is
	// the plan whose window and gates hold for it: pays, else the deal's rules.
	pays, judged *plan.Plan
	in           *event.PayeeEnrolled
	fate         *fate
	opens        civil.Date
	forfeits     civil.Date
}

// leftOn is what of the credit counts after the losses of a date. A missed
// renewal takes the money, not the credit (R19).
func (c credit) leftOn(on civil.Date) (int64, error) {
	if c.deal.arr == 0 {
		return 0, nil
	}
	gone, err := rounded(product(whole(c.arr), quotient(c.fate.gonePart(on), whole(c.deal.arr))))
	return c.arr - gone, err
}

// credited gives a payee credit for a deal, and says when its money opens; nil
// for a payee who had left (R15) or whose health gate failed (§6).
func (w *world) credited(d *deal, p event.PayeeID, arr int64, rules *plan.Plan) (*credit, error) {
	in, terminated := w.employed(p, d.booked)
	health := w.health(d, p, rules)
	if p == "" || terminated || health == failed {
		return nil, nil
	}
	c := &credit{payee: p, deal: d, arr: arr, quota: rules.Crediting.Mode != "spif", in: in, pays: w.planOf(in, d.booked), forfeits: civil.Never}
	c.judged = c.pays
	if c.judged == nil {
		c.judged = rules
	}
	fates, err := w.fates(d.account, c.judged)
	if err != nil {
		return nil, err
	}
	c.fate = fates[d]
	c.opens = w.opens(d, c.judged, health, c.fate)
	if c.judged.Payability.Termination == "forfeit" {
		c.forfeits = w.leaves(p, d.booked)
	}
	return c, nil
}

// rulesOf is the plan that says how a deal is credited and gated: its CSM's on
// the booking date, else the first in force by name (R27). Before the first
// plan there is none, and no credit.
func (w *world) rulesOf(csm event.PayeeID, on civil.Date) *plan.Plan {
	enrolled, _ := w.employed(csm, on)
	if p := w.planOf(enrolled, on); p != nil {
		return p
	}
	return w.plans.First(on)
}

// split is who is credited with how much of a deal (§4): as decided, else by
// the mode. A part without a payee goes to nobody (R14). One payee in both
// positions has one credit, the sum.
func (w *world) split(d *deal, rules *plan.Plan) (map[event.PayeeID]int64, error) {
	if decided := w.disputes()[d.opportunity].decided; decided != nil {
		return arbitrated(d, decided), nil
	}
	switch rules.Crediting.Mode {
	case "dual":
		return map[event.PayeeID]int64{d.ae: d.arr}, nil
	case "pod", "spif":
		return map[event.PayeeID]int64{d.csm: d.arr}, nil
	case "split":
		return banded(d, rules)
	}
	return nil, nil
}

// arbitrated replaces the split by the decision: each named payee's part, so
// that all parts sum to the deal, ties to the earlier payee (§4).
func arbitrated(d *deal, decided *event.DisputeDecided) map[event.PayeeID]int64 {
	bps := map[event.PayeeID]int64{}
	for _, s := range decided.Split {
		bps[s.Payee] += int64(s.BPS)
	}
	named := sorted(bps)
	var weights []int64
	for _, p := range named {
		weights = append(weights, bps[p])
	}
	shares := map[event.PayeeID]int64{}
	for i, arr := range shared(d.arr, weights) {
		shares[named[i]] = arr
	}
	return shares
}

// banded is by the band of the whole deal, the CSM's part rounded half away
// from zero and the AE's the remainder. Where deals are handed off, one above
// the threshold or with any flag is the AE's whole.
func banded(d *deal, rules *plan.Plan) (map[event.PayeeID]int64, error) {
	handed := rules.Ownership == "split" || rules.Ownership == "three_way"
	if handed && (d.flagged || d.arr > rules.Crediting.HandoffAbove.Minor) {
		return map[event.PayeeID]int64{d.ae: d.arr}, nil
	}
	i := slices.IndexFunc(rules.Crediting.Bands, func(b plan.Band) bool {
		return b.Edge == nil || d.arr < b.Edge.Minor || b.Inclusive && d.arr == b.Edge.Minor
	})
	if i < 0 {
		return nil, nil
	}
	csm, err := rounded(product(whole(d.arr), ratio(rules.Crediting.Bands[i].CSM)))
	if err != nil {
		return nil, err
	}
	shares := map[event.PayeeID]int64{d.csm: csm}
	shares[d.ae] += d.arr - csm
	return shares, nil
}
