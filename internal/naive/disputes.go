package naive

import (
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// dispute is what contests an opportunity's split, and what came of it.
type dispute struct {
	pending bool
	date    civil.Date            // of the latest decision; civil.Never: none
	decided *event.DisputeDecided // the decision that stands
}

// opens is when the disputes stop holding a deal's lines, or civil.Never. A
// deal that nobody contested is open from its booking.
func (d dispute) opens(booked civil.Date) civil.Date {
	switch {
	case d.pending:
		return civil.Never
	case d.decided != nil:
		return d.date
	}
	return booked
}

// disputes by opportunity (§4, R10): pending while any is undecided. Of two
// decisions on one dispute the later stands (§10), and of the decisions on one
// opportunity the latest is the split; the lines open on the latest date on
// which one was made.
func (w *world) disputes() map[event.OpportunityID]dispute {
	if w.disputed != nil {
		return w.disputed
	}
	decisions := standing(of[event.DisputeDecided](w.told), func(e event.DisputeDecided) string { return e.Dispute })
	made := map[string]bool{}
	out := map[event.OpportunityID]dispute{}
	for _, e := range decisions {
		made[e.Dispute] = true
		d, known := out[e.Opportunity]
		if on := w.date(e.DecidedAt); !known || on > d.date {
			d.date = on
		}
		d.decided = &e
		out[e.Opportunity] = d
	}
	for _, e := range w.openings() {
		if !made[e.Dispute] {
			d := out[e.Opportunity]
			d.pending = true
			out[e.Opportunity] = d
		}
	}
	w.disputed = out
	return out
}

// openings are the standing statements that open a dispute.
func (w *world) openings() []event.DisputeOpened {
	return standing(of[event.DisputeOpened](w.told), func(e event.DisputeOpened) string { return e.Dispute })
}
