package account

import (
	"cmp"
	"slices"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// opportunity is everything told about one, by time. Source: rules §1a,
// readings R25.
type opportunity struct{ told []statement }

// statement is one word on an opportunity: won with a deal, or not won.
type statement struct {
	event.Header
	won  *event.Deal // nil: not won
	left civil.Date  // the day it stopped being won, where won is nil
}

// Deal is an opportunity that was won: its latest won statement, and the day
// it was left again.
type Deal struct {
	event.Deal
	Booked    civil.Date
	Told      event.Identity
	Left      civil.Date // civil.Never while it stands; never before Booked
	LeftTold  event.Identity
	derived   derived
	settledBy civil.Date
}

// standing is the deal of the latest won statement, left on the date of the
// first one after it that is not won; nil where it was never won.
func (o *opportunity) standing(set *Setting) *Deal {
	for i := len(o.told) - 1; i >= 0; i-- {
		won := o.told[i].won
		if won == nil {
			continue
		}
		d := &Deal{Deal: *won, Booked: civil.In(won.ClosedAt, set.Zone), Told: o.told[i].Identity, Left: civil.Never}
		if i+1 < len(o.told) {
			d.Left, d.LeftTold = max(d.Booked, o.told[i+1].left), o.told[i+1].Identity
		}
		return d
	}
	return nil
}

// addStatement takes one more word on an opportunity.
func (s *State) addStatement(id event.OpportunityID, st statement) (Touched, error) {
	day := st.left
	if st.won != nil {
		day = civil.In(st.won.ClosedAt, s.set.Zone)
	}
	if !counts(s.set.Plans.Settings(day).Evidence.Expansion, st.Type) {
		return Touched{}, nil
	}
	o := s.opps[id]
	if o == nil {
		o = &opportunity{}
		s.opps[id] = o
	}
	i, _ := slices.BinarySearchFunc(o.told, st.Header, func(a statement, h event.Header) int {
		if event.Newer(h, a.Header) {
			return -1
		}
		return 1
	})
	o.told = slices.Insert(o.told, i, st)

	d := o.standing(s.set)
	s.replaceDeal(id, d)
	if d == nil {
		return Touched{Payees: st.won != nil}, nil
	}
	s.stale[id] = true
	from := s.moveDeal(d)
	if from == noChange {
		return Touched{Deals: true, Payees: true}, nil
	}
	if err := s.arr.derive(); err != nil {
		return Touched{}, err
	}
	return Touched{Deals: true, Book: true, From: from, Payees: true}, nil
}

// moveDeal puts the deal's booking and cancellation into the timeline and
// gives the first day that moved.
func (s *State) moveDeal(d *Deal) civil.Date {
	booked := s.arr.absolute(event.Header{Identity: d.Told, Time: d.ClosedAt}, d.Booked, expanded, "", d.ARR)
	booked.opp = d.Opportunity
	var left *move
	switch {
	case booked.foreign:
		booked = nil
	case d.Left != civil.Never:
		left = &move{date: d.Left, rank: uncancelled, Header: event.Header{Identity: d.LeftTold, Time: d.ClosedAt}, minor: -booked.minor, opp: d.Opportunity}
	}
	from := civil.Never
	for _, at := range []civil.Date{
		s.arr.stand(moveKey{what: "expanded", id: string(d.Opportunity)}, booked),
		s.arr.stand(moveKey{what: "left", id: string(d.Opportunity)}, left),
	} {
		if at != noChange {
			from = min(from, at)
		}
	}
	if from == civil.Never {
		return noChange
	}
	return from
}

func (s *State) replaceDeal(id event.OpportunityID, d *Deal) {
	if i := slices.IndexFunc(s.deals, func(o *Deal) bool { return o.Opportunity == id }); i >= 0 {
		delete(s.waiting, s.deals[i])
		s.deals = slices.Delete(s.deals, i, i+1)
	}
	if d == nil {
		return
	}
	i, _ := slices.BinarySearchFunc(s.deals, d, compareDeals)
	s.deals = slices.Insert(s.deals, i, d)
}

func compareDeals(a, b *Deal) int {
	return cmp.Or(cmp.Compare(a.Booked, b.Booked), cmp.Compare(a.Opportunity, b.Opportunity))
}
