package naive

import (
	"math/big"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/plan"
)

// pool is a payee's true-up of one quarter: by which enrolment and plan, and
// how much of the quarter and of the year so far they were enrolled (R16).
type pool struct {
	payee    event.PayeeID
	quarter  civil.Quarter
	in       *event.PayeeEnrolled
	plan     *plan.Plan
	part     *big.Rat // of the quarter; 1 where the plan does not prorate
	enrolled *big.Rat // of the year's quarters so far, this one included
	book     book
}

// yearly is a component in one year.
type yearly struct {
	component string
	year      int
}

// sofar is what a year's earlier quarters have come to for a component.
type sofar struct {
	quarters *big.Rat // how many had it, prorated
	paid     int64
}

// trueUps are a payee's pools of all ended quarters (§8), and the accelerator's
// shares of their deals: a quarter is due from the end of its last day (R2).
func (w *world) trueUps(p event.PayeeID, credits []credit) ([]move, error) {
	var out []move
	years := map[yearly]*sofar{}
	cal := w.tenant.Periods.Calendar
	shares := map[int]map[*deal][]line{} // of the accelerator, by year
	for q := cal.QuarterOf(w.firstPlan()); !cal.Last(q).End(w.tenant.Zone).After(w.asOf); q++ {
		in, _ := w.enrolledIn(p, q)
		pays := w.planOf(in, cal.First(q))
		if pays == nil {
			continue
		}
		t := pool{payee: p, quarter: q, in: in, plan: pays, part: w.prorated(p, q, pays), enrolled: new(big.Rat), book: w.bookOf(p, in, pays, q)}
		for y := q.YearStart(); y <= q; y++ {
			in, _ := w.enrolledIn(p, y)
			if paid := w.planOf(in, cal.First(y)); paid != nil {
				t.enrolled.Add(t.enrolled, w.prorated(p, y, paid))
			}
		}
		if shares[q.Year()] == nil {
			shares[q.Year()] = map[*deal][]line{}
		}
		for _, c := range pays.Components {
			if c.Kind == plan.Expansion {
				lines, err := w.accelerators(t, c, credits, shares[q.Year()])
				if err != nil {
					return nil, err
				}
				for _, l := range lines {
					out = append(out, l.moves()...)
				}
				continue
			}
			year := yearly{c.ID, q.Year()}
			if years[year] == nil {
				years[year] = &sofar{quarters: new(big.Rat)}
			}
			amount, err := w.trueUp(t, c, years[year])
			if err != nil {
				return nil, err
			}
			out = append(out, move{payee: p, component: c.ID, on: cal.Last(q), from: expense, to: payable, amount: amount})
		}
	}
	return out, nil
}

// accelerators are the shares of a component that has accelerators: one paid
// from a pool, in a quarter whose reviews were held (§6).
func (w *world) accelerators(t pool, c plan.Component, credits []credit, shares map[*deal][]line) ([]line, error) {
	if c.Basis != "pool" {
		return nil, nil
	}
	if scope, done := w.reviews(t); scope > 0 && product(whole(scope), ratio(t.plan.Gates.ReviewsAtLeast)).Cmp(whole(done)) > 0 {
		return nil, nil
	}
	return w.accelerate(t, c, credits, shares)
}

// trueUp is what one component pays for one quarter, rounded once.
func (w *world) trueUp(t pool, c plan.Component, y *sofar) (int64, error) {
	y.quarters.Add(y.quarters, t.part)
	times := new(big.Rat)
	switch c.Kind {
	case plan.Retention, plan.NetRetention:
		amount, err := w.retentionPay(t, c, y)
		y.paid += amount
		return amount, err
	case plan.Objectives:
		times = w.objectives(t, c)
	case plan.Health:
		times = w.healthy(t, c)
	}
	return rounded(product(annualPool(t.plan, c, t.in), big.NewRat(1, 4), t.part, times))
}

// retentionPay: for the windows ytd and ttm a quarter pays the year so far less
// what earlier quarters paid. An empty book pays nothing and takes nothing back
// (R17).
func (w *world) retentionPay(t pool, c plan.Component, y *sofar) (int64, error) {
	times := w.times(t, c)
	if times == nil {
		return 0, nil
	}
	annual := product(annualPool(t.plan, c, t.in), big.NewRat(1, 4), times)
	if c.Window == "quarter" {
		return rounded(product(annual, t.part))
	}
	due, err := rounded(product(annual, y.quarters))
	return due - y.paid, err
}

// firstPlan is the day before which nobody has a plan.
func (w *world) firstPlan() civil.Date {
	first := civil.Never
	for _, p := range w.plans {
		first = min(first, p.EffectiveFrom)
	}
	return first
}

type countingKey struct {
	payee   event.PayeeID
	quarter civil.Quarter
}

// counted is a payee's enrolment that counts in a quarter and for how many days.
type counted struct {
	in   *event.PayeeEnrolled
	days int
}

// enrolledIn is the enrolment in force on a quarter's first day, or the first
// one in it, and how many of its days the payee was enrolled (R16).
func (w *world) enrolledIn(p event.PayeeID, q civil.Quarter) (*event.PayeeEnrolled, int) {
	if known, ok := w.counting[countingKey{p, q}]; ok {
		return known.in, known.days
	}
	var c counted
	cal := w.tenant.Periods.Calendar
	for d := cal.First(q); d <= cal.Last(q); d++ {
		in, _ := w.employed(p, d)
		if in == nil {
			continue
		}
		c.days++
		if c.in == nil {
			c.in = in
		}
	}
	w.counting[countingKey{p, q}] = c
	return c.in, c.days
}

// prorated is the part of a quarter that a payee was enrolled, or all of it
// where the plan does not prorate and they were enrolled at all (§8).
func (w *world) prorated(p event.PayeeID, q civil.Quarter, pays *plan.Plan) *big.Rat {
	_, days := w.enrolledIn(p, q)
	switch {
	case days == 0:
		return new(big.Rat)
	case pays.Proration != "days":
		return whole(1)
	}
	return big.NewRat(int64(days), int64(w.tenant.Periods.Calendar.Days(q)))
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
