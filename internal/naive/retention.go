package naive

import (
	"math/big"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/plan"
)

// times is what a retention pool is multiplied by, or nil for an empty book.
// With anyone but the cfo an exception lifts no multiplier above 1.0: the
// larger of what the cfo's alone give, and 1.0 at most (R26).
func (w *world) times(t pool, c plan.Component) *big.Rat {
	all := w.timesWith(t, c, false)
	if all == nil {
		return nil
	}
	cfo := w.timesWith(t, c, true)
	if cfo == nil {
		return all
	}
	return larger(cfo, smaller(all, whole(1)))
}

func (w *world) timesWith(t pool, c plan.Component, cfo bool) *big.Rat {
	start, end := w.windowStart(t.quarter, c.Window), w.tenant.Periods.Calendar.First(t.quarter+1)
	open, closing := w.sumOf(t.book, start, end, c.Kind == plan.NetRetention, cfo)
	if open == 0 {
		return nil
	}
	return multiplier(big.NewRat(closing, open), c)
}

// sumOf sums what a book's accounts were worth at the start and are worth at
// the end of [start, end) (§8). An ownership's opening is the ARR of the day
// before, its closing that of its last day; for GRR at most the opening.
// Accounts without ARR at the window's start count for nobody (R18), and those
// that an exception takes out do not either.
func (w *world) sumOf(b book, start, end civil.Date, net, cfo bool) (open, closing int64) {
	for _, account := range b.accounts {
		life := w.life(account)
		if life.on(start-1).arr == 0 || w.leftOut(account, start, end, cfo) {
			continue
		}
		for _, o := range b.owned[account] {
			from, until := max(start, o.from), min(end, o.until)
			if from >= until {
				continue
			}
			was, is := life.on(from-1).arr, life.on(until-1).arr
			if !net {
				is = min(was, is)
			}
			open += was
			closing += is
		}
	}
	return open, closing
}

// multiplier is what a pool is multiplied by at retention g, compared exactly
// (§8).
func multiplier(g *big.Rat, c plan.Component) *big.Rat {
	floor, target, stretch := ratio(c.Floor), ratio(c.Target), ratio(c.Stretch)
	low, mid, high := ratio(c.Multiplier.BelowFloor), ratio(c.Multiplier.AtTarget), ratio(c.Multiplier.AtStretch)
	switch {
	case g.Cmp(floor) < 0:
		return low
	case g.Cmp(stretch) >= 0:
		return high
	case g.Cmp(target) >= 0 && c.Curve == "ramp":
		return between(g, target, stretch, mid, high)
	case g.Cmp(target) >= 0 || c.Curve == "flat":
		return mid
	case c.Curve == "ramp":
		return between(g, floor, target, low, mid)
	}
	return product(mid, quotient(g, target))
}

// between is the straight line from (x0, y0) to (x1, y1), at x.
func between(x, x0, x1, y0, y1 *big.Rat) *big.Rat {
	along := quotient(new(big.Rat).Sub(x, x0), new(big.Rat).Sub(x1, x0))
	return along.Add(y0, along.Mul(along, new(big.Rat).Sub(y1, y0)))
}
