package account

import (
	"cmp"
	"math/big"
	"slices"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
)

// order is the place of what happens on one date (readings R5): a renewal's
// contraction comes before the bookings of its date, the rest after.
type order uint8

const (
	byRenewal order = iota
	byBooking
	byCancellation
	byContraction
	bySurvival
	byRelease
	byChurn
	byMissing
	byTermination
)

// ownLoss is ARR that a deal loses by itself, whatever the plan: cancelled,
// its invoice voided or not collectible, or credited.
type ownLoss struct {
	on     civil.Date
	reason ledger.Reason
	told   event.Identity
	whole  bool
	lost   int64 // minor units of the deal's ARR in the tenant's currency, where not whole
	note   *event.CreditNoteIssued
	of     money.Money // what the note is a part of
}

// ownLosses lists them by date, the whole ones of a date first; after a whole
// one nothing is left to lose.
//
// Source: rules §7 "Cancelled or voided"; readings R21, R25.
// Units: minor units of ARR.
// Rounding: each credit note's part half away from zero.
func (s *State) ownLosses(d *Deal) []ownLoss {
	var out []ownLoss
	if d.Left != civil.Never {
		out = append(out, ownLoss{on: d.Left, reason: ledger.ExpansionCancelled, told: d.LeftTold, whole: true})
	}
	if s.bills.invoiced.Len()+len(s.bills.notes) > 0 {
		out = append(out, s.billedLosses(d)...)
	}
	slices.SortStableFunc(out, func(a, b ownLoss) int {
		first := func(l ownLoss) int {
			if l.whole {
				return 0
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.on, b.on), cmp.Compare(first(a), first(b)))
	})
	return out
}

func (s *State) billedLosses(d *Deal) []ownLoss {
	var out []ownLoss
	for _, i := range s.bills.invoiced.Get(d.Opportunity) {
		l := ownLoss{on: max(d.Booked, civil.In(i.standing.At, s.set.Zone)), told: i.standing.Identity, whole: true}
		switch i.standing.State {
		case event.InvoiceVoided:
			l.reason = ledger.InvoiceVoided
			if i.standing.ReplacedBy == "" {
				out = append(out, l)
			}
		case event.InvoiceUncollectible:
			l.reason = ledger.InvoiceUncollectible
			out = append(out, l)
		case event.InvoiceIssued, event.InvoicePaid, event.InvoiceFailed:
		}
	}
	for _, n := range s.bills.notesOn(d.Opportunity) {
		if n.Reason != "order_change" && n.Reason != "cancellation" {
			continue
		}
		of := d.ARR
		if i := s.bills.invoices.Get(n.Invoice); i != nil {
			of = i.standing.Amount
		}
		if of.Currency != n.Amount.Currency || of.Minor <= 0 {
			continue
		}
		lost, err := money.Round(new(big.Rat).Mul(big.NewRat(n.Amount.Minor, of.Minor), new(big.Rat).SetInt64(d.home.Minor)))
		if err != nil {
			lost = d.home.Minor
		}
		out = append(out, ownLoss{
			on: max(d.Booked, civil.In(n.At, s.set.Zone)), reason: ledger.CreditNote, told: n.Identity, lost: lost, note: &n, of: of,
		})
	}
	return out
}
