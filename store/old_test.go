package store

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trueup/trueup/domain/account"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/planfile"
)

// The ledgers of every layout version there was are kept in testdata, with what
// they came to. Each was made once: a later release must open these very files.
const (
	firstLedger  = "testdata/v1.db"
	secondLedger = "testdata/v2.db"
	thirdLedger  = "testdata/v3.db"
	oldLedger    = "testdata/v4.db" // of this release's layout, while it is the newest
)

func summaryOf(file string) string { return strings.TrimSuffix(file, ".db") + ".txt" }

// writeOld makes the ledger of the newest layout: a generated history that has
// something of everything, then a quarter opened and locked again, an input
// that is parked, and a plan that is published and not yet carried through.
func writeOld(t *testing.T) {
	t.Helper()
	for seed := uint64(1900); ; seed++ {
		plans, list := told(t, seed)
		s := fresh(t, plans)
		recordAll(t, s, list, 64)
		a := arrivals{list}
		if !everything(t, s) || !reopened(t, s, &a) {
			continue
		}
		now := a.list[len(a.list)-1].Arrived
		a.add(now, "crm.acme.expansion.booked", []byte(`{"specversion":"1.0","id":"bad-1","source":"crm"}`))
		a.event(t, now.Add(time.Hour), published(t, plans, now))
		recordAll(t, s, a.list[len(list):], 64)
		clean(t, s)
		if err := os.Remove(oldLedger); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		compacted(t, s, oldLedger)
		if err := os.WriteFile(summaryOf(oldLedger), []byte(summary(t, s)), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Logf("history %d", seed)
		return
	}
}

// everything reports whether a ledger has what layouts from 2 on keep anew.
func everything(t *testing.T, s *Store) bool {
	t.Helper()
	disputes, entries, all := 0, 0, true
	err := s.View(func(v *View) error {
		for _, b := range [][]byte{bForeign, bFlags, bNotices, bCredits, bEpisodes, bStatements, bTicks, bLedger} {
			all = all && in(v.tx, b).cursor().first()
		}
		_ = v.prefixed(bEntriesOf, []byte("a"), func(_, _ []byte) error { entries++; return nil })
		return v.AllEpisodes(func(e tenant.Episode) error {
			if e.Dispute != "" {
				disputes++
			}
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return all && disputes > 0 && entries > 9
}

// reopened adds the decisions to open a quarter with statements, for which
// nothing was requested, and to lock it again.
func reopened(t *testing.T, s *Store, a *arrivals) bool {
	t.Helper()
	found := false
	_ = s.View(func(v *View) error {
		locks, err := v.Locks()
		for _, l := range locks {
			frozen := 0
			_ = v.prefixed(bStatements, key(l.Period), func(_, _ []byte) error { frozen++; return nil })
			if found || frozen == 0 || slices.Contains(v.State().Requested, l.Period) {
				continue
			}
			found = true
			at := v.State().AsOf.Add(time.Hour)
			head := func(id string, typ event.Type) event.Header {
				return event.Header{Identity: event.Identity{Source: "admin", ID: id}, Type: typ, Time: at}
			}
			by := event.By{By: "ann", ByRole: "ops"}
			a.event(t, at, event.PeriodReopened{Header: head("open-1", "admin.period.reopened.v1"), By: by, Period: l.Period})
			a.event(t, at, event.PeriodLocked{Header: head("lock-1", "admin.period.locked.v1"), By: by, Period: l.Period})
		}
		return err
	})
	return found
}

// published is a later version of the first of some plans.
func published(t *testing.T, plans plan.Set, at time.Time) event.PlanPublished {
	t.Helper()
	p := *plans[0]
	for _, other := range plans {
		if other.Name == p.Name && other.Version >= p.Version {
			p = *other
		}
	}
	p.Version++
	p.EffectiveFrom = max(p.EffectiveFrom+1, civil.In(at, p.Zone)-40)
	p.Variable.Minor += 1_000_00
	p.Hash = sha256.Sum256(planfile.Canonical(&p))
	return event.PlanPublished{
		Header: event.Header{Identity: event.Identity{Source: "admin", ID: "plan-1"}, Type: "admin.plan.published.v1", Time: at}, YAML: string(planfile.Canonical(&p)),
	}
}

// summary is what a ledger comes to.
func summary(t *testing.T, s *Store) string {
	t.Helper()
	var b strings.Builder
	err := s.View(func(v *View) error {
		st, err := v.Status()
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "tenant %s, plans", s.Tenant())
		for _, p := range s.Plans() {
			fmt.Fprintf(&b, " %s", p.ID())
		}
		fmt.Fprintf(&b, "\nposition %d, as of %s, %d facts, %d entries, %d payees, %d parked, %d outputs\n",
			st.Position.Seq, st.AsOf.Format(time.RFC3339Nano), st.Facts, st.Entries, st.Payees, st.Parked, st.LastOut)
		ids, err := v.Payees()
		if err != nil {
			return err
		}
		for _, id := range ids {
			a, err := v.Ledger(id)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, "%s: held %d, payable %d, paid %d after %d entries, head %x\n", id, a.Balances.Held, a.Balances.Payable, a.Balances.Paid, a.Seq, a.Head[:8])
		}
		for _, bucket := range [][]byte{bStatements, bEpisodes, bNotices, bFlags, bForeign} {
			n := 0
			_ = v.prefixed(bucket, nil, func(_, _ []byte) error { n++; return nil })
			fmt.Fprintf(&b, "%s: %d\n", bucket, n)
		}
		locks, err := v.Locks()
		for _, l := range locks {
			fmt.Fprintf(&b, "locked %s at %s", l.Period, l.At.Format(time.RFC3339))
			if l.Revision > 0 {
				fmt.Fprintf(&b, " by %s, %d times before", l.By, l.Revision)
			}
			b.WriteByte('\n')
			for _, id := range ids {
				st, ok, err := v.Frozen(id, l.Period)
				if err != nil {
					return err
				}
				if ok {
					fmt.Fprintf(&b, "  %s: net %s, requested %s, %d lines\n", id, st.Net, st.Requested, st.Lines)
				}
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	n, err := s.LastOutput()
	if err != nil {
		t.Fatal(err)
	}
	hash, _, err := s.OutputHash(n)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&b, "out log: %x\n", hash)
	return b.String()
}

// A ledger file of every layout version there was opens, verifies and says what
// it said, before and after what its facts come to now has been carried through
// it. It goes on from there.
func TestOldLedgersOpen(t *testing.T) {
	if *update {
		if _, err := os.Stat(oldLedger); err == nil {
			t.Logf("%s is kept: remove it by hand to make it anew, if it was never released", oldLedger)
		} else {
			writeOld(t)
		}
	}
	for _, file := range []string{firstLedger, secondLedger, thirdLedger, oldLedger} {
		t.Run(file, func(t *testing.T) {
			want, err := os.ReadFile(summaryOf(file))
			if err != nil {
				t.Fatal(err)
			}
			if info, err := os.Stat(file); err != nil || info.Size() > 300<<10 {
				t.Fatalf("Stat(%s) = %v, %v, want a file up to 300 KiB", file, info, err)
			}
			s := opened(t, copyOf(t, filepath.FromSlash(file)), options(nil))
			v := clean(t, s)
			if got := summary(t, s); got != string(want) {
				t.Errorf("the old ledger comes to\n%swant\n%s", got, want)
			}
			if v.Entries == 0 || v.Accounts == 0 || v.Outputs == 0 || v.Payees == 0 {
				t.Errorf("Verify() = %+v, want some of everything", v)
			}
			if st := stateOf(t, s); st.Sweep == nil {
				t.Error("nothing is on its way through the ledger")
			}
			quiet(t, s, time.Hour)
			if st := stateOf(t, s); st.Sweep != nil {
				t.Errorf("an hour later the sweep is at %+v", *st.Sweep)
			}
			clean(t, s)
			goesOn(t, s)
		})
	}
}

// quiet lets time pass, with a tick at its end.
func quiet(t *testing.T, s *Store, d time.Duration) {
	t.Helper()
	var a arrivals
	a.tick(t, stateOf(t, s).AsOf.Add(d))
	record(t, s, a.list)
}

func stateOf(t *testing.T, s *Store) (st tenant.State) {
	t.Helper()
	if err := s.View(func(v *View) error { st = v.State(); return nil }); err != nil {
		t.Fatal(err)
	}
	return st
}

// A ledger of the first layout comes to what its facts come to in a new one.
func TestFirstLedgerComesToWhatItsFactsDo(t *testing.T) {
	for name, o := range map[string]Options{"": options(nil), "nothing at hand": withCache(1)} {
		s := opened(t, copyOf(t, firstLedger), o)
		again := fresh(t, s.Plans())
		asOf := stateOf(t, s).AsOf
		recordAll(t, again, factsOf(t, s), 64)
		for _, l := range []*Store{s, again} {
			var a arrivals
			a.tick(t, asOf.Add(time.Hour))
			record(t, l, a.list)
			clean(t, l)
		}
		if got, want := upshotOf(t, s), upshotOf(t, again); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: the ledger brought up comes to\n%+v\nwant, as a new one of its facts,\n%+v", name, got, want)
		}
	}
}

// What a ledger of the first layout asked payroll to pay stays locked, although
// it did not keep a list of that; a quarter nothing was asked for may be opened.
func TestFirstLedgerKeepsWhatWasRequested(t *testing.T) {
	s := opened(t, copyOf(t, firstLedger), options(nil))
	st := stateOf(t, s)
	if want := []civil.Quarter{q1, q1 + 1}; !slices.Equal(st.Requested, want) {
		t.Errorf("requested: %v, want %v", st.Requested, want)
	}
	for i, tt := range []struct {
		quarter civil.Quarter
		want    tenant.Fate
	}{{q1, tenant.Rejected}, {q1 - 1, tenant.Applied}, {q1 + 1, tenant.Rejected}} {
		var a arrivals
		a.event(t, st.AsOf.Add(time.Hour), event.PeriodReopened{
			Header: event.Header{Identity: event.Identity{Source: "admin", ID: fmt.Sprint("open-", i)}, Type: "admin.period.reopened.v1", Time: st.AsOf},
			By:     event.By{By: "ann", ByRole: "ops"}, Period: tt.quarter,
		})
		if got := record(t, s, a.list).Fates[0]; got != tt.want {
			t.Errorf("opening %s again was %v, want %v", tt.quarter, got, tt.want)
		}
	}
	clean(t, s)
}

func withCache(n int) Options {
	o := options(nil)
	o.Cache = n
	return o
}

// factsOf are a ledger's facts as they arrived.
func factsOf(t *testing.T, s *Store) []tenant.Arrival {
	t.Helper()
	var a arrivals
	err := s.View(func(v *View) error {
		return v.prefixed(bFacts, nil, func(_, b []byte) error {
			at, _, canonical, err := decodeFact(b)
			if err != nil {
				return err
			}
			ev, err := v.codec.Fact(canonical)
			a.event(t, at, ev)
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return a.list
}

// upshot is what a ledger comes to when the way there is forgotten.
type upshot struct {
	Posted   map[ledger.Key]int64
	Balances map[event.PayeeID]ledger.Balances
	Credits  map[event.PayeeID][]account.Credit
	Foreign  []string
	Timers   []string
}

func upshotOf(t *testing.T, s *Store) upshot {
	t.Helper()
	u := upshot{Posted: map[ledger.Key]int64{}, Balances: map[event.PayeeID]ledger.Balances{}, Credits: map[event.PayeeID][]account.Credit{}}
	err := s.View(func(v *View) error {
		ids, err := v.Payees()
		if err != nil {
			return err
		}
		for _, id := range ids {
			a, err := v.Ledger(id)
			if err != nil {
				return err
			}
			u.Balances[id] = a.Balances
			if u.Credits[id], err = v.Credits(id); err != nil {
				return err
			}
			err = v.EntriesOf(id, func(e *ledger.Entry) error {
				if u.Posted[e.Step()] += e.Minor; u.Posted[e.Step()] == 0 {
					delete(u.Posted, e.Step())
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		for bucket, list := range map[string]*[]string{string(bForeign): &u.Foreign, string(bTimers): &u.Timers} {
			_ = v.prefixed([]byte(bucket), nil, func(k, _ []byte) error { *list = append(*list, fmt.Sprintf("%q", k)); return nil })
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// goesOn tells a ledger all its facts again, which it knows, and a new one.
func goesOn(t *testing.T, s *Store) {
	t.Helper()
	var before, after ledger.Balances
	a := arrivals{factsOf(t, s)}
	now := stateOf(t, s).AsOf
	_ = s.View(func(v *View) error { before = total(t, v); return nil })
	for i, f := range record(t, s, a.list).Fates {
		if f != tenant.Duplicate {
			t.Errorf("%s, told again, was %v", a.list[i].Input.Canonical, f)
		}
	}
	_ = s.View(func(v *View) error { after = total(t, v); return nil })
	if after != before {
		t.Errorf("balances %+v after everything was told again, want %+v", after, before)
	}
	a = arrivals{}
	a.tick(t, now.AddDate(1, 0, 0))
	if r := record(t, s, a.list); r.Timers == 0 || r.Fates[0] != tenant.Applied {
		t.Errorf("Record(a tick a year later) = %+v, want timers", r)
	}
	clean(t, s)
}

func total(t *testing.T, v *View) (sum ledger.Balances) {
	t.Helper()
	ids, err := v.Payees()
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		a, err := v.Ledger(id)
		if err != nil {
			t.Fatal(err)
		}
		sum.Held += a.Balances.Held
		sum.Payable += a.Balances.Payable
		sum.Paid += a.Balances.Paid
	}
	return sum
}
