package naive

import (
	"cmp"
	"math/big"
	"slices"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// line is money of one component for one deal: earned on a date, payable from
// the date its gates are open, less what is lost.
type line struct {
	payee       event.PayeeID
	opportunity event.OpportunityID
	component   string
	amount      int64
	earned      civil.Date
	opens       civil.Date // civil.Never: held for good
	cuts        []cut
	forfeits    civil.Date // what is held then is lost; civil.Never
}

// cut is what is left of a line's amount from a date on.
type cut struct {
	on     civil.Date
	order  int
	left   int64
	keeps  *big.Rat // the part of the whole that is left, exactly
	reason string
}

// cuts are what losses leave of an amount that is paid for so much ARR:
// cumulative, never more than all of it, and it is the loss that is rounded,
// once (R8).
func cuts(amount int64, arr *big.Rat, losses []loss) ([]cut, error) {
	return cutBy(losses, arr, func(gone *big.Rat) (int64, error) {
		lost, err := rounded(product(whole(amount), gone))
		return amount - lost, err
	})
}

func cutBy(losses []loss, arr *big.Rat, left func(gone *big.Rat) (int64, error)) ([]cut, error) {
	losses = slices.Clone(losses)
	slices.SortStableFunc(losses, func(a, b loss) int { return cmp.Or(cmp.Compare(a.on, b.on), cmp.Compare(a.order, b.order)) })
	var out []cut
	sum := whole(0)
	for _, l := range losses {
		sum.Add(sum, l.arr)
		kept, err := left(quotient(smaller(sum, arr), arr))
		if err != nil {
			return nil, err
		}
		out = append(out, cut{l.on, l.order, kept, new(big.Rat).Sub(whole(1), quotient(smaller(sum, arr), arr)), l.reason})
	}
	return out, nil
}

// moves follows a line from its earning on: into payable where its gates are
// open that day, else into held and on when they open; what is lost goes back
// from where it is. On one date losses come in the order of R5, the release
// after the contractions, a termination last.
func (l line) moves() []move {
	var out []move
	step := func(on civil.Date, from, to string, amount int64) {
		if amount != 0 {
			out = append(out, move{payee: l.payee, opportunity: l.opportunity, component: l.component, on: on, from: from, to: to, amount: amount})
		}
	}
	bucket, left := held, l.amount
	if l.opens <= l.earned {
		bucket = payable
	}
	step(l.earned, expense, bucket, left)
	type next struct {
		on    civil.Date
		order int
		do    func()
	}
	var steps []next
	for _, c := range l.cuts {
		on := max(c.on, l.earned)
		steps = append(steps, next{on, c.order, func() {
			if left != 0 {
				step(on, bucket, expense, left-c.left)
				left = c.left
			}
		}})
	}
	if l.opens > l.earned && l.opens != civil.Never {
		steps = append(steps, next{l.opens, atRelease, func() {
			step(l.opens, held, payable, left)
			bucket = payable
		}})
	}
	if l.forfeits != civil.Never {
		steps = append(steps, next{max(l.forfeits, l.earned), atTermination, func() {
			if bucket == held {
				step(max(l.forfeits, l.earned), held, expense, left)
				left = 0
			}
		}})
	}
	slices.SortStableFunc(steps, func(a, b next) int { return cmp.Or(cmp.Compare(a.on, b.on), cmp.Compare(a.order, b.order)) })
	for _, s := range steps {
		s.do()
	}
	return out
}

// stands is what of a line is held or payable at the end of a date.
func (l line) stands(on civil.Date) int64 {
	sum := int64(0)
	for _, m := range l.moves() {
		switch {
		case m.on > on:
		case m.from == expense:
			sum += m.amount
		case m.to == expense:
			sum -= m.amount
		}
	}
	return sum
}
