// Package book has a payee: enrolment over time, what their accounts add up
// to in each quarter, and the pools, adjustments and payouts these make due.
package book

import (
	"cmp"
	"slices"
	"time"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// Setting is what a payee's rules look at beside their own facts.
type Setting struct {
	Plans    plan.Set
	Zone     *time.Location
	Calendar civil.Calendar
	Currency money.Currency
}

// Person is a payee as their own facts and their accounts tell it. Like an
// account's state it is a function of sets, not of their order.
type Person struct {
	ID  event.PayeeID
	set *Setting

	told        []employment // by date; per date the latest statement
	adjustments map[string]event.AdjustmentPosted
	spifs       map[string]event.SpifAwarded
	payouts     map[string][]payout
	opened      map[civil.Date]event.BalanceOpened
	attested    map[attestation]event.ObjectiveAttested

	facts int           // taken
	own   []ledger.Step // kept until another comes
	ownOf int           // how many facts they are of
}

// employment is one statement about a payee's standing from a day on.
type employment struct {
	event.Header
	on       civil.Date
	enrolled *event.PayeeEnrolled // nil: terminated, on is the last day
}

// NewPerson is a payee nothing is known of.
func NewPerson(id event.PayeeID, set *Setting) *Person {
	return &Person{
		ID: id, set: set, adjustments: map[string]event.AdjustmentPosted{}, spifs: map[string]event.SpifAwarded{},
		payouts: map[string][]payout{}, opened: map[civil.Date]event.BalanceOpened{}, attested: map[attestation]event.ObjectiveAttested{},
	}
}

// Touched says what a payee's fact may have changed.
type Touched struct {
	Terms bool // what accounts pay them by
	Own   bool // their own steps
}

// Check reports what is wrong with an event about a payee in view of the
// tenant's settings: amounts that decide pay must be in the ledger's currency.
func (set *Setting) Check(e event.Event) error {
	in := func(field string, m *money.Money) error {
		if m != nil && m.Currency != set.Currency {
			return domain.Errorf(domain.Invalid, "data.%s.currency: %s, the ledger is in %s", field, m.Currency, set.Currency)
		}
		return nil
	}
	switch e := e.(type) {
	case event.PayeeEnrolled:
		return cmp.Or(in("variable_annual", e.VariableAnnual), in("annual_target", e.AnnualTarget))
	case event.AdjustmentPosted:
		return in("amount", &e.Amount)
	case event.SpifAwarded:
		return in("amount", &e.Amount)
	case event.PayoutConfirmed:
		return in("amount", &e.Amount)
	case event.PayoutRejected:
		return in("amount", &e.Amount)
	case event.BalanceOpened:
		return cmp.Or(in("held", e.Held), in("payable", e.Payable), in("paid", e.Paid))
	default:
		return nil
	}
}

// Add takes one more fact of the payee's. Types no rule of the payee reads
// touch nothing.
func (p *Person) Add(e event.Event) Touched {
	p.facts++
	switch e := e.(type) {
	case event.PayeeEnrolled:
		return p.employ(employment{e.Header, e.Effective, &e})
	case event.PayeeTerminated:
		return p.employ(employment{e.Header, e.Effective, nil})
	case event.AdjustmentPosted:
		if old, ok := p.adjustments[e.Adjustment]; !ok || event.Newer(e.Header, old.Header) {
			p.adjustments[e.Adjustment] = e
		}
		return Touched{Own: true}
	case event.SpifAwarded:
		if old, ok := p.spifs[e.Spif]; !ok || event.Newer(e.Header, old.Header) {
			p.spifs[e.Spif] = e
		}
		return Touched{Own: true}
	case event.PayoutConfirmed:
		return p.tellPayout(e.Reference, payout{e.Header, e.Period, e.Amount, e.At, true})
	case event.PayoutRejected:
		return p.tellPayout(e.Reference, payout{e.Header, e.Period, e.Amount, e.At, false})
	case event.ObjectiveAttested:
		return p.attest(e)
	case event.BalanceOpened:
		if old, ok := p.opened[e.AsOf]; !ok || event.Newer(e.Header, old.Header) {
			p.opened[e.AsOf] = e
		}
		return Touched{Own: true}
	default:
		return Touched{}
	}
}

func (p *Person) employ(st employment) Touched {
	i, found := slices.BinarySearchFunc(p.told, st.on, func(a employment, d civil.Date) int { return cmp.Compare(a.on, d) })
	switch {
	case !found:
		p.told = slices.Insert(p.told, i, st)
	case event.Newer(st.Header, p.told[i].Header):
		p.told[i] = st
	default:
		return Touched{}
	}
	return Touched{Terms: true, Own: true}
}

// enrolment is the one in force on a day, whether the employment it began is
// over by then, and until which day, not included, that stays so; nil before
// the first.
func (p *Person) enrolment(on civil.Date) (e *event.PayeeEnrolled, over bool, until civil.Date) {
	for _, st := range p.told {
		from := st.on
		if st.enrolled == nil {
			from++
		}
		switch {
		case from > on:
			return e, over, from
		case st.enrolled != nil:
			e, over = st.enrolled, false
		default:
			over = true
		}
	}
	return e, over, civil.Never
}

// Terms is what the payee is paid by on a day under a set of plans: by nothing
// before the first enrolment and after the last day of employment.
//
// Source: rules §9, readings R15, R27.
func (p *Person) Terms(plans plan.Set, on civil.Date) account.Terms {
	e, over, _ := p.enrolment(on)
	t := account.Terms{Until: civil.Never, Terminated: over}
	for _, st := range p.told {
		if st.enrolled == nil && st.on >= on {
			t.Until, t.LeftTold = st.on, st.Identity
			break
		}
	}
	if e == nil || over {
		return t
	}
	t.Role, t.Target, t.Plan = e.Role, e.AnnualTarget, plans.For(e.Plan, e.Role, e.Segment, on)
	if t.Plan != nil {
		t.Variable = variable(e, t.Plan)
	}
	return t
}

func variable(e *event.PayeeEnrolled, p *plan.Plan) money.Money {
	if e.VariableAnnual != nil {
		return *e.VariableAnnual
	}
	return p.Variable
}

// Employee is payroll's id for the payee on a day, or empty.
func (p *Person) Employee(on civil.Date) string {
	if e, _, _ := p.enrolment(on); e != nil {
		return e.Employee
	}
	return ""
}
