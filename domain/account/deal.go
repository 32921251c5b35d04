package account

import (
	"cmp"
	"slices"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

// Origin is where a deal comes from.
type Origin uint8

// The origins.
const (
	Booked   Origin = iota // a won expansion
	Uplift                 // a step of a multi-year uplift
	Renewed                // the part of a renewal above what it replaces
	Pipeline               // an opportunity that a CSM sourced and that is qualified
)

// Deal is ARR that somebody is credited with: a won expansion, a step of an
// uplift, the growth of a renewal, or a qualified opportunity. Booked is its
// day; Left the day it was undone again.
type Deal struct {
	event.Deal
	Origin   Origin
	Part     string // tells apart deals of one opportunity
	Booked   civil.Date
	Left     civil.Date // civil.Never while it stands; never before Booked
	LeftTold event.Identity

	told      event.Header // the statement that makes it
	home      money.Money  // its ARR in the tenant's currency
	noRate    bool         // it could not be converted
	rate      event.RateSet
	derived   derived
	stale     bool       // to be derived afresh
	gone      bool       // no deal of the account any more
	settledBy civil.Date // nothing dated later changes it; unlisted before it is derived
	turns     civil.Date // when it changes by itself next; civil.Never: it does not; unlisted before it is derived
	passed    int        // losses of its shares up to when it was last settled
}

// Told names the fact that makes the deal.
func (d *Deal) Told() event.Identity { return d.told.Identity }

func compareDeals(a, b *Deal) int {
	return cmp.Or(cmp.Compare(a.Booked, b.Booked), cmp.Compare(a.Opportunity, b.Opportunity), cmp.Compare(a.Origin, b.Origin), cmp.Compare(a.Part, b.Part))
}

// convert finds what the deal's ARR is in the tenant's currency.
func (s *State) convert(d *Deal) error {
	home := s.set.Plans.Settings(d.Booked).Currency
	m, ok, err := s.set.Rates.Convert(d.ARR, home, d.Booked)
	if err != nil {
		return err
	}
	d.home, d.noRate = m, !ok
	if !ok {
		d.home = money.Money{Currency: home}
	} else if d.ARR.Currency != home {
		d.rate, _ = s.set.Rates.On(d.ARR.Currency, home, d.Booked)
	}
	return nil
}

// replaceDeals puts the deals of one origin and name in the place of those
// there were, and gives the first day that differs, or noChange.
func (s *State) replaceDeals(origin Origin, id event.OpportunityID, with []*Deal) (civil.Date, error) {
	from := civil.Never
	for _, d := range slices.Clone(s.named.Get(id)) {
		if d.Origin == origin {
			s.remove(d)
			from = min(from, d.Booked)
		}
	}
	for _, d := range with {
		if err := s.convert(d); err != nil {
			return 0, err
		}
		s.put(d)
		from = min(from, d.Booked)
	}
	if from == civil.Never {
		return noChange, nil
	}
	return from, nil
}

// won is the standing deal of an expansion, or nil.
func (s *State) won(opp event.OpportunityID) *Deal {
	for _, d := range s.named.Get(opp) {
		if d.Origin == Booked {
			return d
		}
	}
	return nil
}

// dealsOf lists the deals of an opportunity, of every origin. The list must not
// be kept.
func (s *State) dealsOf(opp event.OpportunityID) []*Deal { return s.named.Get(opp) }
