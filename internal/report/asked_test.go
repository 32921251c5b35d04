package report_test

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/report/reporttest"
	"github.com/trueup/trueup/internal/scenario/scenariotest"
)

// eachCase plays every cases case.
func eachCase(t *testing.T, do func(t *testing.T, r reporttest.Reader)) {
	t.Helper()
	for _, c := range scenariotest.All(t, cases) {
		t.Run(c.Name, func(t *testing.T) { do(t, reporttest.PlayCase(t, c)) })
	}
}

// The overview and the payees of each quarter come to what the statements'
// lines do, months to quarters, and rows to totals.
func TestListsAddUpToStatements(t *testing.T) {
	eachCase(t, func(t *testing.T, r reporttest.Reader) { reporttest.ListsAddUp(t, r) })
}

// What a lock of each quarter would freeze is what it freezes.
func TestPreviewHolds(t *testing.T) {
	previewed, refused := 0, 0
	eachCase(t, func(t *testing.T, r reporttest.Reader) {
		list, err := r.Periods(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range list.Periods {
			q, err := civil.ParseQuarter(p.Period)
			if err != nil {
				t.Fatal(err)
			}
			switch p.Status {
			case "ended":
				previewed++
				reporttest.PreviewHolds(t, r.Played, q)
			case "open":
				if x := reporttest.PreviewHolds(t, r.Played, q); len(x.Blockers) != 1 || x.Blockers[0].Code != "not_ended" {
					t.Errorf("%s is open, and its blockers are %v", q, x.Blockers)
				}
				refused++
			}
		}
	})
	if previewed < 3 || refused < 3 {
		t.Errorf("%d quarters were locked and %d not: the cases show too few", previewed, refused)
	}
}

// A timeline is what the entries, the books, the episodes and the flags say.
func TestTimelines(t *testing.T) {
	outcomes, moves, ends := map[string]int{}, map[string]int{}, map[string]int{}
	eachCase(t, func(t *testing.T, r reporttest.Reader) {
		ids, err := r.Accounts("", "", 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range ids {
			x, err := r.Timeline(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			before, now := new(big.Rat), new(big.Rat)
			for _, l := range x.Levels {
				if sum := new(big.Rat).Add(before, rat(t, l.Change)); sum.Cmp(rat(t, l.ARR)) != 0 || l.What == "" || l.Event.ID == "" {
					t.Errorf("%s: %+v after %s", id, l, before.FloatString(2))
				}
				if before = rat(t, l.ARR); l.On <= x.AsOf {
					now = before
				}
				moves[l.What]++
				if l.On < x.From || l.On > x.Until {
					t.Errorf("%s: %s is not from %s to %s", id, l.On, x.From, x.Until)
				}
			}
			if now.Cmp(rat(t, x.ARR)) != 0 {
				t.Errorf("%s: ARR is %s and the last level %s", id, x.ARR, now.FloatString(2))
			}
			for _, term := range x.Terms {
				ends[term.Ended]++
			}
			for _, d := range x.Deals {
				outcomes[d.Outcome]++
			}
			timelineDeals(t, r, x)
			flags, err := r.Raised(t.Context(), report.Filter{Account: id})
			if err != nil || fmt.Sprint(flags) != fmt.Sprint(x.Flags) {
				t.Errorf("%s: flags %v, want %v (%v)", id, x.Flags, flags, err)
			}
		}
		if _, err := r.Timeline(t.Context(), "nobody"); !errors.As(err, new(report.NotFound)) {
			t.Errorf("an account nobody heard of: %v, want NotFound", err)
		}
	})
	for _, seen := range []struct {
		in    map[string]int
		names string
	}{
		{outcomes, "held released lost none open"},
		{ends, "renewed churned lapsed"},
		{moves, "started renewed churned expanded contracted reactivated cancelled"},
	} {
		for _, name := range strings.Fields(seen.names) {
			if seen.in[name] == 0 {
				t.Errorf("no timeline of the cases shows %s: %v", name, seen.in)
			}
		}
	}
}

// timelineDeals holds what became of deals against what is posted of them;
// where an opportunity has several, against all of them.
func timelineDeals(t *testing.T, r reporttest.Reader, x *report.Timeline) {
	t.Helper()
	posted := map[string]ledger.Balances{}
	some := map[string]bool{}
	err := r.Entries(event.OfAccount(event.AccountID(x.AccountID)), func(e *ledger.Entry) (err error) {
		posted[string(e.Opportunity)], err = posted[string(e.Opportunity)].Move(e.Minor, e.From, e.To)
		some[string(e.Opportunity)] = true
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	of := map[string][]string{}
	for _, d := range x.Deals {
		of[d.OpportunityID] = append(of[d.OpportunityID], d.Outcome)
	}
	for opp, outcomes := range of {
		left := posted[opp]
		want := []string{"none", "open"}
		switch {
		case left.Held != 0:
			want = []string{"held"}
		case left.Payable != 0:
			want = []string{"released"}
		case some[opp]:
			want = []string{"lost", "none"} // none: no fact about it earns any more
		}
		if !slices.ContainsFunc(outcomes, func(o string) bool { return slices.Contains(want, o) }) {
			t.Errorf("%s on %s: %v, and posted of it is left %+v", opp, x.AccountID, outcomes, left)
		}
	}
}

func rat(t *testing.T, text string) *big.Rat {
	t.Helper()
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		t.Fatalf("%q is no amount", text)
	}
	return r
}

// Answers about everybody, whole.
func TestAskedGolden(t *testing.T) {
	r := reporttest.Play(t, cases, "churn-on-day-90")
	got := &txtar.Archive{Comment: []byte("What the overview, the payees, the quarters, a timeline and a preview look like.\n")}
	over, err := r.Overview(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	render(t, got, "overview", report.JSON, over)
	list, err := r.Payees(t.Context(), report.PayeesQuery{})
	if err != nil {
		t.Fatal(err)
	}
	render(t, got, "payees", report.JSON, list)
	line, err := r.Timeline(t.Context(), "acct-1")
	if err != nil {
		t.Fatal(err)
	}
	render(t, got, "timeline", report.JSON, line)
	q, err := civil.ParseQuarter(over.Period)
	if err != nil {
		t.Fatal(err)
	}
	preview, err := r.LockPreview(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	render(t, got, "preview", report.JSON, preview)
	golden(t, "asked", got)
}

// What of a payee's money may still be taken back on a day that is known is what
// the stories of their deals say, in every quarter's view.
func TestAtRiskIsWhatTheDealsSay(t *testing.T) {
	found := 0
	eachCase(t, func(t *testing.T, r reporttest.Reader) {
		doc, err := r.Statement(t.Context(), report.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range doc.Payees {
			want := map[string]bool{}
			for _, q := range p.Periods {
				for _, l := range q.Lines {
					if l.OpportunityID != "" {
						want[l.OpportunityID+" on "+l.AccountID] = false
					}
				}
			}
			for at := range want {
				opportunity, account, _ := strings.Cut(at, " on ")
				deal, err := r.Deal(t.Context(), event.OpportunityID(opportunity), event.AccountID(account))
				if err != nil {
					t.Fatal(err)
				}
				want[at] = riskOf(t, deal, p.ID)
			}
			for _, q := range p.Periods {
				period, err := civil.ParseQuarter(q.Period)
				if err != nil {
					t.Fatal(err)
				}
				view, err := r.PayeeView(t.Context(), report.Filter{Payee: event.PayeeID(p.ID), Period: &period})
				if err != nil {
					t.Fatal(err)
				}
				got := map[string]bool{}
				for _, x := range view.AtRisk {
					got[x.OpportunityID+" on "+x.AccountID] = true
					found++
				}
				for at, is := range want {
					if is != got[at] {
						t.Errorf("%s in %s: %s is at risk: %v, its story says %v", p.ID, q.Period, at, got[at], is)
					}
				}
			}
		}
	})
	if found < 20 {
		t.Errorf("%d deals are at risk: too few to show anything", found)
	}
}

// riskOf reports whether a payee has money of a deal that its story says may be
// taken back on a day that is known.
func riskOf(t *testing.T, deal *report.Deal, payee string) bool {
	t.Helper()
	stands, dated := new(big.Rat), false
	for _, e := range deal.Entries {
		if e.PayeeID != payee {
			continue
		}
		amount, ok := new(big.Rat).SetString(e.Amount)
		if !ok {
			t.Fatalf("amount %q", e.Amount)
		}
		if e.From == "expense" {
			stands.Add(stands, amount)
		}
		if e.To == "expense" {
			stands.Sub(stands, amount)
		}
	}
	for _, on := range deal.Accounts {
		for _, part := range on.Deals {
			for _, p := range part.Payees {
				dated = dated || p.PayeeID == payee && slices.ContainsFunc(p.AtRisk, func(l report.DealLoss) bool { return l.On != "" })
			}
		}
	}
	return dated && stands.Sign() > 0
}

// Of a locked quarter a preview says for whom payroll has confirmed what it was
// asked for, as the list of quarters counts them, and what that comes to.
func TestPreviewSaysWhatIsPaid(t *testing.T) {
	paid := 0
	eachCase(t, func(t *testing.T, r reporttest.Reader) {
		list, err := r.Periods(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range list.Periods {
			q, err := civil.ParseQuarter(p.Period)
			if err != nil {
				t.Fatal(err)
			}
			x, err := r.LockPreview(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			sum, of, asked := new(big.Rat), 0, 0
			for _, row := range x.Rows {
				amount, ok := new(big.Rat).SetString(row.Requested)
				if !ok {
					t.Fatalf("requested %q", row.Requested)
				}
				if (row.Reference != "") != (p.RequestedOf > 0 && amount.Sign() > 0) {
					t.Errorf("%s: %s has %s requested as %q", q, row.PayeeID, row.Requested, row.Reference)
				}
				if row.Reference != "" {
					asked++
				}
				if row.Paid {
					of++
					sum.Add(sum, amount)
				}
			}
			if got := x.Totals; got.Paid != sum.FloatString(2) || got.PaidOf != of || asked != p.RequestedOf || p.RequestedOf > 0 && of != p.PaidOf {
				t.Errorf("%s: the totals are %+v, the rows have %s paid for %d of %d, the list %d of %d", q, got, sum.FloatString(2), of, asked, p.PaidOf, p.RequestedOf)
			}
			paid += of
		}
	})
	if paid == 0 {
		t.Error("nothing is paid in any case")
	}
}
