package store

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/planfile"
)

const (
	manyAccounts = 530 // three steps of a sweep
	manyPayees   = 33  // three more
)

// many is a tenant that a sweep needs several steps for, up to the day before a
// plan is published that pays its deals otherwise, with amounts in two currencies.
func many(t *testing.T) (plans plan.Set, a *arrivals, now time.Time) {
	t.Helper()
	plans, a, now = planfile.Default(), &arrivals{}, time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	n := 0
	head := func(typ event.Type) event.Header {
		n++
		return event.Header{Identity: event.Identity{Source: "crm", ID: fmt.Sprint("e", n)}, Type: typ, Time: now}
	}
	payee := func(i int) event.PayeeID { return event.PayeeID(fmt.Sprintf("csm-%03d", i%manyPayees)) }
	first := civil.On(2026, 1, 1)
	for i := range manyPayees {
		a.event(t, now, event.PayeeEnrolled{Header: head("crm.payee.enrolled.v1"), Payee: payee(i), Role: event.CSM, Segment: "mid_market", Effective: first})
	}
	for i := range manyAccounts {
		id := event.AccountID(fmt.Sprintf("acct-%03d", i))
		a.event(t, now, event.AccountAssigned{Header: head("crm.account.assigned.v1"), Account: id, Payee: payee(i), Role: event.CSM, Effective: first})
		a.event(t, now, event.HealthScored{Header: head("crm.health.scored.v1"), Account: id, Score: money.Ratio{Num: 90, Den: 1}, ScaleMax: money.Ratio{Num: 100, Den: 1}, MeasuredAt: now})
		a.event(t, now, deal(head("crm.expansion.booked.v1"), id, "first", currencyOf(i), now))
	}
	a.event(t, now, rate(head("admin.fx.set.v1"), 10))
	return plans, a, now.AddDate(0, 0, 1)
}

func currencyOf(i int) money.Currency {
	if i%7 == 0 {
		return "EUR"
	}
	return "USD"
}

func deal(h event.Header, id event.AccountID, name string, c money.Currency, at time.Time) event.ExpansionBooked {
	return event.ExpansionBooked{Header: h, Deal: event.Deal{
		Opportunity: event.OpportunityID(string(id) + "-" + name), Account: id, ARR: money.Money{Minor: 12_000_00, Currency: c}, ClosedAt: at, Kind: "seats",
	}}
}

func rate(h event.Header, tenths int64) event.RateSet {
	return event.RateSet{Header: h, Base: "EUR", Quote: "USD", Rate: money.Ratio{Num: tenths, Den: 10}, Effective: civil.On(2027, 1, 1)}
}

// dearer publishes a version that pays more from before the deals on.
func dearer(t *testing.T, plans plan.Set, h event.Header) event.PlanPublished {
	t.Helper()
	p := *plans[0]
	p.Version++
	p.EffectiveFrom++
	p.Variable.Minor *= 2
	p.Hash = sha256.Sum256(planfile.Canonical(&p))
	return event.PlanPublished{Header: h, YAML: string(planfile.Canonical(&p))}
}

// What falls into the midst of a sweep: facts of accounts before and after
// where it stands, of a payee, and of the tenant.
func amidst(t *testing.T, plans plan.Set, now time.Time) []tenant.Arrival {
	t.Helper()
	n := 0
	head := func(typ event.Type) event.Header {
		n++
		return event.Header{Identity: event.Identity{Source: "admin", ID: fmt.Sprint("a", n)}, Type: typ, Time: now}
	}
	var a arrivals
	at := now
	step := func(ev event.Event) {
		a.event(t, at, ev)
		at = at.Add(50 * time.Millisecond)
	}
	step(dearer(t, plans, head("admin.plan.published.v1")))
	for i, id := range []event.AccountID{"acct-529", "acct-000", "acct-300", "acct-301", "acct-001"} {
		step(deal(head("crm.expansion.booked.v1"), id, "second", currencyOf(i), now))
	}
	step(event.PayeeEnrolled{
		Header: head("crm.payee.enrolled.v1"), Payee: "csm-005", Role: event.CSM, Segment: "mid_market", Effective: civil.On(2027, 1, 1), VariableAnnual: &money.Money{Minor: 7_000_00, Currency: "USD"},
	})
	step(rate(head("admin.fx.set.v1"), 13)) // finishes the sweep before it, and starts another
	step(deal(head("crm.expansion.booked.v1"), "acct-511", "second", "EUR", now))
	for i := range 8 {
		step(event.ContactEngaged{Header: head("crm.contact.engaged.v1"), Account: event.AccountID(fmt.Sprintf("acct-%03d", i*60)), Contact: "c", EngagedAt: now})
	}
	return a.list
}

// A sweep that is interrupted at every step, whatever is at hand after it,
// leaves what one does that is not; and what the rules say where they never
// changed. In between a verification finds nothing.
func TestSweepInterrupted(t *testing.T) {
	plans, before, now := many(t)
	list := append(before.list, amidst(t, plans, now)...)
	base := len(before.list)
	path := filepath.Join(t.TempDir(), "l.db")
	s := opened(t, path, options(plans))
	recordAll(t, s, list[:base], 1024)
	entries := entriesIn(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	whole := opened(t, copyOf(t, path), options(nil))
	recordAll(t, whole, list[base:], 1024)
	quiet(t, whole, time.Hour)
	want := dump(t, whole)
	clean(t, whole)
	if more := entriesIn(t, whole) - entries; more < manyAccounts {
		t.Errorf("the sweeps posted %d entries, want one for every account at least", more)
	}

	for _, cache := range []int{0, 1} {
		o := withCache(cache)
		broken := copyOf(t, path)
		places := map[tenant.Sweep]bool{}
		for i, arr := range list[base:] {
			s := opened(t, broken, o)
			if f := record(t, s, []tenant.Arrival{arr}).Fates[0]; f != tenant.Applied {
				t.Fatalf("%s was %v", arr.Input.Canonical, f)
			}
			if sweep := stateOf(t, s).Sweep; sweep != nil {
				places[*sweep] = true
			}
			if i%4 == cache*2 { // a verification takes as long as all the rest
				clean(t, s)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if len(places) < 7 {
			t.Errorf("the sweep was seen at %v, want it at more places", places)
		}
		s := opened(t, broken, o)
		quiet(t, s, time.Hour)
		sameDump(t, fmt.Sprintf("interrupted, cache %d", cache), dump(t, s), want)
	}

	// The same facts, the rules first.
	fresh := fresh(t, plans)
	var rules, rest []tenant.Arrival
	for _, arr := range list {
		switch arr.Input.Event.(type) {
		case event.PlanPublished, event.RateSet:
			rules = append(rules, arr)
		default:
			rest = append(rest, arr)
		}
	}
	recordAll(t, fresh, append(rules, rest...), 1024)
	quiet(t, fresh, time.Hour)
	if got, want := upshotOf(t, whole), upshotOf(t, fresh); !reflect.DeepEqual(got.Posted, want.Posted) || !reflect.DeepEqual(got.Balances, want.Balances) || !reflect.DeepEqual(got.Credits, want.Credits) {
		t.Error("after the sweeps the ledger does not come to what it does where the rules came first")
	}
}

func entriesIn(t *testing.T, s *Store) int64 {
	t.Helper()
	st := Status{}
	if err := s.View(func(v *View) (err error) { st, err = v.Status(); return err }); err != nil {
		t.Fatal(err)
	}
	return st.Entries
}

// An upgrade from the first layout goes on while facts come in, whatever they
// are about, and however often it is interrupted.
func TestUpgradeInterrupted(t *testing.T) {
	plans, before, now := many(t)
	before.list = before.list[:len(before.list)-1] // which had no rates
	list := append(before.list, amidst(t, plans, now.AddDate(0, 0, -1))[1:]...)
	base := len(before.list)
	path := filepath.Join(t.TempDir(), "l.db")
	s := opened(t, path, options(plans))
	recordAll(t, s, list[:base], 1024)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	whole := opened(t, copyOf(t, path), options(nil))
	recordAll(t, whole, list[base:], 1024)
	quiet(t, whole, time.Hour)

	behind(t, path, func(tx *bbolt.Tx) error {
		for _, name := range [][]byte{bForeign, bAhead, bNotices, bFlags, bTicks} {
			if err := tx.DeleteBucket(name); err != nil {
				return err
			}
		}
		apart(t, tx)
		unseal(t, tx)
		_, err := tx.CreateBucket([]byte("shares"))
		return errors.Join(err, tx.Bucket(bMeta).Put(kVersion, []byte{0, 0, 0, 1}))
	})
	for _, cache := range []int{0, 1} {
		broken := copyOf(t, path)
		places := map[tenant.Sweep]bool{}
		for i, arr := range list[base:] {
			s := opened(t, broken, withCache(cache))
			if i == 0 {
				clean(t, s)
			}
			record(t, s, []tenant.Arrival{arr})
			if sweep := stateOf(t, s).Sweep; sweep != nil && sweep.Before == tenant.FromNothing {
				places[*sweep] = true
			}
			if i%4 == cache*2 {
				clean(t, s)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if len(places) < 3 {
			t.Errorf("the upgrade was seen at %v, want it at more places", places)
		}
		s := opened(t, broken, withCache(cache))
		quiet(t, s, time.Hour)
		clean(t, s)
		if got, want := upshotOf(t, s), upshotOf(t, whole); !reflect.DeepEqual(got, want) {
			t.Errorf("cache %d: brought up, the ledger does not come to what it does without", cache)
		}
	}
}
