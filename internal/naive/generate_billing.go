package naive

import (
	"time"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

var invoiceStates = []event.InvoiceState{
	event.InvoiceIssued, event.InvoicePaid, event.InvoicePaid, event.InvoicePaid,
	event.InvoiceFailed, event.InvoiceVoided, event.InvoiceUncollectible,
}

// invoice issues one for an opportunity, and tells what became of it.
func (g *generator) invoice(s *story) {
	o, closed := g.opportunity(s)
	at := g.aroundClose(closed)
	e := event.Invoice{Invoice: g.name("inv"), Account: s.id, Opportunity: o, Amount: g.usd(pick(g.r, []int64{10_000_00, 24_000_00, 33_333_33}), 10)}
	if g.chance(70) {
		g.tellInvoice(s, e, event.InvoiceIssued, at)
		at = g.later(at).UTC()
	}
	if g.chance(70) {
		g.tellInvoice(s, e, pick(g.r, invoiceStates), at)
	}
}

// restate tells an invoice anew: of another state, amount or opportunity, some
// without saying whose it is.
func (g *generator) restate(s *story) {
	if len(s.invoices) == 0 {
		g.invoice(s)
		return
	}
	e := pick(g.r, s.invoices)
	switch g.r.IntN(4) {
	case 0:
		e.Opportunity = ""
	case 1:
		e.Opportunity, _ = g.opportunity(s)
	case 2:
		e.Amount.Minor /= 2
	}
	g.tellInvoice(s, e, pick(g.r, invoiceStates), g.later(e.Time).UTC())
}

func (g *generator) tellInvoice(s *story, e event.Invoice, state event.InvoiceState, at time.Time) {
	e.Header = g.head(event.Type("billing.invoice."+string(state)+".v1"), at)
	e.State, e.At, e.ReplacedBy = state, at, ""
	if g.chance(20) {
		e.At = g.aroundClose(at)
	}
	if state == event.InvoiceVoided && g.chance(40) {
		e.ReplacedBy = g.name("inv")
	}
	s.invoices = append(s.invoices, e)
	g.tell(e)
}

// credit gives back part of an invoice, known or not, some restated.
func (g *generator) credit(s *story) {
	o, closed := g.opportunity(s)
	at := g.aroundClose(closed)
	e := event.CreditNoteIssued{CreditNote: g.name("note"), Invoice: g.name("inv"), Account: s.id, Opportunity: o}
	whole := g.usd(24_000_00, 10)
	if len(s.invoices) > 0 && g.chance(75) {
		of := pick(g.r, s.invoices)
		e.Invoice, whole, at = of.Invoice, of.Amount, g.later(of.At).UTC()
		if g.chance(60) {
			e.Opportunity = ""
		}
	}
	for {
		e.Header = g.head("billing.credit_note.issued.v1", at)
		e.Reason = pick(g.r, []string{"order_change", "cancellation", "order_change", "waiver", "other"})
		e.Amount = money.Money{Minor: whole.Minor * pick(g.r, []int64{1, 1, 2, 3, 5}) / 3, Currency: whole.Currency}
		e.At = at
		g.tell(e)
		if !g.chance(30) {
			return
		}
		at = g.later(at).UTC()
	}
}
