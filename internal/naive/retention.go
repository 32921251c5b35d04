package naive

import (
	"math/big"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/plan"
)

// posting is an amount that is payable at once.
type posting struct {
	component string
	amount    int64
}

// yearly is a component in one year.
type yearly struct {
	component string
	year      int
}

// trueUps are a payee's retention pools of all ended quarters (§8): a quarter
// is due from the end of its last day (R2). For the windows ytd and ttm a
// quarter pays the year so far less what earlier quarters paid.
func (w *world) trueUps(p event.PayeeID) ([]posting, error) {
	var out []posting
	quarters := map[yearly]*big.Rat{} // how many, prorated
	paid := map[yearly]int64{}
	cal := w.tenant.Periods.Calendar
	for q := cal.QuarterOf(w.firstPlan()); !cal.Last(q).End(w.tenant.Zone).After(w.asOf); q++ {
		enrolled, days := w.enrolledIn(p, q)
		pays := w.planOf(enrolled, cal.First(q))
		if pays == nil {
			continue
		}
		part := whole(1)
		if pays.Proration == "days" {
			part = big.NewRat(int64(days), int64(cal.Days(q)))
		}
		for _, c := range pays.Components {
			if c.Kind != plan.Retention {
				continue
			}
			year := yearly{c.ID, q.Year()}
			if quarters[year] == nil {
				quarters[year] = whole(0)
			}
			quarters[year].Add(quarters[year], part)
			amount, err := w.trueUp(p, enrolled, pays, c, q, part, quarters[year], paid[year])
			if err != nil {
				return nil, err
			}
			paid[year] += amount
			out = append(out, posting{c.ID, amount})
		}
	}
	return out, nil
}

// trueUp is what one quarter pays. part is the prorated quarter, sofar the sum
// of the year's (R16). An empty book pays nothing and takes nothing back (R17).
func (w *world) trueUp(p event.PayeeID, enrolled *event.PayeeEnrolled, pays *plan.Plan, c plan.Component,
	q civil.Quarter, part, sofar *big.Rat, paid int64,
) (int64, error) {
	open, closing := w.book(p, enrolled.Role, w.windowStart(q, c.Window), w.tenant.Periods.Calendar.First(q+1))
	if open == 0 {
		return 0, nil
	}
	times := multiplier(big.NewRat(closing, open), c)
	annual := annualPool(pays, c, enrolled)
	if c.Window == "quarter" {
		return rounded(product(annual, big.NewRat(1, 4), part, times))
	}
	due, err := rounded(product(annual, big.NewRat(1, 4), sofar, times))
	return due - paid, err
}

// firstPlan is the day before which nobody has a plan.
func (w *world) firstPlan() civil.Date {
	first := civil.Never
	for _, p := range w.plans {
		first = min(first, p.EffectiveFrom)
	}
	return first
}

// enrolledIn is the enrolment in force on a quarter's first day, or the first
// one in it, and how many of its days the payee was enrolled (R16).
func (w *world) enrolledIn(p event.PayeeID, q civil.Quarter) (first *event.PayeeEnrolled, days int) {
	cal := w.tenant.Periods.Calendar
	for d := cal.First(q); d <= cal.Last(q); d++ {
		in, _ := w.employed(p, d)
		if in == nil {
			continue
		}
		days++
		if first == nil {
			first = in
		}
	}
	return first, days
}

// windowStart is the first day a measure looks at for quarter q.
func (w *world) windowStart(q civil.Quarter, window string) civil.Date {
	switch window {
	case "ytd":
		q = q.YearStart()
	case "ttm":
		q -= 3
	}
	return w.tenant.Periods.Calendar.First(q)
}

// book sums what a payee's accounts, owned in a role, were worth at the start
// and are worth at the end of [start, end) (§8). An ownership's opening is the
// ARR of the day before, its closing that of its last day, at most the
// opening. Accounts without ARR at the window's start count for nobody (R18).
func (w *world) book(p event.PayeeID, role event.Role, start, end civil.Date) (open, closing int64) {
	for _, account := range w.accounts() {
		life := w.life(account)
		if life.on(start-1).arr == 0 {
			continue
		}
		for _, o := range w.owners(account, role) {
			from, until := max(start, o.from), min(end, o.until)
			if o.payee != p || from >= until {
				continue
			}
			was := life.on(from - 1).arr
			open += was
			closing += min(was, life.on(until-1).arr)
		}
	}
	return open, closing
}

// accounts are all that events are about.
func (w *world) accounts() []event.AccountID {
	found := map[event.AccountID]bool{}
	for _, e := range w.told {
		if a := e.Scope().Account; a != "" {
			found[a] = true
		}
	}
	return sorted(found)
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
	return product(mid, new(big.Rat).Quo(g, target))
}

// between is the straight line from (x0, y0) to (x1, y1), at x.
func between(x, x0, x1, y0, y1 *big.Rat) *big.Rat {
	along := new(big.Rat).Quo(new(big.Rat).Sub(x, x0), new(big.Rat).Sub(x1, x0))
	return along.Add(y0, along.Mul(along, new(big.Rat).Sub(y1, y0)))
}
