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
	due, _, err := p.DueOf(nil, asOf, books, &Kept{})
	return due, err
}

// DueOf is Due in the room given, with what is kept of an earlier time, and keeps
// what it works out. Steps of accelerators that were kept are without explanations. Where what
// is due is the same as when Kept.Posted was last called it says so, and lists
// nothing.
func (p *Person) DueOf(room []ledger.Step, asOf time.Time, books Books, kept *Kept) (due []ledger.Step, same bool, err error) {
	kept.anew = false
	day := civil.In(asOf, p.set.Zone)
	ups, err := p.trueUps(asOf, books, kept)
	if err != nil {
		return nil, false, err
	}
	if kept.stands(p.facts, day) {
		return nil, true, nil
	}
	own := p.ownSteps()
	n := len(own)
	for _, steps := range ups {
		n += len(steps)
	}
	due = slices.Grow(room[:0], n)
	next := civil.Never
	for _, steps := range append(ups, own) {
		for i := range steps {
			if s := &steps[i]; s.Effective <= day {
				due = append(due, *s)
			} else {
				next = min(next, s.Effective)
			}
		}
	}
	kept.due(p.facts, next)
	due, err = ledger.Merge(due)
	return due, false, err
}

// ownSteps are those that depend on the payee's own facts alone, whatever the
// day. They must not be changed.
func (p *Person) ownSteps() []ledger.Step {
	if p.ownOf != p.facts {
		p.own, p.ownOf = slices.Concat(p.manualSteps(), p.payoutSteps(), p.openingSteps()), p.facts
	}
	return p.own
}

// Next is the first day after another on which the payee's own steps change
// by themselves, quarters' ends aside, or civil.Never.
func (p *Person) Next(after civil.Date) civil.Date {
	next := civil.Never
	for i := range p.ownSteps() {
		if s := &p.own[i]; s.Effective > after {
			next = min(next, s.Effective)
		}
	}
	return next
}
