package account

import (
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

// uplift is what is told of a multi-year uplift: the schedule that stands, and
// the cancellation that was told after it.
type uplift struct {
	schedule  *event.UpliftScheduled
	cancelled []event.ExpansionCancelled
	parts     []string // of the deals its steps make
}

func (s *State) upliftOf(id event.OpportunityID) *uplift {
	u := s.uplifts[id]
	if u == nil {
		u = &uplift{}
		if s.uplifts == nil {
			s.uplifts = map[event.OpportunityID]*uplift{}
		}
		s.uplifts[id] = u
	}
	return u
}

func (s *State) addUplift(e event.UpliftScheduled) (Touched, error) {
	if !counts(s.set.Plans.Settings(civil.In(e.SignedAt, s.set.Zone)).Evidence.Expansion, e.Type) {
		return untouched, nil
	}
	u := s.upliftOf(e.Opportunity)
	if u.schedule != nil && !event.Newer(e.Header, u.schedule.Header) {
		return untouched, nil
	}
	u.schedule = &e
	return s.deriveUplift(e.Opportunity, u)
}

func (s *State) cancelUplift(e event.ExpansionCancelled) (Touched, error) {
	if !counts(s.set.Plans.Settings(e.On).Evidence.Expansion, e.Type) {
		return untouched, nil
	}
	u := s.upliftOf(e.Opportunity)
	u.cancelled = append(u.cancelled, e)
	if u.schedule == nil {
		return untouched, nil
	}
	return s.deriveUplift(e.Opportunity, u)
}

// deriveUplift makes a deal of each step of the standing schedule. A
// cancellation told after it undoes the steps up to its date, on its date; the
// later ones do not happen. Of several the first told counts.
//
// Source: rules §3; readings R25.
func (s *State) deriveUplift(id event.OpportunityID, u *uplift) (Touched, error) {
	var end *event.ExpansionCancelled
	for i := range u.cancelled {
		c := &u.cancelled[i]
		if event.Newer(c.Header, u.schedule.Header) && (end == nil || event.Newer(end.Header, c.Header)) {
			end = c
		}
	}
	var deals []*Deal
	for _, step := range u.schedule.Steps {
		d := &Deal{
			Deal:   event.Deal{Opportunity: id, Account: s.ID, ARR: step.ARR, ClosedAt: u.schedule.SignedAt},
			Origin: Uplift, Part: step.Effective.String(), Booked: step.Effective, Left: civil.Never, told: u.schedule.Header,
		}
		if end != nil {
			if end.On < step.Effective {
				continue
			}
			d.Left, d.LeftTold = end.On, end.Identity
		}
		deals = append(deals, d)
	}
	from, err := s.replaceDeals(Uplift, id, deals)
	if err != nil {
		return untouched, err
	}
	touched := Touched{Measures: civil.Never}
	if from != noChange {
		touched.Measures = from
	}
	for _, part := range u.parts {
		if at := s.standMoves(string(id)+"\x00"+part, nil, nil); at != noChange {
			touched.Measures = min(touched.Measures, at)
		}
	}
	u.parts = u.parts[:0]
	for _, d := range deals {
		u.parts = append(u.parts, d.Part)
		if at := s.moveDeal(d); at != noChange {
			touched.Measures = min(touched.Measures, at)
		}
	}
	return touched, s.moveARR(touched.Measures, true)
}

// growth is the part of a renewal above the ARR it replaces.
type growth struct {
	*move
	more int64
}

func (g growth) same(o growth) bool { return *g.move == *o.move && g.more == o.more }

// deriveARR brings the timeline up to date, and with it the deals that
// renewals make by growing. It reports whether all moves were folded again.
//
// Source: rules §3; readings R24.
func (s *State) deriveARR() (rebuilt bool, err error) {
	if rebuilt, err = s.arr.derive(); err != nil {
		return rebuilt, err
	}
	same := len(s.grown)
	if rebuilt {
		same = 0
		for same < len(s.grown) && same < len(s.arr.growths) && s.grown[same].same(s.arr.growths[same]) {
			same++
		}
	}
	if same == len(s.grown) && same == len(s.arr.growths) {
		return rebuilt, nil
	}
	gone := s.grown[same:]
	s.grown = append(s.grown[:same:same], s.arr.growths[same:]...)
	ids := map[event.OpportunityID]bool{}
	for _, g := range gone {
		ids[g.opp] = true
	}
	for _, g := range s.grown[same:] {
		ids[g.opp] = true
	}
	for id := range ids {
		var deals []*Deal
		for _, g := range s.grown {
			if g.opp == id {
				deals = append(deals, s.growthDeal(g))
			}
		}
		if _, err := s.replaceDeals(Renewed, id, deals); err != nil {
			return rebuilt, err
		}
	}
	return rebuilt, nil
}

func (s *State) growthDeal(g growth) *Deal {
	home := s.set.Plans.Settings(g.date).Currency
	return &Deal{
		Deal: event.Deal{
			Opportunity: g.opp, Account: s.ID, ARR: money.Money{Minor: g.more, Currency: home}, ClosedAt: g.closedAt(),
		},
		Origin: Renewed, Part: g.date.String(), Booked: g.date, Left: civil.Never, told: g.Header,
	}
}
