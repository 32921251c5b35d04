package naive

import (
	"strings"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// of is every event of one type, in the order in which they stand.
func of[T event.Event](told []event.Event) []T {
	var out []T
	for _, e := range told {
		if t, ok := e.(T); ok {
			out = append(out, t)
		}
	}
	return out
}

// standing keeps of several statements with one key the one that stands, the
// last; in the order in which they stand (§1a).
func standing[T any, K comparable](list []T, key func(T) K) []T {
	last := map[K]int{}
	for i, t := range list {
		last[key(t)] = i
	}
	var out []T
	for i, t := range list {
		if last[key(t)] == i {
			out = append(out, t)
		}
	}
	return out
}

// counts reports whether a system's statement is evidence: a type that starts
// with crm. counts for crm, one with billing. for billing, both for any (§1a).
func counts(evidence string, e event.Event) bool {
	return evidence == "any" || strings.HasPrefix(string(e.Head().Type), evidence+".")
}

// renewal is a standing statement about an account and a term start.
type renewal struct {
	start        civil.Date // of the term: the business key
	term         event.Term
	subscription event.SubscriptionID // empty: the whole account
	won, lost    bool
	told         event.Event
}

// renewals are the standing statements about an account's renewals by the
// systems that are evidence for them: key account + term start (§1a). A
// statement that tells no start is about the term that would start when the
// old one ends.
func (w *world) renewals(account event.AccountID) []renewal {
	if known, ok := w.renewed[account]; ok {
		return known
	}
	var out []renewal
	for _, e := range w.by[account] {
		if !counts(w.tenant.Evidence.Renewal, e) {
			continue
		}
		switch e := e.(type) {
		case event.RenewalBooked:
			out = append(out, renewal{e.Term.Start, e.Term, e.Subscription, true, false, e})
		case event.RenewalStage:
			start := e.Term.Start
			if start == 0 {
				start = e.Term.End
			}
			if start != 0 {
				out = append(out, renewal{start, e.Term, "", e.Stage.Won(), e.Stage.Lost(), e})
			}
		}
	}
	w.renewed[account] = standing(out, func(r renewal) civil.Date { return r.start })
	return w.renewed[account]
}
