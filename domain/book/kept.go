package book

import (
	"maps"
	"slices"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
)

// Kept is what a payee's pools and accelerators came to, quarter by quarter, so
// that they are worked out again only where something they look at has moved.
// What the calendar changes of a credit is told like what facts do. The zero value
// has nothing; a Kept is of one Person, whose terms and plans stay as they are.
type Kept struct {
	uplifts map[keptKey]*keptUplift
	pools   map[keptKey]*keptPool
	anew    bool // something was worked out since DueOf was last called

	posted bool       // what was due then
	facts  int        // of the payee's own, that it was due by
	until  civil.Date // the first day on which more is
}

// stands reports whether what is due is what was posted.
func (k *Kept) stands(facts int, day civil.Date) bool {
	return k.posted && !k.anew && k.facts == facts && day < k.until
}

// due notes what is due, which is not posted yet.
func (k *Kept) due(facts int, until civil.Date) { k.posted, k.facts, k.until = false, facts, until }

// Posted says that what was due by DueOf is posted.
func (k *Kept) Posted() { k.posted = true }

// Explain has the shares of accelerators worked out again that steps are of, so
// that these are explained.
func (k *Kept) Explain(steps []ledger.Step) {
	for _, u := range k.uplifts {
		u.rework(func(sh *keptShare) bool {
			return slices.ContainsFunc(steps, func(s ledger.Step) bool { return s.Opportunity == sh.part.opportunity })
		})
	}
	k.posted = false
}

// poolInputs is what a pool looks at.
type poolInputs struct {
	quarter
	all, cfo account.Retention
	shares   yearShares // of the quarters so far
	before   int64      // due in them
	measured account.Paid
	facts    int // of the payee's own: values attested are among them
}

// keptPool is one quarter's.
type keptPool struct {
	poolInputs
	due    []ledger.Step
	posted int64 // in the year so far
}

// pool is what is kept of a quarter's pool, if it looks at the same.
func (k *Kept) pool(in poolInputs, component string) *keptPool {
	if kept := k.pools[keptKey{in.Quarter, component}]; kept != nil && kept.poolInputs == in {
		return kept
	}
	k.anew = true
	return nil
}

// keepPool keeps a quarter's pool that was worked out.
func (k *Kept) keepPool(in poolInputs, component string, due []ledger.Step, posted int64) {
	if k.pools == nil {
		k.pools = map[keptKey]*keptPool{}
	}
	k.pools[keptKey{in.Quarter, component}] = &keptPool{in, due, posted}
}

type keptKey struct {
	quarter   civil.Quarter
	component string
}

// keptUplift is one quarter's: what it was worked out of beside credits, what
// these came to, its shares by deal and their steps in the same order, which cannot
// be explained: that would take the deals along.
type keptUplift struct {
	upliftInputs
	credited, total int64
	parts           []keptShare
	steps           []ledger.Step
	again           bool // for some of its shares
}

// rework has some shares worked out again.
func (u *keptUplift) rework(which func(*keptShare) bool) {
	for i := range u.parts {
		if sh := &u.parts[i]; which(sh) {
			sh.again, u.again = true, true
		}
	}
}

// told gives the steps, and keeps them without explanations.
func (u *keptUplift) told() []ledger.Step {
	steps := slices.Clone(u.steps)
	for i := range u.steps {
		u.steps[i].Explain = nil
	}
	u.again = false
	return steps
}

// pays reports whether anything is due of it.
func (u *keptUplift) pays() bool {
	return slices.ContainsFunc(u.parts, func(sh keptShare) bool { return sh.due != 0 })
}

// upliftInputs is what an accelerator looks at beside credits.
type upliftInputs struct {
	quarter
	goal
	reviewed   bool
	cumulative bool       // it looks at the credits and the shares of the year's quarters before, too
	shares     yearShares // of the quarters whose targets are one
}

type keptShare struct {
	part          dealPart
	credit, minor int64 // of the deal; of the uplift
	postedShare
	steps int  // how many
	again bool // to be worked out
}

// Moved says that something of an opportunity's credits booked in a quarter is
// not what it was, and reports whether the accelerators that look at them are to
// be looked at again: one that pays nothing does not depend on what becomes of the
// deals. Those are the quarter's, and where one of the year is cumulative all of it.
func (k *Kept) Moved(q civil.Quarter, of event.OpportunityID, how account.Moved) bool {
	cumulative := false
	for at, u := range k.uplifts {
		cumulative = cumulative || u.cumulative && at.quarter.YearStart() == q.YearStart()
	}
	looks := func(at civil.Quarter) bool { return at == q || cumulative && at.YearStart() == q.YearStart() }
	some, pays := false, false
	for at, u := range k.uplifts {
		if looks(at.quarter) {
			some, pays = true, pays || u.pays()
		}
	}
	switch {
	case !some, !pays && how < account.CreditsMoved:
		return false
	case how == account.FatesMoved:
		for at, u := range k.uplifts {
			if looks(at.quarter) {
				u.rework(func(sh *keptShare) bool { return sh.part.opportunity == of })
			}
		}
	case how == account.CreditsMoved:
		maps.DeleteFunc(k.uplifts, func(at keptKey, _ *keptUplift) bool { return looks(at.quarter) })
	}
	return how > account.Still
}

// uplift is what is kept of a quarter's accelerator, if it looks at the same, some
// of its shares perhaps to be worked out again; year is what the quarters before it in the year came to, kept or not.
func (k *Kept) uplift(in upliftInputs, component string, year *yearSoFar) *keptUplift {
	if u := k.uplifts[keptKey{in.Quarter, component}]; u != nil && u.upliftInputs == in && (!year.anew || !in.cumulative) {
		return u
	}
	return nil
}

// keep keeps a quarter's accelerator that was worked out, and gives its steps.
func (k *Kept) keep(u *keptUplift, component string) []ledger.Step {
	if k.uplifts == nil {
		k.uplifts = map[keptKey]*keptUplift{}
	}
	k.uplifts[keptKey{u.Quarter, component}] = u
	return u.told()
}

// recall adds to the year's shares those of quarters that were kept.
func (y *yearSoFar) recall() {
	for _, u := range y.kept {
		for i := range u.parts {
			if sh := &u.parts[i]; sh.due != 0 {
				y.post(sh)
			}
		}
	}
	y.kept = nil
}

func (y *yearSoFar) post(sh *keptShare) {
	if y.posted == nil {
		y.posted = map[dealPart][]postedShare{}
	}
	y.posted[sh.part] = append(y.posted[sh.part], sh.postedShare)
}
