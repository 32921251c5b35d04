package account

import (
	"cmp"
	"slices"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// noMove stands for a move that is not there.
var noMove move

// At is the ARR on a day, in minor units.
func (t *timeline) At(d civil.Date) int64 {
	i, _ := slices.BinarySearchFunc(t.levels, d, func(l level, d civil.Date) int {
		if l.date <= d {
			return -1
		}
		return 1
	})
	if i == 0 {
		return 0
	}
	return t.levels[i-1].minor
}

// firstChurn is the place of the first end of a life on or after a day.
func (t *timeline) firstChurn(d civil.Date) int {
	i, _ := slices.BinarySearchFunc(t.churns, d, func(c *move, d civil.Date) int { return cmp.Compare(c.date, d) })
	return i
}

// churnFrom is the first end of a life on or after a day.
func (t *timeline) churnFrom(d civil.Date) (*move, bool) {
	if i := t.firstChurn(d); i < len(t.churns) {
		return t.churns[i], true
	}
	return &noMove, false
}

// aliveOn reports whether the account lives at the end of a day.
func (t *timeline) aliveOn(d civil.Date) bool {
	ends := t.firstChurn(d + 1)
	starts, _ := slices.BinarySearch(t.revivals, d+1)
	return ends == starts
}

// nextRenewal is the first renewal whose term starts after a day.
func (t *timeline) nextRenewal(after civil.Date) (renewal, bool) {
	i := t.firstRenewal(after + 1)
	if i == len(t.renewals) {
		return renewal{move: &noMove}, false
	}
	return t.renewals[i], true
}

// firstRenewal is the place of the first renewal whose term starts on or after a day.
func (t *timeline) firstRenewal(on civil.Date) int {
	i, _ := slices.BinarySearchFunc(t.renewals, on, func(m renewal, d civil.Date) int { return cmp.Compare(m.date, d) })
	return i
}

// termOn is the term in force on a day: of several the one that started last,
// then the one that ends last.
func (t *timeline) termOn(d civil.Date) (term, bool) {
	found := term{move: &noMove}
	ok := false
	for i := len(t.terms) - 1; i >= 0; i-- {
		m := t.terms[i]
		if m.latest <= d {
			break // it and those before it are over
		}
		if m.date > d || m.end <= d || m.stopped <= d {
			continue
		}
		if ok && m.date < found.date {
			break
		}
		if !ok || m.end > found.end {
			found, ok = m, true
		}
	}
	return found, ok
}

// lifeAround is the life that ends first on or after a day, or else the last
// one: its first day (noChange: from the beginning) and the day it ends
// (civil.Never: it goes on); false where every life is over by then. On a day
// that ends one life and begins the next it is the one that ends, since that is
// the churn which deals of the day look at.
func (t *timeline) lifeAround(d civil.Date) (from, until civil.Date, lives bool) {
	i := t.firstChurn(d)
	until = civil.Never
	if i < len(t.churns) {
		until = t.churns[i].date
	} else if i > len(t.revivals) {
		return 0, 0, false
	}
	if i == 0 {
		return noChange, until, true
	}
	return t.revivals[i-1], until, true
}

// lastCancelled is the latest told cancellation of a churn.
func (t *timeline) lastCancelled() (event.Header, bool) {
	var last event.Header
	for _, h := range t.cancelled {
		if last.Type == "" || event.Newer(h, last) {
			last = h
		}
	}
	return last, last.Type != ""
}
