package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/planfile"
	"github.com/trueup/trueup/internal/wire"
)

// lot is a ledger with a way to tell it things.
type lot struct {
	*testing.T
	s   *Store
	c   *codec
	n   int
	now time.Time
}

func newLot(t *testing.T) *lot {
	t.Helper()
	c := &codec{decoder: wire.Decoder{Tenant: tenantName}}
	o := options(planfile.Default())
	o.Codec = c
	return &lot{T: t, s: opened(t, t.TempDir()+"/l.db", o), c: c, now: time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)}
}

func (l *lot) head(typ event.Type, id string) event.Header {
	return event.Header{Identity: event.Identity{Source: "test", ID: id}, Type: typ, Time: l.now}
}

// tell records one event and gives its fate.
func (l *lot) tell(ev event.Event) tenant.Fate {
	l.Helper()
	l.now = l.now.Add(time.Minute)
	var a arrivals
	a.event(l, l.now, ev)
	return record(l, l.s, a.list).Fates[0]
}

// bytes records some bytes on a subject and gives the id they are parked as.
func (l *lot) bytes(body string) string {
	l.Helper()
	l.now = l.now.Add(time.Minute)
	var a arrivals
	arr := a.add(l.now, "crm.acme.expansion.booked", []byte(body))
	if arr.Code == "" {
		l.Fatalf("%s was read", body)
	}
	record(l, l.s, a.list)
	return ParkedID(arr.Subject, arr.Header, arr.Body)
}

func (l *lot) retry(id string) tenant.Fate {
	l.Helper()
	l.n++
	return l.tell(event.ParkedRetried{Header: l.head("admin.event.retried.v1", fmt.Sprint("retry-", l.n)), Parked: id, By: event.By{By: "ops-1", ByRole: "ops"}, Reason: "mended"})
}

func (l *lot) discard(id string) tenant.Fate {
	l.Helper()
	l.n++
	return l.tell(event.ParkedDiscarded{Header: l.head("admin.event.discarded.v1", fmt.Sprint("discard-", l.n)), Parked: id, By: event.By{By: "ops-2", ByRole: "ops"}, Reason: "a test"})
}

func (l *lot) parked(id string) Parked {
	l.Helper()
	var p Parked
	err := l.s.View(func(v *View) error {
		var ok bool
		var err error
		if p, ok, err = v.ParkedByID(id); !ok {
			l.Fatalf("nothing is parked as %s", id)
		}
		return err
	})
	if err != nil {
		l.Fatal(err)
	}
	return p
}

// outputs counts the announcements.
func (l *lot) outputs() uint64 {
	l.Helper()
	n, err := l.s.LastOutput()
	if err != nil {
		l.Fatal(err)
	}
	return n
}

func (l *lot) facts() uint64 {
	l.Helper()
	return clean(l, l.s).Facts
}

func (l *lot) wants(id, state string, tries int, by string) {
	l.Helper()
	if p := l.parked(id); p.State != state || p.Tries != tries || p.By != by {
		l.Errorf("%s is %s after %d tries, by %q; want %s after %d, by %q", id, p.State, p.Tries, p.By, state, tries, by)
	}
}

func (l *lot) contact(id, account string) event.ContactEngaged {
	return event.ContactEngaged{Header: l.head("crm.contact.engaged.v1", id), Account: event.AccountID(account), Contact: "c-1", EngagedAt: l.now}
}

// The same bytes are parked and announced once, however often they come, until
// and after somebody decides.
func TestParkedOncePerContent(t *testing.T) {
	l := newLot(t)
	id := l.bytes("no event")
	if p := l.parked(id); string(p.Body) != "no event" || p.Subject != "crm.acme.expansion.booked" || p.Code == "" || p.Reason == "" || !p.At.Equal(l.now) {
		t.Errorf("parked as %+v", p)
	}
	l.wants(id, StateParked, 1, "")
	for range 3 {
		if again := l.bytes("no event"); again != id {
			t.Errorf("the same bytes are %s and %s", id, again)
		}
	}
	if other := l.bytes("no event, either"); other == id {
		t.Errorf("other bytes are %s as well", other)
	}
	if n := l.outputs(); n != 2 {
		t.Errorf("%d announcements of two parked inputs", n)
	}
	if f := l.discard(id); f != tenant.Applied {
		t.Errorf("a discard was %v", f)
	}
	l.bytes("no event")
	l.wants(id, StateDiscarded, 1, "ops-2")
	if n := l.outputs(); n != 2 {
		t.Errorf("%d announcements after what was given up came again, want 2", n)
	}
	clean(t, l.s)
}

func TestParkedIDIsOfTheContent(t *testing.T) {
	header := map[string][]string{"A": {"1", "2"}, "B": {"3"}}
	id := ParkedID("s", header, []byte("b"))
	if id != ParkedID("s", map[string][]string{"B": {"3"}, "A": {"1", "2"}}, []byte("b")) {
		t.Error("the order of headers shows in the id")
	}
	for _, other := range []string{
		ParkedID("t", header, []byte("b")), ParkedID("s", header, []byte("c")), ParkedID("s", nil, []byte("b")),
		ParkedID("s", map[string][]string{"A": {"2", "1"}, "B": {"3"}}, []byte("b")),
	} {
		if other == id {
			t.Errorf("another content is %s too", id)
		}
	}
}

// A retry of what is still wrong leaves it parked; one after the cause is
// mended applies it, as arriving then; both are facts, and a second decision
// about what is settled changes nothing.
func TestRetry(t *testing.T) {
	l := newLot(t)
	body, err := wire.Encode(l.contact("c-1", "acct-1"))
	if err != nil {
		t.Fatal(err)
	}
	l.c.decoder.Limits.MaxBody = 10 // the cause
	var a arrivals
	a.add(l.now, "crm.acme.contact.engaged", body)
	arr := &a.list[0]
	arr.Input, arr.Code, arr.Reason = tenant.Input{}, "too_large", "the body is too large"
	record(t, l.s, a.list)
	id := ParkedID(arr.Subject, arr.Header, arr.Body)

	if f := l.retry(id); f != tenant.Applied {
		t.Errorf("a retry in vain was %v", f)
	}
	l.wants(id, StateParked, 2, "ops-1")
	if p := l.parked(id); p.Code != "too_large" || !strings.Contains(p.Reason, "10 are allowed") {
		t.Errorf("parked for %s: %s, want what the retry said", p.Code, p.Reason)
	}
	l.c.decoder.Limits.MaxBody = 0
	before := l.facts()
	if f := l.retry(id); f != tenant.Applied {
		t.Errorf("a retry was %v", f)
	}
	l.wants(id, StateApplied, 3, "ops-1")
	if n := l.facts() - before; n != 2 {
		t.Errorf("a retry makes %d facts, want itself and what it retried", n)
	}
	l.retry(id)
	l.discard(id)
	l.wants(id, StateApplied, 3, "ops-1")
	if n := l.facts() - before; n != 4 {
		t.Errorf("two more decisions make %d facts, want 4 in all", n)
	}
	// The input itself is known now.
	if f := l.tell(l.contact("c-1", "acct-1")); f != tenant.Rejected && f != tenant.Duplicate {
		t.Errorf("what was retried, told again, was %v", f)
	}
	if n := l.outputs(); n > 2 {
		t.Errorf("%d announcements, want at most two", n)
	}
}

// The same retry delivered again is a duplicate, and does nothing.
func TestRetryDeliveredTwice(t *testing.T) {
	l := newLot(t)
	id := l.bytes("no event")
	retry := event.ParkedRetried{Header: l.head("admin.event.retried.v1", "r"), Parked: id, By: event.By{By: "ops-1", ByRole: "ops"}, Reason: "x"}
	if f := l.tell(retry); f != tenant.Applied {
		t.Errorf("a retry was %v", f)
	}
	if f := l.tell(retry); f != tenant.Duplicate {
		t.Errorf("the same retry was %v", f)
	}
	l.wants(id, StateParked, 2, "ops-1")
}

// A decision about something nobody knows is parked itself; once that is
// there, the decision can be retried, and is carried out.
func TestRetryOfTheUnknown(t *testing.T) {
	l := newLot(t)
	wanted := ParkedID("crm.acme.expansion.booked", map[string][]string{"Content-Type": {"application/cloudevents+json"}}, []byte("late"))
	for _, decide := range []func(string) tenant.Fate{l.retry, l.discard} {
		if f := decide(wanted); f != tenant.Rejected {
			t.Errorf("a decision about nothing was %v", f)
		}
	}
	var ids []string
	_ = l.s.View(func(v *View) error {
		list, err := v.Parked(StateParked)
		for _, p := range list {
			ids = append(ids, p.ID)
			if !strings.Contains(p.Reason, "nothing is parked as") {
				t.Errorf("parked for %q", p.Reason)
			}
		}
		return err
	})
	if len(ids) != 2 {
		t.Fatalf("%d inputs are parked, want both decisions", len(ids))
	}
	// Still nothing to decide about: the retried decision stays parked.
	l.retry(ids[1])
	l.wants(ids[1], StateParked, 2, "ops-1")
	if id := l.bytes("late"); id != wanted {
		t.Fatalf("parked as %s, want %s", id, wanted)
	}
	l.retry(ids[1])
	l.wants(ids[1], StateApplied, 3, "ops-1")
	l.wants(wanted, StateDiscarded, 1, "ops-2")
	clean(t, l.s)
}

// Another event under a known id is parked; to retry it is in vain for ever.
func TestRetryOfAConflict(t *testing.T) {
	l := newLot(t)
	booked := func(minor int64) event.ExpansionBooked {
		return event.ExpansionBooked{Header: event.Header{Identity: event.Identity{Source: "crm", ID: "e-1"}, Type: "crm.expansion.booked.v1", Time: created}, Deal: event.Deal{
			Opportunity: "opp-1", Account: "acct-1", ARR: money.Money{Minor: minor, Currency: "USD"}, ClosedAt: created, Kind: "seats",
		}}
	}
	if f := l.tell(booked(100_00)); f != tenant.Applied {
		t.Fatalf("a booking was %v", f)
	}
	if f := l.tell(booked(200_00)); f != tenant.Rejected {
		t.Fatalf("another booking under its id was %v", f)
	}
	var id string
	_ = l.s.View(func(v *View) error {
		list, err := v.Parked(StateParked)
		if len(list) != 1 || list[0].Code != "conflict" || list[0].Event.ID != "e-1" {
			t.Fatalf("parked are %+v, want one conflict", list)
		}
		id = list[0].ID
		return err
	})
	for i := range 2 {
		if f := l.retry(id); f != tenant.Applied {
			t.Errorf("a retry of a conflict was %v", f)
		}
		l.wants(id, StateParked, 2+i, "ops-1")
		if p := l.parked(id); p.Code != "conflict" {
			t.Errorf("parked for %s", p.Code)
		}
	}
	if n := l.facts(); n != 3 {
		t.Errorf("%d facts, want the booking and two decisions", n)
	}
	l.discard(id)
	l.wants(id, StateDiscarded, 3, "ops-2")
}

// What is parked for one reason and refused for another on a retry says the
// other, for programs too.
func TestRetrySaysTheLatestReason(t *testing.T) {
	l := newLot(t)
	l.tell(l.contact("c-1", "acct-1"))
	body, err := wire.Encode(l.contact("c-1", "acct-1")) // at another time: other content
	if err != nil {
		t.Fatal(err)
	}
	var a arrivals
	arr := a.add(l.now, "crm.acme.contact.engaged", body)
	arr.Input, arr.Code, arr.Reason = tenant.Input{}, "too_large", "the body is too large"
	record(t, l.s, a.list)
	id := ParkedID(arr.Subject, arr.Header, arr.Body)
	l.retry(id)
	if p := l.parked(id); p.Code != "conflict" || !strings.Contains(p.Reason, "already taken") {
		t.Errorf("parked for %s: %s, want a conflict", p.Code, p.Reason)
	}
}

// A plan that cannot be read waits, and says so; to retry it is in vain.
func TestRetryOfABadPlan(t *testing.T) {
	l := newLot(t)
	l.now = l.now.Add(time.Minute)
	var a arrivals
	arr := a.event(t, l.now, event.PlanPublished{Header: l.head("admin.plan.published.v1", "p"), YAML: "plan: x\nversion: one\n"})
	if f := record(t, l.s, a.list).Fates[0]; f != tenant.Rejected {
		t.Fatalf("a plan that cannot be read was %v", f)
	}
	id := ParkedID(arr.Subject, arr.Header, arr.Body)
	st := Status{}
	_ = l.s.View(func(v *View) (err error) { st, err = v.Status(); return err })
	if st.Parked != 1 || st.LastOut != 1 || st.Facts != 0 {
		t.Errorf("Status() = %+v, want one parked and announced", st)
	}
	l.retry(id)
	if p := l.parked(id); p.Code != "invalid_plan" || p.State != StateParked || p.Tries != 2 {
		t.Errorf("parked: %+v, want an invalid plan, still", p)
	}
	clean(t, l.s)
}
