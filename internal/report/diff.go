package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
)

// PlanDiff is what the same events come to under two sets of plans.
type PlanDiff struct {
	AsOf   string      `json:"as_of"`
	Old    []string    `json:"old"` // plan versions
	New    []string    `json:"new"`
	Payees []PayeeDiff `json:"payees"` // those with anything under either
	Total  Sides       `json:"total"`

	OldRejected int `json:"old_rejected"` // inputs that could not be applied
	NewRejected int `json:"new_rejected"`
}

// PayeeDiff is one payee's side of a PlanDiff.
type PayeeDiff struct {
	PayeeID    string          `json:"payee_id"`
	Currency   string          `json:"currency"`
	Components []ComponentDiff `json:"components"`
	Total      Sides           `json:"total"`
}

// ComponentDiff is what one component's lines come to.
type ComponentDiff struct {
	Component string `json:"component"`
	Sides
}

// Sides are two standings and the new less the old.
type Sides struct {
	Old        Standing `json:"old"`
	New        Standing `json:"new"`
	Difference Standing `json:"difference"`
}

// Standing is where money is. Earned is the sum of the other three: what was
// given less what was forfeited or taken back.
type Standing struct {
	Earned  string `json:"earned"`
	Held    string `json:"held"`
	Payable string `json:"payable"`
	Paid    string `json:"paid"`
}

// Side is records by one set of plans.
type Side struct {
	Setting
	Source
}

// byComponent is a payee's balances by component.
type byComponent map[string]ledger.Balances

// ledgers is every payee's side.
func (s Side) ledgers() (map[event.PayeeID]byComponent, error) {
	ids, err := s.Payees()
	if err != nil {
		return nil, err
	}
	out := map[event.PayeeID]byComponent{}
	for _, id := range ids {
		of := byComponent{}
		err := s.EntriesOf(id, func(e *ledger.Entry) error {
			after, err := of[e.Component].Move(e.Minor, e.From, e.To)
			of[e.Component] = after
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("ledger of %s: %w", id, err)
		}
		if len(of) > 0 {
			out[id] = of
		}
	}
	return out, nil
}

// Diff compares two sides, payee by payee and component by component.
func Diff(before, after Side) (*PlanDiff, error) {
	b, err := newBuilder(after.Setting, after.Source)
	if err != nil {
		return nil, err
	}
	unit := b.home.Currency
	if had := before.Plans[0].Currency; had != unit {
		return nil, fmt.Errorf("the plans pay in %s and in %s, which cannot be compared", had, unit)
	}
	had, err := before.ledgers()
	if err != nil {
		return nil, err
	}
	has, err := after.ledgers()
	if err != nil {
		return nil, err
	}
	doc := &PlanDiff{AsOf: b.today().String(), Payees: []PayeeDiff{}}
	for _, p := range before.Plans {
		doc.Old = append(doc.Old, p.ID())
	}
	for _, p := range after.Plans {
		doc.New = append(doc.New, p.ID())
	}
	for _, r := range []struct {
		in Side
		n  *int
	}{{before, &doc.OldRejected}, {after, &doc.NewRejected}} {
		if err := r.in.Rejections(func(Rejected) error { *r.n++; return nil }); err != nil {
			return nil, err
		}
	}
	var all [2]ledger.Balances
	for _, id := range keys(had, has) {
		d, err := diffOf(id, unit, had[id], has[id], &all)
		if err != nil {
			return nil, err
		}
		doc.Payees = append(doc.Payees, d)
	}
	doc.Total = sides(unit, all[0], all[1])
	return doc, nil
}

// diffOf is one payee's difference; all counts them together.
func diffOf(id event.PayeeID, unit money.Currency, had, has byComponent, all *[2]ledger.Balances) (PayeeDiff, error) {
	d := PayeeDiff{PayeeID: string(id), Currency: string(unit)}
	var sum [2]ledger.Balances
	for _, c := range keys(had, has) {
		d.Components = append(d.Components, ComponentDiff{c, sides(unit, had[c], has[c])})
		for i, x := range []ledger.Balances{had[c], has[c]} {
			for _, into := range []*ledger.Balances{&sum[i], &all[i]} {
				if err := addTo(into, x); err != nil {
					return d, fmt.Errorf("balances of %s: %w", id, err)
				}
			}
		}
	}
	d.Total = sides(unit, sum[0], sum[1])
	return d, nil
}

func addTo(into *ledger.Balances, x ledger.Balances) error {
	for _, one := range []struct {
		into *int64
		add  int64
	}{{&into.Held, x.Held}, {&into.Payable, x.Payable}, {&into.Paid, x.Paid}} {
		sum, err := money.Add(*one.into, one.add)
		if err != nil {
			return err
		}
		*one.into = sum
	}
	return nil
}

// sides shows two balances and what the second has more.
func sides(unit money.Currency, had, has ledger.Balances) Sides {
	more := ledger.Balances{Held: has.Held - had.Held, Payable: has.Payable - had.Payable, Paid: has.Paid - had.Paid}
	return Sides{standing(unit, had), standing(unit, has), standing(unit, more)}
}

func standing(unit money.Currency, b ledger.Balances) Standing {
	dec := func(minor int64) string { return money.Money{Minor: minor, Currency: unit}.Decimal() }
	return Standing{dec(-b.Expense()), dec(b.Held), dec(b.Payable), dec(b.Paid)}
}

// keys are those of either map, in order.
func keys[K interface{ ~string }, V any](a, b map[K]V) []K {
	all := maps.Clone(a)
	if all == nil {
		all = map[K]V{}
	}
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}

func (p *printer) planDiff(d *PlanDiff) {
	p.linef("The same events as of %s", d.AsOf)
	p.pairs("old", strings.Join(d.Old, ", "), "new", strings.Join(d.New, ", "))
	if d.OldRejected+d.NewRejected > 0 {
		p.linef("Inputs that could not be applied: %d under old, %d under new.", d.OldRejected, d.NewRejected)
	}
	if len(d.Payees) == 0 {
		p.line("Nobody has any lines under either.")
		return
	}
	for _, x := range d.Payees {
		p.linef("\n%s (%s)", plainText(x.PayeeID), x.Currency)
		g := newGrid("  ", "COMPONENT", "", "OLD", "NEW", "DIFFERENCE").rightAlign(2, 3, 4)
		for _, c := range x.Components {
			sidesRows(g, c.Component, c.Sides)
		}
		sidesRows(g, "all", x.Total)
		g.writeTo(p)
	}
	p.line("\nEverybody")
	g := newGrid("  ", "", "", "OLD", "NEW", "DIFFERENCE").rightAlign(2, 3, 4)
	sidesRows(g, "all", d.Total)
	g.writeTo(p)
}

// sidesRows are a row for what is earned, and one for each bucket with
// anything in it on either side.
func sidesRows(g *grid, name string, s Sides) {
	for i, row := range sideRows(s) {
		if i > 0 && isZero(row[1]) && isZero(row[2]) {
			continue
		}
		g.row(name, row[0], grouped(row[1]), grouped(row[2]), grouped(row[3]))
		name = ""
	}
}

func sideRows(s Sides) [][4]string {
	return [][4]string{
		{"earned", s.Old.Earned, s.New.Earned, s.Difference.Earned},
		{"held", s.Old.Held, s.New.Held, s.Difference.Held},
		{"payable", s.Old.Payable, s.New.Payable, s.Difference.Payable},
		{"paid", s.Old.Paid, s.New.Paid, s.Difference.Paid},
	}
}

// isZero reports whether an amount has no digit but 0.
func isZero(amount string) bool {
	for _, c := range amount {
		if c >= '1' && c <= '9' {
			return false
		}
	}
	return true
}

var diffColumns = []string{
	"payee", "currency", "component", "earned_old", "earned_new", "earned_difference", "held_old", "held_new", "held_difference",
	"payable_old", "payable_new", "payable_difference", "paid_old", "paid_new", "paid_difference",
}

// diffRows has a row per payee and component, and one without a component for
// each payee's sum.
func diffRows(d *PlanDiff) [][]string {
	rows := [][]string{diffColumns}
	for _, p := range d.Payees {
		for _, c := range append(slices.Clone(p.Components), ComponentDiff{"", p.Total}) {
			row := texts(p.PayeeID, p.Currency, c.Component)
			for _, s := range sideRows(c.Sides) {
				row = append(row, s[1:]...)
			}
			rows = append(rows, row)
		}
	}
	return rows
}
