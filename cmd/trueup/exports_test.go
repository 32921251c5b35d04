package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/internal/demo"
	"github.com/trueup/trueup/internal/payroll"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/report/reporttest"
	"github.com/trueup/trueup/internal/scenario/scenariotest"
	"github.com/trueup/trueup/internal/web"
	"github.com/trueup/trueup/internal/wire"
	"github.com/trueup/trueup/store"
)

// got is what a command that must be done wrote.
func got(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	code, stdout, stderr := trueup(t, "", args...)
	if code != exitDone {
		t.Fatalf("%v = %d: %s", args, code, stderr)
	}
	return stdout, stderr
}

// table is CSV as rows of cells by the names of its columns.
func table(t *testing.T, text string) []map[string]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, row := range rows[1:] {
		of := map[string]string{}
		for i, name := range rows[0] {
			of[name] = row[i]
		}
		out = append(out, of)
	}
	return out
}

// sums adds up amounts by name.
type sums map[string]*big.Rat

func (s sums) add(t *testing.T, amount string, by ...string) {
	t.Helper()
	r, ok := new(big.Rat).SetString(amount)
	if !ok {
		t.Fatalf("%q of %v is no amount", amount, by)
	}
	name := strings.Join(by, "/")
	if s[name] == nil {
		s[name] = new(big.Rat)
	}
	s[name].Add(s[name], r)
}

// move adds what a line moves.
func (s sums) move(t *testing.T, amount, from, to string, by ...string) {
	t.Helper()
	s.add(t, amount, append(slices.Clone(by), to)...)
	s.add(t, strings.ReplaceAll("-"+amount, "--", ""), append(slices.Clone(by), from)...)
}

func (s sums) equal(t *testing.T, what string, want sums) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if s[name] == nil && want[name].Sign() != 0 || s[name] != nil && s[name].Cmp(want[name]) != 0 {
			t.Errorf("%s: %s is %v, want %v", what, name, s[name], want[name])
		}
	}
	for name, sum := range s {
		if want[name] == nil && sum.Sign() != 0 {
			t.Errorf("%s: %s is %v, want nothing", what, name, sum)
		}
	}
}

const someMapping = `columns:
  - {name: Employee, field: worker_id}
  - {name: Code, field: earning_code}
  - {name: Amount, field: amount}
  - {name: Payee, field: payee_id}
  - {name: Ref, field: reference}
  - {name: Note, field: note}
codes:
  - {prior_period: true, code: RETRO}
  - {kind: clawback, code: CLAW}
  - {component: expansion, code: EXP}
  - {component: retention, reason: grr_multiplier, code: "0042"}
  - {kind: carried_forward, code: CARRY}
  - {code: VAR}
workers: {csm-001: "000017"}
`

const oneCode = "columns: [{field: worker_id}, {field: amount, name: Amount}, {field: payee_id, name: Payee}, {field: reference, name: Ref}]\ncodes: [{code: COMM}]\nother_workers: payee_id\n"

// Exports come to what statements, payment requests and each other say, to the
// cent, for every payee of a company and in any mapping.
func TestExportsAddUp(t *testing.T) {
	company := demo.Company{Seed: 5, CSMs: 12, AEs: 4, Accounts: 150, From: civil.On(2027, time.January, 1), Until: civil.On(2028, time.March, 31)}
	path := companyLedger(t, company)
	from := []string{"--db", path}
	doc := &report.Document{}
	text, _ := got(t, append([]string{"export", "statements", "--format", "json"}, from...)...)
	if err := json.Unmarshal([]byte(text), doc); err != nil {
		t.Fatal(err)
	}
	want, balances, now := sums{}, sums{}, sums{}
	for _, p := range doc.Payees {
		for bucket, amount := range map[string]string{"held": p.Balances.Held, "payable": p.Balances.Payable, "paid": p.Balances.Paid} {
			now.add(t, amount, p.ID, bucket)
		}
		for _, q := range p.Periods {
			for bucket, amount := range map[string]string{"held": q.Totals.Held, "payable": q.Totals.Payable, "paid": q.Totals.Paid} {
				want.add(t, amount, p.ID, q.Period, bucket)
			}
		}
	}
	for _, export := range [][]string{{"export", "statements"}, {"export", "journal", "--format", "csv"}} {
		moved, all := sums{}, sums{}
		text, _ := got(t, append(export, from...)...)
		for _, row := range table(t, text) {
			moved.move(t, row["amount"], row["from"], row["to"], row["payee"], row["period"])
			all.move(t, row["amount"], row["from"], row["to"], row["payee"])
		}
		for _, s := range []sums{moved, all} {
			maps.DeleteFunc(s, func(name string, _ *big.Rat) bool { return strings.HasSuffix(name, "/expense") })
		}
		moved.equal(t, export[1], want)
		all.equal(t, export[1], now)
		balances = all
	}
	if len(doc.Payees) < 12 || len(balances) < 30 {
		t.Errorf("%d payees, %d balances: want a company", len(doc.Payees), len(balances))
	}
	credits := sums{}
	for _, c := range doc.Credits {
		credits.add(t, c.CreditedARR, c.PayeeID, c.OpportunityID)
	}
	exported := sums{}
	text, _ = got(t, append([]string{"export", "credits"}, from...)...)
	for _, row := range table(t, text) {
		exported.add(t, row["credited_arr"], row["payee_id"], row["opportunity_id"])
	}
	exported.equal(t, "credits", credits)
	payrollAddsUp(t, path, requestedIn(t, path))
}

// requestedIn is what payment requests in the out log ask for, by reference.
func requestedIn(t *testing.T, path string) sums {
	t.Helper()
	s, err := store.Open(path, store.Options{ReadOnly: true, Plan: readPlan, Codec: newCodec("", wire.Limits{})})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	outs, err := s.Outputs(0, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	want := sums{}
	for _, o := range outs {
		if strings.HasSuffix(o.Subject, ".payment.requested") {
			var e struct{ Data wire.PaymentRequested }
			if err := json.Unmarshal(o.Body, &e); err != nil {
				t.Fatal(err)
			}
			want.add(t, e.Data.Amount.Amount, e.Data.PayeeID, e.Data.Reference)
		}
	}
	return want
}

func payrollAddsUp(t *testing.T, path string, want sums) {
	t.Helper()
	if len(want) < 30 {
		t.Errorf("%d payments were requested: want a company's", len(want))
	}
	dir := t.TempDir()
	codes := map[string]bool{}
	for name, mapping := range map[string]string{"": "", "some.yaml": someMapping, "one.yaml": oneCode} {
		args := []string{"export", "payroll", "--db", path}
		payee, amount, reference := "worker_id", "amount", "reference"
		if name != "" {
			file := filepath.Join(dir, name)
			if err := os.WriteFile(file, []byte(mapping), 0o600); err != nil {
				t.Fatal(err)
			}
			args = append(args, "--mapping", file)
			payee, amount, reference = "Payee", "Amount", "Ref"
		}
		text, _ := got(t, args...)
		rows := sums{}
		seen := map[string]bool{}
		for _, row := range table(t, text) {
			_, id, _ := strings.Cut(row[reference], "/")
			if name != "" && row[payee] != id {
				t.Errorf("%s: %q has the reference %s", name, row[payee], row[reference])
			}
			rows.add(t, row[amount], id, row[reference])
			key := row[reference] + " " + row["Code"] + row["earning_code"]
			if seen[key] || strings.Trim(row[amount], "-0.") == "" {
				t.Errorf("%s: a row of %s comes to %s, or there are two", name, key, row[amount])
			}
			seen[key], codes[row["Code"]] = true, true
			if id == "csm-001" && name == "some.yaml" && row["Employee"] != "000017" {
				t.Errorf("the worker id of csm-001 is %q", row["Employee"])
			}
		}
		rows.equal(t, "payroll by "+name, want)
	}
	for _, code := range []string{"EXP", "0042", "CLAW", "VAR"} {
		if !codes[code] {
			t.Errorf("no row has the code %s", code)
		}
	}
}

// In every worked case payroll's rows come to what a lock requested, and what is
// requested is the balance where nothing caps recovery.
func TestPayrollOfScenarios(t *testing.T) {
	kinds := map[string]int{}
	for _, c := range scenariotest.All(t, cases) {
		r := reporttest.PlayCase(t, c)
		err := r.Export(t.Context(), report.ExportQuery{What: report.ExportPayroll}, report.Exporting{
			Next: func(string) error { return nil },
			Each: func(x *report.Exported) error {
				rows, err := payroll.Default().Rows(x.Payment)
				if err != nil {
					return err
				}
				sum := sums{}
				for _, row := range rows {
					sum.add(t, row.Amount.Decimal(), x.Payment.Reference)
				}
				want := sums{}
				want.add(t, x.Payment.Amount, x.Payment.Reference)
				sum.equal(t, c.Name, want)
				capped := false
				for _, part := range x.Payment.Parts {
					kinds[part.Kind]++
					capped = capped || part.Kind == report.RecoveryDeferred
				}
				if capped == (x.Payment.Amount == x.Payment.Net) {
					t.Errorf("%s: %+v", c.Name, x.Payment)
				}
				return nil
			},
		})
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
	for _, kind := range []string{"earning", "release", "true_up", "clawback", report.CarriedForward, report.RecoveryDeferred} {
		if kinds[kind] == 0 {
			t.Errorf("no payment of a worked case has a part of kind %s: %v", kind, kinds)
		}
	}
}

// growing is a ledger that a worker writes and answers for meanwhile.
type growing struct {
	store *store.Store
	url   string
}

func grow(t *testing.T, c demo.Company) growing {
	t.Helper()
	s := openLedger(t, filepath.Join(t.TempDir(), "growing.db"), c)
	t.Cleanup(func() { _ = s.Close() })
	server := httptest.NewServer(web.NewServer(newFileReader(s), web.Options{Now: time.Now}))
	t.Cleanup(server.Close)
	return growing{s, server.URL}
}

// What exports print from cursor to cursor while the ledger grows is together
// what the whole is in the end: nothing is left out and nothing comes twice.
func TestSinceAddsUp(t *testing.T) {
	company := smallCompany(2)
	g := grow(t, company)
	inputs := companyInputs(t, company)
	dir := t.TempDir()
	export := func(what string, more ...string) string {
		text, _ := got(t, append([]string{"export", what, "--server", g.url, "--format", "csv"}, more...)...)
		return text
	}
	written := map[string]string{}
	takes := map[string]int{}
	take := func() {
		for _, what := range report.Exports() {
			args := []string{"--cursor-file", filepath.Join(dir, what)}
			if written[what] != "" {
				args = append(args, "--no-header")
			}
			text := export(what, args...)
			if text != "" {
				takes[what]++
			}
			written[what] += text
		}
	}
	cuts := 0
	for at := 0; at < len(inputs); {
		n := []int{1, 7, 150, 40}[cuts%4] // also in the middle of days
		end := min(at+n, len(inputs))
		if _, err := g.store.Record(inputs[at:end]); err != nil {
			t.Fatal(err)
		}
		if at = end; cuts%5 == 0 || at == len(inputs) {
			take()
		}
		cuts++
	}
	take() // nothing came
	for what, column := range map[string]string{report.ExportJournal: "entry_id", report.ExportPayroll: ""} {
		whole, parts := strings.Split(export(what), "\n"), strings.Split(written[what], "\n")
		if column == "" && !slices.Equal(whole, parts) {
			t.Errorf("%s: %d rows from cursor to cursor are not the %d of the whole in its order", what, len(parts), len(whole))
		}
		slices.Sort(whole)
		slices.Sort(parts)
		if !slices.Equal(whole, parts) || takes[what] < 4 || len(whole) < 10 {
			t.Errorf("%s: %d rows from cursor to cursor in %d takes, the whole has %d", what, len(parts), takes[what], len(whole))
		}
	}
	stand := func(text string) map[string]string {
		out := map[string]string{}
		for _, row := range table(t, text) {
			delete(row, "payee_id") // whose it is now
			out[row["episode_id"]] = fmt.Sprint(row)
		}
		return out
	}
	if whole, parts := stand(export(report.ExportSLA)), stand(written[report.ExportSLA]); !maps.Equal(whole, parts) || len(whole) < 10 || takes[report.ExportSLA] < 10 {
		t.Errorf("sla: the last rows of %d episodes are not as the %d of the whole", len(parts), len(whole))
	}
	net := func(text string) map[string]int {
		out := map[string]int{}
		for _, row := range table(t, text) {
			n := map[string]int{report.Credited: 1, report.Withdrawn: -1}[row["change"]]
			if n < 0 {
				row["credited_arr"] = strings.TrimPrefix(row["credited_arr"], "-")
			}
			delete(row, "change")
			out[fmt.Sprint(row)] += n
		}
		maps.DeleteFunc(out, func(_ string, n int) bool { return n == 0 })
		return out
	}
	if whole, parts := net(export(report.ExportCredits)), net(written[report.ExportCredits]); !maps.Equal(whole, parts) || len(whole) < 20 || !strings.Contains(written[report.ExportCredits], report.Withdrawn) {
		t.Errorf("credits: %d from cursor to cursor, the whole has %d", len(parts), len(whole))
	}
	narrowed, cursor := "", fromStart
	for range 3 { // of one payee, by the cursor on stderr
		text, stderr := got(t, "export", "journal", "csm-001", "--server", g.url, "--format", "csv", "--no-header", "--since", cursor)
		narrowed, cursor = narrowed+text, strings.TrimSpace(strings.TrimPrefix(stderr, "next cursor: "))
	}
	if whole := export(report.ExportJournal, "csm-001", "--no-header"); narrowed != whole || whole == "" {
		t.Errorf("csm-001: %d bytes from cursor to cursor, the whole has %d", len(narrowed), len(whole))
	}
}

// A cursor that does not fit is refused, and says why; what it would have
// printed is not.
func TestCursorsRefused(t *testing.T) {
	company := smallCompany(1)
	path, other := companyLedger(t, company), companyLedger(t, smallCompany(9)) // with fewer outputs
	short := grow(t, company)
	if _, err := short.store.Record(companyInputs(t, company)[:500]); err != nil {
		t.Fatal(err)
	}
	_, stderr := got(t, "export", "journal", "--since", "start", "--db", path)
	cursor := strings.TrimSpace(strings.TrimPrefix(stderr, "next cursor: "))
	_, stderr = got(t, "export", "journal", "--since", "start", "--server", short.url)
	early := strings.TrimSpace(strings.TrimPrefix(stderr, "next cursor: "))
	dir := t.TempDir()
	empty, creditsFile := filepath.Join(dir, "empty"), filepath.Join(dir, "credits")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	got(t, "export", "credits", "--db", path, "--cursor-file", creditsFile)
	bare, err := os.ReadFile(creditsFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ args, want string }{
		{"journal --since " + early + " --db " + other, "is of another ledger's history"},
		{"journal --since " + cursor + " --server " + short.url, "it is of another ledger, or this one was restored to an earlier moment"},
		{"payroll --since " + cursor + " --db " + path, "is of the export of journal, not of payroll"},
		{"journal csm-001 --since " + cursor + " --db " + path, "narrowed to another payee or period"},
		{"journal --since " + cursor[:len(cursor)-1] + " --db " + path, "is not one that an export gave"},
		{"journal --since yesterday --db " + path, `cursor "yesterday" is not one that an export gave`},
		{"journal --since trueup1.journal.x.00 --db " + path, "is not one that an export gave"},
		{"journal --since @" + filepath.Join(dir, "none") + " --db " + path, "no such file"},
		{"journal --since @" + empty + " --db " + path, "is empty"},
		{"credits --since " + strings.Split(string(bare), "~")[0] + " --db " + path, "has lost its credits"},
		{"credits --since " + strings.TrimSpace(string(bare))[:200] + " --db " + path, "cannot be read"},
		{"credits --since @" + creditsFile + " --db " + other, "is of another ledger"},
		{"sla --since " + strings.Replace(cursor, "journal", "sla", 1) + "~x --db " + path, "has more to it"},
		{"journal csm-999 --db " + path, "no payee csm-999"},
	} {
		code, stdout, stderr := trueup(t, "", append([]string{"export"}, strings.Fields(tt.args)...)...)
		if code != exitFailed || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, tt.want) {
			t.Errorf("export %s = %d, %d bytes, %q, want %q", tt.args, code, len(stdout), stderr, tt.want)
		}
	}
	for _, args := range []string{"journal --no-header", "payroll --format json --mapping x", "payroll --mapping=", "journal --since=", "journal --cursor-file=", "sla --period 2027-Q1", "payroll --format html"} {
		if code, stdout, stderr := trueup(t, "", append([]string{"export"}, append(strings.Fields(args), "--db", path)...)...); code != exitUsage || stdout != "" {
			t.Errorf("export %s = %d, %q, %q", args, code, stdout, stderr)
		}
	}
}

// Where something cannot be written the cursor stays as it was.
func TestCursorComesLast(t *testing.T) {
	path, dir := companyLedger(t, smallCompany(1)), t.TempDir()
	file, mapping := filepath.Join(dir, "cursor"), filepath.Join(dir, "m.yaml")
	if err := os.WriteFile(mapping, []byte("codes: [{component: expansion, code: X}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := trueup(t, "", "export", "payroll", "--db", path, "--mapping", mapping, "--cursor-file", file)
	if code != exitFailed || stdout != "" || !strings.Contains(stderr, "m.yaml: codes: no code fits component objectives, kind true_up, reason ") {
		t.Errorf("payroll with a part of no code = %d, %q, %q", code, stdout, stderr)
	}
	only(t, dir, "m.yaml")
	got(t, "export", "payroll", "--db", path, "--cursor-file", file)
	if text, _ := got(t, "export", "payroll", "--db", path, "--cursor-file", file, "--no-header"); text != "" {
		t.Errorf("after everything comes %q", text)
	}
	only(t, dir, "cursor", "m.yaml")
}

// A statement to be printed has all it needs in it, every payee on a page of
// their own, and their amounts.
func TestPrintedStatements(t *testing.T) {
	path := companyLedger(t, smallCompany(1))
	page, _ := got(t, "export", "statements", "--format", "html", "--db", path)
	text, _ := got(t, "export", "statements", "--format", "json", "--db", path)
	doc := &report.Document{}
	if err := json.Unmarshal([]byte(text), doc); err != nil {
		t.Fatal(err)
	}
	for _, never := range []string{"<script", "src=", "href=", "url(", "@import", "<link"} {
		if strings.Contains(page, never) {
			t.Errorf("the page has %s", never)
		}
	}
	if n := strings.Count(page, "<article>"); n != len(doc.Payees) || n < 9 || !strings.Contains(page, "break-before: page") {
		t.Errorf("%d of %d payees have a page", n, len(doc.Payees))
	}
	for _, p := range doc.Payees {
		_, own, _ := strings.Cut(page, "<h1>Statement of <bdi>"+p.ID+"</bdi></h1>")
		own, _, _ = strings.Cut(own, "</article>")
		for _, q := range p.Periods {
			for _, l := range q.Lines {
				if !strings.Contains(own, "entry "+l.EntryID) {
					t.Errorf("%s has no entry %s", p.ID, l.EntryID)
				}
			}
		}
		grouped := strings.ReplaceAll(p.Balances.Held, ".", "")
		if !strings.Contains(strings.NewReplacer(",", "", ".", "").Replace(own), "<dd>"+grouped+"</dd>") {
			t.Errorf("%s does not have %s held", p.ID, p.Balances.Held)
		}
	}
}
