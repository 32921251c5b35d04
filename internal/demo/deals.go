package demo

import (
	"strconv"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// size is the ARR of an expansion, in minor units: mostly whole tens.
func (l *life) size() int64 {
	minor := min(l.around(l.arr*l.seg.dealSize/1000, 700), l.arr*7/10)
	minor = max(minor/10_00, 50) * 10_00
	if l.chance(150) {
		minor += int64(l.between(1, 999))
	}
	return minor
}

// deal is an opportunity that is won, or lost, on the change's date.
func (l *life) deal(c change, minor int64) event.Deal {
	l.opps++
	owner := l.ownerOn(c.on)
	d := event.Deal{
		Opportunity: event.OpportunityID("opp-" + l.number + "-" + strconv.Itoa(l.opps)), Account: l.id,
		ARR: l.w.money(minor), ClosedAt: l.office(c.on), Kind: pick(l.dice, []string{"seats", "seats", "seats", "module", "module", "consumption", "price"}),
	}
	if l.chance(600) {
		d.CSM = owner.id
	}
	if minor >= 25_000_00 {
		d.AE = l.ae
	}
	if l.chance(350) {
		d.SourcedBy = owner.id
	}
	if d.Kind == "module" && l.chance(300) {
		d.Flags = append(d.Flags, "new_module")
	}
	if minor > 100_000_00 {
		d.Flags = append(d.Flags, "procurement", "legal")
	}
	return d
}

// expand tells an expansion: by its stages, by its booking, or by both.
func (l *life) expand(c change) {
	minor := c.exact
	if minor == 0 {
		minor = l.size()
	}
	d := l.deal(c, minor)
	l.lead(d)
	switch how := l.weigh(45, 35, 20); {
	case c.late:
		l.tellAfter(booked, d.ClosedAt, l.pastLock(d.ClosedAt), bookingOf(d))
	case how == 0:
		l.tell(booked, d.ClosedAt, bookingOf(d))
		if c.exact == 0 && !c.regret && l.chance(40) {
			d.ARR.Minor = d.ARR.Minor * int64(l.between(900, 1100)) / 1000
			l.tell(booked, d.ClosedAt.Add(time.Duration(l.between(20, 9*24))*hour), bookingOf(d))
		}
	case how == 1:
		l.stages(d, "Closed Won")
	default:
		l.stages(d, "Closed Won")
		l.tell(booked, d.ClosedAt.Add(time.Duration(l.between(5, 300))*minute), bookingOf(d))
	}
	l.arr += d.ARR.Minor
	l.grown = c.on
	if c.regret {
		l.plan(change{turn: undoes, on: c.on.Add(l.between(6, 80)), deal: &d})
	}
	if l.chance(400) {
		l.billDeal(d)
	}
}

func bookingOf(d event.Deal) func(event.Header) event.Event {
	return func(h event.Header) event.Event { return event.ExpansionBooked{Header: h, Deal: d} }
}

// lead tells who found the deal, and what they handed over to whom closes it.
func (l *life) lead(d event.Deal) {
	if d.SourcedBy == "" {
		return
	}
	found := d.ClosedAt.Add(-time.Duration(l.between(25, 110)) * day)
	l.tell(sourced, found, func(h event.Header) event.Event {
		return event.LeadSourced{Header: h, Opportunity: d.Opportunity, Account: d.Account, Payee: d.SourcedBy, Stage: "qualified", At: h.Time}
	})
	if d.AE == "" {
		return
	}
	estimate := l.w.money(d.ARR.Minor / 1000_00 * 1000_00)
	buyer := "economic buyer"
	if l.chance(200) {
		buyer = ""
	}
	l.tell(handedOff, found.Add(time.Duration(l.between(20, 20*24))*hour), func(h event.Header) event.Event {
		return event.HandoffLogged{
			Header: h, Opportunity: d.Opportunity, Account: d.Account, LoggedAt: h.Time, BusinessObjective: "grow usage",
			SKU: "sku-" + d.Kind, EstimatedARR: &estimate, EconomicBuyer: buyer,
		}
	})
}

// stages tells an opportunity's way to its last stage.
func (l *life) stages(d event.Deal, last event.Stage) {
	way := []event.Stage{"Discovery", "Proposal", "Negotiation", last}
	skip := l.between(0, 2)
	at := d.ClosedAt.Add(-time.Duration(l.between(20, 75)) * day)
	before := event.Stage("")
	for i, stage := range way[skip:] {
		left := len(way) - skip - i - 1
		if left == 0 {
			at = d.ClosedAt
		}
		l.stage(d, stage, before, at)
		before = stage
		at = at.Add(d.ClosedAt.Sub(at) / time.Duration(left+1) * time.Duration(l.between(30, 90)) / 100).Truncate(time.Second)
	}
}

func (l *life) stage(d event.Deal, now, before event.Stage, at time.Time) {
	l.tell(stageChanged, at, func(h event.Header) event.Event {
		d.ClosedAt = h.Time
		return event.ExpansionStage{Header: h, Deal: d, Stage: now, Previous: before}
	})
}

// cancel tells that a deal is off, one way or the other.
func (l *life) cancel(d event.Deal, on civil.Date) {
	at := l.at(on, 9, 18)
	if l.chance(300) {
		l.stage(d, "Closed Lost", "Closed Won", at)
		return
	}
	why := pick(l.dice, []string{"budget withdrawn", "order entered in error", "customer used its right to cancel"})
	l.tell(cancelled, at, func(h event.Header) event.Event {
		return event.ExpansionCancelled{Header: h, Opportunity: d.Opportunity, Account: d.Account, On: on, Reason: why}
	})
}
