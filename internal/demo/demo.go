// Package demo makes up a company: its people, accounts and everything a CRM
// and a billing system would tell about a year of it. It is for trueup run
// --demo and for benchmarks.
//
// A company is a function of its description. All arithmetic is on integers
// and every account rolls its own dice, so that the same description gives the
// same bytes on every machine.
package demo

import (
	"iter"
	"slices"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/internal/wire"
)

// Company describes what to make up.
type Company struct {
	Seed     uint64
	CSMs     int // at least one; a few of them join or leave on the way
	AEs      int // 0: nobody closes with a CSM
	Accounts int // new ones and those lost before From included
	// From and Until are the first and last day of which live events tell, in
	// the plan's time zone. What the company was before From is told on From.
	From, Until civil.Date
	// Plan is what CSMs are paid by, some with a variable and a target of their
	// own. The company lives in its time zone, currency and quarters. nil is the
	// program's default plan.
	Plan *plan.Plan
}

// Default is a mid-size company in 2027.
func Default() Company {
	return Company{
		Seed: 1, CSMs: 60, AEs: 15, Accounts: 2500,
		From: civil.On(2027, time.January, 1), Until: civil.On(2027, time.December, 31),
	}
}

// Arrival is one event and the instant it was recorded.
type Arrival struct {
	Event    event.Event
	Recorded time.Time // UTC
}

// perPass is how many accounts are told in one go. More accounts take several
// passes over all of them, each for a part of the time: memory stays bounded.
const perPass = 10_000

// Events yields what happened in order of arrival: Recorded never decreases.
// It ends with what was recorded on Until, so what is told late may be missing.
// Two events repeat the id of another with other content and are to be
// rejected; every other one is valid.
func (c Company) Events() iter.Seq[Arrival] { return c.events(1 + c.Accounts/perPass) }

func (c Company) events(passes int) iter.Seq[Arrival] {
	return func(yield func(Arrival) bool) {
		w := newWorld(c)
		t := teller{dice: newDice(), w: w}
		days := c.Until.Sub(c.From) + 1
		for pass := range passes {
			w.tell(&t, c.From.Add(days*pass/passes), c.From.Add(days*(pass+1)/passes))
			for _, a := range t.out {
				if !yield(a) {
					return
				}
			}
		}
	}
}

// tell makes everything that was recorded from one midnight to another.
func (w *world) tell(t *teller, from, until civil.Date) {
	t.from, t.until = w.midnight(from), w.midnight(until)
	clear(t.out)
	t.out = t.out[:0]
	w.tellPeople(t)
	for no := range w.Accounts {
		newLife(t, no).tellAll()
	}
	slices.SortStableFunc(t.out, func(a, b Arrival) int { return a.Recorded.Compare(b.Recorded) })
}

// Line is an event as a line of NDJSON or the body of a message: the canonical
// structured CloudEvent with the extension recordedtime.
func Line(a Arrival) ([]byte, error) {
	b, err := wire.Encode(a.Event)
	if err != nil {
		return nil, err
	}
	b = append(b[:len(b)-1], `,"recordedtime":"`...)
	return append(a.Recorded.UTC().AppendFormat(b, time.RFC3339Nano), `"}`...), nil
}
