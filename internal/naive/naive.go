// Package naive computes what every payee has the slow and obvious way: from
// the whole set of events at once, with no state that is carried along, no
// ledger and no posting. It exists to be compared with the engine, so it is
// written from the rules alone and shares only their vocabulary (dates, money,
// events, plans). Each function names the rule it follows: § for the sections
// of docs' rules, R for the numbered readings. Where both are silent the
// reading chosen is stated.
package naive

import (
	"time"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/plan"
)

// Arrival is one event and when it arrived.
type Arrival struct {
	Event   event.Event
	Arrived time.Time
}

// Result is what the events come to. Amounts are minor units of the plans'
// currency. A zero is left out of every map, so that equal results are deeply
// equal.
type Result struct {
	// Balances by bucket: held, payable, paid.
	Balances map[event.PayeeID]map[string]int64
	// Components sums a component's entries other than releases and payouts.
	// Adjustments are "manual", awarded SPIFs "spif", opening balances "opening".
	Components map[event.PayeeID]map[string]int64
	// Deals is what each deal contributes to held and payable, accelerator
	// shares included.
	Deals map[event.PayeeID]map[event.OpportunityID]map[string]int64
	// Credits is the credited ARR that counts.
	Credits map[event.PayeeID]map[event.OpportunityID]int64
	// Episodes of the clocks, by account, then opening.
	Episodes []Episode
}

// Episode is one run of a clock. Status is open, met, breached, resolved or
// closed, and At is when it became that: for an open one the opening, for a
// breached one the deadline.
type Episode struct {
	SLA                string // risk_intervention or dispute
	Account            event.AccountID
	Payee              event.PayeeID
	Dispute            string // only of a dispute
	OpenedAt, Deadline time.Time
	Status             string
	At                 time.Time
}

// Compute gives what every payee has at asOf. Events that arrive after asOf
// are not known then.
func Compute(plans plan.Set, arrivals []Arrival, asOf time.Time) (Result, error) {
	if len(plans) == 0 {
		return Result{}, domain.Errorf(domain.Invalid, "no plan")
	}
	w := newWorld(plans, arrivals, asOf)
	lines, credits, err := w.dealLines()
	if err != nil {
		return Result{}, err
	}
	var moves []move
	for _, l := range lines {
		moves = append(moves, l.moves()...)
	}
	for _, p := range w.payees() {
		pools, err := w.trueUps(p, credits)
		if err != nil {
			return Result{}, err
		}
		moves = append(moves, pools...)
		moves = append(moves, w.postings(p)...)
		moves = append(moves, w.payouts(p)...)
	}
	sums := newTally()
	for _, m := range moves {
		if w.posted(m) {
			sums.move(m)
		}
	}
	for _, c := range credits {
		if w.due(c.deal.booked) {
			left, err := c.leftOn(w.today)
			if err != nil {
				return Result{}, err
			}
			add(sums.Credits, c.payee, c.deal.opportunity, left)
		}
	}
	sums.Episodes = w.episodes()
	return sums.Result, nil
}
