package report

import (
	"slices"
	"strings"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
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
