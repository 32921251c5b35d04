package book

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// payout is payroll's word on one reference: paid, or not.
type payout struct {
	event.Header
	period    civil.Quarter
	amount    money.Money
	at        time.Time
	confirmed bool
}

func (p *Person) tellPayout(reference string, st payout) Touched {
	told := p.payouts[reference]
	i, _ := slices.BinarySearchFunc(told, st.Header, func(a payout, h event.Header) int {
		if event.Newer(h, a.Header) {
			return -1
		}
		return 1
	})
	p.payouts[reference] = slices.Insert(told, i, st)
	return Touched{Own: true}
}

// payoutSteps moves a confirmed amount from payable to paid on the date of its
// confirmation; a later rejection of the same reference takes it back on its
// own. Of several confirmations in a row the last stands, of rejections the first.
//
// Source: rules §9; readings R32.
// Units: minor units.
// Rounding: none.
func (p *Person) payoutSteps() []ledger.Step {
	var steps []ledger.Step
	for _, reference := range slices.Sorted(maps.Keys(p.payouts)) {
		told := p.payouts[reference]
		var paid money.Money
		for i, st := range told {
			if st.confirmed && i+1 < len(told) && told[i+1].confirmed {
				continue
			}
			on := civil.In(st.at, p.set.Zone)
			switch {
			case st.confirmed:
				paid = st.amount
				steps = append(steps, p.payoutStep(reference, ledger.PayoutConfirmed, on, paid, st,
					fmt.Sprintf("%s of %s paid, reference %s", paid, st.period, reference)))
			case paid.Minor != 0:
				steps = append(steps, p.payoutStep(reference, ledger.PayoutRejected, on, paid.Neg(), st,
					fmt.Sprintf("the payment of %s, reference %s, was rejected", paid, reference)))
				paid = money.Money{}
			}
		}
	}
	return steps
}

func (p *Person) payoutStep(reference string, why ledger.Reason, on civil.Date, amount money.Money, told payout, text string) ledger.Step {
	return ledger.Step{
		Key: ledger.Key{
			Line: ledger.Line{Payee: p.ID, Component: "payout"}, Kind: ledger.Payout, Reason: why,
			From: ledger.Payable, To: ledger.Paid, Effective: on, Reference: reference,
		},
		Minor: amount.Minor, Currency: amount.Currency, AppliesTo: told.period, Plan: p.ruleBook(on), Causes: []event.Identity{told.Identity},
		Explain: func() ledger.Explanation {
			return ledger.Explanation{
				Text: text, Rule: "rules §9, payouts",
				Figures: []ledger.Figure{ledger.Cash(ledger.Plus, "what payroll said", "amount of the fact", amount)},
			}
		},
	}
}

// ruleBook is the plan version an entry names that no rule of a plan made: the
// payee's on that day, else the one whose tenant settings hold.
func (p *Person) ruleBook(on civil.Date) *plan.Plan {
	if t := p.Terms(p.set.Plans, on); t.Plan != nil {
		return t.Plan
	}
	return p.set.Plans.Settings(on)
}

// manualSteps are adjustments and awards, payable on their date.
func (p *Person) manualSteps() []ledger.Step {
	var steps []ledger.Step
	for _, id := range slices.Sorted(maps.Keys(p.adjustments)) {
		a := p.adjustments[id]
		steps = append(steps, p.manualStep(ledger.Adjustment, ledger.ManualAdjustment, "manual", id, a.Amount, a.Effective, a.Identity, a.Reason))
	}
	for _, id := range slices.Sorted(maps.Keys(p.spifs)) {
		a := p.spifs[id]
		steps = append(steps, p.manualStep(ledger.Spif, ledger.SpifAwarded, "spif", id, a.Amount, a.Effective, a.Identity, a.Reason))
	}
	return steps
}

func (p *Person) manualStep(kind ledger.Kind, why ledger.Reason, component, id string, amount money.Money, on civil.Date, told event.Identity, text string) ledger.Step {
	return ledger.Step{
		Key: ledger.Key{
			Line: ledger.Line{Payee: p.ID, Component: component}, Kind: kind, Reason: why,
			From: ledger.Expense, To: ledger.Payable, Effective: on, Reference: id,
		},
		Minor: amount.Minor, Currency: amount.Currency, Plan: p.ruleBook(on), Causes: []event.Identity{told},
		Explain: func() ledger.Explanation {
			return ledger.Explanation{
				Text: fmt.Sprintf("%s: %s", amount, text), Rule: "rules §1, " + string(why),
				Figures: []ledger.Figure{ledger.Cash(ledger.Plus, "amount decided", "amount of the fact", amount)},
			}
		},
	}
}

// openingSteps bring balances from the old system, on the day they are as of.
//
// Source: rules §1a "History before us"; readings R36.
// Units: minor units.
// Rounding: none.
func (p *Person) openingSteps() []ledger.Step {
	var steps []ledger.Step
	for _, on := range slices.Sorted(maps.Keys(p.opened)) {
		o := p.opened[on]
		for _, b := range []struct {
			to     ledger.Bucket
			amount *money.Money
		}{{ledger.Held, o.Held}, {ledger.Payable, o.Payable}, {ledger.Paid, o.Paid}} {
			if b.amount == nil || b.amount.Minor == 0 {
				continue
			}
			st := p.manualStep(ledger.Adjustment, ledger.OpeningBalance, "opening", on.String(), *b.amount, on, o.Identity,
				fmt.Sprintf("%s as of %s, brought from the old system", b.to, on))
			st.To = b.to
			steps = append(steps, st)
		}
	}
	return steps
}
