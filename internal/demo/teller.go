package demo

import (
	"strconv"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

const (
	minute = time.Minute
	hour   = time.Hour
	day    = 24 * time.Hour
)

// The types that are told.
const (
	enrolled     event.Type = "crm.payee.enrolled.v1"
	terminated   event.Type = "crm.payee.terminated.v1"
	assigned     event.Type = "crm.account.assigned.v1"
	stageChanged event.Type = "crm.opportunity.stage_changed.v1"
	booked       event.Type = "crm.expansion.booked.v1"
	cancelled    event.Type = "crm.expansion.cancelled.v1"
	renewalTold  event.Type = "crm.renewal.booked.v1"
	contracted   event.Type = "crm.contraction.booked.v1"
	notified     event.Type = "crm.churn.notified.v1"
	churned      event.Type = "crm.churn.effective.v1"
	unchurned    event.Type = "crm.churn.cancelled.v1"
	reactivated  event.Type = "crm.account.reactivated.v1"
	scored       event.Type = "crm.health.scored.v1"
	intervened   event.Type = "crm.intervention.logged.v1"
	reviewed     event.Type = "crm.review.held.v1"
	engaged      event.Type = "crm.contact.engaged.v1"
	handedOff    event.Type = "crm.handoff.logged.v1"
	surveyed     event.Type = "crm.survey.answered.v1"
	onboarded    event.Type = "crm.onboarding.completed.v1"
	forecast     event.Type = "crm.forecast.recorded.v1"
	sourced      event.Type = "crm.lead.sourced.v1"

	subStarted   event.Type = "billing.subscription.started.v1"
	subRenewed   event.Type = "billing.subscription.renewed.v1"
	subCancelled event.Type = "billing.subscription.cancelled.v1"
	invoiced     event.Type = "billing.invoice.issued.v1"
	invoicePaid  event.Type = "billing.invoice.paid.v1"
	invoiceFail  event.Type = "billing.invoice.payment_failed.v1"
)

// teller turns what happens into arrivals. It keeps those recorded in
// [from, until) and only counts the others, so that ids and dice do not depend
// on the part of the time that is looked at.
type teller struct {
	dice
	w           *world
	from, until time.Time
	out         []Arrival

	// Of what is told about now:
	prefix   string    // of ids
	seq      int       // the last id
	imported time.Time // when everything before From was recorded
}

// about starts to tell of another account or payee, the part-th of the company.
func (t *teller) about(prefix string, part int, imported time.Time) {
	t.prefix, t.seq, t.imported = prefix, 0, imported
	t.seed(t.w.Seed, part)
}

// tell lets something that happened at an instant arrive as most do: within
// minutes, now and then days or weeks later, and once in a while twice.
func (t *teller) tell(kind event.Type, at time.Time, build func(event.Header) event.Event) {
	after := t.recordedAt(at, t.lag())
	t.seq++
	t.arrive(kind, at, t.seq, after, build)
	if t.chance(14) {
		t.arrive(kind, at, t.seq, after+time.Duration(t.between(1, 20*24*60))*minute, build)
	}
}

// tellAfter lets something arrive once, an exact time after it happened.
func (t *teller) tellAfter(kind event.Type, at time.Time, lag time.Duration, build func(event.Header) event.Event) {
	t.seq++
	t.arrive(kind, at, t.seq, t.recordedAt(at, lag), build)
}

// recordedAt is how long after at something is recorded, the import of what
// was before the company's first day included.
func (t *teller) recordedAt(at time.Time, lag time.Duration) time.Duration {
	if since := t.imported.Sub(at); since > 0 {
		return since
	}
	return lag
}

// arrive keeps an event where it is recorded in the part that is looked at.
func (t *teller) arrive(kind event.Type, at time.Time, seq int, after time.Duration, build func(event.Header) event.Event) {
	recorded := at.Add(after)
	if recorded.Before(t.from) || !recorded.Before(t.until) {
		return
	}
	source := "crm/main"
	if kind[0] == 'b' {
		source = "billing/main"
	}
	id := t.prefix + "-e" + strconv.Itoa(seq)
	t.out = append(t.out, Arrival{build(event.Header{Identity: event.Identity{Source: source, ID: id}, Type: kind, Time: at}), recorded})
}

// lag is how long it takes until something is recorded.
func (t *teller) lag() time.Duration {
	switch n := t.IntN(1000); {
	case n < 900:
		return time.Duration(t.between(2, 900)) * time.Second
	case n < 975:
		return time.Duration(t.between(60, 36*60)) * minute
	case n < 994:
		return time.Duration(t.between(2*24, 10*24)) * hour
	}
	return time.Duration(t.between(14*24, 45*24)) * hour
}

// pastLock is how long after at it is some days past the lock of the quarter
// at is in.
func (t *teller) pastLock(at time.Time) time.Duration {
	lock := t.w.midnight(t.w.lockDay(civil.In(at, t.w.zone)))
	return lock.Sub(at) + time.Duration(t.between(12, 20*24))*hour
}

// at is an instant of a day, between two hours.
func (t *teller) at(d civil.Date, from, until int) time.Time {
	return t.w.midnight(d).Add(time.Duration(t.between(from*3600, until*3600-1)) * time.Second)
}

// office is an instant of office hours, on that day or the Friday before it.
func (t *teller) office(d civil.Date) time.Time { return t.at(working(d), 9, 18) }

// night is an instant at which machines work.
func (t *teller) night(d civil.Date) time.Time { return t.at(d, 2, 5) }
