package account

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

// partOf is what a share's payee is to the deal.
func (t *teller) partOf(sh *share) Part {
	switch {
	case sh.sourcing:
		return ForSource
	case sh.csm:
		return ForCSM
	case sh.payee == t.ae:
		return ForAE
	}
	return ForSplit
}

// share tells what became of a share that was derived.
func (t *teller) share(c *Credited) (PartStory, error) {
	p := PartStory{Part: t.partOf(&c.share), Payee: c.payee, Why: c.why, Counted: c.split && c.why == "", Credit: c.credit}
	p.Text = append(p.Text, t.credited(c))
	if c.why != "" {
		p.Text = append(p.Text, t.whyNot(&c.share))
		return p, nil
	}
	if text := t.health(&c.share); text != "" && (c.split || c.sourcing) {
		p.Text = append(p.Text, text)
	}
	var lost ledger.Reason
	var err error
	if p.Credit.Minor, lost, err = c.creditAfter(c.credit.Minor, t.day); err != nil {
		return p, err
	}
	if p.Credit.Minor == 0 && c.split {
		p.Counted, p.Why = false, lost
	}
	if err := t.earned(c, &p); err != nil {
		return p, err
	}
	if t.deal.Booked > t.day {
		p.Credit.Minor = 0
		p.Counted = false
	}
	return p, t.fate(c, &p)
}

// credited says who has the share and what of.
func (t *teller) credited(c *Credited) string {
	d, who := t.deal, t.who(&c.share)
	switch {
	case d.Origin == Pipeline:
		return fmt.Sprintf("%s found the opportunity, and under crediting.mode pipeline its qualifying is what counts: all of %s.", c.payee, d.home)
	case c.sourcing:
		return fmt.Sprintf("%s found the opportunity%s; sourcing is paid on the whole %s, beside the split.", c.payee, t.claimOf(c.payee), d.home)
	case d.noRate:
		return fmt.Sprintf("%s has a part of %s, whose size depends on the rate.", who, d.ARR)
	case !c.split:
		_, why := t.divided()
		return fmt.Sprintf("%s has no part of the deal's ARR: %s.", who, why)
	}
	_, why := t.divided()
	whole, _ := d.home.Scale(c.rate) // what it is without gates; the remainder goes to the AE
	if c.credit.Minor != 0 {
		whole = c.credit
	}
	has := "has"
	if c.why != "" {
		has = "would have"
	}
	return fmt.Sprintf("%s %s %s, %s of %s: %s.", who, has, whole, c.rate.Percent(), d.home, why)
}

// who names a payee by their part.
func (t *teller) who(sh *share) string {
	d := t.deal
	switch {
	case sh.payee == t.csm && d.CSM == t.csm:
		return fmt.Sprintf("%s, the deal's CSM,", sh.payee)
	case sh.payee == t.csm:
		return fmt.Sprintf("%s, the account's CSM on %s,", sh.payee, d.Booked)
	case sh.payee == t.ae && d.AE == t.ae:
		return fmt.Sprintf("%s, the deal's AE,", sh.payee)
	case sh.payee == t.ae:
		return fmt.Sprintf("%s, the account's AE on %s,", sh.payee, d.Booked)
	}
	return string(sh.payee)
}

func (t *teller) claimOf(payee event.PayeeID) string {
	for _, c := range t.claims(t.deal.Opportunity, t.deal) {
		if c.payee == payee {
			return fmt.Sprintf(" (%s of %s)", factID(c.told), utc(c.told.Time))
		}
	}
	return ""
}

// whyNot says why a share neither counts nor earns, as State.judge has it.
func (t *teller) whyNot(sh *share) string {
	d := t.deal
	if sh.why == ledger.RateMissing {
		return fmt.Sprintf("It does not count: no rate from %s to %s is in force on %s; a rate effective by then makes it count.", d.ARR.Currency, d.home.Currency, d.Booked)
	}
	if sh.why == ledger.Terminated {
		return fmt.Sprintf("It does not count: their employment was over on %s.", d.Booked)
	}
	if score := t.State.health.last(d.ClosedAt); score != nil {
		return fmt.Sprintf("It does not count, and earns nothing: the last health score by %s is %s, measured %s, below the %s that gates.health_at_close asks for.",
			utc(d.ClosedAt), scoreText(score.value, score.max), utc(score.at()), t.rules.Gates.HealthMin)
	}
	return fmt.Sprintf("It does not count, and earns nothing: no health score was measured by %s, and gates.health_at_close has missing: fail.", utc(d.ClosedAt))
}

// health says how the health gate was passed, where there is one.
func (t *teller) health(sh *share) string {
	d := t.deal
	if d.Origin == Pipeline || sh.payee != t.csm && sh.terms.Role != event.CSM {
		return ""
	}
	score := t.State.health.last(d.ClosedAt)
	switch {
	case score != nil:
		return fmt.Sprintf("The last health score by %s is %s, measured %s, and reaches the %s that gates.health_at_close asks for.",
			utc(d.ClosedAt), scoreText(score.value, score.max), utc(score.at()), t.rules.Gates.HealthMin)
	case sh.pending:
		return fmt.Sprintf("No health score was measured by %s: it counts, and what it earns is held.", utc(d.ClosedAt))
	}
	return fmt.Sprintf("No health score was measured by %s, which gates.health_at_close lets pass.", utc(d.ClosedAt))
}

// scoreText is a score out of 100, with the scale it was told on.
func scoreText(score, scale money.Ratio) string {
	out := score.Rat()
	out.Quo(out, scale.Rat())
	of100 := strings.TrimSuffix(money.Percent(out), "%")
	if scale.Cmp(money.Ratio{Num: 100, Den: 1}) == 0 {
		return of100
	}
	return fmt.Sprintf("%s (%s of %s)", of100, score, scale)
}

// earned tells what each component pays for the share, or why none does.
func (t *teller) earned(c *Credited, p *PartStory) error {
	pl := c.terms.Plan
	if pl == nil {
		why := "no plan in force covers them"
		if c.terms.Role == "" {
			why = "they are not enrolled"
		}
		p.Text = append(p.Text, fmt.Sprintf("It earns no money: %s on %s.", why, t.deal.Booked))
		return nil
	}
	kinds := map[Part][]string{ForSource: {plan.Sourcing}, ForCSM: {plan.Expansion, plan.Spif}}[p.Part]
	if kinds == nil {
		kinds = []string{plan.Expansion}
	}
	var paying []string
	for i := range pl.Components {
		comp := &pl.Components[i]
		if slices.Contains(kinds, comp.Kind) {
			paying = append(paying, comp.ID)
		}
		amount, why, err := t.earning(c, comp)
		if err != nil {
			return err
		}
		if amount.Minor != 0 {
			p.Lines = append(p.Lines, StoryLine{comp.ID, amount, why().Text})
		}
	}
	switch {
	case len(p.Lines) > 0:
	case len(paying) == 0:
		p.Text = append(p.Text, fmt.Sprintf("It earns no money: %s has no component of the kind %s.", pl.ID(), strings.Join(kinds, " or ")))
	case c.split || c.sourcing:
		p.Text = append(p.Text, fmt.Sprintf("It earns no money: by %s of %s it comes to nothing.", strings.Join(paying, " and "), pl.ID()))
	}
	return nil
}
