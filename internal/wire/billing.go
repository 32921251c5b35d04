package wire

import "github.com/trueup/trueup/domain/event"

var creditReasons = []string{"order_change", "cancellation", "waiver", "other"}

// invoice is one statement about an invoice; the state comes with the type.
func invoice(state event.InvoiceState) func(*form, *event.Invoice) {
	return func(f *form, e *event.Invoice) {
		f.header(&e.Header)
		if f.reading {
			e.State = state
		} else if e.State != state {
			f.fail(BadValue, "state", "%s is not that of %s", show(e.State), e.Type)
		}
		id(f, "invoice_id", &e.Invoice, must)
		id(f, "account_id", &e.Account, must)
		id(f, "opportunity_id", &e.Opportunity, may)
		id(f, "subscription_id", &e.Subscription, may)
		maybe(f, "period_start", &e.PeriodStart, (*form).aDate)
		maybe(f, "period_end", &e.PeriodEnd, (*form).aDate)
		if e.PeriodStart != nil && e.PeriodEnd != nil && *e.PeriodEnd < *e.PeriodStart {
			f.fail(BadDate, "period_end", "%v is before period_start %v", *e.PeriodEnd, *e.PeriodStart)
		}
		f.amount("amount", &e.Amount, must, notNegative)
		f.instant("at", &e.At, must)
		if state == event.InvoiceVoided {
			id(f, "replaced_by", &e.ReplacedBy, may)
		}
	}
}

func creditNoteIssued(f *form, e *event.CreditNoteIssued) {
	f.header(&e.Header)
	id(f, "credit_note_id", &e.CreditNote, must)
	id(f, "invoice_id", &e.Invoice, must)
	id(f, "account_id", &e.Account, must)
	id(f, "opportunity_id", &e.Opportunity, may)
	f.amount("amount", &e.Amount, must, notNegative)
	oneOf(f, "reason", &e.Reason, must, creditReasons)
	f.instant("at", &e.At, must)
}

func payoutConfirmed(f *form, e *event.PayoutConfirmed) {
	f.header(&e.Header)
	f.quarter("period", &e.Period)
	id(f, "payee_id", &e.Payee, must)
	f.amount("amount", &e.Amount, must, aboveZero)
	id(f, "reference", &e.Reference, must)
	f.instant("at", &e.At, must)
}

func payoutRejected(f *form, e *event.PayoutRejected) {
	f.header(&e.Header)
	f.quarter("period", &e.Period)
	id(f, "payee_id", &e.Payee, must)
	f.amount("amount", &e.Amount, must, aboveZero)
	id(f, "reference", &e.Reference, must)
	f.instant("at", &e.At, must)
	f.text("reason", &e.Reason, must)
}
