package account

import (
	"maps"
	"slices"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// invoice is what is told of one invoice: the statement that stands, and the
// opportunity of the latest statement that names one.
type invoice struct {
	standing event.Invoice
	named    event.Invoice
}

func (i *invoice) opportunity() event.OpportunityID { return i.named.Opportunity }

func (s *State) addInvoice(e event.Invoice) {
	if s.invoices == nil {
		s.invoices = map[string]*invoice{}
	}
	i := s.invoices[e.Invoice]
	if i == nil {
		i = &invoice{standing: e}
		s.invoices[e.Invoice] = i
	} else if event.Newer(e.Header, i.standing.Header) {
		i.standing = e
	}
	if e.Opportunity != "" && (i.named.Opportunity == "" || event.Newer(e.Header, i.named.Header)) {
		i.named = e
	}
}

// paid is the day the cash gate of an opportunity opens: the last payment of
// its invoices that are not voided, all of them paid; civil.Never where one is
// not, or none is known.
//
// Source: rules §7 "cash_gate"; readings R22.
func (s *State) paid(opp event.OpportunityID) (civil.Date, event.Identity) {
	last, told, any := noChange, event.Identity{}, false
	for _, id := range slices.Sorted(maps.Keys(s.invoices)) {
		i := s.invoices[id]
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
	if i := s.invoices[n.Invoice]; i != nil {
		return i.opportunity()
	}
	return ""
}
