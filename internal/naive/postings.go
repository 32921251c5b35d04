package naive

import (
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

// postings are what people posted to a payee: adjustments and awarded SPIFs,
// expense to payable on their date (keys adjustment_id and spif_id, §1a), and
// the balances brought from the old system (key payee + as_of).
func (w *world) postings(p event.PayeeID) []move {
	var out []move
	for _, e := range standing(ofPayee(of[event.AdjustmentPosted](w.told), p), func(e event.AdjustmentPosted) string { return e.Adjustment }) {
		out = append(out, move{payee: p, component: "manual", on: e.Effective, from: expense, to: payable, amount: w.minor(e.Amount)})
	}
	for _, e := range standing(ofPayee(of[event.SpifAwarded](w.told), p), func(e event.SpifAwarded) string { return e.Spif }) {
		out = append(out, move{payee: p, component: "spif", on: e.Effective, from: expense, to: payable, amount: w.minor(e.Amount)})
	}
	for _, e := range standing(ofPayee(of[event.BalanceOpened](w.told), p), func(e event.BalanceOpened) civil.Date { return e.AsOf }) {
		for bucket, m := range map[string]*money.Money{held: e.Held, payable: e.Payable, paid: e.Paid} {
			if m != nil {
				out = append(out, move{payee: p, component: "opening", on: e.AsOf, from: expense, to: bucket, amount: w.minor(*m), opening: true})
			}
		}
	}
	return out
}

// payouts are what payroll has paid a payee (R32): for each reference the
// latest confirmation moves its amount on its date, and the first rejection
// after it takes it back on its own, never before it was paid; then it may be
// confirmed again.
func (w *world) payouts(p event.PayeeID) []move {
	type payment struct {
		amount     int64
		paid, back civil.Date
	}
	payments := map[string][]payment{} // by reference, the latest last
	for _, e := range w.told {
		switch e := e.(type) {
		case event.PayoutConfirmed:
			if e.Payee != p {
				continue
			}
			list := payments[e.Reference]
			if n := len(list); n > 0 && list[n-1].back == civil.Never {
				list = list[:n-1]
			}
			payments[e.Reference] = append(list, payment{w.minor(e.Amount), w.date(e.At), civil.Never})
		case event.PayoutRejected:
			if list := payments[e.Reference]; e.Payee == p && len(list) > 0 {
				if last := &list[len(list)-1]; last.back == civil.Never {
					last.back = max(last.paid, w.date(e.At))
				}
			}
		}
	}
	var out []move
	for _, list := range payments {
		for _, m := range list {
			out = append(out, move{payee: p, component: "payout", on: m.paid, from: payable, to: paid, amount: m.amount})
			if m.back != civil.Never {
				out = append(out, move{payee: p, component: "payout", on: m.back, from: paid, to: payable, amount: m.amount})
			}
		}
	}
	return out
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
