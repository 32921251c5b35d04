package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/report/reporttest"
)

var update = flag.Bool("update", false, "rewrite golden files")

const cases = "../../domain/testdata/scenario"

// golden holds sections against a file of testdata.
func golden(t *testing.T, name string, got *txtar.Archive) {
	t.Helper()
	file := filepath.Join("testdata", name+".txtar")
	if *update {
		if err := os.WriteFile(file, txtar.Format(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, f := range txtar.Parse(b).Files {
		want[f.Name] = string(f.Data)
	}
	for _, f := range got.Files {
		if want[f.Name] != string(f.Data) {
			t.Errorf("%s, section %s: got\n%s\nwant\n%s", file, f.Name, f.Data, want[f.Name])
		}
		delete(want, f.Name)
	}
	for name := range want {
		t.Errorf("%s: section %s is not rendered any more", file, name)
	}
}

func render(t *testing.T, to *txtar.Archive, name, format string, v any) {
	t.Helper()
	var b bytes.Buffer
	if err := report.Render(&b, format, v); err != nil {
		t.Fatalf("Render(%s, %T): %v", format, v, err)
	}
	to.Files = append(to.Files, txtar.File{Name: name + "." + format, Data: b.Bytes()})
}

func TestRenderStatements(t *testing.T) {
	for _, name := range []string{"late-churn-after-lock", "churn-on-day-90", "risk-sla-breached-by-silence", "same-id-other-content"} {
		t.Run(name, func(t *testing.T) {
			r := reporttest.Play(t, cases, name)
			doc, err := r.Statement(t.Context(), report.Filter{})
			if err != nil {
				t.Fatal(err)
			}
			var got txtar.Archive
			for _, format := range report.Formats() {
				render(t, &got, "statement", format, doc)
			}
			if lines := doc.Payees[0].Periods[0].Lines; len(lines) > 0 {
				e, err := r.Entry(t.Context(), lines[0].EntryID)
				if err != nil {
					t.Fatal(err)
				}
				for _, format := range report.Formats() {
					render(t, &got, "entry", format, e)
				}
			}
			golden(t, name, &got)
		})
	}
}

var (
	day      = time.Date(2027, time.March, 1, 12, 0, 0, 500, time.UTC)
	episodes = []report.Episode{{
		SLA: "risk_intervention", AccountID: "acct-1", PayeeID: "csm-1", EpisodeID: "acct-1@x", OpenedAt: "2027-03-01T12:00:00Z",
		Deadline: "2027-03-08T12:00:00Z", Status: "open", Since: "2027-03-01T12:00:00Z",
	}}
	parked = report.Parked{
		ParkedID: "p-1", State: "parked", Code: "bad_amount", Reason: "data.amount: \x1b[31m\"x\" is not an amount", Source: "crm", ID: "=cmd()", At: day,
		Subject: "crm.default.expansion.booked", Tries: 2, By: "ops-1", Note: "try again", Bytes: 1234,
		Header: map[string][]string{"Content-Type": {"application/json"}, "Ce-Id": {"a", "b"}}, Body: []byte(`{"id":"=cmd()","data":{"amount":"x"}}`),
	}
	running = report.Status{
		Tenant: "default", Version: "v0.1.0", Running: true, AsOf: day, PlanVersions: []string{"a@1", "b@2"},
		Position: report.Position{StreamCreated: day, Sequence: 12345, Time: day}, Outputs: 1000, Facts: 12000, Entries: 4000, Payees: 12, Parked: 1,
		Timers: 3, NextTimer: day.Add(90 * time.Minute), FileBytes: 1 << 20, Broker: "connected", Alarms: []string{},
	}
)

// answers are one of each answer, empty ones and bad news included.
func answers() []struct {
	name  string
	value any
} {
	busy, alarmed, stopped := running, running, running
	busy.Pending, busy.Outbox = 7, 3
	alarmed.Alarms = []string{"the stream was made anew"}
	stopped.Running, stopped.Broker, stopped.Outbox = false, "", 2
	binary := parked
	binary.Body, binary.Header = []byte{0xff, 0xfe}, nil
	return []struct {
		name  string
		value any
	}{
		{"nobody", &report.Document{Tenant: "default", AsOf: "2027-01-01", PlanVersions: []string{"a@1"}, Payees: []report.Payee{}, Credits: []report.Credit{}, SLA: []report.Episode{}, Flags: []report.Flag{}, Rejected: []report.Rejected{}}},
		{"episodes", episodes},
		{"no-episodes", []report.Episode(nil)},
		{"parked", []report.Parked{parked}},
		{"nothing-parked", []report.Parked(nil)},
		{"parked-input", &parked},
		{"parked-bytes", &binary},
		{"status", &running},
		{"status-busy", &busy},
		{"status-alarmed", &alarmed},
		{"status-stopped", &stopped},
		{"status-new", &report.Status{Tenant: "default"}},
		{"sound", &report.Verification{OK: true, Facts: 1234567, Payees: 2, Entries: 3, Outputs: 4, Accounts: 5}},
		{"unsound", &report.Verification{Facts: 1, Problems: []string{"fact 1: is gone", "pages: one is lost"}}},
		{"deal", dealTold},
		{"deal-of-nobody", &report.Deal{Tenant: "default", AsOf: "2027-03-01", OpportunityID: "opp-1", Accounts: []report.DealAccount{{AccountID: "acct-1", Text: "Nothing is earned.", Deals: []report.DealPart{}}}, Entries: []report.Posted{}}},
		{"book", bookShown},
		{"book-of-nothing", &report.Book{Tenant: "default", AsOf: "2027-03-01", PayeeID: "ae-1", Period: "2027-Q1", Currency: "USD", ARR: "0.00", AtRisk: "0.00", Of: []string{"ae-1"}, Figures: []report.BookFigure{}, Mix: []report.BookSegment{}, Accounts: []report.BookAccount{}, Flags: []report.Flag{}}},
		{"flags", flagged},
		{"no-flags", []report.Flag(nil)},
		{"entry-not-as-posted", &report.Entry{Posted: report.Posted{Line: report.Line{EntryID: "00ff", Amount: "480.01", Explanation: "because"}, Currency: "USD"}, Detail: &report.Detail{
			Rule: "rules §5", Rounding: "half away from zero", Amount: "480.00", Figures: []report.DetailFigure{
				{Op: "times", Name: "credit", Value: "24000.00", Unit: "USD"},
				{Op: "times", Name: "a third", Value: "1/3", Unit: "ratio", Percent: "33.333333%", Field: "weight"},
				{Op: "over", Name: "a whole", Value: "2/5", Unit: "ratio", Percent: "40%"},
				{Op: "times", Name: "multiplier", Value: "491/475"},
				{Op: "over", Name: "of a year", Value: "4"},
				{Op: "times", Name: "window", Value: "90", Unit: "days"},
				{Op: "minus", Name: "=before", Value: "-1234567.89", Unit: "USD"},
			},
		}}},
		{"diff", diffed},
		{"advice", &report.Advice{
			ARR: "50000000.00", Currency: "USD", Ownership: "non_commercial", From: "50000000.00", Renewals: "renewal manager", Expansion: "AE",
			PaidOn: "objectives", Why: "because", Presets: []report.AdvisedPreset{{Preset: "a", Ownership: "pod", Why: "fits"}, {Preset: "b", Ownership: "overlay", Why: "fits"}},
		}},
		{"figures", []report.Figure{
			{Measure: "gross_expansion", Value: "-1300000.00", How: "2 − 1"}, {Measure: "smb nrr", Low: "95%", High: "105%", How: "usual"},
		}},
		{"diff-of-nothing", &report.PlanDiff{AsOf: "2027-07-10", Old: []string{"a@1"}, New: []string{"a@2"}, Payees: []report.PayeeDiff{}, NewRejected: 2}},
		{"plans", []report.PlanChecked{
			{Plan: "a@1", Hash: "00ff", EffectiveFrom: "2027-01-01", Lints: []report.PlanLint{
				{Lint: "no_bands", Path: "crediting.bands", Figure: "1", Threshold: "at least 2", Text: "all alike"},
				{Lint: "no_variable", Path: "variable_annual", Figure: "0.00", Threshold: "above 0", Text: "none"},
			}},
			{Plan: "b@1", Hash: "ff00", EffectiveFrom: "2027-01-01"},
		}},
	}
}

var flagged = []report.Flag{
	{Flag: "possible_deal_slicing", AccountID: "acct-1", Period: "2027-Q1", Figure: "48000.00", Threshold: "25000.00", Since: "2027-02-20T15:00:00Z"},
	{Flag: "silent_signals", PayeeID: "=csm", Period: "2027-Q1", Figure: "0", Threshold: "1", Since: "2027-04-01T04:00:00Z"},
}

var dealTold = &report.Deal{
	Tenant: "default", AsOf: "2027-03-01", OpportunityID: "opp-1",
	Accounts: []report.DealAccount{{AccountID: "acct-1", Deals: []report.DealPart{
		{
			Origin: "expansion", BookedOn: "2027-02-10", ARR: "40000.00", Currency: "USD", Plan: "a@1", Text: "An expansion.", Payees: []report.DealPayee{
				{
					PayeeID: "csm-1", Part: "csm", CreditedARR: "28000.00", Currency: "USD", Counted: true, Text: []string{"Has 70%.", "Healthy."},
					Earned: []report.DealLine{{Component: "expansion", Amount: "560.00", Text: "28,000 × … = 560"}},
					Gates:  []report.DealGate{{Gate: "renewal", Text: "The account has to renew."}, {Gate: "cash", Opens: "2027-04-01", Text: "Paid by then."}},
					Lost:   []report.DealLoss{{Reason: "credit_note", On: "2027-02-20", Text: "$1.00 lost."}},
					AtRisk: []report.DealLoss{{Reason: "churn_within_window", On: "2027-05-11", Text: "All of it."}, {Reason: "expansion_cancelled", Text: "All of it."}},
				},
				{PayeeID: "=ae", Part: "ae", CreditedARR: "0.00", Currency: "USD", Why: "health_gate_failed", Text: []string{"Failed."}, Earned: []report.DealLine{}, Gates: []report.DealGate{}, Lost: []report.DealLoss{}, AtRisk: []report.DealLoss{}},
				{Part: "ae", CreditedARR: "0.00", Currency: "USD", Text: []string{"Nobody."}, Earned: []report.DealLine{}, Gates: []report.DealGate{}, Lost: []report.DealLoss{}, AtRisk: []report.DealLoss{}},
			},
		},
		{Origin: "pipeline", BookedOn: "2027-01-10", ARR: "40000.00", Currency: "USD", Text: "Qualified.", Payees: []report.DealPayee{}},
	}}},
	Entries: []report.Posted{{Line: report.Line{
		EntryID: "00112233445566778899aabbccddeeff", Kind: "earning", Reason: "expansion_booked", Component: "expansion", Amount: "560.00", From: "expense", To: "held",
		EffectiveOn: "2027-02-10", CausedBy: []report.Cause{},
	}, PayeeID: "csm-1", Currency: "USD", Period: "2027-Q1"}},
}

var bookShown = &report.Book{
	Tenant: "default", AsOf: "2027-03-01", PayeeID: "mgr-1", Period: "2027-Q1", Role: "manager", Plan: "a@1", Currency: "USD", ARR: "1300000.00", AtRisk: "300000.00",
	Of: []string{"mgr-1", "csm-1"}, Figures: []report.BookFigure{{Figure: "grr", Value: "98.2", Unit: "%", Paid: true}, {Figure: "nps", Value: "-12.5", Unit: "points"}},
	Mix: []report.BookSegment{{Segment: "smb", Healthy: 1, AtRisk: 1, HealthyARR: "1000000.00", AtRiskARR: "300000.00", UnscoredARR: "0.00"}, {HealthyARR: "0.00", AtRiskARR: "0.00", UnscoredARR: "0.00"}},
	Accounts: []report.BookAccount{
		{AccountID: "acct-1", Segment: "smb", ARR: "1000000.00", Living: true, Health: "78", ScoredAt: "2027-01-04T15:00:00Z"},
		{AccountID: "acct-2", Segment: "smb", ARR: "300000.00", Living: true, Health: "64 (3.2 of 5)", ScoredAt: "2027-01-04T15:00:00Z", AtRisk: true},
		{AccountID: "acct-3", ARR: "0.00"},
	},
	Flags: flagged,
}

// diffed is one payee, who has a component more under the new plan.
var diffed = func() *report.PlanDiff {
	was := report.Standing{Earned: "480.00", Held: "480.00", Payable: "0.00", Paid: "0.00"}
	nothing := report.Standing{Earned: "0.00", Held: "0.00", Payable: "0.00", Paid: "0.00"}
	bonus := report.Standing{Earned: "1250.00", Held: "0.00", Payable: "1250.00", Paid: "0.00"}
	is := report.Standing{Earned: "1730.00", Held: "480.00", Payable: "1250.00", Paid: "0.00"}
	all := report.Sides{Old: was, New: is, Difference: bonus}
	return &report.PlanDiff{AsOf: "2027-07-10", Old: []string{"a@1"}, New: []string{"a@2", "b@1"}, Total: all, Payees: []report.PayeeDiff{{
		PayeeID: "csm-1", Currency: "USD", Total: all, Components: []report.ComponentDiff{
			{Component: "=expansion", Sides: report.Sides{Old: was, New: was, Difference: nothing}},
			{Component: "health", Sides: report.Sides{Old: nothing, New: bonus, Difference: bonus}},
		},
	}}}
}()

func TestRenderAnswers(t *testing.T) {
	for _, format := range report.Formats() {
		var got txtar.Archive
		for _, a := range answers() {
			render(t, &got, a.name, format, a.value)
		}
		golden(t, "answers-"+format, &got)
	}
}

// Lists in JSON are never null: programs count on it.
func TestRenderJSONHasNoNull(t *testing.T) {
	values := []any{&report.Entry{}, &report.Status{}, &report.Verification{}, []report.Episode(nil), []report.Parked(nil), []report.PlanChecked(nil), []report.PlanChecked{{}}}
	for _, v := range values {
		var b bytes.Buffer
		if err := report.Render(&b, report.JSON, v); err != nil {
			t.Fatal(err)
		}
		if !json.Valid(b.Bytes()) || strings.Contains(b.String(), "null") {
			t.Errorf("Render(json, %T) = %s, want valid JSON without null", v, b.String())
		}
	}
}

// Text that a spreadsheet would run is kept from it; amounts stay numbers.
func TestRenderCSVHasNoFormulas(t *testing.T) {
	doc := &report.Document{Payees: []report.Payee{{ID: "=1+1", Currency: "USD", Periods: []report.Period{{
		Period: "2027-Q1", Status: "open", Lines: []report.Line{{
			Amount: "-5.00", AccountID: "+a", OpportunityID: "@b", Reason: "-c", Component: "\td", Explanation: "=HYPERLINK(\"x\")",
			CausedBy: []report.Cause{{Source: "=s", ID: "1"}},
		}},
	}}}}}
	var b bytes.Buffer
	if err := report.Render(&b, report.CSV, doc); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) != 2 {
		t.Fatalf("rows %q, %v", rows, err)
	}
	want := map[string]string{
		"payee": "'=1+1", "amount": "-5.00", "account_id": "'+a", "opportunity_id": "'@b", "reason": "'-c", "component": "'\td",
		"explanation": "'=HYPERLINK(\"x\")", "caused_by": "'=s/1", "plan": "",
	}
	for i, column := range rows[0] {
		if w, ok := want[column]; ok && rows[1][i] != w {
			t.Errorf("cell %s = %q, want %q", column, rows[1][i], w)
		}
	}
}

func TestRenderRefuses(t *testing.T) {
	if err := report.Render(&bytes.Buffer{}, "xml", episodes); err == nil || !strings.Contains(err.Error(), `"xml" is not one of table, json, csv`) {
		t.Errorf("Render(xml) = %v", err)
	}
	for _, format := range []string{report.Table, report.CSV} {
		if err := report.Render(&bytes.Buffer{}, format, 17); err == nil {
			t.Errorf("Render(%s, 17) succeeded", format)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestRenderReportsWriteErrors(t *testing.T) {
	for _, format := range report.Formats() {
		if err := report.Render(full{}, format, &running); err == nil {
			t.Errorf("Render(%s) to a closed file succeeded", format)
		}
	}
}

func TestSoonest(t *testing.T) {
	all := []report.Episode{
		{EpisodeID: "b", Deadline: "2027-03-08T12:00:00.5Z", Status: "open", PayeeID: "p"},
		{EpisodeID: "a", Deadline: "2027-03-08T12:00:00Z", Status: "met", PayeeID: "p"},
		{EpisodeID: "c", Deadline: "2027-03-07T12:00:00Z", Status: "open", PayeeID: "q"},
	}
	for _, tt := range []struct {
		f    report.Filter
		want string
	}{
		{report.Filter{}, "cab"},
		{report.Filter{Payee: "p"}, "ab"},
		{report.Filter{Status: "open"}, "cb"},
		{report.Filter{Payee: "nobody"}, ""},
	} {
		got := ""
		for _, e := range report.Soonest(all, tt.f) {
			got += e.EpisodeID
		}
		if got != tt.want {
			t.Errorf("Soonest(%+v) = %q, want %q", tt.f, got, tt.want)
		}
	}
}

func TestStatementOfNobody(t *testing.T) {
	r := reporttest.Play(t, cases, "churn-on-day-90")
	_, err := r.Statement(t.Context(), report.Filter{Payee: "csm-9"})
	if want := (report.NotFound{What: "payee", ID: "csm-9"}); !errors.Is(err, want) {
		t.Errorf("Statement(csm-9) = %v, want %v", err, want)
	}
}
