package access_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/access"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/report/reporttest"
	"github.com/trueup/trueup/internal/scenario/scenariotest"
)

const cases = "../../domain/testdata/scenario"

// organisation is that of a case.
func organisation(r reporttest.Reader) *access.Organisation {
	return access.NewOrganisation(func(context.Context) (map[event.PayeeID]event.PayeeID, error) {
		return report.Managers(r.Setting, r.Played)
	}, func() time.Time { return start })
}

// as asks a case as somebody.
func as(r reporttest.Reader, role access.Role, payee event.PayeeID) report.Reader {
	return access.Limit(r, organisation(r), access.Principal{Name: "x", Role: role, Payee: payee})
}

// questions asks everything about everything that a case has: what was
// answered, by question.
func questions(t *testing.T, r report.Reader, of reporttest.Reader) (answers map[string]any, errs map[string]error) {
	t.Helper()
	ctx := t.Context()
	answers, errs = map[string]any{}, map[string]error{}
	put := func(what string, v any, err error) {
		answers[what], errs[what] = v, err
		if err != nil {
			answers[what] = nil
		}
	}
	doc, err := of.Statement(ctx, report.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	q, _ := civil.ParseQuarter("2027-Q1")
	payees := []event.PayeeID{""}
	deals, accounts := map[string]bool{}, map[string]bool{}
	for _, p := range doc.Payees {
		payees = append(payees, event.PayeeID(p.ID))
		for _, period := range p.Periods {
			for _, l := range period.Lines {
				e, err := r.Entry(ctx, l.EntryID)
				put("entry of "+p.ID+" "+l.EntryID, e, err)
				deals[l.OpportunityID], accounts[l.AccountID] = true, true
			}
		}
	}
	for _, c := range doc.Credits {
		deals[c.OpportunityID], accounts[c.AccountID] = true, true
	}
	delete(deals, "")
	delete(accounts, "")
	for id := range deals {
		d, err := r.Deal(ctx, event.OpportunityID(id), "")
		put("deal "+id, d, err)
	}
	for id := range accounts {
		tl, err := r.Timeline(ctx, event.AccountID(id))
		put("account "+id, tl, err)
		f, err := r.Raised(ctx, report.Filter{Account: event.AccountID(id)})
		put("flags of "+id, f, err)
	}
	for _, id := range payees {
		f := report.Filter{Payee: id}
		d, err := r.Statement(ctx, f)
		put("statement "+string(id), d, err)
		var lines []report.Posted
		err = r.Journal(ctx, f, func(p *report.Posted) error { lines = append(lines, *p); return nil })
		put("journal "+string(id), lines, err)
		s, err := r.SLA(ctx, f)
		put("SLA "+string(id), s, err)
		fl, err := r.Raised(ctx, f)
		put("raised "+string(id), fl, err)
		if id != "" {
			b, err := r.Book(ctx, f)
			put("book "+string(id), b, err)
			pv, err := r.PayeeView(ctx, f)
			put("view "+string(id), pv, err)
		}
	}
	list, err := r.Payees(ctx, report.PayeesQuery{})
	put("payees", list, err)
	o, err := r.Overview(ctx)
	put("overview", o, err)
	periods, err := r.Periods(ctx)
	put("periods", periods, err)
	lock, err := r.LockPreview(ctx, q)
	put("preview", lock, err)
	parked, err := r.Parked(ctx, "")
	put("parked", parked, err)
	st, err := r.Status(ctx)
	put("status", st, err)
	v, err := r.Verify(ctx, nil)
	put("verify", v, err)
	return answers, errs
}

// An admin, and whoever looks on, hear what the ledger says.
func TestAdminSeesAll(t *testing.T) {
	r := reporttest.Play(t, cases, "rollup-two-levels")
	want, _ := questions(t, r, r)
	for _, role := range []access.Role{access.Admin, access.Onlooker} {
		got, errs := questions(t, as(r, role, ""), r)
		for what := range want {
			if errs[what] != nil || !reflect.DeepEqual(got[what], want[what]) {
				t.Errorf("%s: %s = %v, %v", role, what, got[what], errs[what])
			}
		}
	}
}

// strangers goes through an answer for what it says about payees that somebody
// may not see; who owned an account and whom a fact is about are told.
func strangers(v any, sees func(string) bool, path string) []string {
	var found []string
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			id, isText := inner.(string)
			if (name == "payee_id") && isText && id != "" && !sees(id) {
				found = append(found, path+": "+id)
			}
			if name == "split_bps" {
				for id := range inner.(map[string]any) {
					if !sees(id) {
						found = append(found, path+".split_bps: "+id)
					}
				}
			}
			switch name {
			case "owners":
			case "data":
				if inner, ok := inner.(map[string]any); ok {
					delete(inner, "payee_id")
				}
				fallthrough
			default:
				found = append(found, strangers(inner, sees, path+"."+name)...)
			}
		}
	case []any:
		for i, inner := range v {
			found = append(found, strangers(inner, sees, fmt.Sprintf("%s[%d]", path, i))...)
		}
	}
	return found
}

// In no worked case does a payee hear anything of another's, nor a manager of
// somebody who does not report to them; and all of their own they hear.
func TestNobodySeesAStrangers(t *testing.T) {
	asked := 0
	for i, c := range scenariotest.All(t, cases) {
		several := strings.HasPrefix(c.Name, "rollup") || strings.HasPrefix(c.Name, "dispute") || strings.HasPrefix(c.Name, "pod")
		if !several && i%12 != 0 {
			continue
		}
		r := reporttest.PlayCase(t, c)
		all, _ := questions(t, r, r)
		doc := all["statement "].(*report.Document)
		managers, err := report.Managers(r.Setting, r.Played)
		if err != nil {
			t.Fatal(err)
		}
		under := func(id, top string) bool {
			for n := 0; id != top && n < 10; n++ {
				id = string(managers[event.PayeeID(id)])
			}
			return id == top
		}
		for _, p := range doc.Payees {
			for _, role := range []access.Role{access.Payee, access.Manager} {
				sees := func(id string) bool { return id == p.ID || role == access.Manager && under(id, p.ID) }
				got, errs := questions(t, as(r, role, event.PayeeID(p.ID)), r)
				for what, v := range got {
					if _, forbidden := errors.AsType[access.Forbidden](errs[what]); errs[what] != nil && !forbidden {
						t.Errorf("%s: %s %s: %s = %v", c.Name, role, p.ID, what, errs[what])
					}
					b, _ := json.Marshal(v)
					var tree any
					if err := json.Unmarshal(b, &tree); err != nil {
						t.Fatal(err)
					}
					for _, s := range strangers(tree, sees, what) {
						t.Errorf("%s: %s %s hears of %s", c.Name, role, p.ID, s)
					}
					asked++
				}
				for _, own := range []string{"statement " + p.ID, "view " + p.ID, "journal " + p.ID, "book " + p.ID, "SLA " + p.ID, "raised " + p.ID} {
					if errs[own] != nil || !reflect.DeepEqual(got[own], all[own]) {
						t.Errorf("%s: %s %s: %s = %v, %v; want it whole", c.Name, role, p.ID, own, got[own], errs[own])
					}
				}
				for _, period := range p.Periods {
					for _, l := range period.Lines {
						if what := "entry of " + p.ID + " " + l.EntryID; errs[what] != nil {
							t.Errorf("%s: %s %s: %s = %v", c.Name, role, p.ID, what, errs[what])
						}
						if l.OpportunityID != "" && errs["deal "+l.OpportunityID] != nil {
							t.Errorf("%s: %s %s: deal %s = %v", c.Name, role, p.ID, l.OpportunityID, errs["deal "+l.OpportunityID])
						}
					}
				}
			}
		}
	}
	if asked < 1000 {
		t.Errorf("%d answers were looked at", asked)
	}
}

// What others have of a decided dispute is not told.
func TestSharesAreHidden(t *testing.T) {
	r := reporttest.Play(t, cases, "dispute-decision-replaces-the-split")
	answers, errs := questions(t, as(r, access.Payee, "csm-1"), r)
	b, err := json.Marshal(answers)
	if err != nil || errs["deal opp-1"] != nil {
		t.Fatal(err, errs["deal opp-1"])
	}
	for _, share := range []string{"ae-1 50%", `"ae-1":5000`} {
		if strings.Contains(string(b), share) {
			t.Errorf("csm-1 is told %q", share)
		}
	}
	if !strings.Contains(string(b), `"csm-1":5000`) {
		t.Error("csm-1 is not told their own share")
	}
	d := answers["deal opp-1"].(*report.Deal)
	if len(d.Accounts) != 1 || len(d.Accounts[0].Deals) != 1 || len(d.Accounts[0].Deals[0].Payees) == 0 {
		t.Errorf("csm-1's deal is %+v", d)
	}
}

// A manager sees all below, as deep as it goes, in one statement and one list.
func TestManagerSeesReports(t *testing.T) {
	r := reporttest.Play(t, cases, "rollup-two-levels")
	for _, tt := range []struct {
		manager event.PayeeID
		want    []string
	}{
		{"vp-1", []string{"csm-1", "csm-2", "mgr-1", "mgr-2", "vp-1"}},
		{"mgr-1", []string{"csm-1", "mgr-1"}},
		{"csm-1", []string{"csm-1"}},
		{"nobody", nil},
	} {
		of := as(r, access.Manager, tt.manager)
		doc, err := of.Statement(t.Context(), report.Filter{})
		if tt.want == nil {
			if want := (report.NotFound{What: "payee", ID: "nobody"}); !errors.Is(err, want) {
				t.Errorf("%s's statement = %v, want %v", tt.manager, err, want)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range doc.Payees {
			got = append(got, p.ID)
		}
		list, err := of.Payees(t.Context(), report.PayeesQuery{})
		if err != nil || !slices.Equal(got, tt.want) || list.Of != len(tt.want) {
			t.Errorf("%s sees %v, and %d in the list (%v); want %v", tt.manager, got, list.Of, err, tt.want)
		}
	}
}

// About what is not theirs somebody hears the same, whether it is there or not.
func TestNothingIsLearnt(t *testing.T) {
	r := reporttest.Play(t, cases, "rollup-two-levels")
	of, ctx := as(r, access.Payee, "csm-1"), t.Context()
	for what, ask := range map[string]func(id string) error{
		"payee": func(id string) error {
			_, err := of.Statement(ctx, report.Filter{Payee: event.PayeeID(id)})
			return err
		},
		"view of a payee": func(id string) error {
			_, err := of.PayeeView(ctx, report.Filter{Payee: event.PayeeID(id)})
			return err
		},
		"book": func(id string) error { _, err := of.Book(ctx, report.Filter{Payee: event.PayeeID(id)}); return err },
		"journal": func(id string) error {
			return of.Journal(ctx, report.Filter{Payee: event.PayeeID(id)}, func(*report.Posted) error { return nil })
		},
		"SLA":     func(id string) error { _, err := of.SLA(ctx, report.Filter{Payee: event.PayeeID(id)}); return err },
		"account": func(id string) error { _, err := of.Timeline(ctx, event.AccountID(id)); return err },
		"flags": func(id string) error {
			_, err := of.Raised(ctx, report.Filter{Account: event.AccountID(id)})
			return err
		},
		"deal": func(id string) error { _, err := of.Deal(ctx, event.OpportunityID(id), ""); return err },
	} {
		there := map[string]string{"account": "acct-2", "flags": "acct-2", "deal": "opp-2"}[what]
		if there == "" {
			there = "csm-2"
		}
		some, none := ask(there), ask("no-such")
		if _, forbidden := errors.AsType[access.Forbidden](some); !forbidden || none == nil ||
			strings.ReplaceAll(some.Error(), there, "X") != strings.ReplaceAll(none.Error(), "no-such", "X") {
			t.Errorf("%s: %v, and where there is none %v", what, some, none)
		}
	}
}

// still answers everything with nothing.
type still struct{ report.Reader }

func (still) Statement(context.Context, report.Filter) (*report.Document, error) {
	return &report.Document{}, nil
}

func (still) Journal(context.Context, report.Filter, func(*report.Posted) error) error { return nil }

func (still) Export(context.Context, report.ExportQuery, report.Exporting) error { return nil }

func (still) PayeeView(context.Context, report.Filter) (*report.PayeeView, error) {
	return &report.PayeeView{}, nil
}

func (still) Book(context.Context, report.Filter) (*report.Book, error) { return &report.Book{}, nil }

func (still) Entry(context.Context, string) (*report.Entry, error) {
	return &report.Entry{Posted: report.Posted{PayeeID: "csm-1"}}, nil
}

func (still) Deal(context.Context, event.OpportunityID, event.AccountID) (*report.Deal, error) {
	return &report.Deal{Accounts: []report.DealAccount{{Deals: []report.DealPart{{Payees: []report.DealPayee{{PayeeID: "csm-1"}}}}}}}, nil
}

func (still) Timeline(context.Context, event.AccountID) (*report.Timeline, error) {
	return &report.Timeline{Owners: []report.TimelineOwner{{PayeeID: "csm-1"}}}, nil
}
func (still) Raised(context.Context, report.Filter) ([]report.Flag, error) { return nil, nil }
func (still) SLA(context.Context, report.Filter) ([]report.Episode, error) { return nil, nil }
func (still) Parked(context.Context, string) ([]report.Parked, error)      { return nil, nil }
func (still) ParkedByID(context.Context, string) (*report.Parked, error) {
	return &report.Parked{}, nil
}

func (still) Status(context.Context) (*report.Status, error) { return &report.Status{}, nil }

func (still) WhatIf(context.Context, []byte) (*report.WhatIf, error) { return &report.WhatIf{}, nil }

func (still) WhatIfByID(context.Context, string) (*report.WhatIf, error) {
	return &report.WhatIf{}, nil
}

func (still) LockPreview(context.Context, civil.Quarter) (*report.LockPreview, error) {
	return &report.LockPreview{}, nil
}

func (still) Payees(context.Context, report.PayeesQuery) (*report.PayeeList, error) {
	return &report.PayeeList{}, nil
}

func (still) Verify(context.Context, func(string, int)) (*report.Verification, error) {
	return &report.Verification{}, nil
}

func (still) Overview(context.Context) (*report.Overview, error) {
	return &report.Overview{
		Balances: report.Balances{Held: "1.00"}, Quarter: report.Movement{Earned: "2.00"}, Months: []report.Month{{Month: "2027-01"}}, Parked: 3,
		Periods: []report.PeriodState{{Period: "2027-Q1", Requested: "4.00", Totals: report.Movement{Paid: "5.00"}}},
	}, nil
}

func (s still) Periods(ctx context.Context) (*report.PeriodList, error) {
	o, err := s.Overview(ctx)
	return &report.PeriodList{Periods: o.Periods}, err
}

// Every question of a reader is for those roles that the table says, and no
// amount of everybody is told to who only operates the worker.
func TestRoles(t *testing.T) {
	own := report.Filter{Payee: "csm-1"}
	paid, everybody := "payee manager admin onlooker", "payee manager ops admin onlooker"
	table := map[string]struct {
		ask func(context.Context, report.Reader) (any, error)
		of  string
	}{
		"Statement": {func(ctx context.Context, r report.Reader) (any, error) { return r.Statement(ctx, own) }, paid},
		"Journal": {func(ctx context.Context, r report.Reader) (any, error) {
			return nil, r.Journal(ctx, own, func(*report.Posted) error { return nil })
		}, paid},
		"Export": {func(ctx context.Context, r report.Reader) (any, error) {
			return nil, r.Export(ctx, report.ExportQuery{What: report.ExportPayroll}, report.Exporting{})
		}, paid},
		"Entry":       {func(ctx context.Context, r report.Reader) (any, error) { return r.Entry(ctx, "x") }, paid},
		"Deal":        {func(ctx context.Context, r report.Reader) (any, error) { return r.Deal(ctx, "x", "") }, paid},
		"Book":        {func(ctx context.Context, r report.Reader) (any, error) { return r.Book(ctx, own) }, paid},
		"PayeeView":   {func(ctx context.Context, r report.Reader) (any, error) { return r.PayeeView(ctx, own) }, paid},
		"Timeline":    {func(ctx context.Context, r report.Reader) (any, error) { return r.Timeline(ctx, "x") }, paid},
		"Payees":      {func(ctx context.Context, r report.Reader) (any, error) { return r.Payees(ctx, report.PayeesQuery{}) }, paid},
		"Raised":      {func(ctx context.Context, r report.Reader) (any, error) { return r.Raised(ctx, report.Filter{}) }, everybody},
		"SLA":         {func(ctx context.Context, r report.Reader) (any, error) { return r.SLA(ctx, report.Filter{}) }, everybody},
		"Status":      {func(ctx context.Context, r report.Reader) (any, error) { return r.Status(ctx) }, everybody},
		"Periods":     {func(ctx context.Context, r report.Reader) (any, error) { return r.Periods(ctx) }, everybody},
		"Parked":      {func(ctx context.Context, r report.Reader) (any, error) { return r.Parked(ctx, "") }, "ops admin onlooker"},
		"ParkedByID":  {func(ctx context.Context, r report.Reader) (any, error) { return r.ParkedByID(ctx, "x") }, "ops admin onlooker"},
		"Verify":      {func(ctx context.Context, r report.Reader) (any, error) { return r.Verify(ctx, nil) }, "ops admin onlooker"},
		"Overview":    {func(ctx context.Context, r report.Reader) (any, error) { return r.Overview(ctx) }, "ops admin onlooker"},
		"LockPreview": {func(ctx context.Context, r report.Reader) (any, error) { return r.LockPreview(ctx, 0) }, "admin onlooker"},
		"WhatIf":      {func(ctx context.Context, r report.Reader) (any, error) { return r.WhatIf(ctx, nil) }, "admin onlooker"},
		"WhatIfByID":  {func(ctx context.Context, r report.Reader) (any, error) { return r.WhatIfByID(ctx, "x") }, "admin onlooker"},
	}
	for m := range reflect.TypeFor[report.Reader]().Methods() {
		if table[m.Name].ask == nil {
			t.Errorf("the table has no %s", m.Name)
		}
	}
	by := access.ByAsker(still{}, nil)
	for name, q := range table {
		for _, role := range append(access.Roles(), access.Onlooker, "") {
			ctx := access.With(t.Context(), access.Principal{Name: "x", Role: role, Payee: "csm-1"})
			v, err := q.ask(ctx, by)
			_, forbidden := errors.AsType[access.Forbidden](err)
			may := slices.Contains(strings.Fields(q.of), string(role))
			if forbidden == may || err != nil && !forbidden {
				t.Errorf("%s asks for %s: %v", role, name, err)
			}
			b, _ := json.Marshal(v)
			if full := role == access.Admin || role == access.Onlooker; !full && strings.Contains(string(b), ".00") {
				t.Errorf("%s hears %s", role, b)
			}
		}
		if _, err := q.ask(t.Context(), by); !errors.Is(err, access.Forbidden{Text: "nobody is known to ask"}) {
			t.Errorf("nobody asks for %s: %v", name, err)
		}
	}
}

// Who reports to whom is asked again after a while, and a circle ends.
func TestOrganisation(t *testing.T) {
	now, asked := start, 0
	org := access.NewOrganisation(func(context.Context) (map[event.PayeeID]event.PayeeID, error) {
		if asked++; asked > 1 {
			return map[event.PayeeID]event.PayeeID{}, nil
		}
		return map[event.PayeeID]event.PayeeID{"a": "b", "b": "c", "c": "a"}, nil
	}, func() time.Time { return now })
	of := access.Limit(still{}, org, access.Principal{Role: access.Manager, Payee: "b"})
	see := func(id event.PayeeID) bool {
		_, err := of.Statement(t.Context(), report.Filter{Payee: id})
		return err == nil
	}
	if !see("a") || !see("b") || !see("c") || see("d") || asked != 1 {
		t.Errorf("b sees a %v, b %v, c %v, d %v; asked %d times", see("a"), see("b"), see("c"), see("d"), asked)
	}
	if now = now.Add(10 * time.Second); see("a") || !see("b") || asked != 2 {
		t.Errorf("later b sees a %v, b %v; asked %d times", see("a"), see("b"), asked)
	}
}
