package report

import (
	"time"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/tenant"
)

// Overview is how a tenant stands: what is earned, held, payable and taken
// back, what is late, and what waits for somebody. Amounts are decimal strings
// in major units.
type Overview struct {
	Tenant   string        `json:"tenant"`
	AsOf     string        `json:"as_of"` // the day of the latest arrival
	Currency string        `json:"currency"`
	Period   string        `json:"period"`   // the quarter that runs
	Balances Balances      `json:"balances"` // of everybody, now
	Quarter  Movement      `json:"quarter"`  // everybody's in the quarter that runs
	Months   []Month       `json:"months"`   // the twelve up to the one that runs, in order
	SLA      SLAStanding   `json:"sla"`
	Parked   int           `json:"parked"` // inputs that wait for somebody
	Flags    int           `json:"flags"`  // that are raised
	Payees   int           `json:"payees"`
	Periods  []PeriodState `json:"periods"` // in order, as PeriodList has them
}

// Month is what everybody's entries of a month moved: those posted in its
// quarter that took effect in the month, and of those about an earlier quarter
// what was posted in the month. So the three months of a quarter add up to it.
type Month struct {
	Month  string `json:"month"`  // like 2027-03: the one in which it starts
	Period string `json:"period"` // its quarter
	Movement
}

// SLAStanding is how the clocks of risk interventions and disputes stand.
type SLAStanding struct {
	Open     int       `json:"open"`
	DueSoon  int       `json:"due_soon"` // of those open: whose deadline is within 24 hours
	Breached int       `json:"breached"` // and not resolved since
	Soonest  []Episode `json:"soonest"`  // of those open the five with the soonest deadline
}

// How far ahead DueSoon looks, and how many of the soonest are listed.
const (
	dueSoon     = 24 * time.Hour
	mostSoonest = 5
	monthsShown = 12
)

// BuildOverview makes the overview.
func BuildOverview(set Setting, src Whole) (*Overview, error) {
	b, err := newWholeBuilder(set, src)
	if err != nil {
		return nil, err
	}
	t, err := b.totals()
	if err != nil {
		return nil, err
	}
	out := &Overview{
		Tenant: set.Tenant, AsOf: b.today().String(), Currency: string(b.home.Currency), Period: b.now.String(), Balances: b.balances(t.now), Payees: t.payees,
	}
	quarter, err := t.in(b.now)
	if err != nil {
		return nil, err
	}
	out.Quarter = b.movement(quarter)
	last := b.cal.MonthOf(b.today())
	for m := last - monthsShown + 1; m <= last; m++ {
		out.Months = append(out.Months, Month{b.cal.Name(m), m.Quarter().String(), b.movement(t.months[m])})
	}
	if out.SLA, err = b.slaStanding(); err != nil {
		return nil, err
	}
	if err := src.AllFlags(func(tenant.Flag) error { out.Flags++; return nil }); err != nil {
		return nil, err
	}
	if err := src.Rejections(func(Rejected) error { out.Parked++; return nil }); err != nil {
		return nil, err
	}
	out.Periods, err = b.periods(t)
	return out, err
}

// slaStanding counts episodes by how they stand.
func (b *builder) slaStanding() (SLAStanding, error) {
	var out SLAStanding
	var open []Episode
	err := b.src.AllEpisodes(func(e tenant.Episode) error {
		switch e.Status() {
		case "open":
			out.Open++
			if !e.Deadline.After(b.State.AsOf.Add(dueSoon)) {
				out.DueSoon++
			}
			open = append(open, EpisodeOf(e))
		case string(account.Breached):
			out.Breached++
		}
		return nil
	})
	open = Soonest(open, Filter{})
	out.Soonest = open[:min(len(open), mostSoonest)]
	return out, err
}
