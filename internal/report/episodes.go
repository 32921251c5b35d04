package report

import (
	"cmp"
	"slices"
	"time"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/tenant"
)

// EpisodeStatuses are what Episode.Status can be.
func EpisodeStatuses() []string {
	return []string{"open", string(account.Met), string(account.Closed), string(account.Breached), string(account.Resolved), string(tenant.Retracted)}
}

// Soonest picks the episodes a filter asks for, the soonest deadline first.
func Soonest(episodes []Episode, f Filter) []Episode {
	out := make([]Episode, 0, len(episodes))
	for _, e := range episodes {
		if (f.Payee == "" || e.PayeeID == string(f.Payee)) && (f.Status == "" || e.Status == f.Status) {
			out = append(out, e)
		}
	}
	slices.SortStableFunc(out, func(a, b Episode) int {
		return cmp.Or(deadline(a).Compare(deadline(b)), cmp.Compare(a.EpisodeID, b.EpisodeID))
	})
	return out
}

// Undecided picks the disputes about an opportunity that wait for a decision, in
// time or late.
func Undecided(episodes []Episode, of event.OpportunityID) (out []Episode) {
	for _, e := range episodes {
		if e.SLA == account.DisputeSLA && e.OpportunityID == string(of) && (e.Status == "open" || e.Status == string(account.Breached)) {
			out = append(out, e)
		}
	}
	return out
}

// deadline is an episode's as an instant: as text a fraction of a second would
// sort before none. One that cannot be read sorts first.
func deadline(e Episode) time.Time {
	t, _ := time.Parse(time.RFC3339Nano, e.Deadline)
	return t
}

// ParkedStates are what Parked.State can be.
func ParkedStates() []string { return []string{"parked", "applied", "discarded"} }
