package account

import (
	"cmp"
	"slices"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/few"
)

// invoice is what is told of one invoice: the statement that stands, and the
// opportunity of the latest statement that names one.
type invoice struct {
	standing event.Invoice
	named    event.Header // of the statement that names the opportunity
	about    event.OpportunityID
}

// billing is what billing told: invoices and credit notes, and which of them are
// about an opportunity.
type billing struct {
	invoices few.Map[string, *invoice]
	notes    latest[string, event.CreditNoteIssued]
	invoiced few.Map[event.OpportunityID, []*invoice] // those that name one, by id
	noted    map[noteAbout][]string                   // ids of notes, sorted
}

// noteAbout is what a credit note names: an invoice, an opportunity, or both.
type noteAbout struct {
	invoice     string
	opportunity event.OpportunityID
}

// named lists what a credit note is found under.
func named(n event.CreditNoteIssued) []noteAbout {
	return []noteAbout{{invoice: n.Invoice}, {opportunity: n.Opportunity}}
}

// addInvoice takes a statement of an invoice. It is about the opportunity that
// the invoice was of before or is of now, and about those of its credit notes.
func (s *State) addInvoice(e event.Invoice) {
	i := s.bills.invoices.Get(e.Invoice)
	// Else only an invoice that is given up takes anything from a deal.
	matters := s.set.Invoiced || len(s.bills.notes) > 0 || i.givenUp()
	about := s.about(e.Invoice)
	i = s.bills.tell(e)
	s.billed(append(about, s.about(e.Invoice)...), matters || i.givenUp())
}

// givenUp reports whether nothing is paid on an invoice.
func (i *invoice) givenUp() bool {
	return i != nil && (i.standing.State == event.InvoiceVoided || i.standing.State == event.InvoiceUncollectible)
}

// about lists the opportunities that an invoice and its credit notes are about.
func (s *State) about(invoice string) []event.OpportunityID {
	var out []event.OpportunityID
	if i := s.bills.invoices.Get(invoice); i != nil && i.about != "" {
		out = append(out, i.about)
	}
	for _, id := range s.bills.noted[noteAbout{invoice: invoice}] {
		out = append(out, s.bills.opportunity(s.bills.notes[id]))
	}
	return out
}

// addNote takes a credit note, and perhaps with it another word on it than the
// one before.
func (s *State) addNote(e event.CreditNoteIssued) {
	b := &s.bills
	old, known := b.notes[e.CreditNote]
	if !b.notes.put(e.CreditNote, e) {
		return
	}
	about := []event.OpportunityID{b.opportunity(e)}
	if known {
		about = append(about, b.opportunity(old))
		for _, key := range named(old) {
			if i, found := slices.BinarySearch(b.noted[key], old.CreditNote); found {
				b.noted[key] = slices.Delete(b.noted[key], i, i+1)
			}
		}
	}
	if b.noted == nil {
		b.noted = map[noteAbout][]string{}
	}
	for _, key := range named(e) {
		if i, found := slices.BinarySearch(b.noted[key], e.CreditNote); !found && key != (noteAbout{}) {
			b.noted[key] = slices.Insert(b.noted[key], i, e.CreditNote)
		}
	}
	s.billed(about, true)
}

func (b *billing) tell(e event.Invoice) *invoice {
	i := b.invoices.Get(e.Invoice)
	if i == nil {
		i = &invoice{standing: e}
		b.invoices.Put(e.Invoice, i)
	} else if event.Newer(e.Header, i.standing.Header) {
		i.standing = e
	}
	if e.Opportunity == "" || i.about != "" && !event.Newer(e.Header, i.named) {
		return i
	}
	if list := b.invoiced.Get(i.about); e.Opportunity != i.about {
		if at, found := slices.BinarySearchFunc(list, i, (*invoice).compare); found {
			b.invoiced.Put(i.about, slices.Delete(list, at, at+1))
		}
		list = b.invoiced.Get(e.Opportunity)
		at, _ := slices.BinarySearchFunc(list, i, (*invoice).compare)
		b.invoiced.Put(e.Opportunity, slices.Insert(list, at, i))
	}
	i.named, i.about = e.Header, e.Opportunity
	return i
}

func (i *invoice) compare(o *invoice) int { return cmp.Compare(i.standing.Invoice, o.standing.Invoice) }

// notesOn lists the credit notes that are about an opportunity, by id.
func (b *billing) notesOn(opp event.OpportunityID) []event.CreditNoteIssued {
	if len(b.notes) == 0 {
		return nil
	}
	ids := slices.Clone(b.noted[noteAbout{opportunity: opp}])
	for _, i := range b.invoiced.Get(opp) {
		for _, id := range b.noted[noteAbout{invoice: i.standing.Invoice}] {
			if b.notes[id].Opportunity == "" {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	var out []event.CreditNoteIssued
	for _, id := range ids {
		out = append(out, b.notes[id])
	}
	return out
}

// paid is the day the cash gate of an opportunity opens: the last payment of
// its invoices that are not voided, all of them paid; civil.Never where one is
// not, or none is known.
//
// Source: rules §7 "cash_gate"; readings R22.
func (s *State) paid(opp event.OpportunityID) (civil.Date, event.Identity) {
	last, told, any := noChange, event.Identity{}, false
	for _, i := range s.bills.invoiced.Get(opp) {
		if i.standing.State == event.InvoiceVoided {
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

// opportunity is the deal a credit note is about: its own, else its invoice's.
func (b *billing) opportunity(n event.CreditNoteIssued) event.OpportunityID {
	if n.Opportunity != "" {
		return n.Opportunity
	}
	if i := b.invoices.Get(n.Invoice); i != nil {
		return i.about
	}
	return ""
}
