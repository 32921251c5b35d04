package tenant

import (
	"crypto/sha256"
	"slices"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

// lockInstant is when a quarter locks by itself: local midnight at the end of
// the day lock_after_days after its last. Source: rules §9, readings R1.
func (e *Engine) lockInstant(q civil.Quarter) time.Time {
	last := e.calendar.Last(q)
	return last.Add(e.plans.Settings(last).Periods.LockAfterDays + 1).Start(e.zone)
}

// Locked reports whether a quarter takes no more entries.
func (s State) Locked(q civil.Quarter) bool {
	return q < s.NextLock || slices.Contains(s.HandLocked, q)
}

// openPeriod is the quarter a step about a quarter is posted in: its own, or
// the first open one after it.
func (e *Engine) openPeriod(q civil.Quarter) civil.Quarter {
	for e.state.Locked(q) {
		q++
	}
	return q
}

// lockNext locks the quarter whose lock is waited for.
func (e *Engine) lockNext() error {
	q := e.state.NextLock
	if !slices.Contains(e.state.HandLocked, q) {
		if err := e.lock(q, ""); err != nil {
			return err
		}
	}
	e.state.NextLock++
	e.state.HandLocked = slices.DeleteFunc(slices.Clone(e.state.HandLocked), func(h civil.Quarter) bool { return h < e.state.NextLock })
	e.out.Set = append(e.out.Set, Timer{e.lockInstant(e.state.NextLock), LockQuarter, ""})
	return nil
}

func (e *Engine) lockByHand(ev event.PeriodLocked) error {
	if e.calendar.Last(ev.Period) >= e.Today() {
		return refusef("not_ended", "data.period: %s has not ended by %s and cannot be locked", ev.Period, e.Today())
	}
	if e.state.Locked(ev.Period) {
		return nil
	}
	if err := e.lock(ev.Period, ev.By.By); err != nil {
		return err
	}
	i, _ := slices.BinarySearch(e.state.HandLocked, ev.Period)
	e.state.HandLocked = slices.Insert(slices.Clip(e.state.HandLocked), i, ev.Period)
	return nil
}

// lock freezes a quarter: what is due is settled, every payee with lines in it
// gets a statement, and a positive payable balance is requested from payroll.
//
// Source: rules §9; readings R1, R32.
// Units: minor units.
// Rounding: none.
func (e *Engine) lock(q civil.Quarter, by string) error {
	if err := e.settleDirty(); err != nil {
		return err
	}
	ids, err := e.records.Payees()
	if err != nil {
		return err
	}
	all := sha256.New()
	for _, id := range ids {
		p, err := e.payee(id)
		if err != nil {
			return err
		}
		totals := p.ledger.Periods[q]
		if totals.Lines == 0 {
			continue
		}
		st := Statement{
			Payee: id, Employee: p.person.Employee(e.calendar.Last(q)), Period: q, At: e.at, Lines: totals.Lines, Head: p.ledger.Head,
			Net:       money.Money{Minor: p.ledger.Balances.Payable, Currency: e.currency},
			Requested: money.Money{Minor: max(0, p.ledger.Balances.Payable), Currency: e.currency},
			Reference: q.String() + "/" + string(id),
		}
		all.Write(st.Head[:])
		e.out.Statements = append(e.out.Statements, st)
		e.out.Outcomes = append(e.out.Outcomes, StatementLocked{st})
		if st.Requested.Minor > 0 {
			e.out.Outcomes = append(e.out.Outcomes, PaymentRequested{st})
		}
	}
	l := Lock{q, e.at, by}
	e.out.Locks = append(e.out.Locks, l)
	e.out.Outcomes = append(e.out.Outcomes, PeriodLocked{l, [32]byte(all.Sum(nil))})
	return nil
}
