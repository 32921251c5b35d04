package book

import (
	"slices"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// dealPart names one share of a payee's deals.
type dealPart struct {
	opportunity event.OpportunityID
	account     event.AccountID
	origin      account.Origin
	part        string
}

func partOf(c *account.Credited) dealPart {
	return dealPart{c.Deal.Opportunity, c.Deal.Account, c.Deal.Origin, c.Deal.Part}
}

// postedShare is a share's line of an earlier quarter of the year.
type postedShare struct {
	last  civil.Date // of its quarter
	due   int64      // that stood on it, in minor units
	basis account.Basis
}

// accelerator is the quarter's uplift: what the window's credits earn above the
// base rate, split over its deals by credit; each share follows its deal. A
// quarter in which too few accounts were reviewed posts none.
//
// Source: rules §5 "Accelerator", §6 "Review completion"; readings R16, R19, R20.
// Units: minor units of the plan's currency.
// Rounding: the whole uplift half away from zero, its shares by largest
// remainder, ties to the earlier deal.
func (p *Person) accelerator(qt quarter, c *plan.Component, year *yearSoFar, books Books, today civil.Date, kept *Kept) ([]ledger.Step, error) {
	if !accelerates(c) {
		return nil, nil
	}
	in := upliftInputs{quarter: qt, cumulative: c.Window == "ytd"}
	g, err := p.goal(qt, books)
	if err != nil {
		return nil, err
	}
	if in.goal = g; g != (goal{}) {
		in.shares = yearShares{qt.share}
		if in.cumulative {
			in.shares = year.shares
		}
		m, err := books.Measures(p, qt.Quarter)
		if err != nil {
			return nil, err
		}
		in.reviewed = reviewed(qt.plan.Gates, m)
	}
	u := kept.uplift(in, c.ID, year)
	if u != nil && !u.again {
		year.kept = append(year.kept, u)
		return u.steps, nil
	}
	year.recall()
	kept.anew = true
	if u != nil {
		if steps, same, err := p.upliftAgain(u, c, year, books, today); err != nil || same {
			year.kept = append(year.kept, u)
			return steps, err
		}
	}
	year.anew = true // later quarters that are cumulative look at this one's shares
	u = &keptUplift{upliftInputs: in}
	if in.reviewed {
		if err := p.uplift(u, c, year, books, today); err != nil {
			return nil, err
		}
	}
	year.kept = append(year.kept, u)
	return kept.keep(u, c.ID), nil
}

// uplift works a quarter's accelerator out.
func (p *Person) uplift(u *keptUplift, c *plan.Component, year *yearSoFar, books Books, today civil.Date) error {
	from := u.first
	if u.cumulative {
		from = p.set.Calendar.First(u.YearStart())
	}
	w := upliftOf(u, c, today)
	if err := w.collect(p, books, from, w.basis.Known); err != nil {
		return err
	}
	if err := w.divide(); err != nil {
		return err
	}
	u.credited, u.total, u.parts = w.credited, w.total, make([]keptShare, len(w.all))
	u.steps = make([]ledger.Step, 0, 2*len(w.all)) // most are released, too
	for i := range w.all {
		var err error
		if u.parts[i], u.steps, err = w.share(u.steps, &w.all[i], year, today); err != nil {
			return err
		}
	}
	return nil
}

// upliftAgain works those shares of a kept accelerator out again whose deals are
// released or lost otherwise, or that are to be explained; false where one is due
// otherwise, so that all of it has to be.
func (p *Person) upliftAgain(u *keptUplift, c *plan.Component, year *yearSoFar, books Books, today civil.Date) (steps []ledger.Step, same bool, err error) {
	w := upliftOf(u, c, today)
	w.credited, w.total = u.credited, u.total
	at := 0
	for i := range u.parts {
		was := &u.parts[i]
		from := at
		if at += was.steps; !was.again {
			continue
		}
		credited, err := books.CreditedIn(p, was.part.account)
		if err != nil {
			return nil, false, err
		}
		of := slices.IndexFunc(credited, func(c *account.Credited) bool { return partOf(c) == was.part })
		if of < 0 {
			return nil, false, nil
		}
		now, steps, err := w.share(nil, &upliftShare{credited[of], was.credit, was.minor}, year, today)
		if err != nil || now.due != was.due {
			return nil, false, err
		}
		u.steps = slices.Replace(u.steps, from, at, steps...)
		*was, at = now, from+now.steps
	}
	return u.told(), true, nil
}

// share is what is due of a share; its steps are added to a list.
func (w *uplift) share(to []ledger.Step, sh *upliftShare, year *yearSoFar, today civil.Date) (keptShare, []ledger.Step, error) {
	out := keptShare{part: partOf(sh.Credited), credit: sh.credit, minor: sh.minor}
	stands, err := sh.Left(sh.minor, account.Ever, w.last, w.basis)
	if err != nil {
		return out, nil, err
	}
	var before int64
	if w.cumulative {
		for _, p := range year.posted[out.part] {
			until := w.last
			if p.basis.AsPaid && !w.basis.AsPaid {
				until = today // what later losses take of it this quarter need not
			}
			left, err := sh.Left(p.due, p.last, until, p.basis)
			if err != nil {
				return out, nil, err
			}
			before += left
		}
	}
	out.postedShare = postedShare{w.last, stands - before, w.basis}
	if out.due == 0 {
		return out, to, nil
	}
	n := len(to)
	to, err = sh.Uplift(to, out.due, w.last, w.basis, w.plan, func() ledger.Explanation { return w.explain(sh, stands, before) })
	out.steps = len(to) - n
	return out, to, err
}

func accelerates(c *plan.Component) bool {
	return slices.ContainsFunc(c.Tiers, func(t plan.Tier) bool { return t.Rate.Cmp(money.One) != 0 })
}

// reviewed reports whether enough of the accounts in scope were reviewed for
// an accelerator; a scope of none is.
//
// Source: rules §6 "Review completion"; readings R20.
// Rounding: none, compared as exact ratios.
func reviewed(g plan.Gates, m account.Paid) bool {
	return m.ReviewScope == 0 || money.Ratio{Num: int64(m.ReviewsDone), Den: int64(m.ReviewScope)}.Cmp(g.ReviewsAtLeast) >= 0
}
