package naive

import (
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// deal is an opportunity that was won.
type deal struct {
	opportunity event.OpportunityID
	account     event.AccountID
	arr         int64
	closedAt    time.Time
	booked      civil.Date
	left        civil.Date // cancelled, or not won any more; civil.Never
	csm, ae     event.PayeeID
}

// deals are the won opportunities told by systems that are evidence for
// expansion, in the plans' currency (§1a, R23, R25).
func (w *world) deals() []deal {
	byOpportunity := map[event.OpportunityID][]event.Event{}
	found := map[event.OpportunityID]bool{}
	for _, e := range w.told {
		if !counts(w.tenant.Evidence.Expansion, e) {
			continue
		}
		var o event.OpportunityID
		switch e := e.(type) {
		case event.ExpansionBooked:
			o = e.Opportunity
		case event.ExpansionStage:
			o = e.Opportunity
		case event.ExpansionCancelled:
			o = e.Opportunity
		default:
			continue
		}
		byOpportunity[o] = append(byOpportunity[o], e)
		found[o] = true
	}
	var out []deal
	for _, o := range sorted(found) {
		if d, ok := w.deal(byOpportunity[o]); ok {
			out = append(out, d)
		}
	}
	return out
}

// deal is what an opportunity's statements come to: the latest won one whole,
// until the first that is not won after it (R25). Nothing leaves before it was
// booked.
func (w *world) deal(told []event.Event) (deal, bool) {
	var d deal
	won := false
	for _, e := range told {
		switch e := e.(type) {
		case event.ExpansionBooked:
			d, won = w.booking(e.Deal), true
		case event.ExpansionStage:
			if e.Stage.Won() {
				d, won = w.booking(e.Deal), true
			} else if won && d.left == civil.Never {
				d.left = max(d.booked, w.date(e.Time))
			}
		case event.ExpansionCancelled:
			if won && d.left == civil.Never {
				d.left = max(d.booked, e.On)
			}
		}
	}
	return d, won && d.arr != 0
}

// booking reads a won statement. The CSM is the account's that day where none
// is told, and so is the AE (R14). A foreign ARR is nothing (R23).
func (w *world) booking(told event.Deal) deal {
	d := deal{
		opportunity: told.Opportunity, account: told.Account,
		arr: w.minor(told.ARR), closedAt: told.ClosedAt,
		booked: w.date(told.ClosedAt), left: civil.Never,
		csm: told.CSM, ae: told.AE,
	}
	if d.csm == "" {
		d.csm = w.owner(d.account, event.CSM, d.booked)
	}
	if d.ae == "" {
		d.ae = w.owner(d.account, event.AE, d.booked)
	}
	return d
}
