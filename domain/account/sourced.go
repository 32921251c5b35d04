package account

import (
	"slices"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
)

// sourced is what was told of where an opportunity came from and what became
// of it.
type sourced struct {
	leads     []event.LeadSourced // in the order stated; each is a claim of its own
	latest    dealStatement       // booked, staged or cancelled
	priced    pricing             // the latest stage that tells an ARR
	estimate  pricing             // the latest hand-off record that has one
	uplift    event.Header        // the latest uplift.scheduled
	cancelled event.Header        // the latest expansion.cancelled
	ends      civil.Date          // the last day on which it begins or stops to count; noChange: nobody says they found it
}

// dealStatement is one word on an opportunity; a zero Header: none.
type dealStatement struct {
	event.Header
	won       bool
	SourcedBy event.PayeeID
	ClosedAt  time.Time
	ARR       money.Money
}

func dealStated(h event.Header, won bool, d event.Deal) dealStatement {
	return dealStatement{h, won, d.SourcedBy, d.ClosedAt, d.ARR}
}

// pricing is one word on its ARR; a zero Header: none.
type pricing struct {
	event.Header
	ARR money.Money
}

// addSourced takes what is told of an opportunity.
func (a *attention) addSourced(e event.Event, zone *time.Location) (changed bool) {
	var o *sourced
	switch e := e.(type) {
	case event.LeadSourced:
		o = a.opportunity(e.Opportunity)
		i, found := slices.BinarySearchFunc(o.leads, e, func(a, b event.LeadSourced) int { return compareHeaders(a.Header, b.Header) })
		if found {
			return false
		}
		o.leads = slices.Insert(o.leads, i, e)
		changed = true
	case event.HandoffLogged:
		if e.EstimatedARR == nil {
			return false
		}
		if o = a.opportunity(e.Opportunity); event.Newer(e.Header, o.estimate.Header) {
			o.estimate, changed = pricing{e.Header, *e.EstimatedARR}, true
		}
	case event.ExpansionBooked:
		o = a.opportunity(e.Opportunity)
		changed = o.tell(dealStated(e.Header, true, e.Deal), false)
	case event.ExpansionStage:
		o = a.opportunity(e.Opportunity)
		changed = o.tell(dealStated(e.Header, e.Stage.Won(), e.Deal), e.ARR.Currency != "")
	case event.ExpansionCancelled:
		o = a.opportunity(e.Opportunity)
		if event.Newer(e.Header, o.cancelled) {
			o.cancelled, changed = e.Header, true
		}
		changed = o.tell(dealStatement{Header: e.Header}, false) || changed
	case event.UpliftScheduled:
		if o = a.opportunity(e.Opportunity); event.Newer(e.Header, o.uplift) {
			o.uplift, changed = e.Header, true
		}
	default:
		return false
	}
	a.place(o, zone)
	return changed
}

// place lists an opportunity where it now belongs among those that are claimed.
func (a *attention) place(o *sourced, zone *time.Location) {
	was := o.ends
	o.ends = noChange
	o.turns(zone, func(d civil.Date) { o.ends = max(o.ends, d) })
	if o.ends == was {
		return
	}
	if was != noChange {
		i := slices.Index(a.claimed[a.claimedUntil(was):], o) + a.claimedUntil(was)
		a.claimed = slices.Delete(a.claimed, i, i+1)
	}
	if o.ends != noChange {
		a.claimed = slices.Insert(a.claimed, a.claimedUntil(o.ends+1), o)
	}
}

// claimedUntil is the place of the first claimed opportunity that still begins
// or stops to count on a day or later.
func (a *attention) claimedUntil(day civil.Date) int {
	i, _ := slices.BinarySearchFunc(a.claimed, day, func(o *sourced, d civil.Date) int {
		if o.ends < d {
			return -1
		}
		return 1
	})
	return i
}

// sourcedFrom is the first day of which what is told of where an event's
// opportunity came from is measured, and so what became of it; civil.Never
// where nobody says that they found it.
func (a *attention) sourcedFrom(e event.Event, zone *time.Location) civil.Date {
	var o *sourced
	switch e := e.(type) {
	case event.LeadSourced:
		o = a.sourced.Get(e.Opportunity)
	case event.HandoffLogged:
		o = a.sourced.Get(e.Opportunity)
	case event.ExpansionBooked:
		o = a.sourced.Get(e.Opportunity)
	case event.ExpansionStage:
		o = a.sourced.Get(e.Opportunity)
	case event.ExpansionCancelled:
		o = a.sourced.Get(e.Opportunity)
	case event.UpliftScheduled:
		o = a.sourced.Get(e.Opportunity)
	default:
	}
	first := civil.Never
	if o == nil {
		return first
	}
	for _, l := range o.leads {
		first = min(first, civil.In(l.At, zone))
	}
	if o.latest.won && o.latest.SourcedBy != "" {
		first = min(first, civil.In(o.latest.ClosedAt, zone))
	}
	return first
}

func (a *attention) opportunity(id event.OpportunityID) *sourced {
	o := a.sourced.Get(id)
	if o == nil {
		o = &sourced{ends: noChange}
		a.sourced.Put(id, o)
	}
	return o
}

func (o *sourced) tell(d dealStatement, priced bool) (changed bool) {
	if event.Newer(d.Header, o.latest.Header) {
		o.latest, changed = d, true
	}
	if priced && event.Newer(d.Header, o.priced.Header) {
		o.priced, changed = pricing{d.Header, d.ARR}, true
	}
	return changed
}

// compareHeaders orders statements by time, then source, then id.
func compareHeaders(a, b event.Header) int {
	switch {
	case event.Newer(b, a):
		return -1
	case event.Newer(a, b):
		return 1
	}
	return 0
}

// won reports whether the opportunity stands as closed won.
func (o *sourced) won() bool {
	return o.latest.won || !o.uplift.Time.IsZero() && event.Newer(o.uplift, o.cancelled)
}

// claim is who sourced an opportunity, when, and where the lead stands by a day.
type claim struct {
	payee event.PayeeID
	on    civil.Date
	stage string
}

// claimed is the first claimant's claim as it stands at the end of a day;
// false where there is none by then.
//
// Source: rules §4 "One source per opportunity"; readings R29.
// Units: –.
// Rounding: none.
func (o *sourced) claimed(by civil.Date, zone *time.Location) (claim, bool) {
	won := o.latest.won && o.latest.SourcedBy != ""
	if len(o.leads) == 0 || won && event.Newer(o.leads[0].Header, o.latest.Header) {
		c := claim{o.latest.SourcedBy, civil.In(o.latest.ClosedAt, zone), "closedwon"}
		return c, won && c.on <= by
	}
	c := claim{payee: o.leads[0].Payee, on: civil.Never}
	var last time.Time
	for _, l := range o.leads {
		on := civil.In(l.At, zone)
		if l.Payee != c.payee || on > by {
			continue
		}
		c.on = min(c.on, on)
		if !l.At.Before(last) {
			last, c.stage = l.At, l.Stage.Name()
		}
	}
	return c, c.on != civil.Never
}

// qualified is the day the opportunity was first told to be qualified, or
// civil.Never.
func (o *sourced) qualified(zone *time.Location) civil.Date {
	first := civil.Never
	for _, l := range o.leads {
		if l.Stage.Name() == "qualified" {
			first = min(first, civil.In(l.At, zone))
		}
	}
	return first
}

// arr is what the opportunity is worth a year: as won, else as the latest stage
// that tells it, else as the hand-off estimates it, else nothing.
func (o *sourced) arr() money.Money {
	switch {
	case o.latest.won:
		return o.latest.ARR
	case !o.priced.Time.IsZero():
		return o.priced.ARR
	}
	return o.estimate.ARR
}
