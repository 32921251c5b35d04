package tenant

import (
	"slices"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/book"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// Parser reads a plan document.
type Parser func(yaml string) (*plan.Plan, error)

// world is what facts of the tenant make of the rules: the plans in force and
// the exchange rates.
type world struct {
	plans   plan.Set
	rates   account.Rates
	account *account.Setting
	book    *book.Setting
	targets bool // somebody is paid towards a part of their book
}

// people answers an account's questions about payees under one world.
type people struct {
	*Engine
	plans plan.Set
}

// Terms implements account.Payees.
func (p people) Terms(id event.PayeeID, on civil.Date) (account.Terms, error) {
	if id == "" {
		return account.Terms{Until: civil.Never}, nil
	}
	rec, err := p.payee(id)
	if err != nil {
		return account.Terms{}, err
	}
	return rec.person.Terms(p.plans, on), nil
}

// Book implements account.Payees.
func (p people) Book(id event.PayeeID, role event.Role, q civil.Quarter) (int64, error) {
	return p.opening(id, role, q)
}

// world makes the rules of a list of the tenant's facts, retracted ones left out.
func (e *Engine) world(facts []event.Event) (*world, error) {
	gone := retracted(nil, retractionsIn(facts))
	plans := slices.Clone([]*plan.Plan(e.base))
	w := &world{}
	for _, ev := range facts {
		if gone[ev.Head().Identity] {
			continue
		}
		switch ev := ev.(type) {
		case event.PlanPublished:
			p, err := e.published(ev)
			if err != nil {
				return nil, err
			}
			if !slices.ContainsFunc(plans, func(o *plan.Plan) bool { return o.Hash == p.Hash }) {
				plans = append(plans, p)
			}
		case event.RateSet:
			w.rates = w.rates.With(ev)
		default:
		}
	}
	set, problems := plan.NewSet(plans...)
	if len(problems) > 0 {
		return nil, refusef("plan_conflict", "data.plan_yaml: %s", problems[0])
	}
	w.plans, w.targets = set, slices.ContainsFunc(set, targetsBook)
	w.account = &account.Setting{
		Plans: set, Rates: w.rates, Zone: e.zone, Calendar: e.calendar, Payees: people{e, set},
		Surviving: slices.ContainsFunc(set, func(p *plan.Plan) bool { return p.Payability.Release == "surviving_arr" }),
		Invoiced:  slices.ContainsFunc(set, func(p *plan.Plan) bool { return p.Payability.Cash == "invoice_paid" }),
	}
	w.book = &book.Setting{Plans: set, Zone: e.zone, Calendar: e.calendar, Currency: e.currency}
	return w, nil
}

// published reads a plan that was published, and refuses one that changes what
// a tenant keeps for good.
func (e *Engine) published(ev event.PlanPublished) (*plan.Plan, error) {
	if p, ok := e.parsed[ev.YAML]; ok {
		return p, nil
	}
	if e.parse == nil {
		return nil, refusef("not_supported", "data.plan_yaml: plans are not read here")
	}
	p, err := e.parse(ev.YAML)
	if err != nil {
		return nil, refusef("invalid_plan", "data.plan_yaml: %v", err)
	}
	if p.Zone.String() != e.zone.String() || p.Currency != e.currency || p.Periods.Calendar != e.calendar {
		return nil, refusef("plan_conflict", "data.plan_yaml: %s differs in timezone, currency or year_starts: a tenant keeps these for good", p.ID())
	}
	e.parsed[ev.YAML] = p
	return p, nil
}

// Plans are the plans in force now, published ones included; it may be asked
// after Load.
func (e *Engine) Plans() plan.Set { return e.now.plans }

// tenantFacts reads the tenant's own facts once, and makes the worlds of them.
func (e *Engine) tenantFacts() error {
	if e.seen != nil {
		return nil
	}
	seen, told := &prints{}, []event.Event(nil)
	err := e.records.Facts(event.Tenant, func(ev event.Event, sum Sum) error {
		seen.put(printOf(ev.Head().Identity, sum))
		told = append(told, kept(ev)...)
		return nil
	})
	if err != nil {
		return err
	}
	e.told, e.before = told, nil
	if e.now, err = e.world(told[:min(e.state.World, len(told))]); err != nil {
		return domain.Errorf(domain.Corrupt, "the tenant's own facts: %w", err)
	}
	if s := e.state.Sweep; s != nil && s.Before >= 0 && !s.Payees {
		if e.before, err = e.world(told[:min(s.Before, len(told))]); err != nil {
			return domain.Errorf(domain.Corrupt, "the tenant's own facts: %w", err)
		}
	}
	e.anywhere = retractionsIn(told)
	e.seen = seen
	return nil
}

func retractionsIn(facts []event.Event) []event.FactRetracted {
	var out []event.FactRetracted
	for _, ev := range facts {
		if r, ok := ev.(event.FactRetracted); ok {
			out = append(out, r)
		}
	}
	return out
}

// kept is a fact of the tenant's that worlds are made of, or nothing.
func kept(ev event.Event) []event.Event {
	switch ev.(type) {
	case event.PlanPublished, event.RateSet, event.FactRetracted:
		return []event.Event{ev}
	default:
		return nil
	}
}

// changeWorld takes a fact that changes the rules for everybody, or for the
// accounts with amounts in one currency: it takes hold at once of whatever is
// looked at, and a sweep goes through the rest.
func (e *Engine) changeWorld(ev event.Event, currency money.Currency) error {
	if err := e.finishSweep(); err != nil {
		return err
	}
	told := append(slices.Clip(e.told), ev)
	next, err := e.world(told)
	if err != nil {
		return err
	}
	e.state.Sweep = &Sweep{Before: e.state.World, Currency: currency, Cause: ev.Head().Identity}
	e.state.World = len(told)
	e.told, e.before, e.now = told, e.now, next
	e.accounts, e.payees = newCache(e.accounts.limit), map[event.PayeeID]*payee{}
	e.forgetBooks()
	e.forgetGlances()
	e.org = nil
	e.out.Set = append(e.out.Set, Timer{e.at, SweepOn, ""})
	return nil
}
