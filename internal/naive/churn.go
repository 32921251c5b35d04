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
		acts = append(acts, act{date: d, rank: churned, contracts: true, do: whileAlive(func(s *state) {
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

// notices are an account's notices that stand: one that is followed by a
// later churn.cancelled, of whatever date, does not. They are CRM's word.
func (w *world) notices(account event.AccountID) []civil.Date {
	var out []civil.Date
	for _, e := range w.by[account] {
		if !counts(w.tenant.Evidence.Churn, e) {
			continue
		}
		switch e := e.(type) {
		case event.ChurnNotified:
			out = append(out, e.Notified)
		case event.ChurnCancelled:
			out = nil
		}
	}
	return out
}

// ending is how the life of an account that a deal was booked in ends.
type ending struct {
	churn, notice civil.Date // civil.Never: not yet, not given
}

// ending: the life is the one that ends on or after the booking, or that has
// not ended; its notice is the earliest that stands between its beginning and
// its end, the end included.
func (w *world) ending(d *deal) ending {
	for _, s := range w.life(d.account).spans {
		if s.end < d.booked {
			continue
		}
		e := ending{s.end, civil.Never}
		for _, n := range w.notices(d.account) {
			if s.from <= n && n <= s.end {
				e.notice = min(e.notice, n)
			}
		}
		return e
	}
	return ending{civil.Never, civil.Never}
}

// dated is the churn date that a plan's window looks at (§7): a notice counts
// from the day it is given, whether or not the churn is known by then.
func (e ending) dated(rule string) civil.Date {
	switch {
	case rule == "notice" && e.notice != civil.Never:
		return e.notice
	case rule == "earlier_of":
		return min(e.churn, e.notice)
	}
	return e.churn
}
