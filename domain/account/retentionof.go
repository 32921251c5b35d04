package account

import (
	"cmp"
	"slices"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

// Retention is what one account adds to the opening and closing of a payee's
// book in a window, in minor units of ARR. Those of accounts add up.
type Retention struct {
	Opening int64
	Gross   int64 // closings, none above its opening
	Net     int64 // closings as they are
	// Logos is how many accounts have an opening, Lost how many of them closed at nothing.
	Logos, Lost int
}

// Add takes another account's.
func (r *Retention) Add(o Retention) error { return r.Replace(Retention{}, o) }

// Replace takes one account's part of the sum for another.
func (r *Retention) Replace(was, now Retention) error {
	var sums sums
	sums.add(&r.Opening, now.Opening-was.Opening)
	sums.add(&r.Gross, now.Gross-was.Gross)
	sums.add(&r.Net, now.Net-was.Net)
	r.Logos += now.Logos - was.Logos
	r.Lost += now.Lost - was.Lost
	return sums.err
}

// sums adds where int64 may not hold the result, and keeps the error.
type sums struct{ err error }

func (s *sums) add(x *int64, y int64) {
	sum, err := money.Add(*x, y)
	if err != nil {
		s.err = err
		return
	}
	*x = sum
}

// Retention is the account's part in a payee's book over the window that ends
// with q. excepted reports whether an exception takes the account out of a
// window [start, last]; nil: none does.
func (s *State) Retention(h Holders, w Window, q civil.Quarter, excepted func(start, last civil.Date) bool) Retention {
	return s.Holding(h).Retention(w, q, excepted)
}

// Retained is the account's part in a payee's book over any days [start, last]:
// a month, a quarter, a window of quarters. Every interval in which the payee
// owned the account counts from the ARR at the later of the window's start and
// its own to the ARR at the earlier of both ends; an account that has nothing
// when the window starts counts for nobody.
//
// Source: rules §8 "GRR" and "NRR"; readings R18.
// Units: minor units of ARR; accounts, once per interval.
// Rounding: none.
func (s *State) Retained(h Holders, start, last civil.Date, excepted func(start, last civil.Date) bool) Retention {
	return s.Holding(h).Retained(start, last, excepted)
}

// Holding is an account as some holders have it, as long as no fact of it comes.
type Holding struct {
	*State
	holders Holders
	owned   []interval
}

// Holding is the account as some holders have it.
func (s *State) Holding(h Holders) Holding { return Holding{s, h, s.owned(h)} }

// Retention is State.Retention of the holders.
func (s Holding) Retention(w Window, q civil.Quarter, excepted func(start, last civil.Date) bool) Retention {
	return s.Retained(s.set.Calendar.First(w.First(q)), s.set.Calendar.Last(q), excepted)
}

// Retained is State.Retained of the holders.
func (s Holding) Retained(start, last civil.Date, excepted func(start, last civil.Date) bool) (r Retention) {
	if s.arr.At(start-1) == 0 || excepted != nil && excepted(start, last) {
		return Retention{}
	}
	end := last + 1
	for _, iv := range s.owned {
		if iv.until <= start || iv.from >= end {
			continue
		}
		opening, closing := s.arr.At(max(start, iv.from)-1), s.arr.At(min(end, iv.until)-1)
		r.Opening += opening
		r.Gross += min(opening, closing)
		r.Net += closing
		if opening > 0 {
			r.Logos++
			if closing == 0 {
				r.Lost++
			}
		}
	}
	return r
}

// Holder is a payee who owns accounts in a role.
type Holder struct {
	Payee event.PayeeID
	Role  event.Role
}

// Holders are payees whose accounts are looked at as one book: an account
// handed over between them stays in it.
//
// Source: rules §8 "Roll-up".
type Holders []Holder

func (h Holders) has(id event.PayeeID) bool {
	return slices.ContainsFunc(h, func(o Holder) bool { return o.Payee == id })
}

// owned lists the intervals in which holders owned the account, those that
// touch as one.
func (s *State) owned(h Holders) []interval {
	var all []interval
	for _, r := range s.owners.byRole {
		for iv := range r.intervals {
			if slices.Contains(h, Holder{iv.payee, r.role}) {
				all = append(all, iv)
			}
		}
	}
	if len(h) == 1 || len(all) < 2 {
		return all
	}
	slices.SortFunc(all, func(a, b interval) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.until, b.until)) })
	out := all[:1]
	for _, iv := range all[1:] {
		if last := &out[len(out)-1]; iv.from <= last.until {
			last.until = max(last.until, iv.until)
		} else {
			out = append(out, iv)
		}
	}
	return out
}

// OwnedOn is the ARR of the day before a day, where the payee owns the account
// in a role on that day; else nothing.
func (s *State) OwnedOn(payee event.PayeeID, role event.Role, on civil.Date) int64 {
	if s.owners.at(role, on) != payee {
		return 0
	}
	return s.arr.At(on - 1)
}
