package web_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/web"
)

// collect is a whole journal.
func collect(ctx context.Context, r report.Reader, f report.Filter) ([]report.Posted, error) {
	var out []report.Posted
	err := r.Journal(ctx, f, func(p *report.Posted) error {
		out = append(out, *p)
		return nil
	})
	return out, err
}

// long is a journal of n entries that may end badly.
type long struct {
	report.Reader
	n      int
	fault  error
	yields chan<- error // told what the last yield gave, where it is not nil
}

func (r long) Journal(_ context.Context, _ report.Filter, yield func(*report.Posted) error) (err error) {
	defer func() {
		if r.yields != nil {
			r.yields <- err
		}
	}()
	for i := range r.n {
		p := &report.Posted{Seq: uint64(i + 1), PayeeID: "csm-1", Line: report.Line{Explanation: strings.Repeat("<x>", 100), CausedBy: []report.Cause{}}}
		if err := yield(p); err != nil {
			return err
		}
	}
	return r.fault
}

func TestLongJournal(t *testing.T) {
	const n = 20_000
	_, c := serve(t, long{n: n}, web.Options{Now: time.Now})
	got, err := collect(t.Context(), c, report.Filter{})
	if err != nil || len(got) != n || got[n-1].Seq != n || got[0].Explanation != strings.Repeat("<x>", 100) {
		t.Errorf("Journal() gives %d entries, %v, want %d", len(got), err, n)
	}
	stop := errors.New("enough")
	if err := c.Journal(t.Context(), report.Filter{}, func(*report.Posted) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("Journal() = %v, want %v", err, stop)
	}
}

// What goes wrong on the way is told, after the entries before it.
func TestJournalThatEndsBadly(t *testing.T) {
	for _, n := range []int{0, 3, 5000} {
		var log strings.Builder
		_, c := serve(t, long{n: n, fault: errors.New("the disk is gone")}, web.Options{Log: zerolog.New(&log)})
		got, err := collect(t.Context(), c, report.Filter{})
		if len(got) != n || err == nil || !strings.HasSuffix(err.Error(), ": the disk is gone") || !strings.Contains(log.String(), "the disk is gone") {
			t.Errorf("Journal() gives %d of %d entries, %v; log %q", len(got), n, err, log.String())
		}
	}
}

func TestJournalOfSomethingElse(t *testing.T) {
	const entry = `{"entry_id":"00ff"}` + "\n"
	for answer, want := range map[string]string{
		"<html>":                         "cannot be read: invalid character '<'",
		"":                               "is cut off after 0 entries",
		entry + entry:                    "is cut off after 2 entries",
		entry + `{"entries":2}`:          "tells of 2 entries and sent 1",
		entry + `{"entry_id":`:           "cannot be read: unexpected end of JSON input",
		strings.Repeat("x", 5<<20):       "token too long",
		entry + `{"error":"no\nledger"}`: "no\nledger",
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) }))
		if _, err := collect(t.Context(), web.NewClient(s.URL, nil), report.Filter{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: Journal() = %v, want %s", answer, err, want)
		}
		s.Close()
	}
}

// A client that does not read is let go.
func TestJournalUnread(t *testing.T) {
	ended := make(chan error, 1)
	past := func() time.Time { return time.Now().Add(200*time.Millisecond - time.Minute) } // so that the wait is short
	s, _ := serve(t, long{n: 1_000_000, yields: ended}, web.Options{Now: past})
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprint(conn, "GET /v1/journal HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err == nil {
			t.Error("the whole journal went to a client that reads nothing")
		}
	case <-time.After(20 * time.Second):
		t.Error("a client that reads nothing holds the journal")
	}
}
