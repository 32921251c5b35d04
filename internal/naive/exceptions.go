package naive

import (
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// exceptions are an account's approved ones that stand (§8).
func (w *world) exceptions(account event.AccountID) []event.ExceptionApproved {
	if w.excepted == nil {
		w.excepted = map[event.AccountID][]event.ExceptionApproved{}
		for _, e := range standing(of[event.ExceptionApproved](w.told), func(e event.ExceptionApproved) string { return e.Exception }) {
			w.excepted[e.Account] = append(w.excepted[e.Account], e)
		}
	}
	return w.excepted[account]
}

// covered reports whether an exception waives a loss of that date (R26).
func (w *world) covered(account event.AccountID, on civil.Date) bool {
	for _, e := range w.exceptions(account) {
		if e.From <= on && (e.Until == nil || on <= *e.Until) {
			return true
		}
	}
	return false
}

// leftOut reports whether an exception takes an account out of the window
// [start, end): it ends after the exception's from, and starts on or before its
// until (R26). cfo looks at the cfo's exceptions alone.
func (w *world) leftOut(account event.AccountID, start, end civil.Date, cfo bool) bool {
	for _, e := range w.exceptions(account) {
		if (!cfo || e.ByRole == "cfo") && end-1 >= e.From && (e.Until == nil || start <= *e.Until) {
			return true
		}
	}
	return false
}
