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

func (s *State) addInvoice(e event.Invoice) {
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
