package account

import (
	"cmp"
	"slices"
	"sort"
	"time"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

// scores are the account's health scores by instant, then by statement; one
// per instant and source, the latest statement standing.
type scores struct{ list []event.HealthScored }

func compareScores(a, b event.HealthScored) int {
	return cmp.Or(a.MeasuredAt.Compare(b.MeasuredAt), cmp.Compare(a.Source, b.Source))
}

// add takes a score and reports whether it is newer than every other.
func (h *scores) add(e event.HealthScored) (newest bool) {
	i, found := len(h.list), false
	if i > 0 && !h.list[i-1].MeasuredAt.Before(e.MeasuredAt) { // the usual one is the latest
		i, found = slices.BinarySearchFunc(h.list, e, compareScores)
	}
	switch {
	case !found:
		h.list = slices.Insert(h.list, i, e)
		return i == len(h.list)-1 && (i == 0 || h.list[i-1].MeasuredAt.Before(e.MeasuredAt))
	case event.Newer(e.Header, h.list[i].Header):
		h.list[i] = e
	}
	return false
}

// last is the last score measured at or before an instant; of two measured at
// one instant the one stated later.
func (h *scores) last(at time.Time) (event.HealthScored, bool) {
	i := len(h.list)
	if i > 0 && h.list[i-1].MeasuredAt.After(at) { // the usual question is of the latest
		i = sort.Search(i, func(j int) bool { return h.list[j].MeasuredAt.After(at) })
	}
	if i == 0 {
		return event.HealthScored{}, false
	}
	best := h.list[i-1]
	for j := i - 2; j >= 0 && h.list[j].MeasuredAt.Equal(best.MeasuredAt); j-- {
		if event.Newer(h.list[j].Header, best.Header) {
			best = h.list[j]
		}
	}
	return best, true
}

// next is when the first score after an instant was measured.
func (h *scores) next(after time.Time) (time.Time, bool) {
	i := h.from(after.Add(1))
	if i == len(h.list) {
		return time.Time{}, false
	}
	return h.list[i].MeasuredAt, true
}

// from is the place of the first score measured at or after an instant.
func (h *scores) from(at time.Time) int {
	i, _ := slices.BinarySearchFunc(h.list, at, func(s event.HealthScored, at time.Time) int {
		if s.MeasuredAt.Before(at) {
			return -1
		}
		return 1
	})
	return i
}

// reaches reports whether a score, as a share of its scale, is at least a
// threshold out of 100. Source: rules §6, §10. Rounding: none.
func reaches(e event.HealthScored, threshold money.Ratio) bool {
	// score ÷ scale × 100 ≥ threshold, multiplied out: all divisors are above zero.
	return money.CmpProducts(
		[...]int64{e.Score.Num, e.ScaleMax.Den, 100, threshold.Den},
		[...]int64{threshold.Num, e.Score.Den, e.ScaleMax.Num, 1}) >= 0
}
