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

// noticeFor is how many days after its day an expansion review is still
// announced: one that comes with old facts is not news.
const noticeFor = 30

// Notices lists by day what is news about the account on a day or later: the
// terms that have not ended then and that nothing stops before their end, and
// the reviews, of expansions that still stand on the review's day, up to the
// first that is still to come.
//
// Source: rules §10 "renewal window", "expansion review".
// Units: whole days.
// Rounding: none.
// The list must not be changed.
func (s *State) Notices(today civil.Date) []Notice {
	if a := &s.announced; today < a.from || today >= a.until {
		list := s.listNotices(today)
		*a = announced{list: list, from: today, until: staysUntil(list, today)}
	}
	return s.announced.list
}

// NextNotice is the first day after another on which one of its notices falls
// due, or civil.Never.
func (s *State) NextNotice(today civil.Date) civil.Date {
	list, a := s.Notices(today), &s.announced
	if today < a.asked || today >= a.next {
		a.asked, a.next = today, civil.Never
		for _, n := range list {
			if n.Due > today {
				a.next = n.Due
				break
			}
		}
	}
	return a.next
}

// FallenDue is Notices where some may have fallen due since it was last asked,
// of that day or an earlier one; else nothing.
func (s *State) FallenDue(today civil.Date) []Notice {
	list, next := s.Notices(today), s.NextNotice(today)
	if a := &s.announced; today >= a.heard {
		a.heard = next
		return list
	}
	return nil
}

// announced is what is news about an account on some days; the zero value is of none.
type announced struct {
	list        []Notice
	from, until civil.Date // the first of these days, and the first after them
	asked, next civil.Date // between them none falls due
	heard       civil.Date // the first day on which one does that was not asked for
}

// staysUntil is the first day after another on which what is news is not the
// same though no fact has come: a term has ended, a review is old, or one has
// fallen due, so that there may be another to come.
func staysUntil(list []Notice, today civil.Date) civil.Date {
	until := civil.Never
	for _, n := range list {
		switch {
		case n.Opportunity == "":
			until = min(until, n.TermEnd)
		case n.Due > today:
			until = min(until, n.Due)
		default:
			until = min(until, n.Due.Add(noticeFor+1))
		}
	}
	return until
}

func (s *State) listNotices(today civil.Date) []Notice {
	var out []Notice
	for _, t := range slices.Backward(s.arr.terms) {
		if t.latest <= today {
			break
		}
		if t.end > today && t.stopped >= t.end {
			days := s.set.Plans.Settings(t.end).SLA.RenewalWindowDays
			out = append(out, Notice{Due: t.end.Add(-days), TermEnd: t.end})
		}
	}
	if len(s.deals) > 0 {
		for _, days := range s.reviewDays() {
			out = s.reviews(out, days, today)
		}
	}
	slices.SortFunc(out, Notice.Compare)
	return slices.Compact(out)
}

// reviewDays lists after how many days any plan has expansions reviewed.
func (s *State) reviewDays() []int {
	var out []int
	for _, p := range s.set.Plans {
		for _, days := range p.SLA.ExpansionReviewDays {
			if !slices.Contains(out, days) {
				out = append(out, days)
			}
		}
	}
	return out
}

// reviews adds those that are due so many days after the booking.
func (s *State) reviews(out []Notice, days int, today civil.Date) []Notice {
	for _, d := range s.deals[s.firstBooked(today.Add(-noticeFor-days)):] {
		due := d.Booked.Add(days)
		if d.Origin != Booked && d.Origin != Uplift || d.Left <= due || !s.arr.aliveOn(due) ||
			!slices.Contains(s.set.Plans.Settings(d.Booked).SLA.ExpansionReviewDays, days) {
			continue
		}
		out = append(out, Notice{Due: due, Opportunity: d.Opportunity})
		if due > today {
			break
		}
	}
	return out
}

// RenewalOwner is who owns the account's renewal on a day: its renewal manager,
// else its CSM.
func (s *State) RenewalOwner(on civil.Date) event.PayeeID {
	return cmp.Or(s.owners.at(event.RenewalManager, on), s.owners.at(event.CSM, on))
}
