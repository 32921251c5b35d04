package naive

import (
	"cmp"
	"math/big"
	"slices"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/plan"
)

// The order of what happens to lines on one date (R5).
const (
	atRenewalContraction = iota
	atBooking
	atCancellation
	atContraction
	atSurviving
	atRelease
	atChurn
	atMissed
	atTermination
)

// loss is ARR of a deal that is gone from a date on.
type loss struct {
	on     civil.Date
	order  int
	arr    *big.Rat
	reason string
}

// fate is what becomes of a deal under one plan's rules.
type fate struct {
	deal *deal
	gate renewalGate
	left int64
	// gone is what leaves the credit and the money alike: cancelled, invoice
	// voided, credit note, contraction and churn inside the window.
	gone []loss
	// unpaid leaves the money alone: what did not survive the renewal, or a
	// renewal that was missed.
	unpaid []loss
}

// take takes at most what is left.
func (f *fate) take(on civil.Date, order int, arr int64, reason string) {
	if arr = min(arr, f.left); arr > 0 {
		f.left -= arr
		f.gone = append(f.gone, loss{on, order, whole(arr), reason})
	}
}

// contracted reports whether contractions took what was left of it: it still
// waited for its renewal.
func (f *fate) contracted() bool {
	n := len(f.gone)
	return n > 0 && f.gone[n-1].reason == "contraction_within_window"
}

type fateKey struct {
	account event.AccountID
	rules   *plan.Plan
}

// fates are those of all of an account's deals as if all were under one plan's
// window and options: each share is judged so by its own payee's plan.
func (w *world) fates(account event.AccountID, rules *plan.Plan) (map[*deal]*fate, error) {
	key := fateKey{account, rules}
	if known, ok := w.fated[key]; ok {
		return known, nil
	}
	var all []*fate
	out := map[*deal]*fate{}
	for _, d := range w.dealsOf(account) {
		f := &fate{deal: d, gate: w.renewalGate(d, rules), left: d.arr}
		all = append(all, f)
		out[d] = f
	}
	steps, err := w.lossSteps(account, rules, all)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(steps, func(a, b lossStep) int { return cmp.Or(cmp.Compare(a.on, b.on), cmp.Compare(a.order, b.order)) })
	for _, s := range steps {
		s.do()
	}
	for _, f := range all {
		if f.gate.missed != civil.Never {
			f.unpaid = append(f.unpaid, loss{f.gate.missed, atMissed, whole(f.deal.arr), "renewal_missed"})
		}
	}
	w.fated[key] = out
	return out, nil
}

// lossStep is one thing that may take from deals.
type lossStep struct {
	on    civil.Date
	order int
	do    func()
}

func (w *world) lossSteps(account event.AccountID, rules *plan.Plan, all []*fate) ([]lossStep, error) {
	var steps []lossStep
	for _, f := range all {
		d := f.deal
		if d.left != civil.Never {
			steps = append(steps, f.whole(d.left, atCancellation, "expansion_cancelled"))
		}
		if on, ok := w.lostToChurn(d, rules); ok {
			steps = append(steps, f.whole(on, atChurn, "churn_within_window"))
		}
		more, err := w.billingSteps(f)
		if err != nil {
			return nil, err
		}
		steps = append(steps, more...)
	}
	return append(steps, append(w.contractionSteps(account, rules, all), w.survivingSteps(account, rules, all)...)...), nil
}

// whole takes all that is left.
func (f *fate) whole(on civil.Date, order int, reason string) lossStep {
	return lossStep{on, order, func() { f.take(on, order, f.left, reason) }}
}

// billingSteps: an invoice voided without another in its place, or
// uncollectible, takes the deal whole, a credit note its part of it; not before
// the booking (§7).
func (w *world) billingSteps(f *fate) ([]lossStep, error) {
	var steps []lossStep
	b := w.billings()[f.deal.opportunity]
	for _, e := range b.invoices {
		if undoes(e) {
			steps = append(steps, f.whole(max(f.deal.booked, w.date(e.At)), atCancellation, "invoice_"+string(e.State)))
		}
	}
	for _, n := range b.notes {
		arr, err := n.takes(f.deal)
		if err != nil {
			return nil, err
		}
		on := max(f.deal.booked, w.date(n.At))
		steps = append(steps, lossStep{on, atCancellation, func() { f.take(on, atCancellation, arr, "credit_note") }})
	}
	return steps, nil
}

// lostToChurn is the churn that takes a deal back: 0 ≤ churn − booking ≤
// window_days, both days included (§7, R6), by the churn date that the plan
// names. An exception covers it by the date the account really left; a notice
// that no churn has followed yet, by its own.
func (w *world) lostToChurn(d *deal, rules *plan.Plan) (civil.Date, bool) {
	end := w.ending(d)
	on := end.dated(rules.Clawback.ChurnDate)
	left := end.churn
	if left == civil.Never {
		left = on
	}
	if on == civil.Never || on < d.booked || on.Sub(d.booked) > rules.Clawback.WindowDays || w.covered(d.account, left) {
		return civil.Never, false
	}
	return on, true
}

// contractionSteps: a contraction inside the window takes the ARR the account
// really lost from the newest deal first, each at most whole; under `full`
// every deal inside its window whole (§7, R12). A renewal's comes before what
// is booked that day, the others after it.
func (w *world) contractionSteps(account event.AccountID, rules *plan.Plan, all []*fate) []lossStep {
	var steps []lossStep
	if mode := rules.Clawback.Contraction; mode != "proportional_lifo" && mode != "full" {
		return nil
	}
	for _, c := range w.life(account).falls {
		order := atContraction
		if c.renewal {
			order = atRenewalContraction
		}
		if w.covered(account, c.on) {
			continue
		}
		steps = append(steps, lossStep{c.on, order, func() {
			rest := c.by
			for _, f := range slices.Backward(all) {
				d := f.deal
				if d.booked > c.on || d.booked == c.on && c.renewal || c.on.Sub(d.booked) > rules.Clawback.WindowDays {
					continue
				}
				before := f.left
				if rules.Clawback.Contraction == "full" {
					f.take(c.on, order, f.left, "contraction_within_window")
					continue
				}
				f.take(c.on, order, rest, "contraction_within_window")
				rest -= before - f.left
			}
		}})
	}
	return steps
}

// survivingSteps: under `surviving_arr` a renewal releases only what survived
// it, the same part of all deals that wait for it; the rest is not paid (R11).
// An advance was paid before; it is taken back by as much.
func (w *world) survivingSteps(account event.AccountID, rules *plan.Plan, all []*fate) []lossStep {
	var steps []lossStep
	if rules.Payability.Release != "surviving_arr" {
		return nil
	}
	was := w.life(account).was
	for on, m := range was {
		if w.covered(account, on) {
			continue
		}
		steps = append(steps, lossStep{on, atSurviving, func() {
			sum, left := m.after-m.before, int64(0)
			for _, f := range all {
				if f.gate.awaited == on && (f.left > 0 || f.contracted()) {
					sum += f.deal.arr
					left += f.left
				}
			}
			if sum = max(0, sum); sum >= left {
				return
			}
			for _, f := range all {
				if f.gate.awaited == on && f.left > 0 {
					gone := product(whole(f.left), big.NewRat(left-sum, left))
					f.unpaid = append(f.unpaid, loss{on, atSurviving, gone, "renewal_missed"})
				}
			}
		}})
	}
	return steps
}

// gonePart is the ARR gone from the credit by a date, that day included.
func (f *fate) gonePart(on civil.Date) *big.Rat { return sumOf(f.gone, on) }

func sumOf(losses []loss, on civil.Date) *big.Rat {
	sum := whole(0)
	for _, l := range losses {
		if l.on <= on {
			sum.Add(sum, l.arr)
		}
	}
	return sum
}
