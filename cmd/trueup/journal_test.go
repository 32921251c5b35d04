package main

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/demo"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/web"
	"github.com/trueup/trueup/internal/wire"
	"github.com/trueup/trueup/store"
)

// openLedger opens a company's ledger to be written.
func openLedger(t testing.TB, path string, c demo.Company) *store.Store {
	t.Helper()
	s, err := store.Open(path, store.Options{Tenant: "default", Plans: c.Plans(), Plan: readPlan, Codec: newCodec("default", wire.Limits{})})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// companyInputs are what comes to a made-up company's ledger, payroll's answers
// and a last tick included.
func companyInputs(t testing.TB, c demo.Company) []tenant.Arrival {
	t.Helper()
	var list []tenant.Arrival
	add := func(ev event.Event, at time.Time) {
		body, err := wire.Encode(ev)
		if err != nil {
			t.Fatal(err)
		}
		in, err := wire.DecodeLine(body, "default")
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		list = append(list, tenant.Arrival{
			Position: tenant.Position{Created: time.Unix(0, 0).UTC(), Seq: uint64(len(list) + 1), Time: at}, Arrived: at, Body: body,
			Subject: wire.Subject("default", ev.Head().Type), Event: ev.Head().Identity,
			Input: tenant.Input{Event: in.Event, Canonical: in.Canonical, Sum: in.Sum},
		})
	}
	for a, err := range c.Paid() {
		if err != nil {
			t.Fatal(err)
		}
		add(a.Event, a.Recorded)
	}
	last := c.Until.End(c.Plans()[0].Zone).UTC()
	add(event.Ticked{Header: event.Header{Identity: event.Identity{Source: "trueup/clock", ID: "tick-last"}, Type: wire.Tick, Time: last}}, last)
	return list
}

// companyLedger is the file of a made-up company, payroll's answers included,
// at the end of its last day.
func companyLedger(t testing.TB, c demo.Company) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "company.db")
	s := openLedger(t, path, c)
	list := companyInputs(t, c)
	for batch := range slices.Chunk(list, 1024) {
		if _, err := s.Record(batch); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// A journal is the entries of one moment: those there when it began, however
// few are in memory at once and whatever is posted meanwhile.
func TestJournalIsOfOneMoment(t *testing.T) {
	s, err := store.Open(companyLedger(t, smallCompany(1)), store.Options{ReadOnly: true, Plan: readPlan, Codec: newCodec("", wire.Limits{})})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	reader := newFileReader(s)
	doc, err := reader.Statement(t.Context(), report.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := reader.moment("")
	if err != nil {
		t.Fatal(err)
	}
	want := map[event.PayeeID]int{}
	for _, p := range doc.Payees {
		for _, q := range p.Periods {
			want[event.PayeeID(p.ID)] += len(q.Lines)
		}
	}
	for _, most := range []int{1, 7, momentChunk} {
		m.most = most
		for _, id := range m.payees {
			n := 0
			err := m.EntriesOf(id, func(e *ledger.Entry) error {
				if n++; e.Seq != uint64(n) || e.Payee != id {
					t.Fatalf("%d at once: entry %d of %s is entry %d of %s", most, n, id, e.Seq, e.Payee)
				}
				return nil
			})
			if err != nil || n != want[id] {
				t.Errorf("%d at once: %d entries of %s (%v), want %d", most, n, id, err, want[id])
			}
		}
	}
	id := m.payees[0]
	m.last[id] = 2 // the moment was earlier
	n := 0
	if err := m.EntriesOf(id, func(*ledger.Entry) error { n++; return nil }); err != nil || n != 2 {
		t.Errorf("%d entries (%v) of a moment with two", n, err)
	}
	m.last[id] = uint64(want[id]) + 1 // one is lost
	if err := m.EntriesOf(id, func(*ledger.Entry) error { return nil }); exitCode(err) != exitStopped {
		t.Errorf("a ledger that lost an entry: %v, want it to be corrupt", err)
	}
}

// A running worker's journal is the stopped one's, byte for byte, and both are
// the same every time.
func TestExportIsTheSameEverywhere(t *testing.T) {
	path := companyLedger(t, smallCompany(1))
	s, err := store.Open(path, store.Options{ReadOnly: true, Plan: readPlan, Codec: newCodec("", wire.Limits{})})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	server := httptest.NewServer(web.NewServer(newFileReader(s), web.Options{Now: time.Now}))
	defer server.Close()
	for _, format := range report.JournalFormats() {
		for _, narrow := range [][]string{nil, {"csm-001"}, {"csm-001", "--period", "2027-Q2"}, {"--period", "2027-Q1"}} {
			args := append([]string{"export", "journal", "--format", format}, narrow...)
			_, stopped, _ := trueup(t, "", append(args, "--db", path)...)
			_, again, _ := trueup(t, "", append(args, "--db", path)...)
			code, running, stderr := trueup(t, "", append(args, "--server", server.URL)...)
			if code != exitDone || stderr != "" || running != stopped || again != stopped || strings.Count(running, "\n") < 5 {
				t.Errorf("%v = %d, %d bytes, stderr %q; of the file %d and %d bytes", args, code, len(running), stderr, len(stopped), len(again))
			}
		}
	}
}

// What cannot be written is told, and the statements are not shown instead.
func TestSimulateWritesNoJournal(t *testing.T) {
	dir := t.TempDir()
	events := filepath.Join(dir, "events.ndjson")
	if err := os.WriteFile(events, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := trueup(t, "", "simulate", "--events", events, "--as-of", "2027-01-31", "--journal", filepath.Join(dir, "no", "such"))
	if code != exitFailed || stdout != "" || !strings.HasSuffix(stderr, "no such file or directory\n") {
		t.Errorf("simulate = %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

// smallCompany is a year of a few accounts.
func smallCompany(seed uint64) demo.Company {
	return demo.Company{Seed: seed, CSMs: 6, AEs: 3, Accounts: 60, From: civil.On(2027, time.January, 1), Until: civil.On(2027, time.December, 31)}
}
