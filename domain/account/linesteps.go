package account

import (
	"math/big"
	"slices"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// line is an amount of one payee in one component, and where it begins.
type line struct {
	*Credited
	component string
	plan      *plan.Plan
	kind      ledger.Kind
	reason    ledger.Reason
	on        civil.Date
	amount    money.Money
	why       func() ledger.Explanation // of the amount
}

// steps adds to a list what happens to the line: it is earned on its day, held or
// at once payable; released when its last gate opens; and the losses picked
// take their parts, those before it at once.
//
// Source: rules §7; readings R5, R7–R9.
// Units: whole days; a step counts from 00:00 of its date.
// Rounding: what is lost half away from zero, cumulatively.
func (l line) steps(steps []ledger.Step, in, takes func(*loss) bool) ([]ledger.Step, error) {
	bucket := ledger.Held
	if l.opens <= l.on {
		bucket = ledger.Payable
	}
	var later []*loss
	for i := range l.losses {
		if x := &l.losses[i]; !l.final && takes(x) && !l.spares(x) {
			later = append(later, x)
		}
	}
	rest := l.amount.Minor
	var decided event.Identity
	if split := l.arbitration.split; split != nil {
		decided = split.Identity
	}
	earning := l.step(l.kind, l.reason, ledger.Expense, bucket, l.on, rest, decided, l.explainEarning(bucket))
	earning.Recoverable = bucket == ledger.Payable && l.advanced
	steps = append(slices.Grow(steps, 2+len(later)), earning) // there is a release at most
	earned, lost := rest, int64(0)
	all := l.part(in)
	kept := all
	release := func() {
		if bucket == ledger.Held && rest != 0 {
			steps = append(steps, l.step(ledger.Release, l.release.reason, ledger.Held, ledger.Payable, l.opens, rest, l.release.told, l.explainRelease(rest)))
		}
		bucket = ledger.Payable
	}
	for _, x := range later {
		if l.opens < x.on || l.opens == x.on && byRelease < x.order {
			release()
		}
		kept = keeping(kept, x)
		stays := of(kept, all)
		left, err := remains(earned, stays)
		if err != nil {
			return nil, err
		}
		if cut := rest - left; cut != 0 {
			kind, how := ledger.Forfeiture, "forfeited"
			if bucket == ledger.Payable {
				kind, how = ledger.Clawback, "taken back"
			}
			steps = append(steps, l.step(kind, x.reason, ledger.Expense, bucket, x.on, -cut, x.told, l.explainLoss(x, cut, how, earned, stays, lost)))
			rest, lost = left, lost+cut
		}
		if rest == 0 {
			return steps, nil
		}
	}
	if l.opens != civil.Never {
		release()
	}
	return steps, nil
}

// of is a part as a part of another; of nothing, nothing.
func of(part, all *big.Rat) *big.Rat {
	switch {
	case all.Sign() == 0:
		return nothing
	case all == entire:
		return part
	case part == all:
		return entire
	}
	return new(big.Rat).Quo(part, all)
}

func (l line) money(minor int64) money.Money {
	return money.Money{Minor: minor, Currency: l.amount.Currency}
}

func (l line) step(kind ledger.Kind, reason ledger.Reason, from, to ledger.Bucket, on civil.Date, minor int64, told event.Identity,
	explain func() ledger.Explanation,
) ledger.Step {
	causes := []event.Identity{l.Deal.told.Identity}
	if told != (event.Identity{}) && told != causes[0] {
		causes = append(causes, told)
	}
	return ledger.Step{
		Key: ledger.Key{
			Line: ledger.Line{Payee: l.payee, Component: l.component, Account: l.Deal.Account, Opportunity: l.Deal.Opportunity},
			Kind: kind, Reason: reason, From: from, To: to, Effective: on,
		},
		Minor: minor, Currency: l.amount.Currency, Plan: l.plan, Causes: causes, Explain: explain,
	}
}
