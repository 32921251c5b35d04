package account

import (
	"math/big"
	"slices"

	"github.com/trueup/trueup/domain/civil"
)

// Moved is how much an accelerator may see changed of an opportunity's deals.
type Moved uint8

// From nothing to all.
const (
	Still       Moved = iota
	StepsTurned       // steps count by today that did not before
	FatesMoved        // what is credited is released or lost otherwise
	CreditsMoved
)

// movedFrom compares a deal's shares, as of a day, with those of an earlier
// derivation and day. The texts of losses are of the figures that are compared.
func (d *Deal) movedFrom(was []Credited, turned bool, passed int) Moved {
	now := d.derived.shares
	switch {
	case passed != d.passed, !slices.EqualFunc(was, now, sameCredit):
		return CreditsMoved
	case !slices.EqualFunc(was, now, func(a, b Credited) bool { return a.share == b.share && a.fate.same(&b.fate) }):
		return FatesMoved
	case turned:
		return StepsTurned
	}
	return Still
}

// passedBy counts the losses of the deal's shares up to a day.
func (d *Deal) passedBy(day civil.Date) (n int) {
	for i := range d.derived.shares {
		for j := range d.derived.shares[i].losses {
			if d.derived.shares[i].losses[j].on <= day {
				n++
			}
		}
	}
	return n
}

// sameCredit reports whether two shares credit the same on every day.
func sameCredit(a, b Credited) bool {
	if a.Deal != b.Deal || a.payee != b.payee || a.credit != b.credit || a.csm != b.csm || a.counted() != b.counted() {
		return false
	}
	return slices.EqualFunc(a.losses, b.losses, func(x, y loss) bool {
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
