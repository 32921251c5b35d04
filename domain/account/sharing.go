package account

import (
	"slices"

	"github.com/trueup/trueup/domain/civil"
)

// What one deal loses to a contraction depends on those that share it: a
// contraction takes from the deals booked at most a window before it, and what
// it leaves of them is what later ones find. With surviving ARR it also depends
// on the deals that wait for the same renewal. Everything else about a deal is
// its own, so a fact has only such deals derived afresh as are within reach.

// window is the longest that any plan claws back in, in days.
func (s *State) window() int {
	days := 0
	for _, p := range s.set.Plans {
		days = max(days, p.Clawback.WindowDays)
	}
	return days
}

// firstFall is the place of the first contraction on or after a day.
func (t *timeline) firstFall(on civil.Date) int {
	i, _ := slices.BinarySearchFunc(t.falls, on, func(f fall, d civil.Date) int {
		if f.date < d {
			return -1
		}
		return 1
	})
	return i
}

// touchSharing marks the deals that share contractions or a renewal with those
// booked from one day to another, of which something else is left than before.
//
// Source: rules §7 "Contraction inside the window", option "surviving_arr".
func (s *State) touchSharing(from, to civil.Date) {
	window := s.window()
	if i := s.arr.firstFall(from); i < len(s.arr.falls) && s.arr.falls[i].date.Sub(to) <= window {
		first := s.arr.falls[i].date
		s.unshrink(first)
		from = min(from, first.Add(-window))
		s.touchBooked(from, to) // what was booked later had to give before these
	}
	if !s.set.Surviving {
		return
	}
	// Those that wait for a renewal were booked from the one before on.
	if i := s.arr.firstRenewal(from + 1); i > 0 {
		from = s.arr.renewals[i-1].date
	} else {
		from = noChange
	}
	if i := s.arr.firstRenewal(to + 1); i < len(s.arr.renewals) {
		to = s.arr.renewals[i].date - 1
	}
	s.touchBooked(from, to)
}

// touchBooked marks the deals booked from one day to another.
func (s *State) touchBooked(from, to civil.Date) {
	for _, d := range s.deals[s.firstBooked(from):] {
		if d.Booked > to {
			break
		}
		s.spoilDeal(d)
	}
}

// firstBooked is the place of the first deal booked on or after a day.
func (s *State) firstBooked(on civil.Date) int {
	i, _ := slices.BinarySearchFunc(s.deals, on, func(d *Deal, on civil.Date) int {
		if d.Booked < on {
			return -1
		}
		return 1
	})
	return i
}

// reach is how far the timeline has been gone through.
type reach struct{ churns, revivals, renewals, falls int }

func (t *timeline) reach() reach {
	return reach{len(t.churns), len(t.revivals), len(t.renewals), len(t.falls)}
}

// moveARR brings the timeline up to date, in which the first day that can
// differ is given, and marks what that may change. booked says that it is only
// deals that came or went: they change neither terms nor lives.
func (s *State) moveARR(date civil.Date, booked bool) error {
	was := s.arr.reach()
	shared := s.shared(date)
	s.unshrink(date)
	rebuilt, err := s.deriveARR()
	if err != nil {
		return err
	}
	is := s.arr.reach()
	lives := rebuilt && !booked || is.churns > was.churns || is.revivals > was.revivals
	switch {
	case rebuilt && booked:
		if shared || s.shared(date) { // a later renewal may now be a contraction
			s.touchDealsFrom(date)
		}
	case lives || is.renewals > was.renewals:
		s.touchDealsFrom(date)
	case is.falls > was.falls:
		s.touchSharing(date, date)
	}
	if !booked {
		s.touchBooked(date, civil.Never) // whose term it may be
		s.unflag(date)
	}
	if lives {
		s.redoEpisodes(date.Start(s.set.Zone))
		if len(s.notices) > 0 {
			s.touchAll() // each is of a life
		}
	}
	return nil
}

// shared reports whether deals may share something on or after a day.
func (s *State) shared(from civil.Date) bool {
	falls, renewals := s.arr.falls, s.arr.renewals
	return len(falls) > 0 && falls[len(falls)-1].date >= from ||
		s.set.Surviving && len(renewals) > 0 && renewals[len(renewals)-1].date > from
}

// unshrink forgets what contractions took from a day on.
func (s *State) unshrink(from civil.Date) {
	for key, of := range s.shrunk {
		at := s.arr.firstFall(from)
		if of.falls <= at {
			continue
		}
		of.falls = at
		for _, d := range s.deals[s.firstBooked(from.Add(-key.window)):] {
			list := of.deals[d]
			for len(list) > 0 && list[len(list)-1].date >= from {
				list = list[:len(list)-1]
			}
			if len(list) > 0 {
				of.deals[d] = list
			} else {
				delete(of.deals, d)
			}
		}
	}
}

// put places a deal among the others.
func (s *State) put(d *Deal) {
	i, _ := slices.BinarySearchFunc(s.deals, d, compareDeals)
	s.deals = slices.Insert(s.deals, i, d)
	list := s.named.Get(d.Opportunity)
	i, _ = slices.BinarySearchFunc(list, d, compareDeals)
	s.named.Put(d.Opportunity, slices.Insert(list, i, d))
	d.turns, d.settledBy = unlisted, unlisted
	if d.Left != civil.Never {
		s.leaving.move(d, unlisted, d.Left)
	}
	if d.ClosedAt.After(s.closed) {
		s.closed = d.ClosedAt
	}
	s.spoilDeal(d)
	s.replaced(d)
}

// remove takes a deal out.
func (s *State) remove(d *Deal) {
	s.deals = without(s.deals, d)
	if list := without(s.named.Get(d.Opportunity), d); len(list) > 0 {
		s.named.Put(d.Opportunity, list)
	} else {
		s.named.Delete(d.Opportunity)
	}
	s.turning.move(d, d.turns, unlisted)
	s.lasting.move(d, d.settledBy, unlisted)
	if d.Left != civil.Never {
		s.leaving.move(d, d.Left, unlisted)
	}
	d.gone = true
	s.replaced(d)
	for _, of := range s.shrunk {
		delete(of.deals, d)
	}
}

// replaced marks all that looks at a deal which comes or goes.
func (s *State) replaced(d *Deal) {
	s.Touch(d.Opportunity)
	s.touchSharing(d.Booked, d.Booked)
	s.unflag(d.Booked)
	if len(s.leads[d.Opportunity]) > 0 {
		s.recontest = true
	}
}

// without takes a deal out of a list by booking that has it.
func without(list []*Deal, d *Deal) []*Deal {
	i, _ := slices.BinarySearchFunc(list, d, compareDeals)
	for list[i] != d {
		i++
	}
	return slices.Delete(list, i, i+1)
}
