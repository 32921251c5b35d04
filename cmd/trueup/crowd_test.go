package main

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/demo"
	"github.com/trueup/trueup/internal/wire"
	"github.com/trueup/trueup/store"
)

// crowd is a company with very many payees and lines, and little else: what a
// page about everybody, or about somebody with a very large book, has to cope
// with. Its plans are the demo's. With 10,000 payees its year posts more than
// 1,000,000 entries.
type crowd struct{ payees int }

func (c crowd) managers() int { return max(1, c.payees/50) }
func (c crowd) aes() int      { return max(1, c.payees/5) }
func (c crowd) csms() int     { return c.payees - c.managers() - c.aes() }

// accounts are ten for each CSM; heavy has those of a tenth as many CSMs beside.
func (c crowd) accounts() int { return 10*c.csms() + c.csms()/10*2 }

func (c crowd) csm(i int) event.PayeeID { return event.PayeeID(fmt.Sprintf("csm-%05d", i+1)) }
func (c crowd) ae(i int) event.PayeeID  { return event.PayeeID(fmt.Sprintf("ae-%04d", i+1)) }
func (c crowd) mgr(i int) event.PayeeID { return event.PayeeID(fmt.Sprintf("mgr-%03d", i+1)) }

// The year of a crowd, and the moment at which it is looked at: its last quarter
// has ended and waits to be locked.
var (
	crowdFrom  = civil.On(2027, time.January, 1)
	crowdUntil = civil.On(2028, time.January, 5)
)

// heavy is the payee with the very large book.
func (c crowd) heavy() event.PayeeID { return c.csm(0) }

// happened is an event and when it is recorded.
type happened struct {
	at time.Time
	ev event.Event
}

// telling makes events with ids of their own.
type telling struct {
	zone *time.Location
	no   int
	out  []happened
}

// at is an instant of a day in the company's zone.
func (t *telling) at(d civil.Date, minute int) time.Time {
	return d.Start(t.zone).Add(time.Duration(9*60+minute%480) * time.Minute).UTC()
}

// head is of what happened at an instant.
func (t *telling) head(kind event.Type, at time.Time) event.Header {
	t.no++
	return event.Header{Identity: event.Identity{Source: "crm/crowd", ID: fmt.Sprintf("c-%07d", t.no)}, Type: kind, Time: at}
}

// tell is recorded an hour after it happened, or on the company's first day.
func (t *telling) tell(ev event.Event) {
	at := ev.Head().Time.Add(time.Hour)
	if first := t.at(crowdFrom, 0); at.Before(first) {
		at = first
	}
	t.out = append(t.out, happened{at, ev})
}

// events are a crowd's year but for what payroll says, by when they are recorded.
func (c crowd) events() []happened {
	t := &telling{zone: demo.Default().Plans()[0].Zone}
	c.tellPeople(t)
	for i := range c.accounts() {
		c.tellAccount(t, i)
	}
	slices.SortStableFunc(t.out, func(a, b happened) int { return a.at.Compare(b.at) })
	return t.out
}

func (c crowd) tellPeople(t *telling) {
	hired := civil.On(2026, time.March, 1)
	enrol := func(e event.PayeeEnrolled) {
		e.Header = t.head("crm.payee.enrolled.v1", t.at(hired-7, t.no))
		e.Effective, e.Employee = hired, fmt.Sprintf("emp-%05d", t.no)
		t.tell(e)
	}
	for i := range c.managers() {
		enrol(event.PayeeEnrolled{Payee: c.mgr(i), Role: event.Manager, Team: fmt.Sprintf("team-%03d", i+1)})
	}
	for i := range c.aes() {
		enrol(event.PayeeEnrolled{Payee: c.ae(i), Role: event.AE, Plan: "ae-expansion", Team: "sales"})
	}
	for i := range c.csms() {
		m := i % c.managers()
		enrol(event.PayeeEnrolled{Payee: c.csm(i), Role: event.CSM, Segment: "mid_market", Team: fmt.Sprintf("team-%03d", m+1), Manager: c.mgr(m)})
	}
}

// tellAccount tells of an account: four deals that a CSM and an AE share, a
// renewal in the second half of the year, and of some a risk, a dispute or their end.
func (c crowd) tellAccount(t *telling, i int) {
	id, owner := event.AccountID(fmt.Sprintf("acct-%06d", i+1)), c.csm(i/10)
	if i >= 10*c.csms() {
		owner = c.heavy()
	}
	usd := func(whole int64) money.Money { return money.Money{Minor: whole * 100, Currency: "USD"} }
	renews := civil.On(2027, time.July, 1).Add(i * 7 % 150)
	begins := renews.AddYears(-1)
	t.tell(event.AccountAssigned{Header: t.head("crm.account.assigned.v1", t.at(begins, i)), Account: id, Payee: owner, Role: event.CSM, Effective: begins, Segment: "mid_market"})
	t.tell(event.SubscriptionStarted{
		Header: t.head("billing.subscription.started.v1", t.at(begins, i)), Account: id, Subscription: event.SubscriptionID("sub-" + id),
		Term: event.Term{Start: begins, End: renews, ARR: usd(400_000)},
	})
	score := func(n int64, d civil.Date) {
		at := t.at(d, i)
		t.tell(event.HealthScored{Header: t.head("crm.health.scored.v1", at), Account: id, Score: money.Ratio{Num: n, Den: 1}, ScaleMax: money.Ratio{Num: 100, Den: 1}, MeasuredAt: at})
	}
	score(80, begins+1)
	for k := range 4 {
		d := civil.On(2027, time.January, 4).Add((i*13 + k*83) % 340)
		at := t.at(d, i)
		deal := event.OpportunityID(fmt.Sprintf("opp-%06d-%d", i+1, k+1))
		t.tell(event.ExpansionBooked{Header: t.head("crm.expansion.booked.v1", at), Deal: event.Deal{
			Opportunity: deal, Account: id, ARR: usd(int64(26_000 + i*37%60_000)), ClosedAt: at, Kind: "seats", AE: c.ae(i % c.aes()),
		}})
		if i%400 == 7 && k == 2 {
			t.tell(event.DisputeOpened{
				Header: t.head("admin.dispute.opened.v1", at.Add(24*time.Hour)), By: event.By{By: "csm", ByRole: "csm"}, Dispute: "dispute-" + string(deal),
				Opportunity: deal, Account: id, OpenedAt: at.Add(24 * time.Hour),
			})
		}
	}
	switch i % 20 {
	case 3: // at risk, looked after or not
		d := civil.On(2027, time.March, 1).Add(i * 11 % 300)
		score(40, d)
		if i%40 == 3 {
			at := t.at(d+3, i)
			t.tell(event.InterventionLogged{Header: t.head("crm.intervention.logged.v1", at), Account: id, Intervention: "iv-" + string(id), LoggedAt: at, By: string(owner)})
		}
	case 4: // at risk as of the end
		score(50, crowdUntil-1-civil.Date(i/20%5)) //nolint:gosec // below five
	case 9:
		t.tell(event.ChurnEffective{Header: t.head("crm.churn.effective.v1", t.at(renews, i)), Account: id, Effective: renews, Reason: "price"})
		return
	}
	t.tell(event.RenewalBooked{
		Header: t.head("crm.renewal.booked.v1", t.at(renews-5, i)), Renewal: "r-" + string(id), Account: id,
		Term: event.Term{Start: renews, End: renews.AddYears(1), ARR: usd(500_000)},
	})
}

// fill plays a crowd's year into a ledger, with what payroll confirms of what it
// is asked for, and inputs that cannot be read.
func (c crowd) fill(t testing.TB, s *store.Store) {
	t.Helper()
	f := &filler{TB: t, store: s, summary: store.NewSummary(s), asked: map[civil.Quarter]bool{}}
	zone := demo.Default().Plans()[0].Zone
	events := c.events()
	for day := crowdFrom; day <= crowdUntil; day++ {
		ends := day.End(zone)
		for len(events) > 0 && events[0].at.Before(ends) {
			f.arrives(events[0])
			events = events[1:]
		}
		for range max(1, c.payees/2000) { // a few each day
			f.unread(day.Start(zone).Add(20 * time.Hour))
		}
		last := ends.Add(-time.Second).UTC()
		f.arrives(happened{last, event.Ticked{Header: event.Header{Identity: event.Identity{Source: "trueup/clock", ID: "tick-" + day.String()}, Type: wire.Tick, Time: last}}})
		if len(f.batch) >= crowdBatch || day.Sub(crowdFrom)%10 == 9 || day == crowdUntil {
			f.record()
			events = f.pay(events, day+1)
		}
	}
}

// crowdBatch is how many inputs are recorded at once, at least where a day has
// more.
const crowdBatch = 4096

// filler records what comes to a ledger.
type filler struct {
	testing.TB
	store   *store.Store
	summary *store.Summary
	asked   map[civil.Quarter]bool
	seq     uint64
	batch   []tenant.Arrival
}

func (f *filler) position(at time.Time) tenant.Position {
	f.seq++
	return tenant.Position{Created: time.Unix(0, 0).UTC(), Seq: f.seq, Time: at}
}

func (f *filler) arrives(x happened) {
	body, err := wire.Encode(x.ev)
	if err != nil {
		f.Fatal(err)
	}
	in, err := wire.DecodeLine(body, "default")
	if err != nil {
		f.Fatalf("%s: %v", body, err)
	}
	f.batch = append(f.batch, tenant.Arrival{
		Position: f.position(x.at), Arrived: x.at, Body: body, Subject: wire.Subject("default", x.ev.Head().Type), Event: x.ev.Head().Identity,
		Input: tenant.Input{Event: in.Event, Canonical: in.Canonical, Sum: in.Sum},
	})
}

// unread is an input that nobody can read.
func (f *filler) unread(at time.Time) {
	p := f.position(at)
	f.batch = append(f.batch, tenant.Arrival{
		Position: p, Arrived: at.UTC(), Subject: "crm.default.deal.closed", Body: fmt.Appendf(nil, `{"deal":%d,"won":true}`, p.Seq),
		Code: "unreadable", Reason: "specversion is missing",
	})
}

func (f *filler) record() {
	slices.SortStableFunc(f.batch, func(a, b tenant.Arrival) int {
		return cmp.Or(a.Arrived.Compare(b.Arrived), cmp.Compare(a.Position.Seq, b.Position.Seq))
	})
	for len(f.batch) > 0 {
		n := min(len(f.batch), crowdBatch)
		if _, err := f.store.Record(f.batch[:n]); err != nil {
			f.Fatal(err)
		}
		f.batch = f.batch[n:]
	}
}

// pay has payroll confirm nine of ten payments of a quarter that is locked, three
// days later.
func (f *filler) pay(events []happened, today civil.Date) []happened {
	zone := demo.Default().Plans()[0].Zone
	err := f.summary.View(func(v *store.Summed) error {
		locks, err := v.Locks()
		if err != nil {
			return err
		}
		for _, l := range locks {
			if f.asked[l.Period] {
				continue
			}
			f.asked[l.Period] = true
			list, err := v.Statements(l.Period)
			if err != nil {
				return err
			}
			for i, st := range list {
				if st.Requested.Minor > 0 && i%10 != 9 {
					at := (today + 3).Start(zone).Add(time.Duration(i) * time.Second).UTC()
					events = append(events, happened{at, event.PayoutConfirmed{
						Header: event.Header{Identity: event.Identity{Source: "payroll", ID: "pay-" + st.Reference}, Type: "billing.payout.confirmed.v1", Time: at},
						Period: st.Period, Payee: st.Payee, Amount: st.Requested, Reference: st.Reference, At: at,
					}})
				}
			}
		}
		return nil
	})
	if err != nil {
		f.Fatal(err)
	}
	slices.SortStableFunc(events, func(a, b happened) int { return a.at.Compare(b.at) })
	return events
}
