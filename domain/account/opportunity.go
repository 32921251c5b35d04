package account

import (
	"slices"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

// opportunity is everything told about one, by time. Source: rules §1a,
// readings R25.
type opportunity struct{ told []statement }

// statement is one word on an opportunity: won with a deal, or not won.
type statement struct {
	event.Header
	won  *event.Deal // nil: not won
	left civil.Date  // the day it stopped being won, where won is nil
	open money.Money // the ARR it told while not won; no currency: none
}

// standing is the deal of the latest won statement, left on the date of the
// first one after it that is not won; nil where it was never won.
func (o *opportunity) standing(set *Setting) *Deal {
	for i := len(o.told) - 1; i >= 0; i-- {
		won := o.told[i].won
		if won == nil {
			continue
		}
		d := &Deal{Deal: *won, Booked: civil.In(won.ClosedAt, set.Zone), told: o.told[i].Header, Left: civil.Never}
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
		return untouched, nil
	}
	o := s.opps.Get(id)
	if o == nil {
		o = &opportunity{}
		s.opps.Put(id, o)
	}
	i, _ := slices.BinarySearchFunc(o.told, st.Header, func(a statement, h event.Header) int {
		if event.Newer(h, a.Header) {
			return -1
		}
		return 1
	})
	o.told = slices.Insert(o.told, i, st)

	d := o.standing(s.set)
	from, err := s.replaceDeals(Booked, id, orNone(d))
	if err != nil {
		return Touched{}, err
	}
	if len(s.leads[id]) > 0 { // after the booking, which may name who found it
		if _, err := s.replaceDeals(Pipeline, id, orNone(s.qualified(id))); err != nil {
			return Touched{}, err
		}
	}
	if d == nil {
		return untouched, nil
	}
	if moved := s.moveDeal(d); moved != noChange {
		from = min(from, moved)
		if err := s.moveARR(from, true); err != nil {
			return Touched{}, err
		}
	}
	return Touched{Measures: from, Standing: len(s.leads[id]) > 0}, nil
}

func orNone(d *Deal) []*Deal {
	if d == nil {
		return nil
	}
	return []*Deal{d}
}

// moveDeal puts the deal's booking and cancellation into the timeline and
// gives the first day that moved.
func (s *State) moveDeal(d *Deal) civil.Date {
	id := string(d.Opportunity) + "\x00" + d.Part
	var booked, left *move
	if !d.noRate {
		booked = &move{date: d.Booked, rank: expanded, Header: event.Header{Identity: d.told.Identity, Time: d.ClosedAt}, minor: d.home.Minor, opp: event.OpportunityID(id)}
		if d.Left != civil.Never {
			left = &move{
				date: d.Left, rank: uncancelled, Header: event.Header{Identity: d.LeftTold, Time: d.ClosedAt}, minor: -booked.minor, opp: booked.opp,
			}
		}
	}
	return s.standMoves(id, booked, left)
}

// standMoves makes a deal's two moves what they now are.
func (s *State) standMoves(id string, booked, left *move) civil.Date {
	from := civil.Never
	for _, at := range []civil.Date{
		s.arr.stand(moveKey{what: "expanded", id: id}, booked),
		s.arr.stand(moveKey{what: "left", id: id}, left),
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
