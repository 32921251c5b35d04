package main

import (
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/internal/demo"
)

// busyPayees look after all busy accounts.
const busyPayees = 40

// busyTold is how long after it happened an event arrives.
const busyTold = 5 * time.Minute

var (
	busyFrom  = time.Date(2027, time.January, 5, 9, 0, 0, 0, time.UTC)
	busyUntil = time.Date(2027, time.December, 20, 9, 0, 0, 0, time.UTC)
)

// busy is an account of which a given number of things happen in a year, in
// the demo company's proportions: mostly scores, then contacts, bills,
// opportunities and reviews.
type busy struct {
	id   string
	csm  event.PayeeID
	no   int
	told int // events so far
	opps int
	// phase is how far into the cycle the first of its events is, so that those
	// measured are of the same kinds whatever its size.
	phase int
}

// busyCycle is after how many events the kinds of events come round.
const busyCycle = 16

func newBusy(size, n, facts int) *busy {
	return &busy{id: fmt.Sprintf("busy-%d-%d", size, n), csm: csmOf(n % busyPayees), no: n, phase: busyCycle - facts%busyCycle}
}

func csmOf(n int) event.PayeeID { return event.PayeeID(fmt.Sprintf("csm-%02d", n)) }

func head(kind event.Type, id string, at time.Time) event.Header {
	source := "crm/main"
	if kind[0] == 'b' {
		source = "billing/main"
	}
	return event.Header{Identity: event.Identity{Source: source, ID: id}, Type: kind, Time: at}
}

func usd(whole int64) money.Money { return money.Money{Minor: whole * 100, Currency: "USD"} }

// enrolments tell of the payees.
func enrolments(n int) []demo.Arrival {
	var out []demo.Arrival
	for i := range n {
		at := busyFrom.Add(-time.Hour)
		out = append(out, demo.Arrival{Recorded: at, Event: event.PayeeEnrolled{
			Header: head("crm.payee.enrolled.v1", fmt.Sprintf("enrol-%d", i), at), Payee: csmOf(i), Role: event.CSM,
			Effective: civil.On(2027, time.January, 1), Segment: "mid_market", Team: fmt.Sprintf("team-%d", i/8),
		}})
	}
	return out
}

// next is what happens next of the account.
func (a *busy) next(at time.Time) demo.Arrival {
	n := a.told
	a.told++
	return demo.Arrival{Event: a.event(n, at), Recorded: at.Add(busyTold)}
}

func (a *busy) event(n int, at time.Time) event.Event {
	id, acct := a.id+"-e"+strconv.Itoa(n), event.AccountID(a.id)
	since := civil.On(2026, time.March, 1)
	switch n {
	case 0:
		return event.AccountAssigned{
			Header: head("crm.account.assigned.v1", id, at), Account: acct, Payee: a.csm, Role: event.CSM, Effective: since, Segment: "mid_market",
		}
	case 1:
		return event.SubscriptionStarted{
			Header: head("billing.subscription.started.v1", id, at), Account: acct, Subscription: event.SubscriptionID("sub-" + a.id),
			Term: event.Term{Start: since, End: civil.On(2028, time.March, 1), ARR: usd(120_000)},
		}
	}
	switch k := (n + a.phase) % busyCycle; k {
	case 2, 8:
		return event.ContactEngaged{
			Header: head("crm.contact.engaged.v1", id, at), Account: acct, Contact: fmt.Sprintf("contact-%s-%d", a.id, n%7), EngagedAt: at,
		}
	case 4, 5:
		kind, state := event.Type("billing.invoice.issued.v1"), event.InvoiceIssued
		if k == 5 {
			kind, state = "billing.invoice.paid.v1", event.InvoicePaid
		}
		return event.Invoice{
			Header: head(kind, id, at), State: state, Invoice: fmt.Sprintf("inv-%s-%d", a.id, (n+a.phase)/busyCycle), Account: acct,
			Subscription: event.SubscriptionID("sub-" + a.id), Amount: usd(2500), At: at,
		}
	case 9, 11:
		return a.stage(id, k == 9, at)
	case 13:
		return event.ReviewHeld{
			Header: head("crm.review.held.v1", id, at), Account: acct, Review: fmt.Sprintf("rev-%s-%d", a.id, n), On: civil.In(at, time.UTC), Kind: "qbr",
		}
	}
	return a.score(id, n, at)
}

// stage is one of an opportunity's two: one of four is won.
func (a *busy) stage(id string, first bool, at time.Time) event.Event {
	e := event.ExpansionStage{Header: head("crm.opportunity.stage_changed.v1", id, at), Stage: "Negotiation"}
	if first {
		a.opps++
	} else {
		e.Previous, e.Stage = e.Stage, "Closed Lost"
		if (a.opps+a.no)%4 == 0 {
			e.Stage = "Closed Won"
		}
	}
	e.Deal = event.Deal{
		Opportunity: event.OpportunityID(fmt.Sprintf("opp-%s-%d", a.id, a.opps)), Account: event.AccountID(a.id), ClosedAt: at, Kind: "seats",
		ARR: usd(900 + int64(a.opps)), CSM: a.csm,
	}
	return e
}

// score is a good one but for one of forty.
func (a *busy) score(id string, n int, at time.Time) event.Event {
	score := int64(75 + n%20)
	if n%40 == 31 {
		score = 55
	}
	return event.HealthScored{
		Header: head("crm.health.scored.v1", id, at), Account: event.AccountID(a.id),
		Score: money.Ratio{Num: score, Den: 1}, ScaleMax: money.Ratio{Num: 100, Den: 1}, MeasuredAt: at,
	}
}

// late is a score of the middle of the year, told now: older than the newest.
func (a *busy) late(n int, now time.Time) demo.Arrival {
	at := busyFrom.Add(busyUntil.Sub(busyFrom)/2 + time.Duration(n)*time.Minute)
	return demo.Arrival{Event: a.score(fmt.Sprintf("%s-late%d", a.id, n), n, at), Recorded: now}
}

// histories tells the years of groups of accounts together, in order of time:
// each account of a group has as many facts as the group says.
func histories(groups []crowd) iter.Seq[demo.Arrival] {
	most := 0
	for _, g := range groups {
		most = max(most, g.facts)
	}
	return func(yield func(demo.Arrival) bool) {
		for _, a := range enrolments(busyPayees) {
			if !yield(a) {
				return
			}
		}
		for step := range most {
			at := busyFrom.Add(busyUntil.Sub(busyFrom) * time.Duration(step) / time.Duration(most)).Truncate(time.Second)
			for _, g := range groups {
				if step*g.facts/most == (step-1)*g.facts/most && step > 0 {
					continue
				}
				for _, a := range g.accounts {
					if !yield(a.next(at)) {
						return
					}
				}
			}
		}
	}
}

// crowd is accounts of one size.
type crowd struct {
	facts    int
	accounts []*busy
}
