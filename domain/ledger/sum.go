package ledger

import (
	"cmp"
	"slices"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/money"
)

// Moves are what entries moved, in minor units. Earned, ClawedBack and
// Forfeited are what came out of expense, so they add up to what the payee's
// buckets changed by: Balances.
type Moves struct {
	Earned     int64 // all but the next two
	ClawedBack int64 // by clawbacks, so zero or below
	Forfeited  int64 // by forfeitures, so zero or below
	Released   int64 // out of held into payable
	Balances
}

// Plus is both together.
func (m Moves) Plus(o Moves) (Moves, error) {
	for _, side := range [...]struct {
		to  *int64
		add int64
	}{
		{&m.Earned, o.Earned},
		{&m.ClawedBack, o.ClawedBack},
		{&m.Forfeited, o.Forfeited},
		{&m.Released, o.Released},
		{&m.Held, o.Held},
		{&m.Payable, o.Payable},
		{&m.Paid, o.Paid},
	} {
		sum, err := money.Add(*side.to, side.add)
		if err != nil {
			return m, err
		}
		*side.to = sum
	}
	return m, nil
}

// MovesOf are what one entry moved.
func MovesOf(e *Entry) (m Moves, err error) {
	if m.Balances, err = m.Move(e.Minor, e.From, e.To); err != nil {
		return m, err
	}
	given := -m.Expense()
	switch e.Kind {
	case Clawback:
		m.ClawedBack = given
	case Forfeiture:
		m.Forfeited = given
	case Earning, Release, TrueUp, Adjustment, Spif, Payout:
		m.Earned = given
	}
	switch {
	case e.From == Held && e.To == Payable:
		m.Released = e.Minor
	case e.From == Payable && e.To == Held:
		m.Released = -e.Minor
	}
	return m, nil
}

// Sum is where a payee's ledger stands, and what its entries moved.
type Sum struct {
	Account
	Months []MonthSum // in order
	Late   []LateSum  // by the quarter they are about
}

// MonthSum is what the entries of a month moved.
type MonthSum struct {
	civil.Month
	Moves
}

// LateSum is what entries moved that are about a quarter and were posted in
// another, payouts aside, and how many they are.
type LateSum struct {
	About civil.Quarter
	Lines int
	Moves
}

// Add takes the account's next entry: not into Account, which is told as it is
// kept. The month it counts in is that of the date it took effect on; one that
// is about another quarter than it was posted in counts when it was posted.
func (s *Sum) Add(e *Entry, c civil.Calendar, zone *time.Location) error {
	m, err := MovesOf(e)
	if err != nil {
		return err
	}
	day := e.Effective
	if c.QuarterOf(day) != e.Period {
		day = min(max(civil.In(e.At, zone), c.First(e.Period)), c.Last(e.Period))
	}
	month := c.MonthOf(day)
	i, found := slices.BinarySearchFunc(s.Months, month, func(a MonthSum, m civil.Month) int { return cmp.Compare(a.Month, m) })
	if !found {
		s.Months = slices.Insert(s.Months, i, MonthSum{Month: month})
	}
	if s.Months[i].Moves, err = s.Months[i].Plus(m); err != nil || e.AppliesTo == e.Period || e.Kind == Payout {
		return err
	}
	i, found = slices.BinarySearchFunc(s.Late, e.AppliesTo, func(a LateSum, q civil.Quarter) int { return cmp.Compare(a.About, q) })
	if !found {
		s.Late = slices.Insert(s.Late, i, LateSum{About: e.AppliesTo})
	}
	s.Late[i].Lines++
	s.Late[i].Moves, err = s.Late[i].Plus(m)
	return err
}

// Clone is a sum that may be added to while the first is read.
func (s *Sum) Clone() *Sum {
	c := *s
	c.Months, c.Late = slices.Clone(s.Months), slices.Clone(s.Late)
	return &c
}

// In is what the entries posted in a quarter moved.
func (s *Sum) In(q civil.Quarter) (sum Moves, err error) {
	for _, m := range s.Months {
		if m.Quarter() == q && err == nil {
			sum, err = sum.Plus(m.Moves)
		}
	}
	return sum, err
}
