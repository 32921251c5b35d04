package report

import (
	"cmp"
	"slices"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
)

// PayeeView is a payee's quarter for whoever asks why it was paid: by component
// and by deal, what is held and until when, what may still be taken back, and
// how what is measured stands against what the plan asks for. Amounts are
// decimal strings in major units.
type PayeeView struct {
	Tenant     string   `json:"tenant"`
	AsOf       string   `json:"as_of"`
	PayeeID    string   `json:"payee_id"`
	EmployeeID string   `json:"employee_id,omitempty"`
	Role       string   `json:"role,omitempty"` // empty: not enrolled in the quarter
	Team       string   `json:"team,omitempty"`
	ManagerID  string   `json:"manager_id,omitempty"`
	Plan       string   `json:"plan,omitempty"` // that pays the quarter; empty: none does
	Currency   string   `json:"currency"`
	Balances   Balances `json:"balances"` // over all periods, now
	Period     string   `json:"period"`
	First      string   `json:"first"`
	Last       string   `json:"last"`
	Status     string   `json:"status"` // open ended locked paid
	// Periods are those of the payee in order, the one that runs included.
	Periods    []string        `json:"periods"`
	Quarter    Movement        `json:"quarter"` // what the period's lines moved
	Components []ViewComponent `json:"components"`
	Deals      []ViewDeal      `json:"deals"` // booked in the period or with lines in it, the latest booked first
	Held       []ViewHeld      `json:"held"`  // now, of any period, what opens soonest first
	AtRisk     []ViewRisk      `json:"at_risk"`
	Gauges     []Gauge         `json:"gauges"`
	Lines      []Line          `json:"lines"` // of the period, as posted
}

// ViewComponent is what a component of the plan moved in the period.
type ViewComponent struct {
	Component string `json:"component"`
	Lines     int    `json:"lines"`
	Movement
}

// ViewDeal is a deal of a payee in the period.
type ViewDeal struct {
	OpportunityID string `json:"opportunity_id"`
	AccountID     string `json:"account_id"`
	// Of what is credited; empty where lines were posted and nothing is credited any more.
	BookedOn    string `json:"booked_on,omitempty"`
	CreditedARR string `json:"credited_arr,omitempty"`
	Currency    string `json:"currency,omitempty"`
	Counted     bool   `json:"counted"`
	Why         string `json:"why,omitempty"` // it does not count: a reason of the closed list
	// Nothing says in sentences why the payee has nothing of it; empty where they
	// have something.
	Nothing []string `json:"nothing,omitempty"`
	Lines   int      `json:"lines"` // in the period
	Movement
	Stands Balances `json:"stands"` // what it has come to for the payee, over all periods
}

// ViewHeld is money of a deal that waits.
type ViewHeld struct {
	OpportunityID string     `json:"opportunity_id"`
	AccountID     string     `json:"account_id"`
	Amount        string     `json:"amount"`
	Until         string     `json:"until,omitempty"` // the day it is known to open; empty: not known yet
	Gates         []DealGate `json:"gates"`
}

// ViewRisk is money of a deal that may still be taken back on a day that is
// known. What a cancellation or a credit note takes, it may take whenever.
type ViewRisk struct {
	OpportunityID string     `json:"opportunity_id"`
	AccountID     string     `json:"account_id"`
	Amount        string     `json:"amount"` // held, payable and paid
	Until         string     `json:"until"`  // the last day of the last of its reasons
	Reasons       []DealLoss `json:"reasons"`
}

// BuildPayeeView makes a payee's view of the filter's period, or the one that
// runs. A payee nobody has heard of is NotFound.
func BuildPayeeView(set Setting, src Source, f Filter) (*PayeeView, error) {
	b, err := newBuilder(set, src)
	if err != nil {
		return nil, err
	}
	q, err := b.quarterOf(f)
	if err != nil {
		return nil, err
	}
	v := &viewer{builder: b, id: f.Payee, q: q, sums: map[dealID]*dealSum{}, components: map[string]*viewSum{}, lines: []Line{}}
	return v.view()
}

// viewer gathers a payee's quarter.
type viewer struct {
	*builder
	id         event.PayeeID
	q          civil.Quarter
	all        viewSum
	lines      []Line
	components map[string]*viewSum
	sums       map[dealID]*dealSum
}

type dealID struct {
	account     event.AccountID
	opportunity event.OpportunityID
}

// dealSum is what a deal's lines moved, in the quarter and in all.
type dealSum struct {
	quarter viewSum
	stands  ledger.Balances
	credits []account.Credit
}

// viewSum is what entries moved, as lists of payees add it up, and how many they
// are.
type viewSum struct {
	lines int
	ledger.Moves
}

func (v *viewer) view() (*PayeeView, error) {
	person, err := v.look.Person(v.id)
	if err != nil {
		return nil, err
	}
	acct, err := v.src.Ledger(v.id)
	if err != nil {
		return nil, err
	}
	out := &PayeeView{
		Tenant: v.Tenant, AsOf: v.State.AsOf.UTC().Format("2006-01-02T15:04:05Z07:00"), PayeeID: string(v.id), Currency: string(v.home.Currency), Balances: v.balances(acct.Balances),
		Period: v.q.String(), First: v.cal.First(v.q).String(), Last: v.cal.Last(v.q).String(), Status: v.status(v.q, person),
		EmployeeID: person.Employee(min(v.cal.Last(v.q), v.today())),
		Components: []ViewComponent{}, Deals: []ViewDeal{}, Held: []ViewHeld{}, AtRisk: []ViewRisk{}, Gauges: []Gauge{},
	}
	from, until := min(v.now, v.q), max(v.now, v.q)
	for q := range acct.Periods {
		from, until = min(from, q), max(until, q)
	}
	for q := from; q <= until; q++ {
		out.Periods = append(out.Periods, q.String())
	}
	if e, enrolled := person.Role(v.q); enrolled {
		out.Role, out.Team, out.ManagerID = string(e.Role), e.Team, string(e.Manager)
		if p := v.Plans.For(e.Plan, e.Role, e.Segment, v.cal.First(v.q)); p != nil {
			out.Plan = p.ID()
			if out.Gauges, err = v.gauges(p); err != nil {
				return nil, err
			}
		}
	}
	if err := v.gather(); err != nil {
		return nil, err
	}
	out.Quarter, out.Lines = v.movement(v.all.Moves), v.lines
	for name, s := range v.components {
		out.Components = append(out.Components, ViewComponent{name, s.lines, v.movement(s.Moves)})
	}
	slices.SortFunc(out.Components, func(a, b ViewComponent) int { return cmp.Compare(a.Component, b.Component) })
	return out, v.deals(out)
}
