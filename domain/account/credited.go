package account

import (
	"cmp"
	"math/big"
	"slices"

	"github.com/trueup/trueup/domain/civil"
)

// Moved is how much an accelerator may see changed of an opportunity's deals.
type Moved uint8

// From nothing to all.
const (
	Still        Moved = iota
	StepsTurned        // steps count by today that did not before
	FatesMoved         // what is credited is released otherwise, or will be lost otherwise
	CreditsMoved       // who is credited with what, or what was lost of it by now
)

// movedFrom compares a deal's shares, as of a day, with those of an earlier
// derivation and day. The texts of losses are of the figures that are compared.
func (d *Deal) movedFrom(was []Credited, turned bool, passed int, day civil.Date) Moved {
	now := d.derived.shares
	switch {
	case passed != d.passed, !slices.EqualFunc(was, now, func(a, b Credited) bool { return sameCredit(&a, &b, day) }):
		return CreditsMoved
	case !slices.EqualFunc(was, now, func(a, b Credited) bool { return a.share == b.share && a.same(&b.fate) }):
		return FatesMoved
	case turned:
		return StepsTurned
	}
	return Still
}

// passedBy counts the losses of the deal's shares up to a day.
func (d *Deal) passedBy(day civil.Date) (n int) {
	for i := range d.derived.shares {
		n += len(d.derived.shares[i].lostBy(day))
	}
	return n
}

// lostBy lists the losses up to a day.
func (f *fate) lostBy(day civil.Date) []loss {
	n, _ := slices.BinarySearchFunc(f.losses, day+1, func(x loss, d civil.Date) int { return cmp.Compare(x.on, d) })
	return f.losses[:n]
}

// sameCredit reports whether two shares credit the same up to a day.
func sameCredit(a, b *Credited, day civil.Date) bool {
	if a.Deal != b.Deal || a.payee != b.payee || a.credit != b.credit || a.csm != b.csm || a.counted() != b.counted() {
		return false
	}
	return slices.EqualFunc(a.lostBy(day), b.lostBy(day), func(x, y loss) bool {
		return x.on == y.on && x.credit == y.credit && a.spares(&x) == b.spares(&y) && samePart(x.lost, y.lost)
	})
}

func (f *fate) same(o *fate) bool {
	return f.opens == o.opens && f.release == o.release && f.hold == o.hold && f.final == o.final && f.advanced == o.advanced &&
		slices.EqualFunc(f.losses, o.losses, loss.same)
}

func (x loss) same(o loss) bool {
	return x.on == o.on && x.order == o.order && x.reason == o.reason && x.told == o.told && x.credit == o.credit && x.held == o.held &&
		samePart(x.lost, o.lost)
}

func samePart(a, b *big.Rat) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Cmp(b) == 0
}
