package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/demo"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/web"
	"github.com/trueup/trueup/internal/wire"
	"github.com/trueup/trueup/store"
)

// How many payees the crowd has: few, or 10,000 with TRUEUP_SCALE=full. What a page
// sends is bounded the same for both.
const (
	fewPayees  = 100
	allPayees  = 10_000
	mostOfPage = 150_000 // bytes, its files not included
)

// crowded opens the ledger of a crowd, kept in TRUEUP_SCALE_LEDGER where that names a file.
func crowded(t testing.TB) (crowd, *store.Store) {
	t.Helper()
	c := crowd{fewPayees}
	if os.Getenv("TRUEUP_SCALE") == "full" {
		c.payees = allPayees
	}
	path := cmp.Or(os.Getenv("TRUEUP_SCALE_LEDGER"), filepath.Join(t.TempDir(), "crowd.db"))
	_, err := os.Stat(path)
	s, failed := store.Open(path, store.Options{
		Tenant: "default", Plans: demo.Default().Plans(), Plan: readPlan, Codec: newCodec("default", wire.Limits{}),
	})
	if failed != nil {
		t.Fatal(failed)
	}
	t.Cleanup(func() { s.Close() })
	if err != nil {
		begun := time.Now()
		c.fill(t, s)
		t.Logf("filled in %v", time.Since(begun).Round(time.Second))
	}
	return c, s
}

// No page grows with the company: what it sends is bounded, however many payees,
// lines, deals, clocks, flags and parked inputs there are.
func TestPagesOfACrowd(t *testing.T) {
	c, s := crowded(t)
	r := newFileReader(s)
	st, err := r.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d payees, %d entries, %d facts, %d parked, %d MiB", st.Payees, st.Entries, st.Facts, st.Parked, st.FileBytes>>20)
	r.warming = newWarming()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	warmed, previews := make(chan error, 1), make(chan error, 1)
	begun := time.Now()
	go func() { warmed <- r.warm(ctx); close(r.warming.ended) }()
	go func() { previews <- r.runPreviews(ctx) }()
	server := httptest.NewServer(web.NewServer(r, web.Options{}))
	defer server.Close()
	code, size := fetched(t, server.URL+"/")
	t.Logf("%-16s %7d bytes, answered %d after %d ms", "just started", size, code, time.Since(begun).Milliseconds())
	if err := <-warmed; err != nil {
		t.Fatal(err)
	}
	t.Logf("read ahead after %d ms", time.Since(begun).Milliseconds())
	for _, page := range c.pages(t, r) {
		var took [2]time.Duration
		working := 0
		for i := range took {
			begun := time.Now()
			code, size = fetched(t, server.URL+page.path)
			took[i] = time.Since(begun)
			for ; code == http.StatusServiceUnavailable; working++ { // it says that it is being worked out
				time.Sleep(20 * time.Millisecond)
				code, size = fetched(t, server.URL+page.path)
			}
			if working > 0 && i == 0 {
				t.Logf("%-16s worked out after %d ms", page.name, time.Since(begun).Milliseconds())
			}
		}
		t.Logf("%-16s %7d bytes, first %6d ms, then %5d ms", page.name, size, took[0].Milliseconds(), took[1].Milliseconds())
		if size > mostOfPage || code != http.StatusOK {
			t.Errorf("GET %s = %d with %d bytes, want up to %d", page.path, code, size, mostOfPage)
		}
	}
	stop()
	<-previews
}

// fetched is how a page answers, and how large it is.
func fetched(t testing.TB, url string) (code, size int) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusServiceUnavailable {
		t.Fatalf("GET %s = %s, %v: %.2000s", url, resp.Status, err, body)
	}
	return resp.StatusCode, len(body)
}

type namedPage struct{ name, path string }

// pages are every page there is of a crowd, with those about the payee who has most.
func (c crowd) pages(t testing.TB, r report.Reader) []namedPage {
	t.Helper()
	heavy := string(c.heavy())
	var entry report.Line
	past := civil.Quarter(2027*4 + 2)
	view, err := r.PayeeView(t.Context(), report.Filter{Payee: event.PayeeID(heavy), Period: &past})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range view.Lines {
		if l.OpportunityID != "" {
			entry = l
		}
	}
	parked, err := r.Parked(t.Context(), "parked")
	if err != nil || len(parked) == 0 {
		t.Fatalf("parked: %d, %v", len(parked), err)
	}
	return []namedPage{
		{"overview", "/"},
		{"payees", "/payees"},
		{"payees-sorted", "/payees?sort=earned&order=desc"},
		{"payees-last", fmt.Sprintf("/payees?offset=%d", c.payees-10)},
		{"payees-search", "/payees?search=csm-000"},
		{"payees-past", "/payees?period=2027-Q1"},
		{"find", "/find?q=csm-00"},
		{"statement", "/payees/" + heavy},
		{"statement-past", "/payees/" + heavy + "?period=2027-Q3"},
		{"statement-ae", "/payees/ae-0001?period=2027-Q2"},
		{"entry", "/entries/" + entry.EntryID},
		{"deal", "/deals/" + entry.OpportunityID + "?account=" + entry.AccountID},
		{"deal-unnamed", "/deals/" + entry.OpportunityID},
		{"account", "/accounts/" + entry.AccountID},
		{"sla", "/sla"},
		{"sla-breached", "/sla?status=breached"},
		{"sla-all", "/sla?status="},
		{"flags", "/flags"},
		{"parked", "/parked"},
		{"parked-one", "/parked/" + parked[0].ParkedID},
		{"periods", "/periods"},
		{"period-locked", "/periods/2027-Q3"},
		{"period-ended", "/periods/2027-Q4"},
		{"period-running", "/periods/2028-Q1"},
		{"what-if", "/what-if"},
	}
}
