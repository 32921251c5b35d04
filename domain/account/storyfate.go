package account

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
)

// fate tells what holds the lines of a share, what was lost of them and what
// may still be.
func (t *teller) fate(c *Credited, p *PartStory) error {
	if c.final || len(p.Lines) == 0 && c.credit.Minor == 0 {
		return nil
	}
	kept := big.NewRat(1, 1)
	for i := range c.losses {
		x := &c.losses[i]
		if c.spares(x) || kept.Sign() == 0 || x.on > t.day && t.lapses(c, x) {
			continue
		}
		left := keeping(kept, x)
		lost, err := t.cut(c, p, x, kept, left)
		if err != nil {
			return err
		}
		switch {
		case x.on > t.day:
			p.AtRisk = append(p.AtRisk, StoryLoss{x.reason, x.on, x.text(lost, "will be lost") + "."})
			continue
		case lost.Minor != 0:
			p.Lost = append(p.Lost, StoryLoss{x.reason, x.on, x.text(lost, "lost") + "."})
		}
		kept = left
	}
	if kept.Sign() == 0 {
		return nil
	}
	if len(p.Lines) > 0 {
		p.Gates = t.gates(c)
	}
	p.AtRisk = append(p.AtRisk, t.atRisk(c)...)
	return nil
}

// lapses reports whether a loss is only what happens when no renewal is told.
func (t *teller) lapses(c *Credited, x *loss) bool {
	return x.order == byMissing && x.on == t.life.graceEnd(c.rules.Payability) && (!t.life.churned || t.life.churn.date != x.on)
}

// cut is what a loss takes of the lines, or of the credit where there are none.
func (t *teller) cut(c *Credited, p *PartStory, x *loss, kept, left *big.Rat) (money.Money, error) {
	sum := money.Money{Currency: c.credit.Currency}
	amounts := []int64{}
	for _, l := range p.Lines {
		amounts = append(amounts, l.Amount.Minor)
	}
	if len(p.Lines) == 0 && x.credit {
		amounts = append(amounts, c.credit.Minor)
	}
	for _, minor := range amounts {
		before, err := remains(minor, kept)
		if err != nil {
			return sum, err
		}
		after, err := remains(minor, left)
		if err != nil {
			return sum, err
		}
		if sum.Minor, err = money.Add(sum.Minor, before-after); err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// gates are the conditions that are still closed.
//
// Source: rules §4, §6, §7.
func (t *teller) gates(c *Credited) []StoryGate {
	var out []StoryGate
	for _, g := range t.gatesOf(t.deal, &c.share, t.life, nil) {
		if g.opens > t.day {
			out = append(out, StoryGate{string(g.kind), g.opens, t.aboutGate(g)})
		}
	}
	return out
}

func (t *teller) aboutGate(g gate) string {
	known := g.opens != civil.Never
	switch g.kind {
	case renewalKind:
		switch {
		case !known:
			return fmt.Sprintf("The account has to renew: what it earns is released on the first day of the first renewed term after %s%s.", t.deal.Booked, t.termEnd())
		case g.reason == ledger.ExceptionApproved:
			return fmt.Sprintf("It opens on %s, by an approved exception.", g.opens)
		}
		return fmt.Sprintf("It opens on %s, when the account's renewed term starts.", g.opens)
	case scoreKind:
		return fmt.Sprintf("A health score measured by %s has to be told; one below %s takes credit and earning away.", utc(t.deal.ClosedAt), t.rules.Gates.HealthMin)
	case disputeKind:
		if !known {
			return t.undecided()
		}
		return fmt.Sprintf("It opens on %s, by the decision of the dispute.", g.opens)
	case handoffKind:
		return t.lacking(g.opens)
	case invoicesKind:
		return t.unpaid(g.opens)
	}
	return ""
}

func (t *teller) termEnd() string {
	if !t.life.inTerm {
		return ""
	}
	return fmt.Sprintf("; the term it was booked in ends on %s", t.life.term.end)
}

func (t *teller) undecided() string {
	by := t.set.Plans.Settings(t.day).SLA.Dispute.DecidedBy
	for _, d := range t.disputes {
		if d.Opportunity == t.deal.Opportunity && d.decision == nil {
			return fmt.Sprintf("The dispute %s, opened %s, has to be decided by %s.", d.ID, utc(d.Opened), by)
		}
	}
	var who []string
	for _, c := range t.claims(t.deal.Opportunity, t.deal) {
		who = append(who, string(c.payee))
	}
	return fmt.Sprintf("%s each say they found the opportunity: %s has to decide.", strings.Join(who, " and "), by)
}

// lacking says what the hand-off record still needs.
func (t *teller) lacking(opens civil.Date) string {
	if opens != civil.Never {
		return fmt.Sprintf("It opens on %s, when the hand-off record was complete.", opens)
	}
	var newest *event.HandoffLogged
	for i := range t.handoffs[t.deal.Opportunity] {
		if h := &t.handoffs[t.deal.Opportunity][i]; newest == nil || event.Newer(h.Header, newest.Header) {
			newest = h
		}
	}
	const all = "business objective, SKU, estimated ARR and economic buyer"
	if newest == nil {
		return "A hand-off record has to have " + all + "; there is none yet."
	}
	var lacks []string
	for _, f := range []struct {
		name string
		has  bool
	}{
		{"business objective", newest.BusinessObjective != ""},
		{"SKU", newest.SKU != ""},
		{"estimated ARR", newest.EstimatedARR != nil},
		{"economic buyer", newest.EconomicBuyer != ""},
	} {
		if !f.has {
			lacks = append(lacks, f.name)
		}
	}
	return fmt.Sprintf("A hand-off record has to have %s; the latest, %s of %s, lacks %s.", all, factID(newest.Header), utc(newest.Time), strings.Join(lacks, ", "))
}

// unpaid says which invoices have to be paid.
func (t *teller) unpaid(opens civil.Date) string {
	if opens != civil.Never {
		return fmt.Sprintf("It opens on %s, when the opportunity's last invoice is paid.", opens)
	}
	var open []string
	for _, i := range t.bills.invoiced.Get(t.deal.Opportunity) {
		if i.standing.State != event.InvoiceVoided && i.standing.State != event.InvoicePaid {
			open = append(open, i.standing.Invoice)
		}
	}
	if len(open) == 0 {
		return "An invoice of the opportunity has to be told, and paid (payability.cash)."
	}
	return fmt.Sprintf("Not paid yet: %s (payability.cash).", strings.Join(open, ", "))
}

// atRisk lists what may still take from the lines, and until when. The whole is
// of what is left.
//
// Source: rules §7.
func (t *teller) atRisk(c *Credited) []StoryLoss {
	var out []StoryLoss
	d, rule, p := t.deal, c.rules.Clawback, c.rules.Payability
	say := func(why ledger.Reason, until civil.Date, format string, args ...any) {
		if until >= t.day {
			out = append(out, StoryLoss{why, until, fmt.Sprintf(format, args...)})
		}
	}
	end := d.Booked.Add(rule.WindowDays)
	how := map[string]string{"effective": "effective", "notice": "told in a notice dated", "earlier_of": "told in a notice dated, or effective,"}[rule.ChurnDate]
	say(ledger.ChurnWithinWindow, end, "All of it, by a churn %s from %s to %s, day %d after the booking (clawback.window_days).", how, d.Booked, end, rule.WindowDays)
	switch rule.Contraction {
	case "ignore":
	case "full":
		say(ledger.ContractionWithinWindow, end, "All of it, by a contraction dated by %s (clawback.contraction full).", end)
	default:
		say(ledger.ContractionWithinWindow, end, "Its part of a contraction dated by %s, the newest expansion first.", end)
	}
	if until, text, open := t.missable(c); open {
		say(ledger.RenewalMissed, until, "%s", text)
	}
	if d.Left == civil.Never {
		say(ledger.ExpansionCancelled, civil.Never, "All of it, whenever the deal is cancelled or its invoice voided or given up; its part, by a credit note.")
	}
	if p.Termination == "forfeit" && c.opens > t.day {
		say(ledger.Terminated, civil.Never, "What is still held on the payee's last day (payability.termination forfeit).")
	}
	if told, ok := t.covered(t.day); ok && len(out) > 0 {
		for i := range out {
			if r := out[i].Reason; r != ledger.ExpansionCancelled && r != ledger.Terminated {
				out[i].Text += fmt.Sprintf(" The exception %s/%s waives it today.", told.Source, told.ID)
			}
		}
	}
	return out
}

// missable says how the renewal can still be missed.
func (t *teller) missable(c *Credited) (until civil.Date, text string, open bool) {
	p, l := c.rules.Payability, t.life
	grace := l.graceEnd(p)
	if at, _ := l.missed(p); p.Renewal == "off" || at <= t.day || l.churned && at == l.churn.date {
		return 0, "", false // missed, or told to be
	}
	if l.renewed {
		return l.next.date - 1, fmt.Sprintf("All of it, by a churn before the renewed term starts on %s.", l.next.date), true
	}
	if grace != civil.Never {
		return grace, fmt.Sprintf("All of it, by a churn before the next renewal, or with no renewal by %s: the term ends on %s, and %d days of grace follow (payability.renewal_grace_days).",
			grace, l.term.end, p.GraceDays), true
	}
	return civil.Never, "All of it, by a churn before the next renewal.", true
}
