package demo

import (
	"strconv"
	"time"

	"github.com/trueup/trueup/domain/event"
)

// bill tells the invoice of a term, and how it was paid. What was billed long
// before From is left out.
func (l *life) bill(t event.Term) {
	if t.Start < l.w.From.Add(-45) {
		return
	}
	end := t.End - 1
	l.pay(event.Invoice{
		Account: l.id, Subscription: l.sub, PeriodStart: &t.Start, PeriodEnd: &end,
		Amount: l.w.money(t.ARR.Minor * int64(min(l.months, 12)) / 12), At: l.night(t.Start),
	})
}

// billDeal tells the invoice of an expansion.
func (l *life) billDeal(d event.Deal) {
	on := d.ClosedAt.Add(time.Duration(l.between(12, 5*24)) * hour)
	l.pay(event.Invoice{Account: l.id, Opportunity: d.Opportunity, Amount: d.ARR, At: on})
}

// pay tells an invoice and its payment: most are paid within six weeks, some
// at the second try, a few not yet.
func (l *life) pay(inv event.Invoice) {
	l.invoice++
	inv.Invoice = "inv-" + l.number + "-" + strconv.Itoa(l.invoice)
	at := inv.At
	l.state(invoiced, event.InvoiceIssued, inv, at)
	at = at.Add(time.Duration(l.between(24, 42*24)) * hour)
	if l.chance(30) {
		l.state(invoiceFail, event.InvoiceFailed, inv, at)
		at = at.Add(time.Duration(l.between(24, 10*24)) * hour)
	}
	if l.chance(980) {
		l.state(invoicePaid, event.InvoicePaid, inv, at)
	}
}

func (l *life) state(kind event.Type, state event.InvoiceState, inv event.Invoice, at time.Time) {
	l.tell(kind, at, func(h event.Header) event.Event {
		inv.Header, inv.State, inv.At = h, state, h.Time
		return inv
	})
}
