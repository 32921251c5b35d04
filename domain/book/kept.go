package book

import (
	"maps"
	"math/big"
	"slices"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/ledger"
)

// Kept is what a payee's accelerators came to, quarter by quarter, so that they
// are worked out again only where something they look at has moved. What the
// calendar changes of a credit is told like what facts do. The zero value has
// nothing; a Kept is of one Person as their own facts and the plans stand.
type Kept struct{ uplifts map[keptKey]*keptUplift }

type keptKey struct {
	quarter   civil.Quarter
	component string
}

// keptUplift is one quarter's: what it was worked out of beside credits, the
// shares that later quarters of the year look at, and its steps, which cannot
// be explained: that would take the deals along.
type keptUplift struct {
	upliftInputs
	posted []keptShare
	steps  []ledger.Step
}

// upliftInputs is what an accelerator looks at beside credits.
type upliftInputs struct {
	quarter
	reviewed       bool
	cumulative     bool     // it looks at the credits and the shares of the year's quarters before, too
	target, annual *big.Rat // nil: none
}

type keptShare struct {
	part dealPart
	postedShare
}

func (in upliftInputs) same(o upliftInputs) bool {
	same := func(a, b *big.Rat) bool {
		if a == nil || b == nil {
			return a == b
		}
		return a.Cmp(b) == 0
	}
	return in.quarter == o.quarter && in.reviewed == o.reviewed && in.cumulative == o.cumulative && same(in.target, o.target) && same(in.annual, o.annual)
}

// Moved says that something of the credits booked in a quarter is not what it
// was, and reports whether the accelerators that look at them are to be looked
// at again: one that pays nothing does not depend on what becomes of the deals.
// Those are the quarter's, and where one of the year is cumulative all of it.
func (k *Kept) Moved(q civil.Quarter, how account.Moved) bool {
	cumulative := false
	for at, u := range k.uplifts {
		cumulative = cumulative || u.cumulative && at.quarter.YearStart() == q.YearStart()
	}
	looks := func(at civil.Quarter) bool { return at == q || cumulative && at.YearStart() == q.YearStart() }
	some, pays := false, false
	for at, u := range k.uplifts {
		if looks(at.quarter) {
			some, pays = true, pays || len(u.posted) > 0
		}
	}
	switch {
	case !some, !pays && how < account.CreditsMoved:
		return false
	case how > account.StepsTurned:
		maps.DeleteFunc(k.uplifts, func(at keptKey, _ *keptUplift) bool { return looks(at.quarter) })
	}
	return how > account.Still
}

// uplift is what is kept of a quarter's accelerator, if it looks at the same;
// year is what the quarters before it in the year came to, kept or not.
func (k *Kept) uplift(in upliftInputs, component string, year *yearSoFar) *keptUplift {
	if k == nil || year.anew && in.cumulative {
		return nil
	}
	if u := k.uplifts[keptKey{in.Quarter, component}]; u != nil && u.same(in) {
		year.kept = append(year.kept, u)
		return u
	}
	year.anew = true // later quarters that are cumulative look at this one's shares
	return nil
}

// keep keeps a quarter's accelerator that was worked out.
func (k *Kept) keep(in upliftInputs, component string, posted []keptShare, steps []ledger.Step) {
	if k == nil {
		return
	}
	if k.uplifts == nil {
		k.uplifts = map[keptKey]*keptUplift{}
	}
	steps = slices.Clone(steps)
	for i := range steps {
		steps[i].Explain = nil
	}
	k.uplifts[keptKey{in.Quarter, component}] = &keptUplift{in, posted, steps}
}

// recall adds to the year's shares those of quarters that were kept.
func (y *yearSoFar) recall() {
	for _, u := range y.kept {
		for _, sh := range u.posted {
			y.post(sh)
		}
	}
	y.kept = nil
}

func (y *yearSoFar) post(sh keptShare) {
	if y.posted == nil {
		y.posted = map[dealPart][]postedShare{}
	}
	y.posted[sh.part] = append(y.posted[sh.part], sh.postedShare)
}
