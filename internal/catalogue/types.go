package main

// about is what a type tells, and for what goes in which statements replace one
// another: of several about one key the one with the latest time stands.
type about struct{ summary, key string }

// inbound and outbound say what each type is.
var inbound = map[string]about{
	"crm.payee.enrolled.v1":            {"A payee is on a plan from a day on, in a role.", "payee, effective_on"},
	"crm.payee.terminated.v1":          {"A payee's last day of employment.", "payee, effective_on"},
	"crm.account.assigned.v1":          {"A payee owns an account in a role from a day on.", "account, role, effective_on"},
	"crm.opportunity.stage_changed.v1": {"An opportunity stands at a stage. Won (its letters alone spell won or closedwon) it is an expansion or a renewal booked at the event's time; a won expansion that leaves won is undone; a renewal lost (lost, closedlost) is a churn at the term's end.", "expansion: opportunity; renewal: account, term start"},
	"crm.expansion.booked.v1":          {"An expansion is won. The same opportunity told by stage_changed is the same expansion.", "opportunity"},
	"crm.expansion.cancelled.v1":       {"An expansion is undone whole.", "opportunity"},
	"crm.uplift.scheduled.v1":          {"A multi-year deal grows in dated steps, each credited on its date.", "opportunity"},
	"crm.renewal.booked.v1":            {"A new term of the whole account.", "account, term_start"},
	"crm.contraction.booked.v1":        {"A living account gives up ARR.", "contraction_id"},
	"crm.churn.notified.v1":            {"Notice is given; nothing has ended yet.", "the account's life"},
	"crm.churn.effective.v1":           {"The account's life ends: effective_on is the first day without it.", "the account's life"},
	"crm.churn.cancelled.v1":           {"The churn of a date did not happen.", "the account's life"},
	"crm.account.reactivated.v1":       {"An account that had churned begins its next life.", "the account's life"},
	"crm.health.scored.v1":             {"A health score.", "account, measured_at, source"},
	"crm.intervention.logged.v1":       {"What a person did about a risk.", "intervention_id"},
	"crm.review.held.v1":               {"A business review was held.", "review_id"},
	"crm.contact.engaged.v1":           {"A contact was spoken to.", "the event itself"},
	"crm.handoff.logged.v1":            {"A hand-off record; it is complete with all four of business_objective, sku, estimated_arr and economic_buyer.", "the event itself"},
	"crm.handoff.introduced.v1":        {"The account executive was introduced.", "the event itself"},
	"crm.handoff.closed.v1":            {"How a deal that was handed off ended.", "the event itself"},
	"crm.survey.answered.v1":           {"One answer to a survey.", "the event itself"},
	"crm.adoption.measured.v1":         {"How much of what was bought is used.", "the event itself"},
	"crm.onboarding.completed.v1":      {"An onboarding is done.", "the event itself"},
	"crm.forecast.recorded.v1":         {"A call on what becomes of a term.", "the event itself"},
	"crm.lead.sourced.v1":              {"A payee found an opportunity. The first payee to say so has the claim.", "the event itself"},

	"billing.subscription.started.v1":   {"A subscription adds its ARR to the account.", "the event itself"},
	"billing.subscription.renewed.v1":   {"A new term of one subscription; the same event as crm.renewal.booked.v1, told by billing.", "account, term_start"},
	"billing.subscription.changed.v1":   {"The new total of a subscription. Where the CRM is the evidence of expansions it changes nothing, and raises a flag if the two disagree.", "the event itself"},
	"billing.subscription.cancelled.v1": {"A subscription ends, and with its last one the account.", "the account's life"},
	"billing.invoice.issued.v1":         {"An invoice is sent.", "invoice_id"},
	"billing.invoice.paid.v1":           {"An invoice is paid.", "invoice_id"},
	"billing.invoice.payment_failed.v1": {"A payment failed; that alone takes nothing back.", "invoice_id"},
	"billing.invoice.voided.v1":         {"An invoice is void. Unless another replaces it, the deal is reversed.", "invoice_id"},
	"billing.invoice.uncollectible.v1":  {"An invoice is given up; the deal is reversed.", "invoice_id"},
	"billing.credit_note.issued.v1":     {"Part of an invoice is given back; order_change and cancellation take as large a part of the deal, waiver and other take nothing.", "credit_note_id"},
	"billing.payout.confirmed.v1":       {"Payroll paid a requested payment: payable becomes paid.", "reference"},
	"billing.payout.rejected.v1":        {"Payroll did not pay; what was confirmed under the reference is taken back.", "reference"},

	"admin.plan.published.v1":     {"A version of a plan, with its approvals.", "the plan's name and version"},
	"admin.exception.approved.v1": {"A loss of an account counts against nobody: it leaves measures, and nothing is taken back for it.", "exception_id"},
	"admin.dispute.opened.v1":     {"The split of a deal is contested; its lines are held.", "dispute_id"},
	"admin.dispute.decided.v1":    {"A dispute is decided; the decision is the deal's split.", "dispute_id"},
	"admin.objective.attested.v1": {"The value of an objective, set by hand.", "payee, period, objective"},
	"admin.adjustment.posted.v1":  {"A manual amount.", "adjustment_id"},
	"admin.spif.awarded.v1":       {"A one-off award.", "spif_id"},
	"admin.fact.retracted.v1":     {"One earlier event is taken back, by its source and id; without account_id and payee_id it is looked for everywhere.", "source and id of the fact"},
	"admin.balance.opened.v1":     {"A payee's balances brought from the system before.", "payee, as_of"},
	"admin.event.retried.v1":      {"A parked input is to be applied again.", "the event itself"},
	"admin.event.discarded.v1":    {"A parked input is given up.", "the event itself"},
	"admin.fx.set.v1":             {"An exchange rate in force from a day on: one unit of base is rate units of quote.", "base, quote, effective_on"},
	"admin.period.locked.v1":      {"A quarter is locked by hand.", "the event itself"},
	"admin.period.reopened.v1":    {"A lock is undone, before any of its payments was requested.", "the event itself"},

	"clock.ticked.v1": {"The worker's own clock. Nobody else publishes it.", "the event itself"},
}

var outward = map[string]string{
	"payout.adjustment.issued.v1": "One ledger entry that changes what a payee has held or payable. Entries add up to the balances; a correction is another entry.",
	"payout.statement.locked.v1":  "A quarter is locked for a payee, its statement frozen.",
	"payout.payment.requested.v1": "Payroll is asked to pay what a locked statement nets to, where that is above zero. Answer with billing.payout.confirmed.v1 or billing.payout.rejected.v1.",

	"sla.risk.opened.v1":    "An account's health fell below the plan's line: the clock of an intervention runs.",
	"sla.risk.warned.v1":    "The deadline of an intervention is near.",
	"sla.risk.met.v1":       "Somebody intervened in time.",
	"sla.risk.breached.v1":  "Nobody intervened in time.",
	"sla.risk.retracted.v1": "What was said of an episode does not hold: proof of an intervention in time came late, or the episode opened at another instant.",
	"sla.risk.resolved.v1":  "Somebody intervened after the deadline.",
	"sla.risk.closed.v1":    "The episode ended by itself: the score recovered, or the account churned.",

	"sla.dispute.opened.v1":    "A dispute waits to be decided.",
	"sla.dispute.warned.v1":    "The deadline of a decision is near.",
	"sla.dispute.met.v1":       "A dispute was decided in time.",
	"sla.dispute.breached.v1":  "A dispute was not decided in time.",
	"sla.dispute.retracted.v1": "What was said of a dispute does not hold: proof of a decision in time came late.",
	"sla.dispute.resolved.v1":  "A dispute was decided after the deadline.",

	"ops.renewal.window_opened.v1": "A term ends in so many days as the plan says (120).",
	"ops.expansion.review_due.v1":  "So many days as the plan says (180, 365) have passed since an expansion.",
	"ops.flag.raised.v1":           "A figure is on the wrong side of a threshold. Advice: it never changes pay.",
	"ops.flag.cleared.v1":          "A figure that had been flagged is right again.",
	"ops.event.rejected.v1":        "An input could not be applied and is parked with its bytes; the payload is never in this event.",
	"ledger.period.locked.v1":      "A quarter is locked for the whole tenant.",
}
