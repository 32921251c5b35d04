package account

import (
	"cmp"
	"slices"

	"github.com/trueup/trueup/domain/civil"
)

// byDay lists deals by a day that each has, then by booking, so that those of
// some days are found without looking at the others.
type byDay struct {
	list   []dealOn
	lowest civil.Date // the day of the first, where there is one
}

type dealOn struct {
	day civil.Date
	*Deal
}

// find is where a deal is listed, or would be.
func (l *byDay) find(d *Deal, on civil.Date) (int, bool) {
	i, _ := slices.BinarySearchFunc(l.list, dealOn{on, d}, func(a, b dealOn) int {
		return cmp.Or(cmp.Compare(a.day, b.day), compareDeals(a.Deal, b.Deal))
	})
	for ; i < len(l.list) && l.list[i].day == on && compareDeals(l.list[i].Deal, d) == 0; i++ {
		if l.list[i].Deal == d { // two steps of one uplift may be of one day
			return i, true
		}
	}
	return i, false
}

// unlisted is the day of a deal that is not in a list.
const unlisted = noChange

// move lists a deal under another day than before.
func (l *byDay) move(d *Deal, from, to civil.Date) {
	if from == to {
		return
	}
	if from != unlisted {
		if i, found := l.find(d, from); found {
			l.list = slices.Delete(l.list, i, i+1)
		}
	}
	if to != unlisted {
		i, _ := l.find(d, to)
		l.list = slices.Insert(l.list, i, dealOn{to, d})
	}
	if len(l.list) > 0 {
		l.lowest = l.list[0].day
	}
}

// since lists those of a day and later ones. It must not be kept.
func (l *byDay) since(day civil.Date) []dealOn {
	i, _ := slices.BinarySearchFunc(l.list, day, func(a dealOn, d civil.Date) int {
		if a.day < d {
			return -1
		}
		return 1
	})
	return l.list[i:]
}

// first is the first day of any; civil.Never: there is none.
func (l *byDay) first() civil.Date {
	if len(l.list) == 0 {
		return civil.Never
	}
	return l.lowest
}
