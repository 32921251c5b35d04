//go:build books

package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trueup/trueup/internal/demo"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/scenario/scenariotest"
)

// These tests have the journal added up by hledger, a program that knows
// nothing of ours: make books.

// hledger runs it on a journal; there is no test without it.
func hledger(t *testing.T, journal []byte, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "hledger", append([]string{"-f", "-"}, args...)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C") // a journal needs no locale
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(journal), &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("hledger %s: %v\n%s", strings.Join(args, " "), err, errs.Bytes())
	}
	return out.Bytes()
}

// booked is one of hledger's, with its parts decoded, and a commodity.
type booked struct{ name, commodity string }

// balances has hledger add up a journal: the balance of each account. The
// total must be zero.
func balances(t *testing.T, journal []byte, query ...string) map[booked]string {
	t.Helper()
	args := append([]string{"balance", "--flat", "--empty", "--layout=bare", "-O", "csv"}, query...)
	rows, err := csv.NewReader(bytes.NewReader(hledger(t, journal, args...))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	out := map[booked]string{}
	total := false
	for _, row := range rows[1:] {
		name, commodity, balance := row[0], row[1], row[2]
		if name == "total" || name == "Total:" {
			total = true
			if strings.Trim(balance, "0.") != "" {
				t.Errorf("hledger %s: the total is %s %s, want zero", strings.Join(args, " "), commodity, balance)
			}
			continue
		}
		parts := strings.Split(name, ":")
		for i, p := range parts {
			if parts[i], err = url.PathUnescape(p); err != nil {
				t.Fatal(err)
			}
		}
		out[booked{strings.Join(parts, "|"), commodity}] = balance
	}
	if !total {
		t.Errorf("hledger %s gives no total:\n%q", strings.Join(args, " "), rows)
	}
	return out
}

// buckets holds a payee's balances against hledger's.
func buckets(t *testing.T, what string, got map[booked]string, p report.Payee, want report.Balances) {
	t.Helper()
	for bucket, want := range map[string]string{"held": want.Held, "payable": want.Payable, "paid": want.Paid} {
		balance := got[booked{"payee|" + p.ID + "|" + bucket, p.Currency}]
		if strings.Trim(balance, "0.") == "" && strings.Trim(want, "0.") == "" {
			continue // hledger drops the decimals of zero
		}
		if balance != want {
			t.Errorf("%s: hledger says %q for %s of %s, the statement %s", what, balance, bucket, p.ID, want)
		}
	}
}

// agree holds a journal against the statements of the same ledger.
func agree(t *testing.T, journal []byte, doc *report.Document) {
	t.Helper()
	hledger(t, journal, "check", "--strict")
	all := balances(t, journal)
	known, periods, entries := map[string]bool{}, map[string]bool{}, 0
	for _, p := range doc.Payees {
		known[p.ID] = true
		buckets(t, "in all", all, p, p.Balances)
		for _, q := range p.Periods {
			periods[q.Period] = true
			entries += len(q.Lines)
		}
	}
	for b := range all {
		if !known[strings.Split(b.name, "|")[1]] {
			t.Errorf("hledger has %s, an account of nobody", b.name)
		}
	}
	if n := bytes.Count(hledger(t, journal, "register", "-O", "csv"), []byte("\n")) - 1; n != 2*entries {
		t.Errorf("hledger has %d postings of %d entries", n, entries)
	}
	for period := range periods {
		moved := balances(t, journal, "tag:^period$=^"+period+"$")
		for _, p := range doc.Payees {
			for _, q := range p.Periods {
				if q.Period == period {
					buckets(t, period, moved, p, q.Totals)
				}
			}
		}
	}
}

func document(t *testing.T, text string) *report.Document {
	t.Helper()
	doc := &report.Document{}
	if err := json.Unmarshal([]byte(text), doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestBooksOfScenarios(t *testing.T) {
	for _, c := range scenariotest.All(t, cases) {
		t.Run(c.Name, func(t *testing.T) {
			dir := t.TempDir()
			plan, journal := filepath.Join(dir, "plan.yaml"), filepath.Join(dir, "all.journal")
			if err := os.WriteFile(plan, c.Plan, 0o600); err != nil {
				t.Fatal(err)
			}
			code, stdout, stderr := trueup(t, string(c.Events),
				"simulate", "--plan", plan, "--events", "-", "--as-of", c.Want.AsOf, "--journal", journal, "--format", "json")
			if code != exitDone {
				t.Fatalf("simulate = %d: %s", code, stderr)
			}
			written, err := os.ReadFile(journal)
			if err != nil {
				t.Fatal(err)
			}
			agree(t, written, document(t, stdout))
		})
	}
}

func TestBooksOfTheDemoYear(t *testing.T) {
	path := companyLedger(t, demo.Default())
	ask := func(args ...string) string {
		t.Helper()
		code, stdout, stderr := trueup(t, "", append(args, "--db", path)...)
		if code != exitDone {
			t.Fatalf("%v = %d: %s", args, code, stderr)
		}
		return stdout
	}
	journal, doc := ask("export", "journal"), document(t, ask("statement", "--format", "json"))
	t.Logf("%d payees, %d bytes of journal", len(doc.Payees), len(journal))
	paid := slices.ContainsFunc(doc.Payees, func(p report.Payee) bool { return p.Balances.Paid != "0.00" })
	if len(doc.Payees) < 50 || len(journal) < 1<<20 || !paid {
		t.Errorf("%d payees, %d bytes of journal, anything paid: %v; want a company", len(doc.Payees), len(journal), paid)
	}
	agree(t, []byte(journal), doc)
}

// Names hold what hledger would read otherwise; it gives every one back.
func TestBooksOfOddNames(t *testing.T) {
	var b bytes.Buffer
	out, err := report.NewJournalWriter(&b, report.Hledger)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{
		"a  b", "a b", "a;b", "a:b", "(a)", "[2027-01-01]", "a,period:2027-Q9", "*", "!", "%41", "#", "=", "Ann Lee", "Ænn", "李", "a\u00a0\u00a0b", "\"", "|",
		"a@1", "@@ 2", "{1}", "USD 5", "-", "'", "\\", "total", "comment", "date:2027-01-01", "~", ".", "\u2028", "assert = USD 1",
	}
	want := map[booked]string{}
	for i, name := range names {
		for j, amount := range []struct{ currency, plus, minus string }{
			{"USD", "12.50", "-12.50"}, {"JPY", "-1200", "1200"}, {"KWD", "1.250", "-1.250"}, {"CLF", "1000000.0001", "-1000000.0001"},
		} {
			component := names[(i+j)%len(names)]
			err := out.Write(&report.Posted{PayeeID: name, Currency: amount.currency, Period: "2027-Q1", Line: report.Line{
				EntryID: "00ff", Kind: "earning", Reason: "expansion_booked", Component: component, Amount: amount.plus, From: "expense", To: "held",
				EffectiveOn: "2027-02-10", AppliesTo: "2027-Q1", AccountID: name, OpportunityID: component, Plan: name + "@1",
			}})
			if err != nil {
				t.Fatal(err)
			}
			want[booked{"payee|" + name + "|held", amount.currency}] = amount.plus
			want[booked{"expense|" + name + "|" + component, amount.currency}] = amount.minus
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	hledger(t, b.Bytes(), "check", "--strict")
	got := balances(t, b.Bytes(), "tag:^period$=^2027-Q1$")
	for at, want := range want {
		if got[at] != want {
			t.Errorf("%q: hledger says %q, want %q", at, got[at], want)
		}
	}
	if len(got) != len(want) {
		t.Errorf("hledger has %d balances, want %d", len(got), len(want))
	}
}
