package naive

import (
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// postings are a payee's adjustments and awarded SPIFs: expense to payable on
// their date; keys adjustment_id and spif_id (§1a).
func (w *world) postings(p event.PayeeID) []posting {
	var out []posting
	for _, e := range standing(ofPayee(of[event.AdjustmentPosted](w), p), func(e event.AdjustmentPosted) string { return e.Adjustment }) {
		if w.due(e.Effective) {
			out = append(out, posting{"manual", w.minor(e.Amount)})
		}
	}
	for _, e := range standing(ofPayee(of[event.SpifAwarded](w), p), func(e event.SpifAwarded) string { return e.Spif }) {
		if w.due(e.Effective) {
			out = append(out, posting{"spif", w.minor(e.Amount)})
		}
	}
	return out
}

// paid is what payroll has paid a payee (R32): for each reference the latest
// confirmation moves its amount on its date, and the first rejection after it
// takes it back on its own, never before it was paid.
func (w *world) paid(p event.PayeeID) int64 {
	type payment struct {
		amount     int64
		paid, back civil.Date
	}
	payments := map[string]payment{}
	for _, e := range w.told {
		switch e := e.(type) {
		case event.PayoutConfirmed:
			if e.Payee == p {
				payments[e.Reference] = payment{w.minor(e.Amount), w.date(e.At), civil.Never}
			}
		case event.PayoutRejected:
			if was, ok := payments[e.Reference]; ok && e.Payee == p && was.back == civil.Never {
				was.back = max(was.paid, w.date(e.At))
				payments[e.Reference] = was
			}
		}
	}
	sum := int64(0)
	for _, m := range payments {
		if w.due(m.paid) && !w.due(m.back) {
			sum += m.amount
		}
	}
	return sum
}

// ofPayee keeps what is about one payee.
func ofPayee[T event.Event](list []T, p event.PayeeID) []T {
	var out []T
	for _, t := range list {
		if t.Scope().Payee == p {
			out = append(out, t)
		}
	}
	return out
}
