package report

import (
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/ledger"
)

// Movement is what entries moved: of one payee or of several, in a month, a
// quarter, or at all. Amounts are decimal strings in major units, and below
// zero where more was taken than given.
//
// What the company gave and what became of it are the same: earned +
// clawed_back + forfeited = held + payable + paid, to the minor unit.
type Movement struct {
	// Earned is what was given: earnings, true-ups, adjustments, awards and
	// opening balances, their corrections taken off.
	Earned string `json:"earned"`
	// ClawedBack is what clawbacks took of payable and paid money, so zero or
	// below; those that were undone are taken off.
	ClawedBack string `json:"clawed_back"`
	// Forfeited is what forfeitures took of held money, zero or below as above.
	Forfeited string `json:"forfeited"`
	// Released is what came out of held into payable.
	Released string `json:"released"`
	// Held, Payable and Paid are by how much these balances changed. Paid is what
	// payroll confirmed, its rejections taken off.
	Held    string `json:"held"`
	Payable string `json:"payable"`
	Paid    string `json:"paid"`
}

func (b *builder) movement(m ledger.Moves) Movement {
	return Movement{
		Earned: b.decimal(m.Earned), ClawedBack: b.decimal(m.ClawedBack), Forfeited: b.decimal(m.Forfeited), Released: b.decimal(m.Released),
		Held: b.decimal(m.Held), Payable: b.decimal(m.Payable), Paid: b.decimal(m.Paid),
	}
}

// totals adds up payees' sums.
type totals struct {
	payees int
	now    ledger.Balances
	months map[civil.Month]ledger.Moves
	lines  map[civil.Quarter]int // payees with lines, by quarter
}

func (b *builder) totals() (totals, error) {
	t := totals{months: map[civil.Month]ledger.Moves{}, lines: map[civil.Quarter]int{}}
	err := b.whole.Sums(func(s *ledger.Sum) (err error) {
		t.payees++
		for q, of := range s.Periods {
			if of.Lines > 0 {
				t.lines[q]++
			}
		}
		for _, m := range s.Months {
			if t.months[m.Month], err = t.months[m.Month].Plus(m.Moves); err != nil {
				return err
			}
		}
		return addTo(&t.now, s.Balances)
	})
	return t, err
}

// in is what everybody's entries of a quarter moved.
func (t totals) in(q civil.Quarter) (sum ledger.Moves, err error) {
	for m := q.FirstMonth(); m < (q+1).FirstMonth() && err == nil; m++ {
		sum, err = sum.Plus(t.months[m])
	}
	return sum, err
}
