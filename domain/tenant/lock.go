package tenant

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
)

// lockInstant is when a quarter locks by itself: local midnight at the end of
// the day lock_after_days after its last. Source: rules §9, readings R1.
func (e *Engine) lockInstant(q civil.Quarter) time.Time { return (e.lockDay(q) + 1).Start(e.zone) }

func (e *Engine) lockDay(q civil.Quarter) civil.Date {
	last := e.calendar.Last(q)
	return last.Add(e.now.plans.Settings(last).Periods.LockAfterDays)
}

// Locked reports whether a quarter takes no more entries.
func (s State) Locked(q civil.Quarter) bool {
	return (q < s.NextLock || slices.Contains(s.HandLocked, q)) && !slices.Contains(s.Reopened, q)
}

// everLocked reports whether a quarter was locked, though it may be open again.
func (e *Engine) everLocked(q civil.Quarter) bool {
	return q < e.state.NextLock || slices.Contains(e.state.HandLocked, q)
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
	for _, again := range e.state.Reopened {
		if err := e.lock(again, ""); err != nil {
			return err
		}
	}
	if !slices.Contains(e.state.HandLocked, q) {
		if err := e.lock(q, ""); err != nil {
			return err
		}
	}
	e.state.Reopened = nil
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
	if i, again := slices.BinarySearch(e.state.Reopened, ev.Period); again {
		e.state.Reopened = slices.Delete(slices.Clone(e.state.Reopened), i, i+1)
		return nil
	}
	e.state.HandLocked = with(e.state.HandLocked, ev.Period)
	return nil
}

// with is a sorted list and one more.
func with(list []civil.Quarter, q civil.Quarter) []civil.Quarter {
	i, found := slices.BinarySearch(list, q)
	if found {
		return list
	}
	return slices.Insert(slices.Clip(list), i, q)
}

// reopen opens a locked quarter again, as long as nothing was requested for
// anybody in it. It locks again by hand, or with the next lock by the clock.
//
// Source: rules §9; readings R1.
func (e *Engine) reopen(ev event.PeriodReopened) error {
	switch {
	case !e.state.Locked(ev.Period):
		return refusef("not_locked", "data.period: %s is not locked", ev.Period)
	case slices.Contains(e.state.Requested, ev.Period):
		return refusef("payment_requested", "data.period: a payment was requested for %s, so it stays locked", ev.Period)
	}
	e.state.Reopened = with(e.state.Reopened, ev.Period)
	return nil
}

// lock freezes a quarter: what is due is settled, every payee with lines in it
// gets a statement, and a positive payable balance is requested from payroll.
//
// Source: rules §9; readings R1, R32.
// Units: minor units.
// Rounding: none.
func (e *Engine) lock(q civil.Quarter, by string) error {
	if err := e.finishSweep(); err != nil {
		return err
	}
	if err := e.settleDirty(); err != nil {
		return err
	}
	ids, err := e.records.Payees()
	if err != nil {
		return err
	}
	all := sha256.New()
	revision, err := e.records.Revisions(q)
	if err != nil {
		return err
	}
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
			Requested: money.Money{Minor: p.requested(totals, e.recoveryCap(p, q)), Currency: e.currency},
			Revision:  revision,
			Reference: q.String() + "/" + string(id) + revised(revision),
		}
		all.Write(st.Head[:])
		e.out.Statements = append(e.out.Statements, st)
		e.out.Outcomes = append(e.out.Outcomes, StatementLocked{st})
		if st.Requested.Minor > 0 {
			e.out.Outcomes = append(e.out.Outcomes, PaymentRequested{st})
			e.state.Requested = with(e.state.Requested, q)
		}
	}
	l := Lock{q, e.at, by, revision}
	e.out.Locks = append(e.out.Locks, l)
	e.out.Outcomes = append(e.out.Outcomes, PeriodLocked{l, [32]byte(all.Sum(nil))})
	return nil
}

// revised tells a later lock of a quarter from the first.
func revised(revision int) string {
	if revision == 0 {
		return ""
	}
	return fmt.Sprintf("/%d", revision+1)
}

// requested is what payroll is asked to pay: the payable balance, where debts
// take no more than the cap of what there would be without them.
//
// Source: rules §7 "Recovery"; readings R32.
// Units: minor units.
// Rounding: what debts may take half away from zero.
func (p *payee) requested(of ledger.Totals, cap money.Ratio) int64 {
	balance := p.ledger.Balances.Payable
	debt := of.ClawedBack + max(0, -(balance-of.Moved.Payable))
	gross := balance + debt
	most, err := money.MulDiv(gross, []int64{cap.Num}, []int64{cap.Den})
	if gross <= 0 || err != nil {
		return 0
	}
	return gross - min(debt, most)
}

// recoveryCap is the payee's at a quarter's end.
func (e *Engine) recoveryCap(p *payee, q civil.Quarter) money.Ratio {
	last := e.calendar.Last(q)
	if t := p.person.Terms(e.now.plans, last); t.Plan != nil {
		return t.Plan.Clawback.RecoveryCap
	}
	return e.now.plans.Settings(last).Clawback.RecoveryCap
}
