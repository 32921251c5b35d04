package account

import (
	"maps"
	"slices"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/plan"
)

// contests lists the account's runs of the deal-desk clock: its disputes, and
// the opportunities that two payees say they found.
//
// Source: rules §4 "One source per opportunity", §10 "deal desk".
func (s *State) contests() []*Episode {
	if s.recontest {
		was := len(s.contested)
		s.contested, s.recontest = s.listContests(), false
		s.risk.anew = s.risk.anew || was+len(s.contested) > 0
	}
	return s.contested
}

func (s *State) listContests() []*Episode {
	var out []*Episode
	for _, d := range s.disputes {
		if !d.Opened.IsZero() {
			out = append(out, s.contest(d.ID, d.Opportunity, d.Opened, d.Decided))
		}
	}
	for _, opp := range slices.Sorted(maps.Keys(s.leads)) {
		claims := s.claims(opp, s.won(opp))
		if len(claims) < 2 {
			continue
		}
		var decided time.Time
		if a := s.arbitrate(opp); a.split != nil {
			decided = a.split.DecidedAt
		}
		out = append(out, s.contest("claims on "+string(opp), opp, claims[1].told.Time, decided))
	}
	return out
}

func (s *State) contest(id string, opp event.OpportunityID, opened, decided time.Time) *Episode {
	day := civil.In(opened, s.set.Zone)
	clock := s.set.Plans.Settings(day).SLA.Dispute
	return &Episode{
		SLA: DisputeSLA, Start: opened, Dispute: id, Opportunity: opp, Payee: s.owners.at(event.CSM, day),
		Deadline: s.after(opened, clock.Hours, clock.Clock), warnAt: s.after(opened, clock.Hours-clock.Warn, clock.Clock), answered: decided,
	}
}

// after is an instant so many hours after another: elapsed, or inside working
// time alone. An hour that is full at closing time is full then.
//
// Source: rules §10 "Elapsed time (option business with a calendar)".
// Units: hours.
// Rounding: none.
func (s *State) after(start time.Time, hours int, clock string) time.Time {
	left := time.Duration(hours) * time.Hour
	if clock != "business" {
		return start.Add(left)
	}
	b := s.set.Plans.Settings(civil.In(start, s.set.Zone)).SLA.Business
	for day, empty := civil.In(start, s.set.Zone), 0; empty < 366; day++ {
		from, until, open := s.hours(b, day)
		if !open || !until.After(start) {
			empty++ // a calendar of holidays alone never opens
			continue
		}
		empty = 0
		if from.Before(start) {
			from = start
		}
		if span := until.Sub(from); span < left {
			left -= span
			continue
		}
		return from.Add(left)
	}
	return start.Add(left)
}

// hours are a day's working time. A day has none that the zone leaves out, and
// where its midnight is missing or comes twice it opens with its first instant.
func (s *State) hours(b plan.Business, day civil.Date) (from, until time.Time, open bool) {
	midnight := day.Start(s.set.Zone)
	if civil.In(midnight, s.set.Zone) != day || !slices.Contains(b.Days, midnight.Weekday()) || slices.Contains(b.Holidays, day) {
		return from, until, false
	}
	at := func(clock string) time.Time {
		t, err := time.Parse("15:04", clock)
		if err != nil || t.Hour() == 0 && t.Minute() == 0 {
			return midnight
		}
		at := time.Date(day.Year(), day.Month(), day.Day(), t.Hour(), t.Minute(), 0, 0, s.set.Zone)
		if at.Before(midnight) { // missing that day, and told by the clocks of the evening before
			return midnight
		}
		return at
	}
	from, until = at(b.From), at(b.To)
	return from, until, until.After(from)
}
