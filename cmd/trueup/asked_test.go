package main

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/demo"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/report/reporttest"
)

// What is kept at hand of a ledger is the ledger's at every moment, however
// much came since it was last asked, and however many ask at once.
func TestListsAddUpWhileTheLedgerGrows(t *testing.T) {
	c := smallCompany(1)
	s := openLedger(t, filepath.Join(t.TempDir(), "company.db"), c)
	defer s.Close()
	r := newFileReader(s)
	list := companyInputs(t, c)
	const steps = 6
	for i := range steps {
		part := list[i*len(list)/steps : (i+1)*len(list)/steps]
		var asking sync.WaitGroup
		done := make(chan struct{})
		for range 2 {
			asking.Go(func() {
				for {
					select {
					case <-done:
						return
					default:
					}
					over, err := r.Overview(t.Context())
					if err == nil {
						_, err = r.Payees(t.Context(), report.PayeesQuery{Sort: "earned", Limit: 2})
					}
					if err != nil || over.Payees == 0 && i > 0 {
						t.Errorf("while step %d is recorded: %v, %+v", i, err, over)
						return
					}
				}
			})
		}
		for len(part) > 0 {
			n := min(len(part), 700)
			if _, err := s.Record(part[:n]); err != nil {
				t.Fatal(err)
			}
			part = part[n:]
		}
		close(done)
		asking.Wait()
		reporttest.ListsAddUp(t, r)
		if cold := newFileReader(s); i == steps/2 {
			if err := cold.summary.Warm(t.Context(), func(int) {}); err != nil {
				t.Fatal(err)
			}
			reporttest.ListsAddUp(t, cold)
		}
		if t.Failed() {
			return
		}
	}
	over, err := r.Overview(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	episodes, err := r.SLA(t.Context(), report.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	open := report.Soonest(episodes, report.Filter{Status: "open"})
	breached := report.Soonest(episodes, report.Filter{Status: "breached"})
	flags, err := r.Raised(t.Context(), report.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	parked, err := r.Parked(t.Context(), "parked")
	if err != nil {
		t.Fatal(err)
	}
	if over.SLA.Open != len(open) || over.SLA.Breached != len(breached) || over.Flags != len(flags) || over.Parked != len(parked) {
		t.Errorf("the overview counts %+v, %d flags, %d parked; there are %d open, %d breached, %d flags, %d parked",
			over.SLA, over.Flags, over.Parked, len(open), len(breached), len(flags), len(parked))
	}
	if got, want := fmt.Sprint(over.SLA.Soonest), fmt.Sprint(open[:min(5, len(open))]); got != want || len(breached) == 0 || len(flags) == 0 {
		t.Errorf("the soonest are %s, want %s", got, want)
	}
}

// BenchmarkAsked asks each question of the demo's whole ledger.
func BenchmarkAsked(b *testing.B) {
	c := demo.Default()
	s := openLedger(b, filepath.Join(b.TempDir(), "company.db"), c)
	defer s.Close()
	for list := companyInputs(b, c); len(list) > 0; {
		n := min(len(list), 4096)
		if _, err := s.Record(list[:n]); err != nil {
			b.Fatal(err)
		}
		list = list[n:]
	}
	r := newFileReader(s)
	ask := func(name string, question func() error) {
		first := time.Now()
		if err := question(); err != nil {
			b.Fatal(name, err)
		}
		b.Logf("%s: first %v", name, time.Since(first))
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := question(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	only := func(_ any, err error) error { return err }
	last := func(n int) civil.Quarter { return civil.Quarter(2027*4 + 3 - n) }
	ask("overview", func() error { return only(r.Overview(b.Context())) })
	ask("payees", func() error { return only(r.Payees(b.Context(), report.PayeesQuery{Limit: 25})) })
	ask("payees-500", func() error { return only(r.Payees(b.Context(), report.PayeesQuery{Limit: 500})) })
	past := last(2)
	ask("payees-past", func() error { return only(r.Payees(b.Context(), report.PayeesQuery{Limit: 25, Period: &past})) })
	ask("periods", func() error { return only(r.Periods(b.Context())) })
	ask("preview", func() error { return only(r.LockPreview(b.Context(), last(0))) })
	ask("statement", func() error { return only(r.Statement(b.Context(), report.Filter{Payee: "csm-010"})) })
	ask("book", func() error { return only(r.Book(b.Context(), report.Filter{Payee: "csm-010"})) })
	book, err := r.Book(b.Context(), report.Filter{Payee: "csm-010"})
	if err != nil || len(book.Accounts) == 0 {
		b.Fatal("csm-010 has no accounts", err)
	}
	ask("timeline", func() error { return only(r.Timeline(b.Context(), event.AccountID(book.Accounts[0].AccountID))) })
}
