package wire

import (
	"strings"
	"sync"

	"github.com/trueup/trueup/domain/event"
)

// entry is one type of the contract.
type entry struct {
	name   event.Type
	before string // what its subject has before the tenant: crm.
	after  string // and after: .expansion.booked
	read   func(*form) event.Event
	write  func(*form, event.Event) bool // false: the event is not of this type
	tell   func(*form)                   // what it has, to a form that is told
}

// of is the entry of a type whose fields are described by one function.
func of[E event.Event](name event.Type, fields func(*form, *E)) entry {
	return entryOf(name, reader(fields),
		func(f *form, e event.Event) bool { return write(f, e, fields) }, func(f *form) { fields(f, new(E)) })
}

func entryOf(name event.Type, r func(*form) event.Event, w func(*form, event.Event) bool, t func(*form)) entry {
	before, after := around(name)
	return entry{name, before, after, r, w, t}
}

// reader reads the events of one kind. An event is filled in memory that is used
// again, since fields may let it escape, and given as a copy: the one allocation
// that an event in an interface is.
func reader[E event.Event](fields func(*form, *E)) func(*form) event.Event {
	spare := sync.Pool{New: func() any { return new(E) }}
	return func(f *form) event.Event {
		e := spare.Get().(*E)
		fields(f, e)
		given := *e
		*e = *new(E)
		spare.Put(e)
		return given
	}
}

func write[E event.Event](f *form, e event.Event, fields func(*form, *E)) bool {
	given, ok := e.(E)
	if ok {
		fields(f, &given)
	}
	return ok
}

// travelsOn is subject == Subject(tenant, e.name), without making it.
func (e *entry) travelsOn(subject, tenant string) bool {
	rest, family := strings.CutPrefix(subject, e.before)
	rest, ours := strings.CutPrefix(rest, tenant)
	return family && ours && tenant != "" && rest == e.after
}

// around is what the subject of a type has before and after the tenant.
func around(t event.Type) (before, after string) {
	family, rest, _ := strings.Cut(string(t), ".")
	if i := strings.LastIndex(rest, ".v"); i >= 0 {
		rest = rest[:i]
	}
	if t == Tick {
		return family + ".", ""
	}
	return family + ".", "." + rest
}

// Tick is the type of the worker's own clock, which travels on clock.<tenant>.
const Tick event.Type = "clock.ticked.v1"

// Subject is where a type of a tenant travels: crm.expansion.booked.v1 of acme
// on crm.acme.expansion.booked. It holds for what goes out as well.
func Subject(tenant string, t event.Type) string {
	before, after := around(t)
	return before + tenant + after
}

// Types are all types that Decode takes, in the order of the contract.
func Types() []event.Type {
	names := make([]event.Type, len(catalogue))
	for i, e := range catalogue {
		names[i] = e.name
	}
	return names
}

var catalogue = []entry{
	of("crm.payee.enrolled.v1", payeeEnrolled),
	of("crm.payee.terminated.v1", payeeTerminated),
	of("crm.account.assigned.v1", accountAssigned),
	entryOf("crm.opportunity.stage_changed.v1", stageChanged, writeStage, tellStage),
	of("crm.expansion.booked.v1", expansionBooked),
	of("crm.expansion.cancelled.v1", expansionCancelled),
	of("crm.uplift.scheduled.v1", upliftScheduled),
	of("crm.renewal.booked.v1", renewalBooked),
	of("crm.contraction.booked.v1", contractionBooked),
	of("crm.churn.notified.v1", churnNotified),
	of("crm.churn.effective.v1", churnEffective),
	of("crm.churn.cancelled.v1", churnCancelled),
	of("crm.account.reactivated.v1", accountReactivated),
	of("crm.health.scored.v1", healthScored),
	of("crm.intervention.logged.v1", interventionLogged),
	of("crm.review.held.v1", reviewHeld),
	of("crm.contact.engaged.v1", contactEngaged),
	of("crm.handoff.logged.v1", handoffLogged),
	of("crm.handoff.introduced.v1", handoffIntroduced),
	of("crm.handoff.closed.v1", handoffClosed),
	of("crm.survey.answered.v1", surveyAnswered),
	of("crm.adoption.measured.v1", adoptionMeasured),
	of("crm.onboarding.completed.v1", onboardingCompleted),
	of("crm.forecast.recorded.v1", forecastRecorded),
	of("crm.lead.sourced.v1", leadSourced),

	of("billing.subscription.started.v1", subscriptionStarted),
	of("billing.subscription.renewed.v1", subscriptionRenewed),
	of("billing.subscription.changed.v1", subscriptionChanged),
	of("billing.subscription.cancelled.v1", subscriptionCancelled),
	of("billing.invoice.issued.v1", invoice(event.InvoiceIssued)),
	of("billing.invoice.paid.v1", invoice(event.InvoicePaid)),
	of("billing.invoice.payment_failed.v1", invoice(event.InvoiceFailed)),
	of("billing.invoice.voided.v1", invoice(event.InvoiceVoided)),
	of("billing.invoice.uncollectible.v1", invoice(event.InvoiceUncollectible)),
	of("billing.credit_note.issued.v1", creditNoteIssued),
	of("billing.payout.confirmed.v1", payoutConfirmed),
	of("billing.payout.rejected.v1", payoutRejected),

	of("admin.plan.published.v1", planPublished),
	of("admin.exception.approved.v1", exceptionApproved),
	of("admin.dispute.opened.v1", disputeOpened),
	of("admin.dispute.decided.v1", disputeDecided),
	of("admin.objective.attested.v1", objectiveAttested),
	of("admin.adjustment.posted.v1", adjustmentPosted),
	of("admin.spif.awarded.v1", spifAwarded),
	of("admin.fact.retracted.v1", factRetracted),
	of("admin.balance.opened.v1", balanceOpened),
	of("admin.event.retried.v1", parkedRetried),
	of("admin.event.discarded.v1", parkedDiscarded),
	of("admin.fx.set.v1", rateSet),
	of("admin.period.locked.v1", periodLocked),
	of("admin.period.reopened.v1", periodReopened),

	of(Tick, ticked),
}

var byType = func() map[string]*entry {
	m := make(map[string]*entry, len(catalogue))
	for i := range catalogue {
		m[string(catalogue[i].name)] = &catalogue[i]
	}
	return m
}()
