package book

import (
	"slices"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/ledger"
)

// Due lists the payee's own steps that count by an instant: true-ups of
// quarters that have ended, adjustments, awards and payouts up to that day.
// Nothing here depends on what was posted.
func (p *Person) Due(asOf time.Time, books Books) ([]ledger.Step, error) {
	return p.DueOf(asOf, books, nil)
}

// DueOf is Due with what is kept of an earlier time, and keeps what it works
// out. Steps that were kept are without explanations.
func (p *Person) DueOf(asOf time.Time, books Books, kept *Kept) ([]ledger.Step, error) {
	ups, err := p.trueUps(asOf, books, kept)
	if err != nil {
		return nil, err
	}
	var steps []ledger.Step
	day := civil.In(asOf, p.set.Zone)
	for _, s := range slices.Concat(ups, p.manualSteps(), p.payoutSteps(), p.openingSteps()) {
		if s.Effective <= day {
			steps = append(steps, s)
		}
	}
	return ledger.Merge(steps)
}

// Next is the first day after another on which the payee's own steps change
// by themselves, quarters' ends aside, or civil.Never.
func (p *Person) Next(after civil.Date) civil.Date {
	next := civil.Never
	for _, s := range slices.Concat(p.manualSteps(), p.payoutSteps(), p.openingSteps()) {
		if s.Effective > after {
			next = min(next, s.Effective)
		}
	}
	return next
}
