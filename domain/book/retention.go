package book

import (
	"fmt"
	"math/big"
	"time"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// SetShare makes a share of the payee's book what it now is.
func (p *Person) SetShare(at account.Seat, sh account.Share) {
	if sh == (account.Share{}) {
		delete(p.shares, at)
		return
	}
	p.shares[at] = sh
}

// Share is what the payee's accounts add up to in a quarter, as set.
func (p *Person) Share(at account.Seat) account.Share { return p.shares[at] }

// Retained is opening and closing ARR of a book in a window.
type Retained struct{ Opening, Closing int64 }

// Retained sums the payee's book in a role over the window that ends with q.
//
// Source: rules §8 "GRR"; readings R18.
// Units: minor units of ARR.
// Rounding: none.
func (p *Person) Retained(role event.Role, w account.Window, q civil.Quarter) (Retained, error) {
	first := w.First(q)
	at := p.shares[account.Seat{Payee: p.ID, Role: role, Quarter: q}]
	terms := []int64{at.Joined[w]}
	for seat, sh := range p.shares {
		if seat.Role == role && seat.Quarter <= first {
			terms = append(terms, sh.Opening)
		}
	}
	opening, err := money.Sum(terms...)
	return Retained{opening, opening - at.Lost[w]}, err
}

// pool is a retention component's quarter for one payee.
type pool struct {
	plan      *plan.Plan
	component *plan.Component
	variable  money.Money
	window    account.Window
	share     money.Ratio // of the quarter, by days enrolled
	book      Retained
}

var windowNames = map[string]account.Window{"quarter": account.WindowQuarter, "ytd": account.WindowYTD, "ttm": account.WindowTTM}

// pools lists the retention pools of a quarter: those of the version in force
// on its first day, for whoever is enrolled on one of its days.
//
// Source: readings R16.
func (p *Person) pools(q civil.Quarter) ([]pool, error) {
	e, days := p.enrolledIn(q)
	if e == nil {
		return nil, nil
	}
	pl := p.set.Plans.For(e.Plan, e.Role, e.Segment, p.set.Calendar.First(q))
	if pl == nil {
		return nil, nil
	}
	share := money.One
	if pl.Proration == "days" {
		share = money.Ratio{Num: int64(days), Den: int64(p.set.Calendar.Days(q))}
	}
	var out []pool
	for i := range pl.Components {
		c := &pl.Components[i]
		if c.Kind != plan.Retention {
			continue
		}
		w := windowNames[c.Window]
		book, err := p.Retained(e.Role, w, q)
		if err != nil {
			return nil, err
		}
		out = append(out, pool{pl, c, variable(e, pl), w, share, book})
	}
	return out, nil
}

// enrolledIn is the first enrolment that counts in a quarter, and how many of
// its days the payee is enrolled on, the last day of employment included.
func (p *Person) enrolledIn(q civil.Quarter) (*event.PayeeEnrolled, int) {
	var first *event.PayeeEnrolled
	days := 0
	for d := p.set.Calendar.First(q); d <= p.set.Calendar.Last(q); d++ {
		if e, over := p.enrolment(d); e != nil && !over {
			days++
			if first == nil {
				first = e
			}
		}
	}
	return first, days
}

// retentionSteps are the true-ups of every quarter that has ended by an instant:
// a quarter ends with the last nanosecond of its last day.
//
// Source: rules §8 "GRR"; readings R16, R17, R36.
// Units: minor units of the plan's currency.
// Rounding: half away from zero, once per quarter and component.
func (p *Person) retentionSteps(asOf time.Time) ([]ledger.Step, error) {
	if len(p.told) == 0 {
		return nil, nil
	}
	var steps []ledger.Step
	year := map[string]*yearSoFar{} // by component
	for q := p.set.Calendar.QuarterOf(p.told[0].on); !p.set.Calendar.Last(q).End(p.set.Zone).After(asOf); q++ {
		if q.Number() == 1 {
			clear(year)
		}
		pools, err := p.pools(q)
		if err != nil {
			return nil, err
		}
		for _, pool := range pools {
			so := year[pool.component.ID]
			if so == nil {
				so = &yearSoFar{quarters: new(big.Rat)}
				year[pool.component.ID] = so
			}
			due, err := so.add(pool)
			if err != nil {
				return nil, err
			}
			if due != 0 {
				steps = append(steps, p.trueUp(q, pool, due, so.explain(pool, q, due)))
			}
		}
	}
	return steps, nil
}

// yearSoFar is what a component has come to in the quarters of a year before.
type yearSoFar struct {
	quarters *big.Rat // sum of the quarters' shares
	posted   int64
	before   int64 // posted before the last quarter added
}

// add takes the next quarter and gives what it makes due: the quarter's pool ×
// multiplier, or for a cumulative window the year's pool so far × multiplier
// less what the quarters before were due. An empty book is due nothing.
func (y *yearSoFar) add(p pool) (int64, error) {
	y.quarters.Add(y.quarters, p.share.Rat())
	y.before = y.posted
	if p.book.Opening == 0 {
		return 0, nil
	}
	of, less := p.share.Rat(), int64(0)
	if p.window != account.WindowQuarter {
		of, less = y.quarters, y.posted
	}
	total := new(big.Rat).Mul(money.Ratio{Num: p.variable.Minor, Den: 4}.Rat(), p.component.Weight.Rat())
	due, err := money.Round(total.Mul(total, of).Mul(total, p.multiplier().times))
	if err != nil {
		return 0, err
	}
	if due, err = money.Add(due, -less); err != nil {
		return 0, err
	}
	y.posted, err = money.Add(y.posted, due)
	return due, err
}

func (p *Person) trueUp(q civil.Quarter, pool pool, due int64, explain func() string) ledger.Step {
	return ledger.Step{
		Key: ledger.Key{
			Line: ledger.Line{Payee: p.ID, Component: pool.component.ID}, Kind: ledger.TrueUp, Reason: ledger.GRRMultiplier,
			From: ledger.Expense, To: ledger.Payable, Effective: p.set.Calendar.Last(q),
		},
		Minor: due, Currency: pool.variable.Currency, Plan: pool.plan, Causes: p.enrolledBy(q),
		Explain: explain,
	}
}

func (p *Person) enrolledBy(q civil.Quarter) []event.Identity {
	if e, _ := p.enrolledIn(q); e != nil {
		return []event.Identity{e.Identity}
	}
	return nil
}

// explain keeps the numbers of the quarter just added.
func (y *yearSoFar) explain(p pool, q civil.Quarter, due int64) func() string {
	so, before := new(big.Rat).Set(y.quarters), y.before
	return func() string {
		amount := func(minor int64) money.Money { return money.Money{Minor: minor, Currency: p.variable.Currency} }
		text := fmt.Sprintf("GRR of %s over %s: %s ÷ %s = %s, %s; %s a year × %s",
			q, p.component.Window, amount(p.book.Closing), amount(p.book.Opening), p.grr().Percent(), p.multiplier().text,
			p.variable, p.component.Weight.Percent())
		if p.window == account.WindowQuarter {
			return text + fmt.Sprintf(" ÷ 4 × %s of the quarter = %s", p.share, amount(due))
		}
		return text + fmt.Sprintf(" × %s of 4 quarters − %s due before = %s", so.RatString(), amount(before), amount(due))
	}
}
