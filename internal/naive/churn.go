package naive

import (
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// ends is what was told about an account's end on one date. The numbers are
// positions in the order in which statements stand.
type ends struct {
	told      int // the last word that the account ends; -1: none
	cancelled int // the last word that it does not; -1: none
	subs      map[event.SubscriptionID]int
}

// churnActs: an account ends on a date when the last word about that date says
// so, or when the last of its live subscriptions is cancelled then. A
// subscription cancelled while another lives is a contraction (R4, R6); it
// comes where the end would have come (R5).
func (w *world) churnActs(account event.AccountID) []act {
	var acts []act
	for d, e := range w.ends(account) {
		acts = append(acts, act{d, churned, whileAlive(func(s *state) {
			last, contracts := e.told, s.outlive(e.subs)
			for sub, at := range e.subs {
				_, live := s.parts[sub]
				switch {
				case !contracts:
					last = max(last, at)
				case live:
					delete(s.parts, sub)
					s.gone = append(s.gone, gone{sub, d})
				}
			}
			s.floor()
			if last > e.cancelled {
				s.end(d)
			}
		})})
	}
	return acts
}

// outlive reports whether a live subscription is left beside the cancelled ones.
func (s *state) outlive(cancelled map[event.SubscriptionID]int) bool {
	for sub := range s.parts {
		if _, gone := cancelled[sub]; !gone {
			return true
		}
	}
	return false
}

// ends are the statements about an account's end by date, of the systems that
// are evidence for churn. A lost renewal is a churn at the term's end, which
// is the day the lost term would have started; it takes CRM's word for both
// the renewal and the churn.
func (w *world) ends(account event.AccountID) map[civil.Date]*ends {
	lost := map[event.Identity]civil.Date{}
	for _, r := range w.renewals(account) {
		if r.lost {
			lost[r.told.Head().Identity] = r.start
		}
	}
	byDate := map[civil.Date]*ends{}
	at := func(d civil.Date) *ends {
		if byDate[d] == nil {
			byDate[d] = &ends{-1, -1, map[event.SubscriptionID]int{}}
		}
		return byDate[d]
	}
	for i, e := range w.told {
		if e.Scope().Account != account || !counts(w.tenant.Evidence.Churn, e) {
			continue
		}
		switch e := e.(type) {
		case event.ChurnEffective:
			at(e.Effective).told = i
		case event.ChurnCancelled:
			at(e.Effective).cancelled = i
		case event.SubscriptionCancelled:
			at(e.Effective).subs[e.Subscription] = i
		case event.RenewalStage:
			if d, ok := lost[e.Identity]; ok {
				at(d).told = i
			}
		}
	}
	return byDate
}
