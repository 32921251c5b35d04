package account

import (
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// Terms is what a payee is paid by on a day.
type Terms struct {
	Plan       *plan.Plan // nil: no plan, so credits but no money
	Role       event.Role // empty: not enrolled
	Terminated bool       // the last day of employment is over
	Variable   money.Money
	Target     *money.Money // overrides the plan's annual target
}

// share is one payee's part of a deal.
type share struct {
	payee   event.PayeeID
	terms   Terms
	rules   *plan.Plan // whose payability and clawback apply; never nil
	credit  money.Money
	dealARR money.Money
	rate    money.Ratio
	why     ledger.Reason // why it neither counts nor earns; empty where it does
	pending bool          // held for want of a health score
}

// shares attributes a deal to payees. Rules of the deal come from the CSM's
// plan on the booking date, else from the first plan in force by name; with no
// plan in force nothing is credited.
//
// Source: rules §4 "Bands", §6 "Health at close"; readings R13–R15, R27.
// Units: the deal's ARR, minor units.
// Rounding: the CSM's credit half away from zero, the AE takes the remainder.
func (s *State) shares(d *Deal) ([]share, error) {
	csm, ae := d.CSM, d.AE
	if csm == "" {
		csm = s.owners.at(event.CSM, d.Booked)
	}
	if ae == "" {
		ae = s.owners.at(event.AE, d.Booked)
	}
	csmTerms, err := s.set.Payees.Terms(csm, d.Booked)
	if err != nil {
		return nil, err
	}
	rules := csmTerms.Plan
	if rules == nil {
		rules = s.set.Plans.First(d.Booked)
	}
	if rules == nil {
		return nil, nil
	}
	band := rules.Crediting.BandOf(d.ARR)
	credit, err := d.ARR.Scale(band.CSM)
	if err != nil {
		return nil, err
	}
	rest := money.Money{Minor: d.ARR.Minor - credit.Minor, Currency: d.ARR.Currency}
	out := []share{{payee: csm, terms: csmTerms, credit: credit, rate: band.CSM}}
	switch {
	case ae == "":
	case ae == csm:
		out[0].credit, out[0].rate = d.ARR, money.One
	case rest.Minor != 0:
		aeTerms, err := s.set.Payees.Terms(ae, d.Booked)
		if err != nil {
			return nil, err
		}
		out = append(out, share{payee: ae, terms: aeTerms, credit: rest, rate: band.AE})
	}
	if csm == "" || out[0].credit.Minor == 0 {
		out = out[1:]
	}
	for i := range out {
		s.judge(d, &out[i], rules, out[i].payee == csm || out[i].terms.Role == event.CSM)
	}
	return out, nil
}

// judge decides whether a share counts, and what holds it.
func (s *State) judge(d *Deal, sh *share, rules *plan.Plan, gated bool) {
	sh.dealARR, sh.rules = d.ARR, rules
	if sh.terms.Plan != nil {
		sh.rules = sh.terms.Plan
	}
	zero := func(why ledger.Reason) { sh.why, sh.credit.Minor = why, 0 }
	switch {
	case d.ARR.Currency != s.set.Plans.Settings(d.Booked).Currency:
		zero(ledger.RateMissing)
	case sh.terms.Terminated:
		zero(ledger.Terminated)
	case gated:
		score, known := s.health.last(d.ClosedAt)
		switch {
		case known && !reaches(score, rules.Gates.HealthMin), !known && rules.Gates.HealthMissing == "fail":
			zero(ledger.HealthGateFailed)
		case !known && rules.Gates.HealthMissing == "hold":
			sh.pending = true
		}
	}
}
