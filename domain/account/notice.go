package account

import (
	"cmp"
	"slices"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// Notice is something to be announced about an account on a day: that the
// window for a term's renewal opens, or that an expansion is to be reviewed.
type Notice struct {
	Due         civil.Date
	TermEnd     civil.Date          // of a renewal window; else zero
	Opportunity event.OpportunityID // of a review; else empty
}

// Compare orders notices by day.
func (n Notice) Compare(o Notice) int {
	return cmp.Or(cmp.Compare(n.Due, o.Due), cmp.Compare(n.TermEnd, o.TermEnd), cmp.Compare(n.Opportunity, o.Opportunity))
}

// Notices lists the account's by day: those of terms that nothing stopped
// before their end, and of expansions that still stand on the day.
//
// Source: rules §10 "renewal window", "expansion review".
// Units: whole days.
// Rounding: none.
// The list must not be changed.
func (s *State) Notices() []Notice {
	if s.announced == nil {
		s.announced = s.listNotices()
	}
	return s.announced
}

func (s *State) listNotices() []Notice {
	out := make([]Notice, 0, len(s.arr.terms))
	for _, t := range s.arr.terms {
		if t.stopped >= t.end {
			days := s.set.Plans.Settings(t.end).SLA.RenewalWindowDays
			out = append(out, Notice{Due: t.end.Add(-days), TermEnd: t.end})
		}
	}
	for _, d := range s.deals {
		if d.Origin != Booked && d.Origin != Uplift {
			continue
		}
		for _, days := range s.set.Plans.Settings(d.Booked).SLA.ExpansionReviewDays {
			if due := d.Booked.Add(days); d.Left > due && s.arr.aliveOn(due) {
				out = append(out, Notice{Due: due, Opportunity: d.Opportunity})
			}
		}
	}
	slices.SortFunc(out, Notice.Compare)
	return slices.Compact(out)
}

// RenewalOwner is who owns the account's renewal on a day: its renewal manager,
// else its CSM.
func (s *State) RenewalOwner(on civil.Date) event.PayeeID {
	return cmp.Or(s.owners.at(event.RenewalManager, on), s.owners.at(event.CSM, on))
}
