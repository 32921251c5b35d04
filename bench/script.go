package main

import (
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/demo"
	"github.com/trueup/trueup/internal/wire"
)

// told is an event of a script and what it does.
type told struct {
	msg     broker.Msg
	id      event.Identity
	typ     event.Type
	outs    int  // outputs it brings, those of the timers that its arrival fires included
	entries int  // the same of entries
	adjusts bool // one of the entries names it as a cause
}

// script is what a lab's worker is told: the setup, and then what is measured.
// It is folded in memory, so that it is known what comes of each event.
type script struct {
	w        *workload
	setup    []told
	measured []told
	want     map[event.PayeeID]standing
	puts     map[string]putSum // of what is measured, by bucket
	done     []operations      // by each event, the setup's too
}

// putSum is what was put into a bucket: keys and values of known sizes, and
// values of which only the mean size in a file is known.
type putSum struct {
	n, bytes, means int
}

// mix are a made-up company's own events until its first quarter ends: what a
// quiet moment settles afterwards is not the events'.
func mix(w *workload) iter.Seq[demo.Arrival] {
	c := w.company()
	ends := c.From.Start(c.Plans()[0].Zone).AddDate(0, 0, 85)
	return func(yield func(demo.Arrival) bool) {
		for a := range c.Events() {
			if !a.Recorded.Before(ends) || !yield(a) {
				return
			}
		}
	}
}

// script folds arrivals: those of the import are the setup, at most events of
// what follows are measured. A worker that finds a quiet moment between the two
// settles there what waited for one.
func (b *bench) script(quiet bool, accounts, events int, arrivals func(*workload) iter.Seq[demo.Arrival]) (*script, error) {
	w := &workload{Seed: b.o.seed, Accounts: accounts}
	s := &script{w: w, puts: map[string]putSum{}}
	company := w.company()
	f, err := newFold(company.Plans())
	if err != nil {
		return nil, err
	}
	begins := company.From.Start(company.Plans()[0].Zone)
	w.AsOf = begins.UTC() // before all of it, so that the clock never adds anything
	begins = begins.Add(importEnds)
	var last time.Time
	for a := range arrivals(w) {
		if w.Events == events {
			break
		}
		if last.Before(begins) && !a.Recorded.Before(begins) && quiet {
			f.next = operations{}
			if _, err := f.finish(last); err != nil {
				return nil, err
			}
			w.SetupOuts += f.next.outs
		}
		t, ops, err := tellOne(f, a)
		if err != nil {
			return nil, err
		}
		s.done = append(s.done, ops)
		if last = a.Recorded; last.Before(begins) {
			w.Setup, w.SetupOuts = w.Setup+1, w.SetupOuts+t.outs
			s.setup = append(s.setup, t)
		} else {
			w.Events, w.Outs, w.BodySize = w.Events+1, w.Outs+t.outs, w.BodySize+int64(len(t.msg.Body))
			s.measured = append(s.measured, t)
			s.note(ops)
		}
	}
	if s.want, err = f.finish(last); err != nil {
		return nil, err
	}
	w.Entries, w.Facts = f.entries, int(f.facts) //nolint:gosec // a count
	return s, nil
}

// sealed is what the store adds to each value. Mean sizes have it already.
const sealed = 4

// note sums up what a measured event puts.
func (s *script) note(o operations) {
	for _, op := range o.ops {
		if op.del {
			continue
		}
		sum := s.puts[bucketNames[op.bucket]]
		sum.n++
		sum.bytes += len(op.key)
		if op.size == mean {
			sum.means++
		} else {
			sum.bytes += op.size + sealed
		}
		s.puts[bucketNames[op.bucket]] = sum
	}
	out := s.puts["out"]
	s.puts["out"] = putSum{out.n + o.outs, out.bytes + 8*o.outs, out.means + o.outs}
}

func tellOne(f *fold, a demo.Arrival) (told, operations, error) {
	before := f.entries
	body, ops, err := f.take(a)
	if err != nil {
		return told{}, ops, err
	}
	head := a.Event.Head()
	t := told{
		msg: broker.Msg{
			Subject: wire.Subject(tenantName, head.Type), Body: body, Header: nats.Header{"Content-Type": []string{"application/cloudevents+json"}},
		},
		id: head.Identity, typ: head.Type, outs: ops.outs, entries: f.entries - before,
	}
	if t.entries == 0 {
		return t, ops, nil
	}
	return t, ops, f.memory.Entries(a.Event.Scope(), func(e *ledger.Entry) error {
		t.adjusts = t.adjusts || slices.Contains(e.CausedBy, head.Identity)
		return nil
	})
}

// bookings are a company's import and then expansions, one a second, each of an
// opportunity of its own: they earn.
func bookings(w *workload) iter.Seq[demo.Arrival] {
	return func(yield func(demo.Arrival) bool) {
		var like []event.ExpansionBooked
		for a := range mix(w) {
			if e, ok := a.Event.(event.ExpansionBooked); ok && e.CSM != "" && e.ARR.Minor > 0 {
				like = append(like, e)
			}
		}
		company := w.company()
		at := company.From.Start(company.Plans()[0].Zone).Add(importEnds)
		for a := range mix(w) {
			if !a.Recorded.Before(at) || !yield(a) {
				break
			}
		}
		for n := 0; len(like) > 0; n++ {
			e := like[n%len(like)]
			at = at.Add(time.Second)
			e.ID, e.Time, e.ClosedAt = fmt.Sprintf("latency-%d", n), at.UTC(), at.UTC()
			e.Opportunity = event.OpportunityID(fmt.Sprintf("OPP-latency-%d", n))
			if !yield(demo.Arrival{Event: e, Recorded: at.UTC()}) {
				return
			}
		}
	}
}

// churns are a company's import, bookings on all of its accounts, still of the
// setup, and then the churn of each account.
func churns(w *workload) iter.Seq[demo.Arrival] {
	return func(yield func(demo.Arrival) bool) {
		company := w.company()
		zone := company.Plans()[0].Zone
		begins := company.From.Start(zone).Add(importEnds)
		var like *event.ExpansionBooked
		owners := map[event.AccountID]event.PayeeID{}
		var owned []event.AccountID
		for a := range mix(w) {
			switch e := a.Event.(type) { //nolint:gochecksumtype // two of them are wanted
			case event.ExpansionBooked:
				if e.CSM != "" && like == nil {
					like = &e
				}
			case event.AccountAssigned:
				if e.Role == event.CSM && a.Recorded.Before(begins) && owners[e.Account] == "" {
					owned = append(owned, e.Account)
				}
				if e.Role == event.CSM {
					owners[e.Account] = e.Payee
				}
			}
			if a.Recorded.Before(begins) && !yield(a) {
				return
			}
		}
		if like == nil {
			return
		}
		booked := begins.Add(-time.Second).UTC()
		for _, account := range owned {
			for n := range heavyDeals {
				e := *like
				e.ID, e.Time, e.ClosedAt = fmt.Sprintf("chain-%s-%d", account, n), booked, booked
				e.Account, e.CSM, e.Opportunity = account, owners[account], event.OpportunityID("OPP-"+e.ID)
				if !yield(demo.Arrival{Event: e, Recorded: booked}) {
					return
				}
			}
		}
		for n, account := range owned {
			at := begins.Add(time.Duration(n+1) * time.Second).UTC()
			head := event.Header{Identity: event.Identity{Source: like.Source, ID: "chain-churn-" + string(account)}, Type: "crm.churn.effective.v1", Time: at}
			e := event.ChurnEffective{Header: head, Account: account, Effective: civil.In(at, zone), Reason: "competitor"}
			if !yield(demo.Arrival{Event: e, Recorded: at}) {
				return
			}
		}
	}
}
