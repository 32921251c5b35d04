// Package consumers takes work from queues: events from the input stream
// through handlers by family into batches in stream order, ticks of the clock,
// and the out log to the output stream.
package consumers

import "strings"

// Family is a group of event types that one handler takes, by the subjects
// they travel on; {t} stands for the tenant.
type Family struct {
	Name     string
	Patterns []string
}

// Families are all there are. What no pattern takes is parked.
var Families = []Family{
	{"people", []string{"crm.{t}.payee.>", "crm.{t}.account.>"}},
	{"renewal", []string{"crm.{t}.renewal.>", "billing.{t}.subscription.>"}},
	{"expansion", []string{"crm.{t}.expansion.>", "crm.{t}.uplift.>", "crm.{t}.opportunity.>", "crm.{t}.handoff.>", "crm.{t}.lead.>"}},
	{"churn", []string{"crm.{t}.churn.>", "crm.{t}.contraction.>"}},
	{"health", []string{
		"crm.{t}.health.>", "crm.{t}.intervention.>", "crm.{t}.review.>", "crm.{t}.contact.>", "crm.{t}.survey.>",
		"crm.{t}.adoption.>", "crm.{t}.onboarding.>", "crm.{t}.forecast.>",
	}},
	{"billing", []string{"billing.{t}.invoice.>", "billing.{t}.credit_note.>", "billing.{t}.payout.>"}},
	{"admin", []string{"admin.{t}.>", "clock.{t}"}},
}

// subjects are the family's patterns for one tenant.
func (f Family) subjects(tenant string) []string {
	out := make([]string, len(f.Patterns))
	for i, p := range f.Patterns {
		out[i] = strings.ReplaceAll(p, "{t}", tenant)
	}
	return out
}
