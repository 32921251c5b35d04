package web_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trueup/trueup/internal/report/reporttest"
	"github.com/trueup/trueup/internal/web"
)

// ledgerFeed is a feed whose moments a test gives.
type ledgerFeed struct {
	mu     sync.Mutex
	now    web.Moment
	next   chan struct{}
	looked int
}

func newFeed() *ledgerFeed { return &ledgerFeed{next: make(chan struct{})} }

func (f *ledgerFeed) Changed() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.next
}

func (f *ledgerFeed) Since(before *web.Moment) (*web.Moment, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.looked++
	now := f.now
	if before == nil || before.Outputs == now.Outputs {
		now.Turned = 0
	}
	return &now, nil
}

func (f *ledgerFeed) record(m web.Moment) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = m
	close(f.next)
	f.next = make(chan struct{})
}

// listening is a page that listens.
type listening struct {
	*bufio.Scanner
	close func()
}

func listen(t *testing.T, url string) (*http.Response, listening) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp, listening{bufio.NewScanner(resp.Body), cancel}
}

// next is the next event: its name and data.
func (l listening) next(t *testing.T) string {
	t.Helper()
	event := ""
	for l.Scan() {
		name, value, _ := strings.Cut(l.Text(), ": ")
		switch name {
		case "event":
			event = value
		case "data":
			return event + " " + value
		}
	}
	t.Fatalf("the stream ended: %v", l.Err())
	return ""
}

func at(entries int64, outputs uint64, turned int) web.Moment {
	return web.Moment{AsOf: time.Date(2027, 3, 1, 0, 0, int(entries), 0, time.UTC), Entries: entries, Outputs: outputs, Turned: turned}
}

func TestLive(t *testing.T) {
	feed := newFeed()
	feed.now = at(1, 1, 0)
	// What a server waits to read of a request is not for how long one listens.
	s := httptest.NewUnstartedServer(web.NewServer(reporttest.Reader{}, web.Options{Live: feed, Now: time.Now}))
	s.Config.ReadTimeout, s.Config.WriteTimeout = 200*time.Millisecond, 200*time.Millisecond
	s.Start()
	t.Cleanup(s.Close)
	resp, l := listen(t, s.URL)
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" || resp.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("GET /live = %d %v", resp.StatusCode, resp.Header)
	}
	if got, want := l.next(t), `ledger {"as_of":"2027-03-01T00:00:01Z","entries":1}`; got != want {
		t.Errorf("first event = %s, want %s", got, want)
	}
	feed.record(at(2, 2, 0))
	if got, want := l.next(t), `ledger {"as_of":"2027-03-01T00:00:02Z","entries":2}`; got != want {
		t.Errorf("after a commit = %s, want %s", got, want)
	}
	feed.record(at(2, 4, 2))
	if got, want := l.next(t), `sla {"as_of":"2027-03-01T00:00:02Z","episodes":2}`; got != want {
		t.Errorf("after episodes turned = %s, want %s", got, want)
	}
}

// However many commits there are, a listener is told a few times a second, and
// of the last.
func TestLiveTellsCommitsTogether(t *testing.T) {
	feed := newFeed()
	s, _ := serve(t, reporttest.Reader{}, web.Options{Live: feed})
	_, l := listen(t, s.URL)
	l.next(t)
	const commits = 10_000
	for i := range commits {
		feed.record(at(int64(i+1), 0, 0))
	}
	for !strings.HasSuffix(l.next(t), `"entries":10000}`) {
	}
	feed.mu.Lock()
	defer feed.mu.Unlock()
	if feed.looked > 100 {
		t.Errorf("it was looked %d times at %d commits", feed.looked, commits)
	}
}

func TestLiveEndsWithTheWorker(t *testing.T) {
	ending := make(chan struct{})
	s, _ := serve(t, reporttest.Reader{}, web.Options{Live: newFeed(), Ending: ending})
	resp, l := listen(t, s.URL)
	l.next(t)
	close(ending)
	if _, err := io.ReadAll(resp.Body); err != nil {
		t.Errorf("end of the stream: %v", err)
	}
}

func TestLiveHasRoomForSoMany(t *testing.T) {
	s, _ := serve(t, reporttest.Reader{}, web.Options{Live: newFeed()})
	var open []listening
	for range 256 {
		resp, l := listen(t, s.URL)
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("listener %d: %d", len(open), resp.StatusCode)
		}
		open = append(open, l)
	}
	resp, _ := listen(t, s.URL)
	if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
		t.Fatalf("one more: %d", resp.StatusCode)
	}
	open[0].close()
	for { // its place is free when the server has noticed
		if resp, _ := listen(t, s.URL); resp.StatusCode == http.StatusOK {
			return
		}
	}
}

func TestLiveIsNotEverywhere(t *testing.T) {
	s, _ := serve(t, reporttest.Reader{}, web.Options{})
	if resp, body := get(t, http.MethodGet, s.URL+"/live", ""); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("GET /live = %d %s", resp.StatusCode, body)
	}
	s, _ = serve(t, reporttest.Reader{}, web.Options{Live: newFeed()})
	if resp, body := get(t, http.MethodHead, s.URL+"/live", ""); resp.StatusCode != http.StatusOK || body != "" {
		t.Errorf("HEAD /live = %d %s", resp.StatusCode, body)
	}
}
