package account

import (
	"fmt"

	"github.com/trueup/trueup/domain/ledger"
)

func (l line) explainEarning(bucket ledger.Bucket) func() string {
	return func() string {
		switch {
		case l.share.pending:
			return fmt.Sprintf("%s, held until a health score measured by %s is known", l.explain(), l.deal.ClosedAt.Format("2006-01-02T15:04:05Z07:00"))
		case bucket == ledger.Held:
			return fmt.Sprintf("%s, held until the renewal after %s", l.explain(), l.deal.Booked)
		case l.share.rules.Payability.Renewal == "advance":
			return fmt.Sprintf("%s, payable at once and recoverable until the renewal after %s", l.explain(), l.deal.Booked)
		}
		return l.explain() + ", payable at once"
	}
}

func (l line) explainRelease(m moment) func() string {
	return func() string {
		return fmt.Sprintf("%s released: the account renewed for the term from %s, the first to start after the booking on %s", l.amount, m.date, l.deal.Booked)
	}
}

func (l line) explainLoss(m moment, how string) func() string {
	return func() string {
		booked := l.deal.Booked
		switch m.order {
		case churnMoment:
			return fmt.Sprintf("%s %s: churn on %s is day %d after the booking on %s, inside the window of %d days",
				l.amount, how, m.date, m.date.Sub(booked), booked, l.share.rules.Clawback.WindowDays)
		case cancelMoment:
			return fmt.Sprintf("%s %s: the expansion booked on %s was cancelled on %s", l.amount, how, booked, m.date)
		}
		if l.life.churned && l.life.churn.date == m.date {
			return fmt.Sprintf("%s %s: churn on %s came before the renewal after %s", l.amount, how, m.date, booked)
		}
		return fmt.Sprintf("%s %s: the term ended on %s and no renewal followed within %d days",
			l.amount, how, l.life.term.end, l.share.rules.Payability.GraceDays)
	}
}
