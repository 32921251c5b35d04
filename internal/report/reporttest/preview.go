package reporttest

import (
	"fmt"
	"testing"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/scenario"
)

// PreviewHolds previews the lock of a quarter, locks it, and holds what was
// frozen against what was previewed. It gives the preview.
func PreviewHolds(t testing.TB, p *scenario.Played, q civil.Quarter) *report.LockPreview {
	t.Helper()
	p.Setting.State = p.Engine.State()
	preview, err := report.BuildLockPreview(p.Setting, p, q)
	if err != nil {
		t.Fatal(err)
	}
	again, err := report.BuildLockPreview(p.Setting, p, q)
	if got, want := fmt.Sprintf("%+v", again), fmt.Sprintf("%+v", preview); err != nil || got != want {
		t.Fatalf("a second preview of %s is %s (%v), the first %s", q, got, err, want)
	}
	before := count(t, p)
	lock := event.PeriodLocked{
		Header: event.Header{Identity: event.Identity{Source: "test", ID: fmt.Sprintf("lock-%s-%d", q, preview.Revision)}, Type: "admin.period.locked.v1", Time: p.Setting.State.AsOf},
		Period: q, By: event.By{By: "somebody", ByRole: "comp_admin"},
	}
	if err := p.Arrive(scenario.Arrival{Input: tenant.Input{Event: lock, Sum: tenant.Sum{1}, Arrived: p.Setting.State.AsOf}}); err != nil {
		t.Fatal(err)
	}
	p.Setting.State = p.Engine.State()
	if locked := p.Setting.State.Locked(q); locked != (len(preview.Blockers) == 0) {
		t.Fatalf("%s is locked: %v, and its blockers were %v", q, locked, preview.Blockers)
	} else if !locked {
		return preview
	}
	if n := count(t, p) - before; n != preview.Posts {
		t.Errorf("the lock of %s posted %d lines, the preview says %d", q, n, preview.Posts)
	}
	frozen, err := p.Statements(q)
	if err != nil {
		t.Fatal(err)
	}
	if len(frozen) != len(preview.Rows) {
		t.Fatalf("%d statements of %s are frozen, %d were previewed", len(frozen), q, len(preview.Rows))
	}
	total := money.Money{Currency: p.Setting.Plans[0].Currency}
	for i, st := range frozen {
		acct, err := p.Ledger(st.Payee)
		if err != nil {
			t.Fatal(err)
		}
		dec := func(minor int64) string { return money.Money{Minor: minor, Currency: st.Net.Currency}.Decimal() }
		want := report.PreviewRow{
			PayeeID: string(st.Payee), EmployeeID: st.Employee, Lines: st.Lines, Net: st.Net.Decimal(), Requested: st.Requested.Decimal(),
			Carried: dec(st.Net.Minor - st.Requested.Minor), Held: dec(acct.Balances.Held),
		}
		got := preview.Rows[i]
		got.Before, got.Change, got.NetBefore = "", "", ""
		if got != want || st.Revision != preview.Revision {
			t.Errorf("%s of %s: previewed %+v, frozen %+v", q, st.Payee, got, want)
		}
		total.Minor += st.Requested.Minor
	}
	if preview.Totals.Requested != total.Decimal() {
		t.Errorf("%s: %s was to be requested, %s is", q, preview.Totals.Requested, total.Decimal())
	}
	after, err := report.BuildLockPreview(p.Setting, p, q)
	if err != nil {
		t.Fatal(err)
	}
	if after.Totals.Requested != preview.Totals.Requested || len(after.Rows) != len(preview.Rows) || len(after.Blockers) == 0 || after.Posts != 0 {
		t.Errorf("%s is locked, and then %+v", q, after)
	}
	return preview
}

// count is how many entries there are.
func count(t testing.TB, p *scenario.Played) (n int) {
	t.Helper()
	ids, err := p.Payees()
	for _, id := range ids {
		if err == nil {
			err = p.EntriesOf(id, func(*ledger.Entry) error { n++; return nil })
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}
