package account

import (
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// invoice is what is told of one invoice: the statement that stands, and the
// opportunity of the latest statement that names one.
type invoice struct {
	standing event.Invoice
	named    event.Header // of the statement that names the opportunity
	about    event.OpportunityID
}

func (i *invoice) opportunity() event.OpportunityID { return i.about }

// addInvoice takes a statement of an invoice. It is about the opportunity that
// the invoice was of before or is of now, and about those of its credit notes.
func (s *State) addInvoice(e event.Invoice) {
	about := s.about(e.Invoice)
	s.tellInvoice(e)
	s.billed(append(about, s.about(e.Invoice)...))
}

// about lists the opportunities that an invoice and its credit notes are about.
func (s *State) about(invoice string) []event.OpportunityID {
	var out []event.OpportunityID
	if i := s.invoices.Get(invoice); i != nil {
		out = append(out, i.opportunity())
	}
	for _, n := range s.notes {
		if n.Invoice == invoice {
			out = append(out, s.noteOpportunity(n))
		}
	}
	return out
}

// addNote takes a credit note, and perhaps with it another word on it than the
// one before.
func (s *State) addNote(e event.CreditNoteIssued) {
	about := []event.OpportunityID{s.noteOpportunity(e)}
	if old, known := s.notes[e.CreditNote]; known {
		about = append(about, s.noteOpportunity(old))
	}
	s.notes.put(e.CreditNote, e)
	s.billed(about)
}

func (s *State) tellInvoice(e event.Invoice) {
	i := s.invoices.Get(e.Invoice)
	if i == nil {
		i = &invoice{standing: e}
		s.invoices.Put(e.Invoice, i)
	} else if event.Newer(e.Header, i.standing.Header) {
		i.standing = e
	}
	if e.Opportunity != "" && (i.about == "" || event.Newer(e.Header, i.named)) {
		i.named, i.about = e.Header, e.Opportunity
	}
}

// paid is the day the cash gate of an opportunity opens: the last payment of
// its invoices that are not voided, all of them paid; civil.Never where one is
// not, or none is known.
//
// Source: rules §7 "cash_gate"; readings R22.
func (s *State) paid(opp event.OpportunityID) (civil.Date, event.Identity) {
	last, told, any := noChange, event.Identity{}, false
	for _, i := range s.invoices.All() {
		if i.opportunity() != opp || i.standing.State == event.InvoiceVoided {
			continue
		}
		any = true
		if i.standing.State != event.InvoicePaid {
			return civil.Never, event.Identity{}
		}
		if on := civil.In(i.standing.At, s.set.Zone); on > last {
			last, told = on, i.standing.Identity
		}
	}
	if !any {
		return civil.Never, event.Identity{}
	}
	return last, told
}

// noteOpportunity is the deal a credit note is about: its own, else its invoice's.
func (s *State) noteOpportunity(n event.CreditNoteIssued) event.OpportunityID {
	if n.Opportunity != "" {
		return n.Opportunity
	}
	if i := s.invoices.Get(n.Invoice); i != nil {
		return i.opportunity()
	}
	return ""
}
