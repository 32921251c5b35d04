package account

import (
	"math/big"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/plan"
)

// shrink is ARR that a deal loses to a contraction of its account.
type shrink struct {
	fall
	lost  int64 // minor units of the deal's ARR
	whole bool
}

// shrinkKey is what of a plan decides who bears a contraction.
type shrinkKey struct {
	window int
	mode   string
	churn  string // which date of a churn: a deal lost to it before bears nothing
}

func keyOf(c plan.Clawback) shrinkKey { return shrinkKey{c.WindowDays, c.Contraction, c.ChurnDate} }

// shrinking is what deals lose to the first contractions: those that have been
// gone through.
type shrinking struct {
	falls int
	deals map[*Deal][]shrink
}

// shrinks lists what each deal loses to the account's contractions under a
// plan's window, mode and churn date, as if all its deals had them: taken from the newest
// deal inside the window first, each at most what is left of it, or under
// "full" every deal inside it whole.
//
// Source: rules §7 "Contraction inside the window"; readings R5, R12.
// Units: minor units of ARR.
// Rounding: none.
func (s *State) shrinks(c plan.Clawback) map[*Deal][]shrink {
	if len(s.arr.falls) == 0 || c.Contraction == "ignore" {
		return nil
	}
	key := keyOf(c)
	of := s.shrunk[key]
	if of == nil {
		of = &shrinking{deals: map[*Deal][]shrink{}}
		if s.shrunk == nil {
			s.shrunk = map[shrinkKey]*shrinking{}
		}
		s.shrunk[key] = of
	}
	for ; of.falls < len(s.arr.falls); of.falls++ {
		if f := s.arr.falls[of.falls]; !s.waived(f.date) {
			s.shrink(f, c, of.deals)
		}
	}
	return of.deals
}

// shrink takes a contraction from the deals inside its window.
func (s *State) shrink(f fall, c plan.Clawback, out map[*Deal][]shrink) {
	left := f.less
	for i := s.firstBooked(f.date+1) - 1; i >= 0; i-- {
		d := s.deals[i]
		age := f.date.Sub(d.Booked)
		if age > c.WindowDays {
			return
		}
		if age == 0 && f.rank == renewed {
			continue
		}
		rest := s.leftAt(d, f.date, f.rank == renewed, c)
		for _, sh := range out[d] {
			rest -= sh.lost
		}
		if rest <= 0 {
			continue
		}
		sh := shrink{f, min(rest, left), false}
		if c.Contraction == "full" {
			sh.lost, sh.whole = rest, true
		} else if left -= sh.lost; sh.lost == 0 {
			return
		}
		out[d] = append(out[d], sh)
	}
}

// leftAt is what a day's contraction finds of a deal's ARR: nothing of one
// that was undone or lost to a churn. A renewal's contraction comes before the
// cancellations of its date.
func (s *State) leftAt(d *Deal, on civil.Date, before bool, c plan.Clawback) int64 {
	if d.Origin == Pipeline || d.noRate || d.home.Minor <= 0 {
		return 0
	}
	if at, _, lost := s.churnLoss(d, s.lifeOf(d), c); lost && at < on {
		return 0
	}
	rest := d.home.Minor
	for _, l := range s.ownLosses(d) {
		switch {
		case l.on > on || l.on == on && before:
		case l.whole:
			return 0
		default:
			rest -= l.lost
		}
	}
	return max(rest, 0)
}

// survival is a renewal, and what of a plan decides who bears contractions.
type survival struct {
	on civil.Date
	shrinkKey
}

// survived is the part of what is left of the deals that the renewal they wait
// for keeps, or nil where that is all.
//
// Source: rules §7 option "surviving_arr"; readings R11.
// Units: an exact ratio.
// Rounding: none.
// It must not be changed.
func (s *State) survived(r renewal, c plan.Clawback) *big.Rat {
	key := survival{r.date, keyOf(c)}
	kept, known := s.survives[key]
	if !known {
		kept = s.survivors(r, c)
		if s.survives == nil {
			s.survives = map[survival]*big.Rat{}
		}
		s.survives[key] = kept
	}
	return kept
}

func (s *State) survivors(r renewal, c plan.Clawback) *big.Rat {
	var sum, left int64
	shrunk := s.shrinks(c)
	from := noChange // those booked before the renewal before this one waited for that one
	if i := s.arr.firstRenewal(r.date); i > 0 {
		from = s.arr.renewals[i-1].date
	}
	for _, o := range s.deals[s.firstBooked(from):] {
		if o.Booked >= r.date {
			break
		}
		if c, churned := s.arr.churnFrom(o.Booked); churned && c.date < r.date {
			continue // it does not wait any more
		}
		rest := s.leftAt(o, r.date, false, c)
		if rest <= 0 {
			continue
		}
		sum += o.home.Minor
		for _, sh := range shrunk[o] {
			if sh.date <= r.date {
				rest -= sh.lost
			}
		}
		left += max(rest, 0)
	}
	surviving := max(0, sum-(r.before-r.after))
	if left <= 0 || surviving >= left {
		return nil
	}
	return big.NewRat(surviving, left)
}

// notice is the standing notice of the life a day is in: the earliest given in
// it that no later told cancellation takes back.
//
// Source: rules §7 "churn = effective_on (options notice, earlier_of)".
func (s *State) notice(booked civil.Date) (event.ChurnNotified, bool) {
	if len(s.notices) == 0 {
		return event.ChurnNotified{}, false
	}
	from, until, alive := s.arr.lifeAround(booked)
	if !alive {
		return event.ChurnNotified{}, false
	}
	cancelled, any := s.arr.lastCancelled()
	var first event.ChurnNotified
	for _, n := range s.notices {
		if n.Notified < from || n.Notified > until || any && event.Newer(cancelled, n.Header) {
			continue
		}
		if first.Type == "" || n.Notified < first.Notified || n.Notified == first.Notified && event.Newer(first.Header, n.Header) {
			first = n
		}
	}
	return first, first.Type != ""
}

// addNotice keeps notices where they are evidence.
func (s *State) addNotice(e event.ChurnNotified) Touched {
	if !counts(s.set.Plans.Settings(e.Notified).Evidence.Churn, e.Type) {
		return untouched
	}
	s.notices = append(s.notices, e)
	s.touchAll()
	return untouched
}

// addException takes an approved exception; of two statements about one the
// later stands.
func (s *State) addException(e event.ExceptionApproved) Touched {
	if !s.exceptions.put(e.Exception, e) {
		return untouched
	}
	s.touchAll()
	return Touched{Measures: noChange}
}

// billed marks what a fact of billing's about some opportunities can change:
// their deals, and those that share contractions or a renewal with them. Deals
// that it does not matter to are settled again as they are.
func (s *State) billed(ids []event.OpportunityID, matters bool) {
	for _, id := range ids {
		for _, d := range s.named.Get(id) {
			if matters {
				s.spoilDeal(d)
			} else {
				s.touched.Put(id, max(s.touched.Get(id), Still))
			}
			s.touchSharing(d.Booked, d.Booked)
		}
	}
}

// touchOpportunity marks what leads, hand-offs and disputes can change: the deals of one opportunity.
func (s *State) touchOpportunity(id event.OpportunityID) (Touched, error) {
	for _, d := range s.named.Get(id) {
		s.spoilDeal(d)
	}
	if len(s.leads[id]) > 0 {
		if _, err := s.replaceDeals(Pipeline, id, orNone(s.qualified(id))); err != nil {
			return untouched, err
		}
	}
	return untouched, nil
}
