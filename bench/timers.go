package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime/debug"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/demo"
	"github.com/trueup/trueup/store"
)

const (
	timersGoal  = 2 // seconds, for opening and for firing
	dueARR      = 12_000
	dueHeld     = 240_00 // minor units that the default plan holds of such a deal
	dueGrace    = 30     // days of grace of its renewal
	duePerPayee = 50
)

// waiting is a ledger of accounts that each wait for an instant: most for the
// day their renewal is to be announced, and groups of them each for the day on
// which a renewal is missed and what is held of a deal is forfeited.
type waiting struct {
	pending int
	group   int
	groups  int
	told    time.Time // when everything of it arrives
}

func (w waiting) payees() int { return max(w.group/duePerPayee, 1) }

// due is the instant at which the timers of a group are.
func (w waiting) due(group int, zone *time.Location) time.Time {
	return w.ends(group).Add(dueGrace).Start(zone)
}

// ends is the end of a group's terms.
func (waiting) ends(group int) civil.Date { return civil.On(2027, time.February, 10).Add(2 * group) }

// events tells of all of it.
func (w waiting) events() iter.Seq[demo.Arrival] {
	return func(yield func(demo.Arrival) bool) {
		for _, a := range enrolments(w.payees()) {
			if !yield(a) {
				return
			}
		}
		for n := range w.pending {
			if !yield(demo.Arrival{Event: w.renewing(n), Recorded: w.told}) {
				return
			}
		}
		for g := range w.groups {
			for n := range w.group {
				for _, ev := range w.holding(g, n) {
					if !yield(demo.Arrival{Event: ev, Recorded: w.told}) {
						return
					}
				}
			}
		}
	}
}

// renewing is an account whose renewal is announced on a day of the summer or
// the winter after.
func (w waiting) renewing(n int) event.Event {
	id := fmt.Sprintf("wait-%07d", n)
	return event.SubscriptionStarted{
		Header: head("billing.subscription.started.v1", id+"-e0", w.told), Account: event.AccountID(id), Subscription: event.SubscriptionID("sub-" + id),
		Term: event.Term{Start: civil.On(2027, time.January, 1), End: civil.On(2027, time.September, 1).Add(n % 300), ARR: usd(24_000)},
	}
}

// holding is an account with an expansion that is held until a renewal.
func (w waiting) holding(group, n int) []event.Event {
	id := fmt.Sprintf("due-%d-%05d", group, n)
	acct, csm, since := event.AccountID(id), csmOf(n%w.payees()), w.ends(group).Add(-365)
	at := w.told.Add(-time.Hour)
	return []event.Event{
		event.AccountAssigned{Header: head("crm.account.assigned.v1", id+"-e0", at), Account: acct, Payee: csm, Role: event.CSM, Effective: since, Segment: "mid_market"},
		event.SubscriptionStarted{
			Header: head("billing.subscription.started.v1", id+"-e1", at), Account: acct, Subscription: event.SubscriptionID("sub-" + id),
			Term: event.Term{Start: since, End: w.ends(group), ARR: usd(60_000)},
		},
		event.HealthScored{
			Header: head("crm.health.scored.v1", id+"-e2", at), Account: acct, Score: money.Ratio{Num: 80, Den: 1}, ScaleMax: money.Ratio{Num: 100, Den: 1}, MeasuredAt: at,
		},
		event.ExpansionBooked{Header: head("crm.expansion.booked.v1", id+"-e3", at.Add(time.Minute)), Deal: event.Deal{
			Opportunity: event.OpportunityID("opp-" + id), Account: acct, ARR: usd(dueARR), ClosedAt: at.Add(time.Minute), Kind: "seats", CSM: csm,
		}},
	}
}

// fill makes the ledger, and settles what waits for a quiet moment.
func (w waiting) fill(ctx context.Context, file *filing) error {
	if err := file.fill(ctx, bodiesOf(w.events())); err != nil {
		return err
	}
	tick, err := file.tick(w.told.Add(24 * time.Hour))
	if err == nil {
		_, err = file.take([]tenant.Arrival{tick})
	}
	return err
}

// fired is what a round of timers took.
type fired struct{ open, first, fire cost }

// pendingTimers measures a ledger in which a million timers wait: how soon it
// takes its first input, and how fast many fire that are due at once.
func pendingTimers(ctx context.Context, b *bench) (out finding, err error) {
	w := waiting{
		pending: sized(b, 1_000_000, 20_000), group: sized(b, 20_000, 400), groups: b.studyRounds() + 1,
		told: time.Date(2027, time.January, 15, 12, 0, 0, 0, time.UTC),
	}
	defer asWorker(tenant.DefaultCache)()
	plans := b.w.company().Plans()
	path := b.w.path("timers.db")
	defer func() { err = errors.Join(err, b.discard("timers.db")) }()
	file, err := openFiling(path, plans)
	if err != nil {
		return out, err
	}
	if err := errors.Join(w.fill(ctx, file), file.Close()); err != nil {
		return out, err
	}
	debug.FreeOSMemory()
	b.say("timers: %d accounts wait", w.pending+w.groups*w.group)
	got := file.got
	var rounds []fired
	for g := range w.groups {
		r, err := w.round(path, g, &got, plans[0].Zone)
		if err != nil {
			return out, fmt.Errorf("round %d: %w", g, err)
		}
		if g > 0 { // the first warms up
			rounds = append(rounds, r)
		}
	}
	if b.o.quick {
		if err := w.verified(path, got); err != nil {
			return out, err
		}
	}
	each := func(value func(fired) time.Duration) (all []float64) {
		for _, r := range rounds {
			all = append(all, value(r).Seconds())
		}
		return all
	}
	opened, due := fmt.Sprintf("opened with %d timers pending", w.pending), fmt.Sprintf("%d timers due at once fired", w.group)
	out.Figures = []figure{
		figureOf(opened, "s", each(func(r fired) time.Duration { return r.open.Wall })).under(timersGoal),
		figureOf(opened, "s of CPU", each(func(r fired) time.Duration { return r.open.CPU })),
		figureOf("the first input recorded after that", "s", each(func(r fired) time.Duration { return r.first.Wall })),
		figureOf(due, "s", each(func(r fired) time.Duration { return r.fire.Wall })).under(timersGoal),
		figureOf(due, "s of CPU", each(func(r fired) time.Duration { return r.fire.CPU })),
	}
	out.Notes = []string{"each timer is of an account of its own: of a renewal to be announced, or of a missed one that forfeits what is held, by one entry. " +
		"The ledger is opened anew for each round, so that no account is at hand; its file is in the system's cache."}
	return out, nil
}

// round opens the ledger, records an input, and then one that comes after the
// timers of a group were due.
func (w waiting) round(path string, group int, got *filed, zone *time.Location) (r fired, err error) {
	before := spentNow()
	file, err := openFiling(path, nil)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	file.got = *got
	next, err := file.Waiting()
	if err != nil {
		return r, err
	}
	r.open = spentNow().since(before)
	due := w.due(group, zone)
	if !next.First.Equal(due) {
		return r, fmt.Errorf("the first timer is due %s, want %s", next.First, due)
	}
	if r.first, err = w.input(file, group, 0, due.Add(-time.Hour)); err != nil {
		return r, err
	}
	timers, entries := file.got.Timers, file.got.Entries
	if r.fire, err = w.input(file, group, 1, due.Add(time.Second)); err != nil {
		return r, err
	}
	if timers, entries = file.got.Timers-timers, file.got.Entries-entries; timers != w.group || entries != w.group {
		return r, fmt.Errorf("%d timers fired and %d entries were posted, want %d of both", timers, entries, w.group)
	}
	*got = file.got
	return r, w.checked(file, group)
}

// input records a score of one of the accounts that wait.
func (w waiting) input(file *filing, group, n int, at time.Time) (cost, error) {
	a := &busy{id: fmt.Sprintf("wait-%07d", 2*group+n)}
	batch, err := file.arrivals([]demo.Arrival{{Event: a.score(a.id+"-e1", 0, at), Recorded: at}})
	if err != nil {
		return cost{}, err
	}
	return file.take(batch)
}

// checked is the oracle: what is held of the groups that are still to fall due
// is all that payees have, and all other timers are pending.
func (w waiting) checked(file *filing, group int) error {
	if err := file.counted(); err != nil {
		return err
	}
	all, err := file.standings()
	if err != nil {
		return err
	}
	left := w.groups - group - 1
	held, want := int64(0), int64(left*w.group*dueHeld)
	for id, s := range all {
		if held += s.Balances.Held; s.Balances.Payable != 0 || s.Balances.Paid != 0 {
			return fmt.Errorf("the balances of %s are %+v, want what is held alone", id, s.Balances)
		}
	}
	if held != want {
		return fmt.Errorf("%d minor units are held, want %d", held, want)
	}
	return file.View(func(v *store.View) error {
		st, err := v.Status()
		if err == nil && st.Timers < w.pending+left*w.group {
			err = fmt.Errorf("%d timers are pending, want %d", st.Timers, w.pending+left*w.group)
		}
		return err
	})
}

func (w waiting) verified(path string, got filed) error {
	file, err := openFiling(path, nil)
	if err != nil {
		return err
	}
	file.got = got
	return errors.Join(file.verified(), file.Close())
}
