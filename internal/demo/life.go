package demo

import (
	"fmt"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// fate is what an account is there to show.
type fate uint8

const (
	plain       fate = iota
	clawedBack       // churns soon after an expansion that was already released
	forfeited        // churns soon after an expansion that is still held
	missed           // churns at its term's end, past the window of an expansion
	toldLate         // its churn is told past the quarter's lock
	backAgain        // churns, and comes back
	stays            // gives notice, and takes it back
	renewsLate       // renews past the days of grace
	bookedLate       // an expansion is told past the quarter's lock
	lowEdge          // expands by exactly the lower edge of a band
	highEdge         // expands by exactly the upper edge of a band
	shrinks          // takes seats back inside a term
	changesMind      // cancels an expansion
)

// deck is how many of a hundred accounts have a fate; the rest are plain.
var deck = [...]int{
	clawedBack: 1, forfeited: 1, missed: 1, toldLate: 1, backAgain: 1, stays: 1, renewsLate: 1, bookedLate: 1,
	lowEdge: 2, highEdge: 1, shrinks: 5, changesMind: 3,
}

// fateOf deals the fates: each hundred accounts get all of them.
func (w *world) fateOf(no int) fate {
	card := (no*37 + int(mix(w.Seed^uint64(no/100))%100)) % 100
	for f, n := range deck {
		if card -= n; card < 0 {
			return fate(f)
		}
	}
	return plain
}

// renewsIn is when in the year an account of a fate has to renew to show it,
// in thousandths of the time that is told about.
func (f fate) renewsIn() (low, high int) {
	switch f {
	case forfeited:
		return 350, 900
	case missed:
		return 480, 920
	case toldLate:
		return 100, 600
	case backAgain:
		return 150, 700
	case stays, renewsLate:
		return 150, 750
	case plain, clawedBack, bookedLate, lowEdge, highEdge, shrinks, changesMind:
	}
	return 0, 1000
}

// life is what becomes of one account.
type life struct {
	*teller
	no     int
	number string // in ids
	id     event.AccountID
	sub    event.SubscriptionID
	seg    *segment
	fate   fate
	odd    bool // one of its events is repeated with other content
	stints []stint
	ae     event.PayeeID

	began   civil.Date // first day as a customer
	months  int        // of a term
	end     civil.Date // first day no longer a customer, or civil.Never
	back    civil.Date // first day a customer again, or civil.Never
	arr     int64      // minor units, at the point the telling has come to
	turning civil.Date // the end of a term at which its fate shows; zero: no special one
	changes []change   // still to come inside terms, by date
	opps    int
	grown   civil.Date // the last expansion
	invoice int

	troubles []trouble
}

// newLife decides what kind of account the no-th is.
func newLife(t *teller, no int) *life {
	w := t.w
	l := &life{teller: t, no: no, number: fmt.Sprintf("%05d", no+1), fate: w.fateOf(no), end: civil.Never, back: civil.Never}
	l.id, l.sub = event.AccountID("acct-"+l.number), event.SubscriptionID("sub-"+l.number)
	t.about(string(l.id), no, w.midnight(w.From).Add(10*minute+40*minute*time.Duration(no)/time.Duration(w.Accounts)))
	if l.odd = no == w.Accounts/3 || no == w.Accounts/3+1; l.odd {
		l.fate = plain
	}
	home := w.home(no)
	l.seg = &segments[w.csms[home].seg]
	l.months = [...]int{1, 3, 12, 24}[l.weigh(l.seg.terms[:]...)]
	l.begin()
	l.stints = l.owners(home, l.began)
	if w.AEs > 0 && l.seg.weekly {
		l.ae = aeID(no % w.AEs)
	}
	// The mean of a log-normal number of sigma 0.7 is 1.278 times its median.
	l.arr = max(l.around(w.mean[w.csms[home].seg]*100*1000/1278, 700)/100_00, 12) * 100_00
	if l.leaves() {
		l.arr = max(l.arr*6/10/100_00, 12) * 100_00
	}
	l.arrange()
	return l
}

// leaves reports whether the account is meant to churn.
func (l *life) leaves() bool {
	switch l.fate {
	case clawedBack, forfeited, missed, toldLate, backAgain:
		return true
	case plain, stays, renewsLate, bookedLate, lowEdge, highEdge, shrinks, changesMind:
	}
	return false
}

// begin decides when the account became a customer: one in twelve on the way,
// the others one to three years ago.
func (l *life) begin() {
	w, span := l.w, l.w.Until.Sub(l.w.From)
	switch low, _ := l.fate.renewsIn(); {
	case l.fate == clawedBack:
		l.months = 1
	case low > 0:
		l.months = 12
	}
	low, high := l.fate.renewsIn()
	at := l.season(w.From.Add(min(span, 365)*low/1000), w.From.Add(min(span, 365)*high/1000))
	if l.fate == plain && !l.odd && l.chance(100) {
		l.began = l.season(w.From, w.Until)
		return
	}
	l.began = after(at, -12)
	if l.months == 12 && l.chance(700) {
		l.began = after(at, -24)
	}
}

// term is the k-th term of the account, from 0.
func (l *life) term(k int) (start, end civil.Date) {
	return after(l.began, k*l.months), after(l.began, (k+1)*l.months)
}

// tellAll tells the life: first how ARR goes, then what people did about it.
func (l *life) tellAll() {
	l.tellOwners()
	l.tellStart()
	horizon := l.w.Until.Add(90)
	for k := 0; ; k++ {
		start, end := l.term(k)
		l.during(start, end)
		if end > horizon || !l.endOfTerm(k) {
			break
		}
	}
	l.watch()
	l.attend()
}

// tellStart tells the first subscription.
func (l *life) tellStart() {
	start, end := l.term(0)
	opening := event.Term{Start: start, End: end, ARR: l.w.money(l.arr)}
	l.tell(subStarted, l.night(start), func(h event.Header) event.Event {
		return event.SubscriptionStarted{Header: h, Account: l.id, Subscription: l.sub, Term: opening}
	})
	l.bill(opening)
	if start >= l.w.From {
		done := working(start.Add(l.between(14, 60)))
		l.tell(onboarded, l.office(done), func(h event.Header) event.Event {
			return event.OnboardingCompleted{Header: h, Account: l.id, Started: start, Completed: done}
		})
	}
}

// livesOn reports whether the account is a customer on a day.
func (l *life) livesOn(d civil.Date) bool {
	return d >= l.began && (d < l.end || d >= l.back)
}

// during tells what changes ARR inside a term.
func (l *life) during(start, end civil.Date) {
	for len(l.changes) > 0 && l.changes[0].on < end {
		c := l.changes[0]
		l.changes = l.changes[1:]
		if c.on >= start && c.on >= l.w.From {
			l.undergo(c)
		}
	}
}
