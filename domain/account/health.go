package account

import (
	"cmp"
	"time"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/few"
	"github.com/trueup/trueup/domain/money"
)

// scores are the account's health scores by instant, then by statement; one
// per instant and source, the latest statement standing.
type scores struct {
	list   few.List[score]
	latest *score // the last of the list
}

// score is a health score in as little room as holds all of it: most of what is
// told of an account is scores.
type score struct {
	measured, told         int64 // seconds since 1970
	measuredNano, toldNano int32 // and nanoseconds after them
	id                     string
	value                  money.Ratio
	*scoreScale
}

// scoreScale is what scores of one source have in common, of whatever account.
type scoreScale struct {
	source string
	kind   event.Type
	max    money.Ratio
}

// scales are those of the sources that told scores, so that accounts share them.
type scales []*scoreScale

// mostScales is how many are shared: more sources than anybody has.
const mostScales = 16

func (s *scales) of(e *event.HealthScored) *scoreScale {
	for _, k := range *s {
		if k.source == e.Source && k.max == e.ScaleMax && k.kind == e.Type {
			return k
		}
	}
	k := &scoreScale{e.Source, e.Type, e.ScaleMax}
	if len(*s) < mostScales {
		*s = append(*s, k)
	}
	return k
}

// scoreOf is a score in that form.
func scoreOf(e *event.HealthScored, of *scales) score {
	return score{
		e.MeasuredAt.Unix(), e.Time.Unix(), int32(e.MeasuredAt.Nanosecond()), int32(e.Time.Nanosecond()), e.ID, e.Score, of.of(e), //nolint:gosec // below 1e9
	}
}

// event is a score as it was told of an account.
func (x *score) event(of event.AccountID) event.HealthScored {
	return event.HealthScored{
		Header:  event.Header{Identity: event.Identity{Source: x.source, ID: x.id}, Type: x.kind, Time: time.Unix(x.told, int64(x.toldNano)).UTC()},
		Account: of, Score: x.value, ScaleMax: x.max, MeasuredAt: x.at(),
	}
}

// at is when it was measured.
func (x *score) at() time.Time { return time.Unix(x.measured, int64(x.measuredNano)).UTC() }

// compareAt compares that with another instant.
func (x *score) compareAt(at time.Time) int {
	return cmp.Or(cmp.Compare(x.measured, at.Unix()), cmp.Compare(x.measuredNano, int32(at.Nanosecond()))) //nolint:gosec // below 1e9
}

func (x *score) sameInstant(y *score) bool {
	return x.measured == y.measured && x.measuredNano == y.measuredNano
}

// newer is event.Newer.
func (x *score) newer(y *score) bool {
	return cmp.Or(cmp.Compare(x.told, y.told), cmp.Compare(x.toldNano, y.toldNano), cmp.Compare(x.source, y.source), cmp.Compare(x.id, y.id)) > 0
}

func compareScores(x, y *score) int {
	return cmp.Or(cmp.Compare(x.measured, y.measured), cmp.Compare(x.measuredNano, y.measuredNano), cmp.Compare(x.source, y.source))
}

// add takes a score and reports whether it is newer than every other.
func (h *scores) add(x score) (newest bool) {
	last := h.latest
	defer func() { h.latest = h.list.Last() }()
	if last == nil || compareScores(last, &x) < 0 { // the usual one
		newest = last == nil || !last.sameInstant(&x)
		h.list.Append(x)
		return newest
	}
	switch i, found := h.list.Search(h.list.Len(), func(y *score) int { return compareScores(y, &x) }); {
	case !found:
		h.list.Insert(i, x)
	case x.newer(h.list.At(i)):
		*h.list.At(i) = x
	}
	return false
}

// last is the last score measured at or before an instant; of two measured at
// one instant the one stated later; nil: there is none. It is good until another
// is added.
func (h *scores) last(at time.Time) *score {
	i := h.list.Len()
	best := h.latest
	if best != nil && best.compareAt(at) > 0 { // the usual question is of the latest
		if i, _ = h.list.Search(i-1, func(x *score) int { return cmp.Or(x.compareAt(at), -1) }); i > 0 {
			best = h.list.At(i - 1)
		}
	}
	if i == 0 {
		return nil
	}
	for j := i - 2; j >= 0 && h.list.At(j).sameInstant(best); j-- {
		if x := h.list.At(j); x.newer(best) {
			best = x
		}
	}
	return best
}

// next is when the first score after an instant was measured.
func (h *scores) next(after time.Time) (time.Time, bool) {
	if last := h.latest; last == nil || last.compareAt(after) <= 0 {
		return time.Time{}, false
	}
	return h.list.At(h.from(after.Add(1))).at(), true
}

// from is the place of the first score measured at or after an instant.
func (h *scores) from(at time.Time) int {
	n := h.list.Len()
	if n == 0 || h.latest.compareAt(at) < 0 {
		return n
	}
	n, _ = h.list.Search(n, func(x *score) int { return x.compareAt(at) })
	return n
}

// reaches reports whether a score, as a share of its scale, is at least a
// threshold out of 100. Source: rules §6, §10. Rounding: none.
func (x *score) reaches(threshold money.Ratio) bool { return reaches(x.value, x.max, threshold) }

func reaches(score, scale, threshold money.Ratio) bool {
	// score ÷ scale × 100 ≥ threshold, multiplied out: all divisors are above zero.
	return money.CmpProducts(
		[...]int64{score.Num, scale.Den, 100, threshold.Den},
		[...]int64{threshold.Num, score.Den, scale.Num, 1}) >= 0
}
