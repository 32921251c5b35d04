package demo

import (
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

var reasons = []string{"budget", "product fit", "vendor consolidation", "closed business", "low usage"}

// endOfTerm tells the end of the k-th term: a churn or the next one. It
// reports whether the account goes on.
func (l *life) endOfTerm(k int) bool {
	_, end := l.term(k)
	if end == l.end || l.fate == plain && !l.odd && l.IntN(12_000) < l.seg.churn*l.months {
		l.end = end
		l.churn()
		return false
	}
	if l.fate == stays && end == l.turning {
		l.giveNotice()
	}
	l.renew(k + 1)
	return true
}

// churn tells that the account leaves at the end of a term.
func (l *life) churn() {
	why := pick(l.dice, reasons)
	// Nobody buys more of what they are about to leave.
	from := max(l.end.Add(-l.between(20, 110)), l.grown+2)
	l.troubles = append(l.troubles, trouble{from: from, until: civil.Never, depth: l.between(350, 600)})
	effective := func(h event.Header) event.Event {
		return event.ChurnEffective{Header: h, Account: l.id, Effective: l.end, Reason: why}
	}
	stopped := func(h event.Header) event.Event {
		return event.SubscriptionCancelled{Header: h, Account: l.id, Subscription: l.sub, Effective: l.end, Reason: why}
	}
	if l.fate == toldLate {
		at := l.night(l.end)
		l.tellAfter(subCancelled, at, l.pastLock(at), stopped)
		return
	}
	notice := l.end.Add(-l.between(15, 80))
	if l.months > 1 && l.chance(600) {
		expected := l.end
		l.tell(notified, l.office(notice), func(h event.Header) event.Event {
			return event.ChurnNotified{Header: h, Account: l.id, Notified: working(notice), Expected: &expected, Reason: why}
		})
	}
	switch l.weigh(60, 25, 15) {
	case 0:
		l.tell(churned, l.office(l.end.Add(-l.between(0, 14))), effective)
	case 1:
		l.tell(subCancelled, l.night(l.end), stopped)
	default:
		l.tell(stageChanged, l.office(l.end.Add(-l.between(0, 10))), func(h event.Header) event.Event {
			return event.RenewalStage{
				Header: h, Opportunity: l.renewal(l.end), Account: l.id, Stage: "Closed Lost", Previous: "Negotiation", Term: event.Term{End: l.end},
			}
		})
	}
	l.comeBack()
}

// comeBack tells of the account's next life, where it has one.
func (l *life) comeBack() {
	if l.back == civil.Never {
		return
	}
	l.arr = l.arr * int64(l.between(600, 1000)) / 1000 / 10_00 * 10_00
	l.tell(reactivated, l.office(l.back), func(h event.Header) event.Event {
		return event.AccountReactivated{Header: h, Account: l.id, Effective: l.back, ARR: l.w.money(l.arr)}
	})
}

// giveNotice tells a churn and, days later, that it does not happen.
func (l *life) giveNotice() {
	end, why := l.turning, pick(l.dice, reasons)
	l.tell(churned, l.office(end.Add(-l.between(25, 50))), func(h event.Header) event.Event {
		return event.ChurnEffective{Header: h, Account: l.id, Effective: end, Reason: why}
	})
	l.tell(unchurned, l.office(end.Add(-l.between(4, 20))), func(h event.Header) event.Event {
		return event.ChurnCancelled{Header: h, Account: l.id, Effective: end}
	})
}

// renew tells the k-th term, from 1.
func (l *life) renew(k int) {
	start, end := l.term(k)
	l.reprice()
	term := event.Term{Start: start, End: end, ARR: l.w.money(l.arr)}
	switch {
	case l.months < 12:
		l.renewedByBilling(term)
	case start < l.w.From.Add(-60):
		l.renewalBooked(term, start.Add(-10))
	default:
		l.forecast(start)
		l.tellRenewal(term)
	}
	l.bill(term)
}

// reprice moves the ARR to that of the next term.
func (l *life) reprice() {
	if l.months < 12 && !l.chance(50*l.months) {
		return
	}
	per := 1000
	switch l.weigh(l.seg.price[:]...) {
	case 0:
		per += l.between(15, 100)
	case 1:
		return
	case 2:
		per -= l.between(40, 300)
	}
	l.arr = max(l.arr*int64(per)/1000/10_00, 12) * 10_00
}

// tellRenewal tells a renewal ahead, on the day or late, as people do.
func (l *life) tellRenewal(term event.Term) {
	on := term.Start
	switch {
	case l.fate == renewsLate && on == l.turning:
		on = on.Add(l.between(36, 60))
	case l.chance(700):
		on = on.Add(-l.between(5, 75))
	case l.chance(330):
		on = on.Add(l.between(1, 20))
	}
	switch l.weigh(60, 25, 15) {
	case 0:
		l.renewalBooked(term, on)
		if l.chance(150) {
			l.renewedByBilling(term)
		}
	case 1:
		at := l.night(on)
		l.tell(subRenewed, at, l.renewedAt(term, at))
	default:
		opp := l.renewal(term.Start)
		at := l.office(on)
		l.tell(stageChanged, at.Add(-time.Duration(l.between(5, 40))*day), func(h event.Header) event.Event {
			return event.RenewalStage{Header: h, Opportunity: opp, Account: l.id, Stage: "Negotiation", Term: term}
		})
		l.tell(stageChanged, at, func(h event.Header) event.Event {
			return event.RenewalStage{Header: h, Opportunity: opp, Account: l.id, Stage: "Closed Won", Previous: "Negotiation", Term: term}
		})
	}
}

func (l *life) renewal(start civil.Date) event.OpportunityID {
	return event.OpportunityID("ren-" + l.number + "-" + start.String())
}

func (l *life) renewalBooked(term event.Term, on civil.Date) {
	l.tell(renewalTold, l.office(on), func(h event.Header) event.Event {
		return event.RenewalBooked{Header: h, Renewal: string(l.renewal(term.Start)), Account: l.id, Term: term, BookedAt: h.Time}
	})
}

// renewedByBilling tells a renewal on the night its term starts.
func (l *life) renewedByBilling(term event.Term) {
	at := l.night(term.Start)
	l.tell(subRenewed, at, l.renewedAt(term, at))
}

func (l *life) renewedAt(term event.Term, at time.Time) func(event.Header) event.Event {
	return func(h event.Header) event.Event {
		return event.RenewalBooked{Header: h, Account: l.id, Subscription: l.sub, Term: term, BookedAt: at}
	}
}

// forecast tells what is expected of a term's end.
func (l *life) forecast(end civil.Date) {
	if !l.chance(500) {
		return
	}
	call := [...]string{"renew", "risk", "churn"}[l.weigh(85, 12, 3)]
	on := end.Add(-l.between(32, 90))
	by := string(l.ownerOn(on).id)
	l.tell(forecast, l.office(on), func(h event.Header) event.Event {
		return event.ForecastRecorded{Header: h, Account: l.id, TermEnd: end, Call: call, RecordedAt: h.Time, By: by}
	})
}
