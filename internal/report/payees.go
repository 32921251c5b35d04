package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/tenant"
)

// PayeesQuery picks, sorts and pages payees; zero values pick everybody, by id.
type PayeesQuery struct {
	Period  *civil.Quarter // nil: the one that runs
	Role    event.Role
	Team    string
	Manager event.PayeeID // whose reports
	Search  string        // in ids of payee and employee, team and manager, whatever the case
	Sort    string        // one of PayeeSorts; empty: by payee
	Order   string        // one of Orders; empty: ascending
	Offset  int
	Limit   int // rows at most, up to MostRows; 0: DefaultRows
	// Among are the only payees there are for whoever asks; nil: all.
	Among []event.PayeeID
}

// How many rows a page has.
const (
	DefaultRows = 50
	MostRows    = 500
)

// PayeeSorts are what payees are sorted by, the default first: what names them,
// amounts of the quarter (earned to paid) and balances now (balance_…), and
// what a person should look at.
func PayeeSorts() []string {
	return []string{
		"payee", "employee", "role", "team", "manager", "plan", "earned", "clawed_back", "forfeited", "released", "held", "payable", "paid",
		"balance_held", "balance_payable", "balance_paid", "sla_breached", "flags",
	}
}

// Orders are the directions of a sort, the default first.
func Orders() []string { return []string{"asc", "desc"} }

// Check reports what of a query nobody can answer, as a Mistake.
func (q PayeesQuery) Check() error {
	switch {
	case q.Sort != "" && !slices.Contains(PayeeSorts(), q.Sort):
		return mistakef("sort %q is not one of %s", q.Sort, strings.Join(PayeeSorts(), ", "))
	case q.Order != "" && !slices.Contains(Orders(), q.Order):
		return mistakef("order %q is not one of %s", q.Order, strings.Join(Orders(), ", "))
	case q.Offset < 0:
		return mistakef("offset %d is below zero", q.Offset)
	case q.Limit < 0 || q.Limit > MostRows:
		return mistakef("limit %d is not from 0 to %d", q.Limit, MostRows)
	}
	return nil
}

// PayeeList is a page of the payees that a query picks. Amounts are decimal
// strings in major units.
type PayeeList struct {
	Tenant   string     `json:"tenant"`
	AsOf     string     `json:"as_of"`
	Currency string     `json:"currency"`
	Period   string     `json:"period"`
	Rows     []PayeeRow `json:"rows"`
	Offset   int        `json:"offset"`
	Of       int        `json:"of"`       // how many the query picks
	Total    Movement   `json:"total"`    // of all that it picks, in the quarter
	Balances Balances   `json:"balances"` // of all that it picks, now
	// What a query can be narrowed to: of everybody in the quarter, sorted.
	Roles    []string `json:"roles"`
	Teams    []string `json:"teams"`
	Managers []string `json:"managers"`
}

// PayeeRow is a payee in a quarter.
type PayeeRow struct {
	PayeeID    string   `json:"payee_id"`
	EmployeeID string   `json:"employee_id,omitempty"`
	Role       string   `json:"role,omitempty"` // empty: not enrolled in the quarter
	Team       string   `json:"team,omitempty"`
	ManagerID  string   `json:"manager_id,omitempty"`
	Plan       string   `json:"plan,omitempty"` // that pays them on the quarter's last day, or today
	Status     string   `json:"status"`         // of their quarter: open ended locked paid
	Balances   Balances `json:"balances"`       // now
	Quarter    Movement `json:"quarter"`
	// SLABreached is how many episodes are breached and not resolved, Flags how
	// many flags about the payee are raised, now.
	SLABreached int               `json:"sla_breached"`
	Flags       int               `json:"flags"`
	Measures    map[string]string `json:"measures"` // of the quarter, as the statement has them
}

// BuildPayees makes a page of payees. What is measured is worked out for the
// rows of the page alone.
func BuildPayees(set Setting, src Whole, q PayeesQuery) (*PayeeList, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	b, err := newWholeBuilder(set, src)
	if err != nil {
		return nil, err
	}
	period := b.now
	if q.Period != nil {
		period = *q.Period
	}
	all, err := b.standings(period)
	if err != nil {
		return nil, err
	}
	out := &PayeeList{
		Tenant: set.Tenant, AsOf: b.today().String(), Currency: string(b.home.Currency), Period: period.String(), Rows: []PayeeRow{}, Offset: q.Offset,
		Roles: namesIn(all, func(r *payeeStanding) string { return r.Role }), Teams: namesIn(all, func(r *payeeStanding) string { return r.Team }),
		Managers: namesIn(all, func(r *payeeStanding) string { return r.ManagerID }),
	}
	among := map[event.PayeeID]bool{}
	for _, id := range q.Among {
		among[id] = true
	}
	picked := slices.DeleteFunc(all, func(r *payeeStanding) bool {
		return q.Among != nil && !among[event.PayeeID(r.PayeeID)] || !q.picks(r)
	})
	var moves ledger.Moves
	var now ledger.Balances
	for _, r := range picked {
		if moves, err = moves.Plus(r.moves); err == nil {
			err = addTo(&now, r.now)
		}
		if err != nil {
			return nil, err
		}
	}
	out.Of, out.Total, out.Balances = len(picked), b.movement(moves), b.balances(now)
	q.sort(picked)
	from := min(q.Offset, len(picked))
	until := min(from+cmp.Or(q.Limit, DefaultRows), len(picked))
	for _, r := range picked[from:until] {
		r.Balances, r.Quarter = b.balances(r.now), b.movement(r.moves)
		if r.Measures, err = b.measures(event.PayeeID(r.PayeeID), period); err != nil {
			return nil, err
		}
		out.Rows = append(out.Rows, r.PayeeRow)
	}
	return out, nil
}

// payeeStanding is a row and its amounts in minor units.
type payeeStanding struct {
	PayeeRow
	moves ledger.Moves
	now   ledger.Balances
}

// standings are those of every payee in a quarter, by id, but for what is shown
// of their amounts and what is measured.
func (b *builder) standings(q civil.Quarter) ([]*payeeStanding, error) {
	breached, flags := map[event.PayeeID]int{}, map[event.PayeeID]int{}
	err := b.src.AllEpisodes(func(e tenant.Episode) error {
		if e.Status() == string(account.Breached) {
			breached[e.Payee]++
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := b.src.AllFlags(func(f tenant.Flag) error { flags[f.Payee]++; return nil }); err != nil {
		return nil, err
	}
	var out []*payeeStanding
	err = b.whole.Sums(func(s *ledger.Sum) error {
		person, err := b.look.Person(s.Payee)
		if err != nil {
			return err
		}
		r := &payeeStanding{now: s.Balances}
		if r.moves, err = s.In(q); err != nil {
			return err
		}
		last := b.cal.Last(q)
		r.PayeeRow = PayeeRow{
			PayeeID: string(s.Payee), EmployeeID: person.Employee(last), Status: b.status(q, person), SLABreached: breached[s.Payee], Flags: flags[s.Payee],
		}
		if e, enrolled := person.Role(q); enrolled {
			r.Role, r.Team, r.ManagerID = string(e.Role), e.Team, string(e.Manager)
		}
		if t := person.Terms(b.Plans, min(last, b.today())); t.Plan != nil {
			r.Plan = t.Plan.ID()
		}
		out = append(out, r)
		return nil
	})
	return out, err
}

// namesIn are the names of rows that there are, sorted.
func namesIn(rows []*payeeStanding, of func(*payeeStanding) string) []string {
	out := []string{}
	for _, r := range rows {
		if name := of(r); name != "" {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (q PayeesQuery) picks(r *payeeStanding) bool {
	if q.Role != "" && string(q.Role) != r.Role || q.Team != "" && q.Team != r.Team || q.Manager != "" && string(q.Manager) != r.ManagerID {
		return false
	}
	sought := strings.ToLower(q.Search)
	return slices.ContainsFunc([]string{r.PayeeID, r.EmployeeID, r.Team, r.ManagerID}, func(name string) bool {
		return strings.Contains(strings.ToLower(name), sought)
	})
}

// sort puts rows, which are by payee, in the query's order; equal ones stay by
// payee.
func (q PayeesQuery) sort(rows []*payeeStanding) {
	name := func(of func(*payeeStanding) string) func(a, b *payeeStanding) int {
		return func(a, b *payeeStanding) int { return cmp.Compare(of(a), of(b)) }
	}
	amount := func(of func(*payeeStanding) int64) func(a, b *payeeStanding) int {
		return func(a, b *payeeStanding) int { return cmp.Compare(of(a), of(b)) }
	}
	by := map[string]func(a, b *payeeStanding) int{
		"employee":        name(func(r *payeeStanding) string { return r.EmployeeID }),
		"role":            name(func(r *payeeStanding) string { return r.Role }),
		"team":            name(func(r *payeeStanding) string { return r.Team }),
		"manager":         name(func(r *payeeStanding) string { return r.ManagerID }),
		"plan":            name(func(r *payeeStanding) string { return r.Plan }),
		"earned":          amount(func(r *payeeStanding) int64 { return r.moves.Earned }),
		"clawed_back":     amount(func(r *payeeStanding) int64 { return r.moves.ClawedBack }),
		"forfeited":       amount(func(r *payeeStanding) int64 { return r.moves.Forfeited }),
		"released":        amount(func(r *payeeStanding) int64 { return r.moves.Released }),
		"held":            amount(func(r *payeeStanding) int64 { return r.moves.Held }),
		"payable":         amount(func(r *payeeStanding) int64 { return r.moves.Payable }),
		"paid":            amount(func(r *payeeStanding) int64 { return r.moves.Paid }),
		"balance_held":    amount(func(r *payeeStanding) int64 { return r.now.Held }),
		"balance_payable": amount(func(r *payeeStanding) int64 { return r.now.Payable }),
		"balance_paid":    amount(func(r *payeeStanding) int64 { return r.now.Paid }),
		"sla_breached":    amount(func(r *payeeStanding) int64 { return int64(r.SLABreached) }),
		"flags":           amount(func(r *payeeStanding) int64 { return int64(r.Flags) }),
	}[q.Sort]
	if by == nil {
		by = name(func(r *payeeStanding) string { return r.PayeeID })
	}
	slices.SortStableFunc(rows, func(a, b *payeeStanding) int {
		if q.Order == "desc" {
			a, b = b, a
		}
		return by(a, b)
	})
}
