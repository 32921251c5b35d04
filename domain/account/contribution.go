package account

import (
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

// Window is a stretch of quarters that retention is measured over.
type Window uint8

// The windows, as in the plan file.
const (
	WindowQuarter Window = iota
	WindowYTD
	WindowTTM
	windows
)

// First is the first quarter of the window that ends with q.
func (w Window) First(q civil.Quarter) civil.Quarter {
	switch w {
	case WindowYTD:
		return q.YearStart()
	case WindowTTM:
		return q - 3
	case WindowQuarter, windows:
	}
	return q
}

// Share is what an account, or all of a payee's accounts, adds to one quarter
// of a payee's book, in minor units of ARR. Shares of accounts add up.
type Share struct {
	// Opening is the change, from the quarter before, of the ARR owned on the
	// quarter's first day (as of the day before it). The opening of a window is
	// the sum of all quarters' up to its first.
	Opening int64
	// Joined is, per window that ends with the quarter, the ARR of accounts that
	// came to the payee inside the window, on the day before they came.
	Joined [windows]int64
	// Lost is, per window that ends with the quarter, opening less closing, where
	// no account closes above its opening.
	Lost [windows]int64
}

// Add is the sum of two shares.
func (a Share) Add(b Share) (Share, error) {
	var err error
	add := func(x *int64, y int64) {
		sum, e := money.Add(*x, y)
		if e != nil {
			err = e
		}
		*x = sum
	}
	add(&a.Opening, b.Opening)
	for w := range windows {
		add(&a.Joined[w], b.Joined[w])
		add(&a.Lost[w], b.Lost[w])
	}
	return a, err
}

// Neg is the share that takes a away.
func (a Share) Neg() Share {
	a.Opening = -a.Opening
	for w := range windows {
		a.Joined[w], a.Lost[w] = -a.Joined[w], -a.Lost[w]
	}
	return a
}

// Seat is a payee's quarter in a role.
type Seat struct {
	Payee   event.PayeeID
	Role    event.Role
	Quarter civil.Quarter
}

// reach is how many quarters after a change a window can still see it.
const reach = 4

// Shares lists what the account adds to its owners' quarters from one quarter
// on. It is sparse: a quarter in which nothing changes, and in whose windows
// nothing did, has no share.
//
// Source: rules §8 "GRR"; readings R18.
// Units: minor units of ARR.
// Rounding: none.
func (s *State) Shares(from civil.Quarter) map[Seat]Share {
	out := map[Seat]Share{}
	last, ok := s.lastChange()
	if !ok {
		return out
	}
	cal := s.set.Calendar
	until := cal.QuarterOf(last) + reach
	for _, r := range s.owners.byRole {
		intervals := r.intervals()
		for q := max(from, s.firstQuarter()); q <= until; q++ {
			s.openings(out, r.role, intervals, q)
			for w := range windows {
				s.windowShares(out, r.role, intervals, q, w)
			}
		}
	}
	return out
}

// openings adds what the ARR owned on a quarter's first day differs by from
// the quarter before.
func (s *State) openings(out map[Seat]Share, role event.Role, intervals []interval, q civil.Quarter) {
	for back := range civil.Quarter(2) {
		first := s.set.Calendar.First(q - back)
		arr := s.arr.At(first - 1)
		if arr == 0 {
			continue
		}
		if back == 1 {
			arr = -arr
		}
		for _, iv := range intervals {
			if iv.from <= first && first < iv.until {
				update(out, Seat{iv.payee, role, q}, func(sh *Share) { sh.Opening += arr })
			}
		}
	}
}

// windowShares adds what came and what was lost inside one window.
func (s *State) windowShares(out map[Seat]Share, role event.Role, intervals []interval, q civil.Quarter, w Window) {
	start, end := s.set.Calendar.First(w.First(q)), s.set.Calendar.First(q+1)
	if s.arr.At(start-1) == 0 {
		return // an account that starts inside the window counts for nobody
	}
	for _, iv := range intervals {
		if iv.until <= start || iv.from >= end {
			continue
		}
		opening := s.arr.At(max(start, iv.from) - 1)
		closing := min(opening, s.arr.At(min(end, iv.until)-1))
		update(out, Seat{iv.payee, role, q}, func(sh *Share) {
			if iv.from > start {
				sh.Joined[w] += opening
			}
			sh.Lost[w] += opening - closing
		})
	}
}

func update(out map[Seat]Share, at Seat, change func(*Share)) {
	sh := out[at]
	change(&sh)
	if sh == (Share{}) {
		delete(out, at)
		return
	}
	out[at] = sh
}

// lastChange is the last day on which the account's ARR or owner changes.
func (s *State) lastChange() (civil.Date, bool) {
	last, ok := noChange, false
	if n := len(s.arr.levels); n > 0 {
		last, ok = s.arr.levels[n-1].date, true
	}
	for _, r := range s.owners.byRole {
		if n := len(r.assigned); n > 0 {
			last = max(last, r.assigned[n-1].Effective)
		}
	}
	return last, ok
}

func (s *State) firstQuarter() civil.Quarter {
	return s.set.Calendar.QuarterOf(s.arr.levels[0].date)
}
