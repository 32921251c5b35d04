package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/demo"
)

// A history gives each account as many facts as its crowd has, in order of time.
func TestHistories(t *testing.T) {
	var groups []crowd
	for _, facts := range []int{2, 7, 40} {
		g := crowd{facts: facts}
		for n := range 3 {
			g.accounts = append(g.accounts, newBusy(facts, n, facts))
		}
		groups = append(groups, g)
	}
	got, last := map[event.AccountID]int{}, time.Time{}
	for a := range histories(groups) {
		if a.Recorded.Before(last) {
			t.Fatalf("%v is told at %s, after %s", a.Event.Head().ID, a.Recorded, last)
		}
		last = a.Recorded
		got[a.Event.Scope().Account]++
	}
	delete(got, "")
	for _, g := range groups {
		for _, a := range g.accounts {
			if got[event.AccountID(a.id)] != g.facts {
				t.Errorf("%s has %d facts, want %d", a.id, got[event.AccountID(a.id)], g.facts)
			}
		}
	}
}

// Whatever its size, the events of an account that are measured are of the
// same kinds.
func TestBusyMeasuresTheSame(t *testing.T) {
	kinds := func(size int) (out []event.Type) {
		f := newFactsOf(size, 1, 1)
		a := f.crowds[0].accounts[0]
		for a.told < f.crowds[0].facts {
			a.next(busyFrom)
		}
		for range perAccount {
			out = append(out, a.next(busyUntil).Event.Head().Type)
		}
		return out
	}
	want := fmt.Sprint(kinds(10))
	for _, size := range []int{100, 1000, 10_000} {
		if got := fmt.Sprint(kinds(size)); got != want {
			t.Errorf("of %d facts: %s, want %s", size, got, want)
		}
	}
}

// A file that was filled holds what was recorded; one that holds less is found out.
func TestFilingCounts(t *testing.T) {
	w := &workload{Seed: 3, Accounts: 40}
	f, err := openFiling(t.TempDir()+"/ledger.db", w.company().Plans())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	events := func(yield func(demo.Arrival) bool) {
		for a := range w.company().Events() {
			if n++; n > 1600 || !yield(a) {
				return
			}
		}
	}
	if err := f.fill(t.Context(), bodiesOf(events)); err != nil {
		t.Fatal(err)
	}
	if err := f.verified(); err != nil {
		t.Errorf("verified() = %v", err)
	}
	f.got.Applied++
	if err := f.verified(); err == nil {
		t.Error("a fact that is not there is not missed")
	}
}

// A body that cannot be decoded ends a filling with its error.
func TestFillEndsWithAnError(t *testing.T) {
	w := &workload{Seed: 3, Accounts: 40}
	f, err := openFiling(t.TempDir()+"/ledger.db", w.company().Plans())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	err = f.fill(t.Context(), func(yield func([]byte, error) bool) { yield([]byte(`{"no":"event"}`), nil) })
	if err == nil {
		t.Error("fill() of what is no event = nil")
	}
}

// A servant answers each order, errors included.
func TestServe(t *testing.T) {
	var in, out bytes.Buffer
	for _, do := range []string{"one", "two"} {
		if err := json.NewEncoder(&in).Encode(order{Do: do}); err != nil {
			t.Fatal(err)
		}
	}
	do := new(companyLedger).do
	if err := serve(t.Context(), do, &in, &out); err != nil {
		t.Fatal(err)
	}
	answers := json.NewDecoder(&out)
	for _, want := range []string{`"one" is no order`, `"two" is no order`} {
		var a answer
		if err := answers.Decode(&a); err != nil || a.Error != want || a.Anonymous <= 0 {
			t.Errorf("the answer is %+v, %v, want the error %s and some memory", a, err, want)
		}
	}
}

// The gate passes everything on and knows when it was first answered.
func TestGate(t *testing.T) {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	go func() {
		for {
			c, err := server.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, "INFO")
			_ = c.Close()
		}
	}()
	g, err := newGate("nats://" + server.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	before := time.Now()
	c, err := net.Dial("tcp", strings.TrimPrefix(g.url(), "nats://"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(c); err != nil || string(got) != "INFO" {
		t.Errorf("through the gate came %q, %v, want INFO", got, err)
	}
	if at := g.answered(); at.Before(before) || at.After(time.Now()) {
		t.Errorf("answered() = %s, want an instant from %s to now", at, before)
	}
	if g.forget(); !g.answered().IsZero() {
		t.Errorf("after forget(), answered() = %s", g.answered())
	}
	if err := g.close(); err != nil {
		t.Errorf("close() = %v", err)
	}
}
