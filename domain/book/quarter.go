package book

import (
	"math/big"
	"slices"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// Books is what a payee's accounts, or those of everybody whose book is theirs
// too, come to.
type Books interface {
	// Retained is the book's opening and closings in the window that ends with q,
	// without the accounts that exceptions take out of it, and with only the
	// CFO's exceptions doing so.
	Retained(p *Person, w account.Window, q civil.Quarter) (all, cfo account.Retention, err error)
	// Measures are those of the book in a quarter that pay looks at.
	Measures(p *Person, q civil.Quarter) (account.Paid, error)
	// Opening is the ARR of the payee's own accounts on the quarter's first day.
	Opening(p *Person, q civil.Quarter) (int64, error)
	// Credited lists the payee's shares of deals that count, in any order.
	Credited(p *Person) ([]*account.Credited, error)
	// CreditedIn lists those of one account's deals.
	CreditedIn(p *Person, id event.AccountID) ([]*account.Credited, error)
}

// quarter is what a payee is paid by in one quarter.
type quarter struct {
	civil.Quarter
	plan      *plan.Plan
	enrolment *event.PayeeEnrolled
	variable  money.Money
	share     money.Ratio // of the quarter, by days enrolled
	first     civil.Date
	last      civil.Date
}

// quarterOf is the version in force on the quarter's first day, for whoever is
// enrolled on one of its days; false where there is none.
//
// Source: readings R16; rules §8 "Proration".
func (p *Person) quarterOf(q civil.Quarter) (quarter, bool) {
	e, days := p.enrolledIn(q)
	if e == nil {
		return quarter{}, false
	}
	pl := p.set.Plans.For(e.Plan, e.Role, e.Segment, p.set.Calendar.First(q))
	if pl == nil {
		return quarter{}, false
	}
	out := quarter{q, pl, e, variable(e, pl), money.One, p.set.Calendar.First(q), p.set.Calendar.Last(q)}
	if pl.Proration == "days" {
		out.share = money.Ratio{Num: int64(days), Den: int64(p.set.Calendar.Days(q))}
	}
	return out, true
}

// enrolledIn is the first enrolment that counts in a quarter, and how many of
// its days the payee is enrolled on, the last day of employment included.
func (p *Person) enrolledIn(q civil.Quarter) (*event.PayeeEnrolled, int) {
	var first *event.PayeeEnrolled
	days := 0
	last := p.set.Calendar.Last(q)
	for d := p.set.Calendar.First(q); d <= last; {
		e, over, until := p.enrolment(d)
		until = min(until, last+1)
		if e != nil && !over {
			days += until.Sub(d)
			if first == nil {
				first = e
			}
		}
		d = until
	}
	return first, days
}

// Role is the payee's role and manager and team in a quarter: those of the
// enrolment that counts; false where none does.
func (p *Person) Role(q civil.Quarter) (event.PayeeEnrolled, bool) {
	if e, _ := p.enrolledIn(q); e != nil {
		return *e, true
	}
	return event.PayeeEnrolled{}, false
}

// EnrolledOn is the payee's enrolment on a day; false where they have none, or
// their employment was over.
func (p *Person) EnrolledOn(day civil.Date) (event.PayeeEnrolled, bool) {
	e, over, _ := p.enrolment(day)
	if e == nil || over {
		return event.PayeeEnrolled{}, false
	}
	return *e, true
}

// Ownership is the ownership model of the plan that pays the payee's quarter,
// or empty.
func (p *Person) Ownership(q civil.Quarter) string {
	if qt, ok := p.quarterOf(q); ok {
		return qt.plan.Ownership
	}
	return ""
}

// goal is an annual expansion target: part of an amount. The zero value is none.
type goal struct {
	minor int64 // of ARR
	part  money.Ratio
}

// exactly is the annual target in minor units of ARR.
func (g goal) exactly() *big.Rat {
	annual := g.part.Rat()
	return annual.Mul(annual, new(big.Rat).SetInt64(g.minor))
}

// over is the part of an annual target that some of its quarters have, those of
// the year's that are given by how much of each the payee was enrolled.
func over(annual *big.Rat, shares yearShares) *big.Rat {
	part := shares.sum()
	return part.Mul(part, annual).Quo(part, big.NewRat(4, 1))
}

// yearShares is how much of each of a year's quarters counts, by its number less
// one; the zero ratio: it does not, or not yet.
type yearShares [4]money.Ratio

func (s *yearShares) put(qt quarter) { s[qt.Number()-1] = qt.share }

func (s *yearShares) sum() *big.Rat {
	sum := new(big.Rat)
	for _, share := range s {
		if share.Den != 0 {
			sum.Add(sum, share.Rat())
		}
	}
	return sum
}

// goal is the payee's annual expansion target in a quarter.
//
// Source: rules §5 "Accelerator", §8 "Proration".
// Units: minor units of ARR, exactly.
func (p *Person) goal(qt quarter, books Books) (g goal, err error) {
	c := qt.plan.Component(plan.Expansion)
	if c == nil || c.Basis != "pool" {
		return g, nil
	}
	switch {
	case qt.enrolment.AnnualTarget != nil:
		g = goal{qt.enrolment.AnnualTarget.Minor, money.One}
	case c.AnnualARR != nil:
		g = goal{c.AnnualARR.Minor, money.One}
	case c.PercentOfBook != nil:
		if g.minor, err = books.Opening(p, qt.Quarter); err != nil {
			return goal{}, err
		}
		g.part = *c.PercentOfBook
	}
	if g.minor <= 0 || g.part.Num <= 0 {
		return goal{}, nil
	}
	return g, nil
}

// target is the quarter's part of the payee's annual expansion target, prorated
// like the pools; nil where they have none.
func (p *Person) target(qt quarter, books Books) (*big.Rat, error) {
	g, err := p.goal(qt, books)
	if g == (goal{}) {
		return nil, err
	}
	return over(g.exactly(), yearShares{qt.share}), nil
}

// Above lists whom the payee ever reported to, and the teams they were ever in.
func (p *Person) Above() (managers []event.PayeeID, teams []string) {
	for _, st := range p.told {
		if st.enrolled == nil {
			continue
		}
		if m := st.enrolled.Manager; m != "" && !slices.Contains(managers, m) {
			managers = append(managers, m)
		}
		if t := st.enrolled.Team; t != "" && !slices.Contains(teams, t) {
			teams = append(teams, t)
		}
	}
	return managers, teams
}

// Healthy is the score out of 100 that a healthy account has for the payee's
// quarter: that of the health gate.
func (p *Person) Healthy(q civil.Quarter) money.Ratio {
	if qt, ok := p.quarterOf(q); ok {
		return qt.plan.Gates.HealthMin
	}
	return p.set.Plans.Settings(p.set.Calendar.First(q)).Gates.HealthMin
}
