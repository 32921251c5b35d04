package account

import (
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// flagged says for what an account's flags were last asked.
type flagged struct {
	from   civil.Date // the first day from which what they look at may differ since
	on     civil.Date
	until  civil.Date // nothing takes effect after that day and before this one
	rules  *plan.Plan
	single bool // no more than one subscription lived
}

// FlagFigures is what an account's flags look at, as known on a day, as far as
// it may have changed: all that those of a quarter and later ones look at.
type FlagFigures struct {
	Since            civil.Quarter
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

// ever is before every quarter.
const ever = civil.Quarter(-1 << 31)

// FlagFigures gives what has taken effect by a day, from the first quarter on of
// which flags may differ from when it was last asked; false where there is none.
func (s *State) FlagFigures(today civil.Date) (f FlagFigures, changed bool) {
	was := s.flagged
	s.flagged.on = today
	if was.from == civil.Never && was.on <= today && today < was.until {
		return f, false
	}
	from := min(was.from, s.tookEffect(min(was.on, today), max(was.on, today)))
	s.flagged.from, s.flagged.until = civil.Never, s.takesEffect(today)
	if from == civil.Never {
		return f, false
	}
	s.flagged.rules, s.flagged.single = s.flagRules(today), s.arr.fold.parts.Len() < 2
	if s.flagged.rules != nil {
		f.Crediting = s.flagged.rules.Crediting
	}
	first := noChange
	if f.Since = ever; from != noChange && s.flagged.rules == was.rules && s.flagged.single == was.single {
		f.Since = s.set.Calendar.QuarterOf(from.Add(-f.Crediting.SlicingDays))
		first = s.set.Calendar.First(f.Since)
	}
	s.lookBack(&f, first, today)
	if s.flagged.single {
		s.flagChanges(&f, first, today)
	}
	return f, true
}

// lookBack gives the deals, renewals and churns that flags of a day and later
// look at: a churn looks back to the renewal or the churn before it.
func (s *State) lookBack(f *FlagFigures, first, today civil.Date) {
	from := first
	if i := s.arr.firstChurn(first); i < len(s.arr.churns) {
		from = noChange
		if i > 0 {
			from = s.arr.churns[i-1].date
		}
		if j := s.arr.firstRenewal(s.arr.churns[i].date + 1); j > 0 {
			from = max(from, s.arr.renewals[j-1].date)
		}
		from = min(from, first)
	}
	for _, d := range s.deals[s.firstBooked(from):] {
		if d.Booked > today {
			break
		}
		if d.Origin == Booked && !d.noRate {
			left := d.Left
			if left > today {
				left = civil.Never
			}
			f.Expansions = append(f.Expansions, FlagDeal{d.Opportunity, d.Booked, left, d.home})
		}
	}
	for _, r := range s.arr.renewals[s.arr.firstRenewal(from):] {
		if r.date <= today {
			f.Renewals = append(f.Renewals, r.date)
		}
	}
	for _, c := range s.arr.churns[s.arr.firstChurn(from):] {
		if c.date <= today {
			f.Churns = append(f.Churns, c.date)
		}
	}
}

// flagChanges gives billing's totals from a day on that the timeline differs from.
func (s *State) flagChanges(f *FlagFigures, first, today civil.Date) {
	for c := range s.arr.unheard.from(s.arr.firstUnheard(first)) {
		home := s.set.Plans.Settings(c.Effective).Currency
		if at, ok, err := s.set.Rates.Convert(c.ARR, home, c.Effective); ok && err == nil && c.Effective <= today {
			if now := s.arr.At(c.Effective); now != at.Minor {
				f.Changes = append(f.Changes, FlagChange{c.Effective, at, money.Money{Minor: now, Currency: home}})
			}
		}
	}
}

// tookEffect is the first day whose flags may differ because of what takes
// effect after one day, up to another.
func (s *State) tookEffect(after, until civil.Date) civil.Date {
	first := civil.Never
	if after == until {
		return first
	}
	see := func(day civil.Date) {
		if day <= until {
			first = min(first, day)
		}
	}
	s.coming(after, see)
	for _, d := range s.leaving.since(after + 1) {
		if d.day > until {
			break
		}
		see(d.Booked)
	}
	return first
}

// takesEffect is the first day after another on which anything takes effect
// that flags look at; civil.Never where there is none.
func (s *State) takesEffect(after civil.Date) civil.Date {
	first := civil.Never
	see := func(day civil.Date) { first = min(first, day) }
	s.coming(after, see)
	if left := s.leaving.since(after + 1); len(left) > 0 {
		see(left[0].day)
	}
	return first
}

// coming tells the day of the first booking, renewal, churn and statement of
// billing's after a day.
func (s *State) coming(after civil.Date, tell func(civil.Date)) {
	if i := s.firstBooked(after + 1); i < len(s.deals) {
		tell(s.deals[i].Booked)
	}
	if i := s.arr.firstRenewal(after + 1); i < len(s.arr.renewals) {
		tell(s.arr.renewals[i].date)
	}
	if i := s.arr.firstChurn(after + 1); i < len(s.arr.churns) {
		tell(s.arr.churns[i].date)
	}
	if i := s.arr.firstUnheard(after + 1); i < s.arr.unheard.len() {
		tell(s.arr.unheard.at(i).Effective)
	}
}

// firstUnheard is the place of billing's first statement of a day or later that
// is no evidence.
func (t *timeline) firstUnheard(on civil.Date) int {
	i, _ := t.unheard.list.Search(t.unheard.len(), func(c *event.Event) int {
		if (*c).(event.SubscriptionChanged).Effective < on {
			return -1
		}
		return 1
	})
	return i
}

// flagRules is the plan that the account's last expansion by a day is credited
// by; nil where there is none.
func (s *State) flagRules(today civil.Date) *plan.Plan {
	for i := s.firstBooked(today+1) - 1; i >= 0; i-- {
		if d := s.deals[i]; d.Origin == Booked && !d.noRate {
			return s.rulesOn(d.Booked)
		}
	}
	return nil
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
