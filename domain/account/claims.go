package account

import (
	"slices"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

// claimant is somebody's word that they found an opportunity.
type claimant struct {
	payee event.PayeeID
	told  event.Header
}

// claims lists who says they sourced an opportunity, the first to say so
// first: leads, and the standing deal's own word. Each payee counts once.
//
// Source: rules §4 "One source per opportunity"; readings R29.
func (s *State) claims(opp event.OpportunityID, d *Deal) []claimant {
	var all []claimant
	for _, l := range s.leads[opp] {
		all = append(all, claimant{l.Payee, l.Header})
	}
	if d != nil && d.SourcedBy != "" {
		all = append(all, claimant{d.SourcedBy, d.told})
	}
	slices.SortFunc(all, func(a, b claimant) int {
		if event.Newer(b.told, a.told) {
			return -1
		}
		return 1
	})
	var out []claimant
	for _, c := range all {
		if !slices.ContainsFunc(out, func(o claimant) bool { return o.payee == c.payee }) {
			out = append(out, c)
		}
	}
	return out
}

// source is who is paid for finding an opportunity: the first claimant, or
// where several are and a dispute was decided the one whom the split gives most.
func (s *State) source(claims []claimant, a arbitration) event.PayeeID {
	if len(claims) == 0 {
		return ""
	}
	best, most := claims[0].payee, 0
	if len(claims) > 1 && a.split != nil {
		for _, c := range claims {
			for _, sh := range a.split.Split {
				if sh.Payee == c.payee && sh.BPS > most {
					best, most = c.payee, sh.BPS
				}
			}
		}
	}
	return best
}

// handedOff is the day the hand-off record of an opportunity became complete:
// the first record that has all four fields.
//
// Source: rules §4 "Sourcing credit"; readings R28.
func (s *State) handedOff(opp event.OpportunityID) (civil.Date, event.Identity) {
	at, told := civil.Never, event.Identity{}
	for _, h := range s.handoffs[opp] {
		if h.BusinessObjective == "" || h.SKU == "" || h.EstimatedARR == nil || h.EconomicBuyer == "" {
			continue
		}
		if on := civil.In(h.LoggedAt, s.set.Zone); on < at || on == at && h.Compare(told) < 0 {
			at, told = on, h.Identity
		}
	}
	return at, told
}

// qualified is the pipeline deal of an opportunity that a CSM sourced, or nil:
// booked on the day of the first lead told qualified, for what is known of its
// ARR.
//
// Source: rules §4 "pipeline"; readings R34.
func (s *State) qualified(opp event.OpportunityID) *Deal {
	var first *event.LeadSourced
	for i := range s.leads[opp] {
		l := &s.leads[opp][i]
		if l.Stage.Is("qualified") && (first == nil || l.At.Before(first.At) || l.At.Equal(first.At) && event.Newer(first.Header, l.Header)) {
			first = l
		}
	}
	if first == nil {
		return nil
	}
	d := &Deal{
		Deal:   event.Deal{Opportunity: opp, Account: s.ID, ClosedAt: first.At},
		Origin: Pipeline, Part: "pipeline", Booked: civil.In(first.At, s.set.Zone), told: first.Header, Left: civil.Never,
	}
	d.ARR = s.pipelineARR(opp, d.Booked)
	d.SourcedBy = s.source(s.claims(opp, s.won(opp)), arbitration{})
	return d
}

// pipelineARR is what is known of an opportunity's ARR before it is won or
// lost: of the standing deal, else the latest stage that tells it, else the
// latest hand-off's estimate.
func (s *State) pipelineARR(opp event.OpportunityID, on civil.Date) money.Money {
	if o := s.opps.Get(opp); o != nil {
		if d := o.standing(s.set); d != nil {
			return d.ARR
		}
		for i := len(o.told) - 1; i >= 0; i-- {
			if o.told[i].open.Currency != "" {
				return o.told[i].open
			}
		}
	}
	var newest event.Header
	arr := money.Money{Currency: s.set.Plans.Settings(on).Currency}
	for _, h := range s.handoffs[opp] {
		if h.EstimatedARR != nil && (newest.Type == "" || event.Newer(h.Header, newest)) {
			newest, arr = h.Header, *h.EstimatedARR
		}
	}
	return arr
}
