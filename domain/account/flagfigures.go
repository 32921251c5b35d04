package account

import (
	"cmp"
	"maps"
	"slices"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// FlagFigures is what an account's flags look at, as known on a day.
type FlagFigures struct {
	Crediting        plan.Crediting
	Expansions       []FlagDeal
	Renewals, Churns []civil.Date
	Changes          []FlagChange
}

// FlagDeal is a won expansion.
type FlagDeal struct {
	Opportunity event.OpportunityID
	Booked      civil.Date
	Left        civil.Date
	ARR         money.Money
}

// FlagChange is billing's statement of an ARR that is not evidence, and the
// timeline's on that day.
type FlagChange struct {
	On             civil.Date
	Told, Timeline money.Money
}

// FlagFigures gives those that have taken effect by a day, not before the one it
// was last asked of; false where nothing has changed them since: no fact that they
// look at has come, nor has the day on which the next of them takes effect.
func (s *State) FlagFigures(today civil.Date) (f FlagFigures, changed bool) {
	if !s.unflagged && today < s.flagsTurn {
		return f, false
	}
	s.unflagged, s.flagsTurn = false, civil.Never
	turns := func(day civil.Date) {
		if day > today {
			s.flagsTurn = min(s.flagsTurn, day)
		}
	}
	for _, d := range s.deals {
		if d.Origin != Booked || d.noRate {
			continue
		}
		turns(d.Booked)
		turns(d.Left)
		if d.Booked <= today {
			left := d.Left
			if left > today {
				left = civil.Never
			}
			f.Expansions = append(f.Expansions, FlagDeal{d.Opportunity, d.Booked, left, d.home})
		}
	}
	if n := len(f.Expansions); n > 0 {
		f.Crediting = s.rulesOn(f.Expansions[n-1].Booked).Crediting
	}
	for _, r := range s.arr.renewals {
		turns(r.date)
		if r.date <= today {
			f.Renewals = append(f.Renewals, r.date)
		}
	}
	for _, c := range s.arr.churns {
		turns(c.date)
		if c.date <= today {
			f.Churns = append(f.Churns, c.date)
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(s.arr.unheard), func(a, b moveKey) int { return cmp.Or(cmp.Compare(a.date, b.date), cmp.Compare(a.id, b.id)) }) {
		c := s.arr.unheard[key]
		turns(c.Effective)
		home := s.set.Plans.Settings(c.Effective).Currency
		if at, ok, err := s.set.Rates.Convert(c.ARR, home, c.Effective); ok && err == nil && c.Effective <= today && len(s.arr.subs()) < 2 {
			if now := s.arr.At(c.Effective); now != at.Minor {
				f.Changes = append(f.Changes, FlagChange{c.Effective, at, money.Money{Minor: now, Currency: home}})
			}
		}
	}
	return f, true
}

// rulesOn is the plan that the account's deals are credited by on a day.
func (s *State) rulesOn(on civil.Date) *plan.Plan {
	if t, err := s.set.Payees.Terms(s.owners.at(event.CSM, on), on); err == nil && t.Plan != nil {
		return t.Plan
	}
	if p := s.set.Plans.First(on); p != nil {
		return p
	}
	return s.set.Plans.Settings(on)
}

// subs lists the subscriptions that live.
func (t *timeline) subs() []event.SubscriptionID {
	return t.fold.parts.Keys()
}

// ByCSM reports whether the share is its CSM's of a deal that was booked.
func (c *Credited) ByCSM() bool { return c.csm && c.Deal.Origin == Booked }

// WindowOf is the window a plan file names.
func WindowOf(name string) Window {
	switch name {
	case "ytd":
		return WindowYTD
	case "ttm":
		return WindowTTM
	}
	return WindowQuarter
}
