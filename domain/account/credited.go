package account

import (
	"math/big"
	"slices"
)

// sameShares reports whether an accelerator sees the same in two derivations of
// a deal: who is credited, what is lost when, and when it is released. The
// texts are of the figures that are compared.
func sameShares(a, b []Credited) bool {
	return slices.EqualFunc(a, b, func(x, y Credited) bool {
		return x.Deal == y.Deal && x.share == y.share && x.fate.same(&y.fate)
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
