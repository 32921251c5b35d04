package book

import (
	"slices"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/ledger"
)

// Due lists the payee's own steps that count by a day: true-ups of quarters
// that ended before it, adjustments, awards and payouts up to it. Nothing here
// depends on what was posted.
func (p *Person) Due(day civil.Date) ([]ledger.Step, error) {
	steps, err := p.retentionSteps(day)
	if err != nil {
		return nil, err
	}
	for _, s := range slices.Concat(p.manualSteps(), p.payoutSteps()) {
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
	for _, s := range slices.Concat(p.manualSteps(), p.payoutSteps()) {
		if s.Effective > after {
			next = min(next, s.Effective)
		}
	}
	return next
}
