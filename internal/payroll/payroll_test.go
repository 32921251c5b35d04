package payroll_test

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/trueup/trueup/domain/money"
	"github.com/trueup/trueup/internal/payroll"
	"github.com/trueup/trueup/internal/report"
)

func part(component, kind, reason, about, amount string) report.PaymentPart {
	return report.PaymentPart{Component: component, Kind: kind, Reason: reason, AppliesTo: about, Lines: 1, Amount: amount}
}

func payment() *report.Payment {
	return &report.Payment{
		PayeeID: "csm-1", EmployeeID: "E-17", Period: "2027-Q2", Currency: "USD", Amount: "1230.00", Net: "1130.00", Reference: "2027-Q2/csm-1", RequestedAt: "2027-07-11T04:00:00Z",
		Parts: []report.PaymentPart{
			part("expansion", "release", "renewal_released", "2027-Q2", "480.00"), part("expansion", "clawback", "churn_within_window", "2027-Q1", "-120.00"),
			part("retention", "true_up", "grr_multiplier", "2027-Q2", "750.00"), part("manual", "adjustment", "manual_adjustment", "2027-Q2", "20.00"),
			part("manual", "adjustment", "manual_adjustment", "2027-Q1", "-20.00"),
			{Kind: report.CarriedForward, Amount: "20.00"},
			{Kind: report.RecoveryDeferred, Amount: "100.00"},
		},
		Unconfirmed: []string{"2027-Q1/csm-1"},
	}
}

// written is payroll's file of payments.
func written(t testing.TB, mapping string, payments ...*report.Payment) (string, error) {
	t.Helper()
	f := payroll.Form{Format: report.CSV}
	if mapping != "" {
		m, err := payroll.ReadMapping("m.yaml", []byte(mapping))
		if err != nil {
			return "", err
		}
		f.Mapping = m
	}
	var b bytes.Buffer
	w, err := payroll.NewExportWriter(&b, report.ExportPayroll, f)
	if err != nil {
		return "", err
	}
	for _, p := range payments {
		if err := w.Write(&report.Exported{Payment: p}); err != nil {
			return "", err
		}
	}
	err = w.Close()
	return b.String(), err
}

func TestRows(t *testing.T) {
	for _, tt := range []struct{ name, mapping, want string }{
		{"no mapping", "", `worker_id,earning_code,amount,currency,period,reference,note
E-17,carried_forward,20.00,USD,2027-Q2,2027-Q2/csm-1,"carried forward 20.00, not confirmed by then: 2027-Q1/csm-1"
E-17,expansion,360.00,USD,2027-Q2,2027-Q2/csm-1,"expansion, renewal released 480.00; expansion, churn within window -120.00 about 2027-Q1"
E-17,recovery_deferred,100.00,USD,2027-Q2,2027-Q2/csm-1,recovery deferred 100.00
E-17,retention,750.00,USD,2027-Q2,2027-Q2/csm-1,"retention, grr multiplier 750.00"
`},
		{"the first code that fits, leading zeros, an order of columns", `
columns: [{name: Amount, field: amount}, {field: worker_id, name: Worker}, {name: Code, field: earning_code}, {field: requested_at}, {field: employee_id}]
codes:
  - {prior_period: true, code: 0900}
  - {kind: release, component: expansion, code: 0100}
  - {reason: grr_multiplier, code: 0200}
  - {component: manual, prior_period: false, code: 0300}
  - {code: 0999}
workers: {csm-1: 000017}
`, `Amount,Worker,Code,requested_at,employee_id
480.00,000017,0100,2027-07-11T04:00:00Z,E-17
750.00,000017,0200,2027-07-11T04:00:00Z,E-17
20.00,000017,0300,2027-07-11T04:00:00Z,E-17
-140.00,000017,0900,2027-07-11T04:00:00Z,E-17
120.00,000017,0999,2027-07-11T04:00:00Z,E-17
`},
		{"one code, payees' own ids", "codes: [{code: COMM}]\ncolumns: [{field: worker_id}, {field: amount}]\nother_workers: payee_id\n", "worker_id,amount\ncsm-1,1230.00\n"},
	} {
		if got, err := written(t, tt.mapping, payment()); err != nil || got != tt.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", tt.name, err, got, tt.want)
		}
	}
}

// What cannot be paid right is not written at all.
func TestRowsRefused(t *testing.T) {
	for _, tt := range []struct {
		name, mapping string
		change        func(*report.Payment)
		want          string
	}{
		{"no code", "codes: [{component: expansion, code: A}]", nil, "m.yaml: codes: no code fits component retention, kind true_up, reason grr_multiplier of 2027-Q2/csm-1 (750.00): add one, or {code: …} at the end for all else"},
		{"no code for what is no entry", "codes: [{component: expansion, code: A}, {component: retention, code: B}, {component: manual, code: C}]", nil, "m.yaml: codes: no code fits kind carried_forward of 2027-Q2/csm-1 (20.00): add one, or {code: …} at the end for all else"},
		{"not listed", "codes: [{code: A}]\nother_workers: refuse", nil, `m.yaml: workers: "csm-1" is not listed`},
		{"no employee id", "codes: [{code: A}]\nother_workers: employee_id", func(p *report.Payment) { p.EmployeeID = "" }, `m.yaml: workers: "csm-1" is not listed and the enrolment has no employee_id`},
		{"an id that is a formula", "codes: [{code: A}]", func(p *report.Payment) { p.EmployeeID = "=1+1" }, `m.yaml: workers: the id "=1+1" of "csm-1" would be read as a formula by a spreadsheet: list another`},
		{"parts that are not the whole", "", func(p *report.Payment) { p.Amount = "1230.01" }, "payroll: 2027-Q2/csm-1: 1230.01 is requested and its parts come to 1230.00"},
	} {
		p := payment()
		if tt.change != nil {
			tt.change(p)
		}
		if got, err := written(t, tt.mapping, p); err == nil || err.Error() != tt.want || got != "" {
			t.Errorf("%s: %v, %q; want %s", tt.name, err, got, tt.want)
		}
	}
}

// Every mistake is told at once, with its line, field and value.
func TestMappingMistakes(t *testing.T) {
	for mapping, want := range map[string]string{
		"":         "m.yaml: the file is empty",
		"codes: [": "m.yaml: line 1: did not find expected node content",
		"codes: [{code: A}]\n---\ncodes: [{code: B}]": "m.yaml: has more than one document",
		"- a":         "m.yaml:1: is not a mapping of columns, codes, workers, other_workers",
		"workers: {}": "m.yaml: codes: is missing: a list of {component, kind, reason, prior_period, code}, the first that fits is taken",
		"codes: []":   "m.yaml:1: codes: is not a list with something in it",
		"codes:\n  - {code: A, knd: x}\ncodez: 1": "m.yaml:2: codes[0].knd: there is no such field; known are component, kind, reason, prior_period, code\n" +
			"m.yaml:3: codez: there is no such field; known are columns, codes, workers, other_workers",
		"codes: [{code: A}]\ncodes: [{code: B}]": "m.yaml:2: codes: is there twice",
		"codes:\n  - {kind: earned, code: A}\n  - {reason: expansion_boked, code: B}\n  - {prior_period: maybe, code: C}": "m.yaml:2: codes[0].kind: \"earned\" is not one of earning, release, clawback, true_up, adjustment, spif, carried_forward, recovery_deferred\n" +
			"m.yaml:3: codes[1].reason: \"expansion_boked\" is not one of expansion_booked, uplift_effective, renewal_uplift, sourcing_credit, renewal_released, renewal_missed, churn_within_window, contraction_within_window, expansion_cancelled, invoice_voided, invoice_uncollectible, credit_note, invoice_unpaid, health_gate_failed, health_score_missing, accelerator, grr_multiplier, nrr_multiplier, objectives_score, health_bonus, split_arbitrated, dispute_pending, handoff_incomplete, opening_balance, exception_approved, manual_adjustment, spif_awarded, terminated, fx_rate_missing\n" +
			"m.yaml:4: codes[2].prior_period: \"maybe\" is neither true nor false",
		"codes: [{kind: spif, code: A}, {kind: spif, code: B}]":                                "m.yaml:1: codes[1]: fits what codes[0] of line 1 fits already",
		"codes: [{kind: spif}]":                                                                "m.yaml:1: codes[0]: has no code",
		"codes: [{code: =A1}, {kind: spif, code: \"@x\"}]":                                     "m.yaml:1: codes[0].code: \"=A1\" would be read as a formula by a spreadsheet\nm.yaml:1: codes[1].code: \"@x\" would be read as a formula by a spreadsheet",
		"codes: [{code: 1.10}]":                                                                "m.yaml:1: codes[0].code: 1.10 is not a text: quote it",
		"codes: [{code: 0x1F}]":                                                                "m.yaml:1: codes[0].code: 0x1F is not a text: quote it",
		"codes: [{code: A}]\ncolumns: [{field: worker}, {name: X}]":                            "m.yaml:2: columns[0].field: \"worker\" is not one of worker_id, earning_code, amount, currency, period, reference, note, payee_id, employee_id, requested_at\nm.yaml:2: columns[1]: has no field",
		"codes: [{code: A}]\nworkers: {a: 1, b: 1, c: '', d: [1]}":                             "m.yaml:2: workers.b: \"1\" is the worker id of a too\nm.yaml:2: workers.c: \"\" is empty\nm.yaml:2: workers.d: is not a text",
		"codes: [{code: A}]\ncolumns: [{field: note}]":                                         "m.yaml:2: columns: none has the field amount",
		"codes: [{code: A}]\ncolumns: [{field: amount}]":                                       "m.yaml:2: columns: none has the field worker_id",
		"codes: [{code: A}]\nother_workers: guess":                                             "m.yaml:2: other_workers: \"guess\" is not one of employee_id_or_payee_id, employee_id, payee_id, refuse",
		"codes: [{code: A}]\ncolumns: [{name: A, field: worker_id}, {name: A, field: amount}]": "m.yaml:2: columns[1].name: \"A\" is the name of another column too",
	} {
		_, err := payroll.ReadMapping("m.yaml", []byte(mapping))
		if err == nil || err.Error() != want {
			t.Errorf("ReadMapping(%q) = %v\nwant %s", mapping, err, want)
		}
	}
}

// In any mapping and any currency the rows of a payment come to what is
// requested, none is nothing, and no text of it is a formula.
func TestRowsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := payment()
		p.Currency = rapid.SampledFrom([]string{"USD", "JPY", "KWD"}).Draw(t, "currency")
		sum := money.Money{Currency: money.Currency(p.Currency)}
		p.Parts = nil
		for range rapid.IntRange(1, 8).Draw(t, "parts") {
			m := money.Money{Minor: rapid.Int64Range(-100_000, 100_000).Draw(t, "minor"), Currency: sum.Currency}
			sum, _ = sum.Add(m)
			p.Parts = append(p.Parts, part(rapid.SampledFrom([]string{"expansion", "retention", "=2+3", "＝1"}).Draw(t, "component"),
				rapid.SampledFrom([]string{"earning", "clawback", "release"}).Draw(t, "kind"), "renewal_released",
				rapid.SampledFrom([]string{"2027-Q1", "2027-Q2"}).Draw(t, "about"), m.Decimal()))
		}
		p.Amount = sum.Decimal()
		mapping := "codes:\n"
		seen := map[string]bool{}
		for range rapid.IntRange(0, 4).Draw(t, "codes") {
			fits := rapid.SampledFrom([]string{"component: expansion", "kind: clawback", "prior_period: true", "kind: release, prior_period: false"}).Draw(t, "fits")
			if !seen[fits] {
				mapping += "  - {" + fits + ", code: " + rapid.SampledFrom([]string{"A", "B", "C"}).Draw(t, "code") + "}\n"
			}
			seen[fits] = true
		}
		mapping += "  - {code: B}\n"
		m, err := payroll.ReadMapping("m.yaml", []byte(mapping))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := m.Rows(p)
		if err != nil {
			t.Fatal(err)
		}
		total := money.Money{Currency: sum.Currency}
		for _, r := range rows {
			if total, _ = total.Add(r.Amount); r.Amount.Minor == 0 {
				t.Errorf("a row of %s is nothing", r.EarningCode)
			}
		}
		if total != sum {
			t.Errorf("the rows come to %v, want %v", total, sum)
		}
		var b bytes.Buffer
		w, _ := payroll.NewExportWriter(&b, report.ExportPayroll, payroll.Form{Format: report.CSV, Mapping: m})
		if err := w.Write(&report.Exported{Payment: p}); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		table, err := csv.NewReader(&b).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range table[1:] {
			for i, cell := range row {
				if i != 2 && strings.IndexAny(cell, "=+-@＝") == 0 {
					t.Errorf("cell %q is a formula", cell)
				}
			}
		}
	})
}

func FuzzReadMapping(f *testing.F) {
	f.Add([]byte("codes: [{code: A}]\nworkers: {a: 1}\n"))
	f.Add([]byte("columns: [{name: A, field: amount}, {field: worker_id}]\ncodes: [{kind: spif, code: 01}]\n"))
	f.Fuzz(func(t *testing.T, document []byte) {
		m, err := payroll.ReadMapping("m", document)
		if (m == nil) == (err == nil) {
			t.Fatalf("ReadMapping(%q) = %v, %v", document, m, err)
		}
	})
}
