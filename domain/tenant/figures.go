package tenant

import (
	"slices"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/advice"
	"github.com/trueup/trueup/domain/book"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// flagLook is what flags saw of a payee's quarter when they last looked, and found.
type flagLook struct {
	done, ok bool // ok: the payee had a role
	in       advice.PayeeFigures
	flags    []advice.Flag
}

// payeeFigures is what a payee's flags of a quarter look at.
func (e *Engine) payeeFigures(p *payee, q civil.Quarter) (in advice.PayeeFigures, ok bool, err error) {
	enrolled, ok := p.person.Role(q)
	if !ok {
		return in, false, nil
	}
	id := p.person.ID
	in = advice.PayeeFigures{
		Payee: id, Role: enrolled.Role, Segment: enrolled.Segment, Period: q, Ended: !e.endInstant(q).After(e.at), Currency: e.currency,
		Limits: e.now.plans.Settings(e.calendar.First(q)).Flags,
	}
	if in.Book, err = e.glanceAt(p.person, q); err != nil {
		return in, false, err
	}
	if in.Ended && in.Role == event.CSM && in.Book.Leads == 0 {
		if in.Expanded, err = e.expandedIn(p.person, q); err != nil {
			return in, false, err
		}
	}
	if err := e.planFigures(p, q, &in); err != nil {
		return in, false, err
	}
	if err := e.teamFigures(p, q, enrolled, &in); err != nil {
		return in, false, err
	}
	if e.everLocked(q) {
		st, locked, err := e.records.Frozen(id, q)
		if err != nil {
			return in, false, err
		}
		if locked && st.Requested.Minor != 0 {
			requested := st.Requested
			in.Requested = &requested
		}
	}
	if sum, told := p.person.ConfirmedFor(q); told {
		paid := sum
		in.Confirmed = &paid
	}
	return in, true, nil
}

// expandedIn reports whether an expansion booked in a quarter that has ended is
// credited to a payee as its CSM.
func (e *Engine) expandedIn(p *book.Person, q civil.Quarter) (any bool, err error) {
	at := seat{p.ID, q}
	if known, ok := e.expanded[at]; ok {
		return known, nil
	}
	credited, err := books{e}.Credited(p)
	if err != nil {
		return false, err
	}
	e.expanded[at] = slices.ContainsFunc(credited, func(c *account.Credited) bool { return c.ByCSM() && e.calendar.QuarterOf(c.Deal.Booked) == q })
	return e.expanded[at], nil
}

// past is a payee whose ended quarters were settled: what their accelerators
// came to, and what flags look at of the last of them that depends on their
// plan, as long as nothing of it moves.
type past struct {
	moved bool // something of them since
	kept  book.Kept

	of       civil.Quarter // 0: not looked at
	variable *money.Money
	limits   plan.Flags
	grr      []money.Ratio
	opening  *int64
}

// planFigures are those that depend on the payee's plan.
func (e *Engine) planFigures(p *payee, q civil.Quarter, in *advice.PayeeFigures) error {
	known := e.past[p.person.ID]
	if in.Ended && known != nil && known.of == q {
		in.Variable, in.Limits, in.GRR, in.Opening = known.variable, known.limits, known.grr, known.opening
		return nil
	}
	err := e.lookAtPlan(p, q, in)
	if in.Ended && known != nil && err == nil {
		known.of, known.variable, known.limits, known.grr, known.opening = q, in.Variable, in.Limits, in.GRR, in.Opening
	}
	return err
}

func (e *Engine) lookAtPlan(p *payee, q civil.Quarter, in *advice.PayeeFigures) error {
	terms := p.person.Terms(e.now.plans, min(e.calendar.Last(q), e.Today()))
	if terms.Plan == nil {
		return nil
	}
	variable := terms.Variable
	in.Variable, in.Limits = &variable, terms.Plan.Flags
	c := terms.Plan.Component(plan.Retention)
	if c == nil || !in.Ended {
		return nil
	}
	for back := civil.Quarter(3); back >= 0; back-- {
		grr, err := p.person.GRR(q-back, books{e})
		if err != nil {
			return err
		}
		if grr == nil {
			in.GRR = nil
			continue
		}
		in.GRR = append(in.GRR, *grr)
	}
	all, _, err := books{e}.Retained(p.person, account.WindowOf(c.Window), q)
	if err != nil {
		return err
	}
	opening := all.Opening
	in.Opening = &opening
	return nil
}

// teamFigures are those that compare a payee with others.
func (e *Engine) teamFigures(p *payee, q civil.Quarter, enrolled event.PayeeEnrolled, in *advice.PayeeFigures) error {
	if enrolled.Role != event.Manager && enrolled.Team == "" {
		return nil
	}
	if err := e.organise(); err != nil {
		return err
	}
	if enrolled.Role == event.Manager {
		return e.members(e.org.reports[p.person.ID], q, func(r event.PayeeEnrolled) bool { return r.Manager == p.person.ID && r.Role == event.CSM },
			func(event.PayeeID, event.Role) error { in.Reports++; return nil })
	}
	var err error
	in.Team, err = e.team(enrolled.Team, q)
	return err
}

// crew is a team in a quarter.
type crew struct {
	team    string
	quarter civil.Quarter
}

// team is what is at risk in the books of a team's CSMs, the same for all of
// them: it is summed up once in a call.
func (e *Engine) team(name string, q civil.Quarter) (advice.Team, error) {
	at := crew{name, q}
	if t, known := e.teams[at]; known {
		return t, nil
	}
	members, err := e.crew(at)
	if err != nil {
		return advice.Team{}, err
	}
	shares := e.glances.shares[:0]
	for _, g := range members {
		shares = append(shares, advice.RiskShare{AtRisk: g.sum.AtRiskARR, ARR: g.sum.ARR})
	}
	if e.glances.shares = shares; e.teams == nil {
		e.teams = map[crew]advice.Team{}
	}
	e.teams[at] = advice.NewTeam(shares)
	return e.teams[at], nil
}

// crew lists the books of a team's CSMs, summed up to today.
func (e *Engine) crew(at crew) ([]*glanced, error) {
	if err := e.glanceToday(); err != nil {
		return nil, err
	}
	if books, known := e.glances.crews[at]; known {
		return books, nil
	}
	var books []*glanced
	err := e.members(e.org.teams[at.team], at.quarter, func(r event.PayeeEnrolled) bool { return r.Team == at.team && r.Role == event.CSM },
		func(id event.PayeeID, _ event.Role) error {
			other, err := e.payee(id)
			if err != nil {
				return err
			}
			g, err := e.glanced(other.person, at.quarter)
			books = append(books, g)
			return err
		})
	if err == nil {
		e.glances.crews[at] = books
	}
	return books, err
}
