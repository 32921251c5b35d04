package naive

import (
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// billing is what billing has said about an opportunity.
type billing struct {
	invoices []event.Invoice // the standing statements
	notes    []note
}

// note is a credit note that takes back: because the order changed or was
// cancelled.
type note struct {
	event.CreditNoteIssued
	invoice *event.Invoice // nil: unknown
}

// billings has every opportunity's invoices and credit notes: keys invoice_id
// and credit_note_id (§1a). An invoice belongs to the opportunity of its latest
// statement that names one, a credit note to the one it names, else to its
// invoice's.
func (w *world) billings() map[event.OpportunityID]billing {
	if w.billed != nil {
		return w.billed
	}
	owner := map[string]event.OpportunityID{}
	for _, e := range of[event.Invoice](w.told) {
		if e.Opportunity != "" {
			owner[e.Invoice] = e.Opportunity
		}
	}
	out := map[event.OpportunityID]billing{}
	known := map[string]*event.Invoice{}
	for _, e := range standing(of[event.Invoice](w.told), func(e event.Invoice) string { return e.Invoice }) {
		known[e.Invoice] = &e
		if o := owner[e.Invoice]; o != "" {
			b := out[o]
			b.invoices = append(b.invoices, e)
			out[o] = b
		}
	}
	for _, e := range standing(of[event.CreditNoteIssued](w.told), func(e event.CreditNoteIssued) string { return e.CreditNote }) {
		o := e.Opportunity
		if o == "" {
			o = owner[e.Invoice]
		}
		if o != "" && (e.Reason == "order_change" || e.Reason == "cancellation") {
			b := out[o]
			b.notes = append(b.notes, note{e, known[e.Invoice]})
			out[o] = b
		}
	}
	w.billed = out
	return out
}

// undoes reports whether an invoice undoes its deal: voided and not replaced,
// or uncollectible (§7).
func undoes(e event.Invoice) bool {
	return e.State == event.InvoiceVoided && e.ReplacedBy == "" || e.State == event.InvoiceUncollectible
}

// takes is the part of a deal's ARR that a credit note takes back: as much as
// of its invoice, or of the deal as it was told where the invoice is unknown
// (R21). In another currency than that it takes nothing.
func (n note) takes(d *deal) (int64, error) {
	of := d.asTold
	if n.invoice != nil {
		of = n.invoice.Amount
	}
	if of.Currency != n.Amount.Currency || of.Minor <= 0 {
		return 0, nil
	}
	return rounded(product(whole(d.arr), quotient(whole(n.Amount.Minor), whole(of.Minor))))
}

// cashGate is when the deal's invoices were paid (R22): the latest date of all
// that are known and not voided; civil.Never while one is not, or none is known.
func (w *world) cashGate(d *deal) civil.Date {
	paid, any := d.booked, false
	for _, e := range w.billings()[d.opportunity].invoices {
		switch e.State {
		case event.InvoiceVoided:
		case event.InvoicePaid:
			paid, any = max(paid, w.date(e.At)), true
		case event.InvoiceIssued, event.InvoiceFailed, event.InvoiceUncollectible:
			return civil.Never
		}
	}
	if !any {
		return civil.Never
	}
	return paid
}
