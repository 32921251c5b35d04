package store

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/tenant"
)

const (
	oldLedger  = "testdata/v1.db"
	oldSummary = "testdata/v1.txt"
)

// writeOld makes the ledger of layout version 1 that is kept in testdata. It
// was made once: a later release must open this very file.
func writeOld(t *testing.T) {
	t.Helper()
	plans, list := told(t, 363) // two plans, seven kinds of entries, an episode, locks
	a := arrivals{list}
	last := list[len(list)-1].Arrived
	a.add(last, "crm.acme.expansion.booked", []byte(`{"specversion":"1.0","id":"bad-1","source":"crm"}`))
	s := fresh(t, plans)
	recordAll(t, s, a.list, 64)
	clean(t, s)
	if err := os.Remove(oldLedger); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	compacted(t, s, oldLedger)
	if err := os.WriteFile(oldSummary, []byte(summary(t, s)), 0o600); err != nil {
		t.Fatal(err)
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
		fmt.Fprintf(&b, "\nposition %d, as of %s, %d facts, %d entries, %d payees, %d timers, %d parked, %d outputs\n",
			st.Position.Seq, st.AsOf.Format(time.RFC3339Nano), st.Facts, st.Entries, st.Payees, st.Timers, st.Parked, st.LastOut)
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
		locks, err := v.Locks()
		for _, l := range locks {
			fmt.Fprintf(&b, "locked %s at %s\n", l.Period, l.At.Format(time.RFC3339))
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
// it said. It goes on from there.
func TestOldLedgerOpens(t *testing.T) {
	if *update {
		if _, err := os.Stat(oldLedger); err == nil {
			t.Logf("%s is kept: remove it by hand to make it anew, if it was never released", oldLedger)
		} else {
			writeOld(t)
		}
	}
	want, err := os.ReadFile(oldSummary)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(oldLedger); err != nil || info.Size() > 200<<10 {
		t.Fatalf("Stat(%s) = %v, %v, want a file up to 200 KiB", oldLedger, info, err)
	}
	o := options(nil)
	s := opened(t, copyOf(t, filepath.FromSlash(oldLedger)), o)
	v := clean(t, s)
	if got := summary(t, s); got != string(want) {
		t.Errorf("the old ledger comes to\n%swant\n%s", got, want)
	}
	if v.Entries == 0 || v.Accounts == 0 || v.Outputs == 0 || v.Payees == 0 {
		t.Errorf("Verify() = %+v, want some of everything", v)
	}
	goesOn(t, s)
}

// goesOn tells a ledger all its facts again, which it knows, and a new one.
func goesOn(t *testing.T, s *Store) {
	t.Helper()
	var a arrivals
	var before, after ledger.Balances
	var now time.Time
	err := s.View(func(v *View) error {
		before, now = total(t, v), v.State().AsOf
		return v.prefixed(bFacts, nil, func(_, b []byte) error {
			_, _, canonical, err := decodeFact(b)
			if err != nil {
				return err
			}
			ev, err := v.codec.Fact(canonical)
			a.event(t, now, ev)
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
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
