package account

import (
	"slices"
	"strings"

	"github.com/trueup/trueup/domain/civil"
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
	Until      civil.Date // first last day of employment on or after the day; civil.Never: none is told
	LeftTold   event.Identity
	Variable   money.Money
	Target     *money.Money // overrides the plan's annual target
}

// share is one payee's part of a deal.
type share struct {
	payee   event.PayeeID
	terms   Terms
	mode    string     // of crediting, by the deal's rules
	rules   *plan.Plan // whose payability and clawback apply; never nil
	credit  money.Money
	rate    money.Ratio   // of the deal's ARR
	base    ledger.Reason // of the earning where nothing but the renewal holds it
	why     ledger.Reason // why it neither counts nor earns; empty where it does
	pending bool          // held for want of a health score
	// What it is paid for: the split (expansion components), being the deal's
	// CSM (spif components), having found the opportunity (sourcing components).
	split, csm, sourcing bool
	arbitration          arbitration
}

// counted reports whether the share is credit that attainment counts.
func (sh *share) counted() bool { return sh.split && sh.why == "" && sh.mode != "spif" }

// shares attributes a deal to payees. Rules of the deal come from the CSM's
// plan on the booking date, else from the first plan in force by name; with no
// plan in force nothing is credited.
//
// Source: rules §4, §6 "Health at close"; readings R10, R13–R15, R27–R29, R34.
// Units: the deal's ARR in the tenant's currency, minor units.
// Rounding: the CSM's credit half away from zero, the AE takes the remainder;
// a decided split by largest remainder.
// They are listed in the room given, where it is enough.
func (s *State) shares(d *Deal, room []share) ([]share, error) {
	csm := d.CSM
	if csm == "" {
		csm = s.owners.at(event.CSM, d.Booked)
	}
	csmTerms, err := s.set.Payees.Terms(csm, d.Booked)
	if err != nil {
		return nil, err
	}
	rules := csmTerms.Plan
	if rules == nil {
		rules = s.set.Plans.First(d.Booked)
	}
	if rules == nil || (rules.Crediting.Mode == "pipeline") != (d.Origin == Pipeline) {
		return nil, nil
	}
	a := s.arbitrate(d.Opportunity)
	out := room[:0]
	switch {
	case d.Origin == Pipeline:
		if d.SourcedBy == "" {
			return nil, nil
		}
		out = append(out, share{payee: d.SourcedBy, credit: d.home, rate: money.One, split: true, csm: true, sourcing: true})
	case a.split != nil:
		out, err = decidedSplit(d, a.split.Split, out)
	default:
		out, err = s.split(d, csm, rules, out)
	}
	if err != nil {
		return nil, err
	}
	if d.Origin != Pipeline {
		out = s.addRoles(d, out, csm, a)
	}
	for i := range out {
		sh := &out[i]
		if sh.terms, err = s.set.Payees.Terms(sh.payee, d.Booked); err != nil {
			return nil, err
		}
		if sh.base == "" {
			sh.base = d.baseReason(a)
		}
		s.judge(d, sh, rules, sh.payee == csm || sh.terms.Role == event.CSM)
	}
	return out, nil
}

// split divides a deal between its CSM and its AE by the plan's mode.
//
// Source: rules §2, §4.
func (s *State) split(d *Deal, csm event.PayeeID, rules *plan.Plan, out []share) ([]share, error) {
	ae := d.AE
	if ae == "" {
		ae = s.owners.at(event.AE, d.Booked)
	}
	part := rules.Crediting.BandOf(d.home)
	switch mode := rules.Crediting.Mode; {
	case mode == "dual", mode == "split" && handedOver(d, rules):
		part = plan.Band{CSM: nought, AE: money.One}
	case mode == "pod", mode == "spif":
		part = plan.Band{CSM: money.One, AE: nought}
	case ae != "" && ae == csm:
		part = plan.Band{CSM: money.One, AE: nought}
	}
	credit, err := d.home.Scale(part.CSM)
	if err != nil {
		return nil, err
	}
	rest := money.Money{Minor: d.home.Minor - credit.Minor, Currency: d.home.Currency}
	if csm != "" && part.CSM.Num != 0 && (credit.Minor != 0 || d.noRate) {
		out = append(out, share{payee: csm, credit: credit, rate: part.CSM, split: true})
	}
	if ae != "" && part.AE.Num != 0 && (rest.Minor != 0 || d.noRate) {
		out = append(out, share{payee: ae, credit: rest, rate: part.AE, split: true})
	}
	return out, nil
}

var nought = money.Ratio{Num: 0, Den: 1}

// handedOver reports whether an account executive takes the whole deal over:
// where expansion above the threshold, or with any flag, is theirs.
//
// Source: rules §2, §4 "Hand-off needed"; plan field crediting.handoff_above.
func handedOver(d *Deal, rules *plan.Plan) bool {
	if rules.Ownership != "split" && rules.Ownership != "three_way" {
		return false
	}
	return d.home.Minor > rules.Crediting.HandoffAbove.Minor || len(d.Flags) > 0
}

// decidedSplit divides a deal as a dispute's decision says.
func decidedSplit(d *Deal, parts []event.Share, out []share) ([]share, error) {
	parts = slices.SortedFunc(slices.Values(parts), func(a, b event.Share) int { return strings.Compare(string(a.Payee), string(b.Payee)) })
	weights := make([]int64, len(parts))
	for i, p := range parts {
		weights[i] = int64(p.BPS)
	}
	credits, err := d.home.Split(weights)
	if err != nil {
		return nil, err
	}
	for i, p := range parts {
		if credits[i].Minor != 0 || d.noRate && p.BPS != 0 {
			out = append(out, share{payee: p.Payee, credit: credits[i], rate: money.Ratio{Num: int64(p.BPS), Den: 10000}, split: true})
		}
	}
	return out, nil
}

// addRoles adds what is paid beside the split: the deal's CSM for spif
// components, and whoever found the opportunity.
func (s *State) addRoles(d *Deal, out []share, csm event.PayeeID, a arbitration) []share {
	for i := range out {
		out[i].arbitration = a
	}
	if csm != "" {
		if i := slices.IndexFunc(out, func(sh share) bool { return sh.payee == csm }); i >= 0 {
			out[i].csm = true
		} else {
			out = append(out, share{payee: csm, credit: money.Money{Currency: d.home.Currency}, rate: nought, csm: true, arbitration: a})
		}
	}
	if d.Origin != Booked {
		return out
	}
	claims := s.claims(d.Opportunity, d)
	if source := s.source(claims, a); source != "" {
		if len(claims) > 1 {
			a.contested, a.pending = true, a.pending || a.split == nil
		}
		out = append(out, share{payee: source, credit: d.home, rate: money.One, sourcing: true, base: ledger.SourcingCredit, arbitration: a})
	}
	return out
}

// baseReason is why a deal earns where only the renewal holds it.
func (d *Deal) baseReason(a arbitration) ledger.Reason {
	switch {
	case d.Origin == Pipeline:
		return ledger.SourcingCredit
	case a.split != nil:
		return ledger.SplitArbitrated
	case d.Origin == Uplift:
		return ledger.UpliftEffective
	case d.Origin == Renewed:
		return ledger.RenewalUplift
	}
	return ledger.ExpansionBooked
}

// judge decides whether a share counts, and what holds it.
func (s *State) judge(d *Deal, sh *share, rules *plan.Plan, gated bool) {
	sh.rules, sh.mode = rules, rules.Crediting.Mode
	if sh.terms.Plan != nil {
		sh.rules = sh.terms.Plan
	}
	zero := func(why ledger.Reason) { sh.why, sh.credit.Minor = why, 0 }
	switch {
	case d.noRate:
		zero(ledger.RateMissing)
	case sh.terms.Terminated:
		zero(ledger.Terminated)
	case gated && d.Origin != Pipeline:
		score := s.health.last(d.ClosedAt)
		switch {
		case score != nil && !score.reaches(rules.Gates.HealthMin), score == nil && rules.Gates.HealthMissing == "fail":
			zero(ledger.HealthGateFailed)
		case score == nil && rules.Gates.HealthMissing == "hold":
			sh.pending = true
		}
	}
}
