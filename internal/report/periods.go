package report

import (
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/tenant"
)

// PeriodList is every quarter from the first with lines, or the one that runs,
// to the last with lines, or the one that runs.
type PeriodList struct {
	Tenant   string        `json:"tenant"`
	AsOf     string        `json:"as_of"`
	Currency string        `json:"currency"`
	Periods  []PeriodState `json:"periods"` // in order
}

// PeriodState is how far a quarter has come: open, ended, locked, paid. Amounts
// are decimal strings in major units.
type PeriodState struct {
	Period string `json:"period"`
	First  string `json:"first"`
	Last   string `json:"last"`
	// Status is paid where payroll has confirmed everything that was requested,
	// and something was.
	Status string `json:"status"`
	// LocksOn is the day at whose end the clock locks it; empty where it does not
	// any more.
	LocksOn  string `json:"locks_on,omitempty"`
	LockedAt string `json:"locked_at,omitempty"` // when it was last locked
	LockedBy string `json:"locked_by,omitempty"` // empty: by the clock
	// Revision is how often it was locked before the last time; Locks how often at
	// all. Reopened: it was locked and takes entries again.
	Revision int  `json:"revision"`
	Locks    int  `json:"locks"`
	Reopened bool `json:"reopened,omitempty"`
	// Payees is how many have lines in it. Requested is what payroll was asked to
	// pay, for RequestedOf of them; for PaidOf of these it has confirmed.
	Payees      int      `json:"payees"`
	Requested   string   `json:"requested"`
	RequestedOf int      `json:"requested_of"`
	PaidOf      int      `json:"paid_of"`
	Totals      Movement `json:"totals"`
}

// BuildPeriods makes the list of the quarters.
func BuildPeriods(set Setting, src Whole) (*PeriodList, error) {
	b, err := newWholeBuilder(set, src)
	if err != nil {
		return nil, err
	}
	t, err := b.totals()
	if err != nil {
		return nil, err
	}
	out := &PeriodList{Tenant: set.Tenant, AsOf: b.today().String(), Currency: string(b.home.Currency)}
	out.Periods, err = b.periods(t)
	return out, err
}

// periods is every quarter with lines, those between them, and the one that
// runs.
func (b *builder) periods(t totals) ([]PeriodState, error) {
	locks, err := b.src.Locks()
	if err != nil {
		return nil, err
	}
	of := map[civil.Quarter]tenant.Lock{}
	for _, l := range locks {
		of[l.Period] = l
	}
	from, until := b.now, b.now
	for q := range t.lines {
		from, until = min(from, q), max(until, q)
	}
	var out []PeriodState
	for q := from; q <= until; q++ {
		moves, err := t.in(q)
		if err != nil {
			return nil, err
		}
		p := PeriodState{
			Period: q.String(), First: b.cal.First(q).String(), Last: b.cal.Last(q).String(), LocksOn: dayOrNone(b.look.LocksOn(q)),
			Payees: t.lines[q], Totals: b.movement(moves),
		}
		if l, locked := of[q]; locked {
			p.LockedAt, p.LockedBy, p.Revision, p.Locks = instant(l.At), l.By, l.Revision, l.Revision+1
			p.Reopened = !b.State.Locked(q)
		}
		if err := b.requested(&p, q); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// requested says what payroll was asked to pay for a quarter and has paid, and
// so how far the quarter has come.
func (b *builder) requested(p *PeriodState, q civil.Quarter) error {
	p.Status = b.stage(q)
	statements, err := b.whole.Statements(q)
	if err != nil {
		return err
	}
	sum := int64(0)
	for _, st := range statements {
		if st.Requested.Minor <= 0 {
			continue
		}
		if sum, err = money.Add(sum, st.Requested.Minor); err != nil {
			return err
		}
		p.RequestedOf++
		person, err := b.look.Person(st.Payee)
		if err != nil {
			return err
		}
		if person.PaidFor(q) {
			p.PaidOf++
		}
	}
	p.Requested = b.decimal(sum)
	if p.Status == "locked" && p.RequestedOf > 0 && p.PaidOf == p.RequestedOf {
		p.Status = "paid"
	}
	return nil
}
