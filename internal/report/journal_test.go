package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/report/reporttest"
)

// journal is a journal written whole.
func journal(t *testing.T, format string, entries ...report.Posted) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := report.NewJournalWriter(&b, format)
	if err != nil {
		t.Fatal(err)
	}
	for i := range entries {
		if err := w.Write(&entries[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// posted is the journal of a worked case.
func posted(t *testing.T, name string, f report.Filter) []report.Posted {
	t.Helper()
	var out []report.Posted
	err := reporttest.Play(t, cases, name).Journal(t.Context(), f, func(p *report.Posted) error {
		out = append(out, *p)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// odd is an entry whose names hledger, spreadsheets and JSON have their ways with.
func odd(payee, component, amount, currency string) report.Posted {
	return report.Posted{
		PayeeID: payee, Currency: currency, Seq: 1, Period: "2027-Q1", PostedAt: time.Date(2027, time.March, 1, 12, 0, 0, 500, time.UTC), Hash: "00",
		Line: report.Line{
			EntryID: "00ff", Kind: "adjustment", Reason: "manual_adjustment", Component: component, Amount: amount, From: "expense", To: "payable",
			EffectiveOn: "2027-02-10", AppliesTo: "2026-Q4", AccountID: "=a<1>", CausedBy: []report.Cause{{Source: "crm", ID: "e1"}},
		},
	}
}

func TestJournalForms(t *testing.T) {
	odds := []report.Posted{
		odd("Ann Lee", "a:b  ; c", "12.50", "USD"), odd("Ann Lee", "", "-0.05", "USD"), odd("李 (100%)", "x", "1200", "JPY"), odd("csm-1", "x", "-1.250", "KWD"),
	}
	for _, format := range report.JournalFormats() {
		var got txtar.Archive
		if format == report.Hledger {
			got.Files = append(got.Files, txtar.File{Name: "churn-on-day-90", Data: journal(t, format, posted(t, "churn-on-day-90", report.Filter{})...)})
		}
		got.Files = append(got.Files, txtar.File{Name: "odd", Data: journal(t, format, odds...)}, txtar.File{Name: "empty", Data: journal(t, format)})
		golden(t, "journal-"+format, &got)
	}
}

// What other programs read is what they are told it is.
func TestJournalIsReadBack(t *testing.T) {
	want := append(posted(t, "late-churn-after-lock", report.Filter{}), odd("=1+1", "<&>", "-0.05", "USD"), report.Posted{})
	var got []report.Posted
	text := journal(t, report.JSON, want...)
	if err := json.Unmarshal(text, &got); err != nil || len(got) != len(want) {
		t.Fatalf("%d entries of %d, %v", len(got), len(want), err)
	}
	if again := journal(t, report.JSON, got...); !bytes.Equal(again, text) || bytes.Contains(text, []byte("null")) {
		t.Errorf("JSON reads back as\n%s\nwant\n%s", again, text)
	}
	rows, err := csv.NewReader(bytes.NewReader(journal(t, report.CSV, want...))).ReadAll()
	if err != nil || len(rows) != len(want)+1 {
		t.Fatalf("%d rows of %d entries, %v", len(rows), len(want), err)
	}
	for i, column := range rows[0] {
		row := rows[len(want)-1]
		if want, ok := map[string]string{"payee": "'=1+1", "period": "2027-Q1", "entry_id": "00ff", "amount": "-0.05", "hash": "00"}[column]; ok && row[i] != want {
			t.Errorf("column %s is %q, want %q", column, row[i], want)
		}
	}
}

func TestJournalIsNarrowed(t *testing.T) {
	q1, _ := civil.ParseQuarter("2027-Q1")
	all := posted(t, "late-churn-after-lock", report.Filter{})
	for _, f := range []report.Filter{{Payee: "csm-1"}, {Period: &q1}, {Payee: "csm-1", Period: &q1}} {
		var want []report.Posted
		for _, p := range all {
			if (f.Payee == "" || p.PayeeID == string(f.Payee)) && (f.Period == nil || p.Period == q1.String()) {
				want = append(want, p)
			}
		}
		got := posted(t, "late-churn-after-lock", f)
		if len(want) == 0 || !bytes.Equal(journal(t, report.JSON, got...), journal(t, report.JSON, want...)) {
			t.Errorf("Journal(%+v) has %d entries, want %d of %d", f, len(got), len(want), len(all))
		}
	}
	err := reporttest.Play(t, cases, "churn-on-day-90").Journal(t.Context(), report.Filter{Payee: "csm-9"}, func(*report.Posted) error { return nil })
	if want := (report.NotFound{What: "payee", ID: "csm-9"}); !errors.Is(err, want) {
		t.Errorf("Journal(csm-9) = %v, want %v", err, want)
	}
	err = reporttest.Play(t, cases, "churn-on-day-90").Journal(t.Context(), report.Filter{}, func(*report.Posted) error { return os.ErrClosed })
	if !errors.Is(err, os.ErrClosed) {
		t.Errorf("Journal() to a reader that stops = %v, want %v", err, os.ErrClosed)
	}
}

// A journal that fails at once leaves nothing behind, and one that breaks off
// does not look whole.
func TestJournalBreaksOff(t *testing.T) {
	for _, format := range report.JournalFormats() {
		var b bytes.Buffer
		w, err := report.NewJournalWriter(&b, format)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil || b.Len() != 0 {
			t.Errorf("%s: Flush() of nothing = %v and %q", format, err, b.String())
		}
		p := odd("csm-1", "x", "1.00", "USD")
		if err := errors.Join(w.Write(&p), w.Flush()); err != nil || !strings.Contains(b.String(), "00ff") {
			t.Errorf("%s: Flush() = %v and %q", format, err, b.String())
		}
		if format != report.CSV && bytes.Equal(b.Bytes(), journal(t, format, p)) {
			t.Errorf("%s: one that broke off looks whole:\n%s", format, b.String())
		}
		broken, err := report.NewJournalWriter(full{}, format)
		if err != nil {
			t.Fatal(err)
		}
		if err := broken.Close(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s: Close() on a closed file = %v", format, err)
		}
	}
	if _, err := report.NewJournalWriter(&bytes.Buffer{}, "xml"); err == nil || err.Error() != `format "xml" is not one of hledger, csv, json` {
		t.Errorf("NewJournalWriter(xml) = %v", err)
	}
}
