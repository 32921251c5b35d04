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

// FamilyOf is the place in Families of the one that takes a subject, which is
// of one of its patterns; len(Families) where none does.
func FamilyOf(subject string) int {
	system, rest, _ := strings.Cut(subject, ".")
	_, rest, _ = strings.Cut(rest, ".") // the tenant
	about, _, _ := strings.Cut(rest, ".")
	if system == "admin" || system == "clock" {
		about = ""
	}
	if n, ok := familyOf[familyKey{system, about}]; ok {
		return n
	}
	return len(Families)
}

// familyKey is what of a subject decides: the system it comes from, and what it
// is about where that matters.
type familyKey struct{ system, about string }

var familyOf = func() map[familyKey]int {
	out := map[familyKey]int{}
	for n, f := range Families {
		for _, p := range f.Patterns {
			part := strings.Split(p, ".")
			k := familyKey{system: part[0]}
			if len(part) > 3 {
				k.about = part[2]
			}
			out[k] = n
		}
	}
	return out
}()

// subjects are the family's patterns for one tenant.
func (f Family) subjects(tenant string) []string {
	out := make([]string, len(f.Patterns))
	for i, p := range f.Patterns {
		out[i] = strings.ReplaceAll(p, "{t}", tenant)
	}
	return out
}
