package account

import (
	"fmt"
	"math/big"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
)

func (l line) explainEarning(bucket ledger.Bucket) func() ledger.Explanation {
	return func() ledger.Explanation {
		x := l.why()
		switch {
		case l.hold == ledger.HealthScoreMissing:
			x.Text += fmt.Sprintf(", held until a health score measured by %s is known", l.Deal.ClosedAt.Format("2006-01-02T15:04:05Z07:00"))
		case l.hold == ledger.DisputePending:
			x.Text += ", held until the dispute about the opportunity is decided"
		case l.hold == ledger.HandoffIncomplete:
			x.Text += ", held until a hand-off record has business objective, SKU, estimated ARR and economic buyer"
		case l.hold == ledger.InvoiceUnpaid:
			x.Text += ", held until the opportunity's invoices are paid"
		case bucket == ledger.Held && l.opens != civil.Never && l.release.reason != ledger.RenewalReleased:
			x.Text += fmt.Sprintf(", held until %s", l.opens)
		case bucket == ledger.Held:
			x.Text += fmt.Sprintf(", held until the renewal after %s", l.Deal.Booked)
		case l.advanced && !l.final:
			x.Text += fmt.Sprintf(", payable at once and recoverable until the renewal after %s", l.Deal.Booked)
		default:
			x.Text += ", payable at once"
		}
		return x
	}
}

func (l line) explainRelease(minor int64) func() ledger.Explanation {
	return func() ledger.Explanation {
		what := "the last condition it waited for was met on " + l.opens.String()
		switch l.release.reason { //nolint:exhaustive // the other gates are told alike
		case ledger.RenewalReleased:
			what = fmt.Sprintf("the account renewed for the term from %s, the first to start after the booking on %s", l.opens, l.Deal.Booked)
		case ledger.SplitArbitrated:
			what = "the dispute was decided on " + l.opens.String()
		case ledger.ExceptionApproved:
			what = fmt.Sprintf("an approved exception waives the loss of %s", l.opens)
		}
		return ledger.Explanation{
			Text: fmt.Sprintf("%s released: %s", l.money(minor), what), Rule: "rules §7, renewal gate",
			Figures: []ledger.Figure{ledger.Minor(ledger.Plus, "what is held of the line", "", minor, l.amount.Currency)},
		}
	}
}

func (l line) explainLoss(x *loss, cut int64, how string, earned int64, kept *big.Rat, before int64) func() ledger.Explanation {
	return func() ledger.Explanation {
		part := new(big.Rat).Sub(big.NewRat(1, 1), kept)
		out := ledger.Explanation{
			Text: x.text(l.money(cut), how), Rule: "rules §7, " + string(x.reason),
			Figures: []ledger.Figure{
				ledger.Minor(ledger.Times, "the line, taken away", "", -earned, l.amount.Currency),
				{Op: ledger.Times, Name: "part of the deal that is lost", Value: part.RatString(), Unit: "%"},
			},
		}
		if before != 0 {
			out.Figures = append(out.Figures, ledger.Minor(ledger.Plus, "lost before", "", before, l.amount.Currency))
		}
		return out
	}
}

func (d *Deal) ownText(o ownLoss) func(money.Money, string) string {
	return func(m money.Money, how string) string {
		switch o.reason { //nolint:exhaustive // what is left is a cancellation
		case ledger.InvoiceVoided:
			return fmt.Sprintf("%s %s: the deal's invoice was voided on %s and not replaced", m, how, o.on)
		case ledger.InvoiceUncollectible:
			return fmt.Sprintf("%s %s: the deal's invoice was given up as uncollectible on %s", m, how, o.on)
		case ledger.CreditNote:
			return fmt.Sprintf("%s %s: credit note %s (%s) of %s gives back %s of %s", m, how, o.note.CreditNote, o.note.Reason, o.on, o.note.Amount, o.of)
		default:
			return fmt.Sprintf("%s %s: the expansion booked on %s was cancelled on %s", m, how, d.Booked, o.on)
		}
	}
}

func (d *Deal) shrinkText(c shrink, rule plan.Clawback) func(money.Money, string) string {
	return func(m money.Money, how string) string {
		home := d.home.Currency
		return fmt.Sprintf("%s %s: a contraction of %s on %s, day %d after the booking on %s and inside the window of %d days, takes %s of the deal's %s",
			m, how, money.Money{Minor: c.less, Currency: home}, c.date, c.date.Sub(d.Booked), d.Booked, rule.WindowDays,
			money.Money{Minor: c.lost, Currency: home}, d.home)
	}
}

func (d *Deal) churnText(at civil.Date, rule plan.Clawback) func(money.Money, string) string {
	return func(m money.Money, how string) string {
		return fmt.Sprintf("%s %s: churn on %s is day %d after the booking on %s, inside the window of %d days",
			m, how, at, at.Sub(d.Booked), d.Booked, rule.WindowDays)
	}
}

func (d *Deal) missedText(l life, p plan.Payability) func(money.Money, string) string {
	at, _ := l.missed(p)
	churned, end, grace := l.churned && l.churn.date == at, l.term.move, p.GraceDays
	return func(m money.Money, how string) string {
		if churned {
			return fmt.Sprintf("%s %s: churn on %s came before the renewal after %s", m, how, at, d.Booked)
		}
		return fmt.Sprintf("%s %s: the term ended on %s and no renewal followed within %d days", m, how, end.end, grace)
	}
}

func (d *Deal) survivalText(l life, kept *big.Rat) func(money.Money, string) string {
	return func(m money.Money, how string) string {
		return fmt.Sprintf("%s %s: of the expansions waiting for the renewal on %s it keeps %s, since the account went from %s to %s",
			m, how, l.next.date, money.Percent(kept), money.Money{Minor: l.next.before, Currency: d.home.Currency},
			money.Money{Minor: l.next.after, Currency: d.home.Currency})
	}
}

func terminationText(on civil.Date) func(money.Money, string) string {
	return func(m money.Money, how string) string {
		return fmt.Sprintf("%s %s: held on %s, the payee's last day", m, how, on)
	}
}
