package naive

import (
	"strings"

	"github.com/trueup/trueup/domain/event"
)

// claims are who says they found an opportunity, the first to say so first:
// leads, and sourced_by of the won statement that stands (§4, R29). Each
// claimant once.
func (w *world) claims(o event.OpportunityID) []event.PayeeID {
	won := w.wonStatement(o)
	var out []event.PayeeID
	seen := map[event.PayeeID]bool{"": true}
	for _, e := range w.told {
		var p event.PayeeID
		switch e := e.(type) {
		case event.LeadSourced:
			if e.Opportunity == o {
				p = e.Payee
			}
		case event.ExpansionBooked:
			if won != nil && won.Head() == e.Header {
				p = e.SourcedBy
			}
		case event.ExpansionStage:
			if won != nil && won.Head() == e.Header {
				p = e.SourcedBy
			}
		}
		if !seen[p] {
			seen[p] = true
			out = append(out, p)
		}
	}
	return out
}

// wonStatement is the statement that an opportunity was won which stands, or nil.
func (w *world) wonStatement(o event.OpportunityID) event.Event {
	var won event.Event
	for _, e := range w.told {
		if !counts(w.tenant.Evidence.Expansion, e) {
			continue
		}
		switch x := e.(type) {
		case event.ExpansionBooked:
			if x.Opportunity == o {
				won = e
			}
		case event.ExpansionStage:
			if x.Opportunity == o && x.Stage.Won() {
				won = e
			}
		}
	}
	return won
}

// source is who is paid for sourcing a deal, and whether the claims hold it:
// the first claimant. Two hold it until a decision; then the claimant with the
// most of the standing split has it, the first where none is named or two are
// alike.
func (w *world) source(o event.OpportunityID) (p event.PayeeID, contested bool) {
	claims := w.claims(o)
	if len(claims) == 0 {
		return "", false
	}
	decided := w.disputes()[o].decided
	if len(claims) == 1 || decided == nil {
		return claims[0], len(claims) > 1
	}
	bps := map[event.PayeeID]int{}
	for _, s := range decided.Split {
		bps[s.Payee] += s.BPS
	}
	best := claims[0]
	for _, c := range claims {
		if bps[c] > bps[best] {
			best = c
		}
	}
	return best, false
}

// qualified is the first lead that says an opportunity is qualified, or nil.
func (w *world) qualified(o event.OpportunityID) *event.LeadSourced {
	for _, e := range of[event.LeadSourced](w.told) {
		if e.Opportunity == o && letters(string(e.Stage)) == "qualified" {
			return &e
		}
	}
	return nil
}

// letters are a stage's name, letters only and lower-cased.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return -1
	}, s)
}
