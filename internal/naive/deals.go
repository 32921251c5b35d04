package naive

import (
	"cmp"
	"slices"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

// deal is ARR that was won: an expansion, one step of an uplift, or the part
// of a renewal above what the account had.
type deal struct {
	opportunity event.OpportunityID
	part        int // of its opportunity: 0, or the number of an uplift's step
	account     event.AccountID
	arr         int64       // in the plans' currency
	asTold      money.Money // before conversion
	closedAt    time.Time   // what the health gate looks at
	booked      civil.Date
	left        civil.Date // cancelled, or not won any more; civil.Never
	csm, ae     event.PayeeID
	flagged     bool
	again       bool // an uplift's step or a renewal's growth, not a booking of its own
}

// before orders deals by booking, then opportunity, then part.
func (d *deal) before(e *deal) int {
	return cmp.Or(cmp.Compare(d.booked, e.booked), cmp.Compare(d.opportunity, e.opportunity), cmp.Compare(d.part, e.part))
}

// deals are all of them, the oldest first.
func (w *world) deals() []*deal {
	if w.booked == nil {
		w.booked = append([]*deal{}, w.bookings()...)
		for _, account := range w.accounts() {
			w.booked = append(w.booked, w.renewalUplifts(account)...)
		}
		slices.SortStableFunc(w.booked, (*deal).before)
	}
	return w.booked
}

// dealsOf are one account's.
func (w *world) dealsOf(account event.AccountID) []*deal {
	var out []*deal
	for _, d := range w.deals() {
		if d.account == account {
			out = append(out, d)
		}
	}
	return out
}

// bookings are the won opportunities and the steps of uplifts: what moves an
// account's ARR by itself.
func (w *world) bookings() []*deal {
	if w.started != nil {
		return w.started
	}
	out := []*deal{}
	told := w.byOpportunity()
	for _, o := range sorted(told) {
		if d := w.expansion(told[o]); d != nil && d.arr > 0 {
			out = append(out, d)
		}
		out = append(out, w.steps(told[o])...)
	}
	w.started = out
	return out
}

// byOpportunity has what is told of each opportunity by systems that are
// evidence for expansion.
func (w *world) byOpportunity() map[event.OpportunityID][]event.Event {
	told := map[event.OpportunityID][]event.Event{}
	for _, e := range w.told {
		if !counts(w.tenant.Evidence.Expansion, e) {
			continue
		}
		switch x := e.(type) {
		case event.ExpansionBooked:
			told[x.Opportunity] = append(told[x.Opportunity], e)
		case event.ExpansionStage:
			told[x.Opportunity] = append(told[x.Opportunity], e)
		case event.ExpansionCancelled:
			told[x.Opportunity] = append(told[x.Opportunity], e)
		case event.UpliftScheduled:
			told[x.Opportunity] = append(told[x.Opportunity], e)
		}
	}
	return told
}

// expansion is what an opportunity's statements come to: the latest won one
// whole, until the first that is not won after it (R25), or nil. Nothing
// leaves before it was booked. Without a rate for its currency there is no
// deal (R23).
func (w *world) expansion(told []event.Event) *deal {
	var d *deal
	for _, e := range told {
		switch e := e.(type) {
		case event.ExpansionBooked:
			d = w.booking(e.Deal)
		case event.ExpansionStage:
			if e.Stage.Won() {
				d = w.booking(e.Deal)
			} else if d != nil && d.left == civil.Never {
				d.left = max(d.booked, w.date(e.Time))
			}
		case event.ExpansionCancelled:
			if d != nil && d.left == civil.Never {
				d.left = max(d.booked, e.On)
			}
		}
	}
	return d
}

// booking reads a won statement. The CSM is the account's that day where none
// is told, and so is the AE (R14).
func (w *world) booking(told event.Deal) *deal {
	d := &deal{
		opportunity: told.Opportunity, account: told.Account, asTold: told.ARR, closedAt: told.ClosedAt,
		booked: w.date(told.ClosedAt), left: civil.Never,
		csm: told.CSM, ae: told.AE, flagged: len(told.Flags) > 0,
	}
	d.arr, _ = w.converted(told.ARR, d.booked)
	w.people(d)
	return d
}

// people fills in the account's owners on the booking date.
func (w *world) people(d *deal) {
	if d.csm == "" {
		d.csm = w.owner(d.account, event.CSM, d.booked)
	}
	if d.ae == "" {
		d.ae = w.owner(d.account, event.AE, d.booked)
	}
}

// steps are an uplift's: each a deal booked on its date, judged by the health
// at signing (§3). The latest schedule of an opportunity stands; a later
// expansion.cancelled takes the steps up to its date away on it, and the others
// do not happen.
func (w *world) steps(told []event.Event) []*deal {
	var u *event.UpliftScheduled
	cancelled := civil.Never
	for _, e := range told {
		switch e := e.(type) {
		case event.UpliftScheduled:
			u, cancelled = &e, civil.Never
		case event.ExpansionCancelled:
			if u != nil && cancelled == civil.Never {
				cancelled = e.On
			}
		}
	}
	if u == nil {
		return nil
	}
	var out []*deal
	for i, s := range u.Steps {
		arr, _ := w.converted(s.ARR, s.Effective)
		if arr <= 0 || s.Effective > cancelled {
			continue
		}
		d := &deal{
			opportunity: u.Opportunity, part: i + 1, account: u.Account, arr: arr, asTold: s.ARR,
			closedAt: u.SignedAt, booked: s.Effective, left: cancelled, again: true,
		}
		w.people(d)
		out = append(out, d)
	}
	return out
}

// renewalUplifts are the parts of renewals above what the account had (§3,
// R24), each a deal booked on the term start.
func (w *world) renewalUplifts(account event.AccountID) []*deal {
	var out []*deal
	for _, r := range w.life(account).rises {
		d := &deal{
			opportunity: event.OpportunityID(account), account: account, arr: r.by,
			asTold:   money.Money{Minor: r.by, Currency: w.tenant.Currency},
			closedAt: r.renewal.told.Head().Time, booked: r.renewal.start, left: civil.Never, again: true,
		}
		switch e := r.renewal.told.(type) {
		case event.RenewalBooked:
			if e.Renewal != "" {
				d.opportunity = event.OpportunityID(e.Renewal)
			}
			if !e.BookedAt.IsZero() {
				d.closedAt = e.BookedAt
			}
		case event.RenewalStage:
			d.opportunity = e.Opportunity
		}
		w.people(d)
		out = append(out, d)
	}
	return out
}
