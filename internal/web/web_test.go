package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/report/reporttest"
	"github.com/trueup/trueup/internal/web"
)

const cases = "../../domain/testdata/scenario"

// serve is a server for a case, and a client of it.
func serve(t *testing.T, r report.Reader, o web.Options) (*httptest.Server, report.Reader) {
	t.Helper()
	s := httptest.NewServer(web.NewServer(r, o))
	t.Cleanup(s.Close)
	return s, web.NewClient(s.URL+"/", nil)
}

func get(t *testing.T, method, target, host string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	if host != "" {
		req.Host = host
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(b)
}

func same(t *testing.T, what string, got any, gotErr error, want any, wantErr error) {
	t.Helper()
	if gotErr != nil || wantErr != nil {
		t.Fatalf("%s: %v over HTTP, %v directly", what, gotErr, wantErr)
	}
	if !reflect.DeepEqual(got, want) {
		g, _ := json.Marshal(got)
		w, _ := json.Marshal(want)
		t.Errorf("%s over HTTP = %s\nwant %s", what, g, w)
	}
}

// What the client gives is what the reader behind the server gave.
func TestRoundTrip(t *testing.T) {
	for _, name := range []string{"churn-on-day-90", "same-id-other-content", "risk-sla-breached-by-silence", "late-churn-after-lock"} {
		t.Run(name, func(t *testing.T) {
			r := reporttest.Play(t, cases, name)
			_, c := serve(t, r, web.Options{})
			ctx := t.Context()
			q, _ := civil.ParseQuarter("2027-Q1")
			for _, f := range []report.Filter{{}, {Payee: "csm-1"}, {Period: &q}, {Payee: "csm-1", Period: &q}} {
				got, gotErr := c.Statement(ctx, f)
				want, wantErr := r.Statement(ctx, f)
				same(t, "Statement", got, gotErr, want, wantErr)
				entries, gotErr := collect(ctx, c, f)
				wantEntries, wantErr := collect(ctx, r, f)
				same(t, "Journal", entries, gotErr, wantEntries, wantErr)
				for _, p := range want.Payees {
					for _, period := range p.Periods {
						for _, l := range period.Lines {
							got, gotErr := c.Entry(ctx, strings.ToUpper(l.EntryID))
							want, wantErr := r.Entry(ctx, l.EntryID)
							same(t, "Entry", got, gotErr, want, wantErr)
						}
					}
				}
			}
			for _, f := range []report.Filter{{}, {Payee: "csm-1"}, {Account: "acct-1"}, {Period: &q}} {
				got, gotErr := c.Raised(ctx, f)
				want, wantErr := r.Raised(ctx, f)
				same(t, "Raised", got, gotErr, want, wantErr)
			}
			for _, f := range []report.Filter{{Payee: "csm-1"}, {Payee: "csm-1", Period: &q}} {
				got, gotErr := c.Book(ctx, f)
				want, wantErr := r.Book(ctx, f)
				same(t, "Book", got, gotErr, want, wantErr)
			}
			if name == "churn-on-day-90" || name == "same-id-other-content" {
				for _, account := range []event.AccountID{"", "acct-1"} {
					got, gotErr := c.Deal(ctx, "opp-1", account)
					want, wantErr := r.Deal(ctx, "opp-1", account)
					same(t, "Deal", got, gotErr, want, wantErr)
				}
			}
			for _, f := range []report.Filter{{}, {Payee: "csm-1"}, {Payee: "nobody"}, {Status: "breached"}, {Status: "met"}} {
				got, gotErr := c.SLA(ctx, f)
				want, wantErr := r.SLA(ctx, f)
				same(t, "SLA", got, gotErr, want, wantErr)
			}
			for _, state := range []string{"", "parked", "discarded"} {
				got, gotErr := c.Parked(ctx, state)
				want, wantErr := r.Parked(ctx, state)
				same(t, "Parked", got, gotErr, want, wantErr)
				for _, p := range want {
					got, gotErr := c.ParkedByID(ctx, p.ParkedID)
					want, wantErr := r.ParkedByID(ctx, p.ParkedID)
					same(t, "ParkedByID", got, gotErr, want, wantErr)
				}
			}
			status, err := c.Status(ctx)
			wantStatus, wantErr := r.Status(ctx)
			same(t, "Status", status, err, wantStatus, wantErr)
			verified, err := c.Verify(ctx, nil)
			wantVerified, wantErr := r.Verify(ctx, nil)
			same(t, "Verify", verified, err, wantVerified, wantErr)
		})
	}
}

func TestNotFound(t *testing.T) {
	_, c := serve(t, reporttest.Play(t, cases, "churn-on-day-90"), web.Options{})
	id := strings.Repeat("ab", 16)
	_, err := c.Statement(t.Context(), report.Filter{Payee: "csm/9 &?"})
	wantNotFound(t, err, report.NotFound{What: "payee", ID: "csm/9 &?"})
	_, err = collect(t.Context(), c, report.Filter{Payee: "csm/9 &?"})
	wantNotFound(t, err, report.NotFound{What: "payee", ID: "csm/9 &?"})
	_, err = c.Entry(t.Context(), id)
	wantNotFound(t, err, report.NotFound{What: "entry", ID: id})
	_, err = c.Deal(t.Context(), "opp/9 &?", "")
	wantNotFound(t, err, report.NotFound{What: "opportunity", ID: "opp/9 &?"})
	_, err = c.Deal(t.Context(), "opp-1", "acct-9")
	wantNotFound(t, err, report.NotFound{What: "opportunity", ID: "opp-1"})
	_, err = c.Book(t.Context(), report.Filter{Payee: "csm/9 &?"})
	wantNotFound(t, err, report.NotFound{What: "payee", ID: "csm/9 &?"})
	_, err = c.ParkedByID(t.Context(), "p-0/../x")
	wantNotFound(t, err, report.NotFound{What: "parked input", ID: "p-0/../x"})
}

func wantNotFound(t *testing.T, err error, want report.NotFound) {
	t.Helper()
	if got, ok := errors.AsType[report.NotFound](err); !ok || got != want {
		t.Errorf("error %v, want %v", err, want)
	}
}

func TestRefusals(t *testing.T) {
	s, _ := serve(t, reporttest.Play(t, cases, "churn-on-day-90"), web.Options{})
	id := strings.Repeat("ab", 16)
	for _, tt := range []struct {
		method, path string
		code         int
		text         string
	}{
		{"GET", "/v1/statement?paye=csm-1", 400, `parameter "paye" is not one of payee, period`},
		{"GET", "/v1/statement?payee=a&payee=b", 400, `parameter "payee" is there 2 times`},
		{"GET", "/v1/statement?period=Q1", 400, `parameter "period": period "Q1" is not like 2027-Q1`},
		{"GET", "/v1/statement?payee=%zz", 400, `query "payee=%zz" cannot be read: invalid URL escape "%zz"`},
		{"GET", "/v1/statement?payee=csm-9", 404, "no payee csm-9"},
		{"GET", "/v1/deals/opp-1?payee=a", 400, `parameter "payee" is not one of account`},
		{"GET", "/v1/deals/opp-9", 404, "no opportunity opp-9"},
		{"GET", "/v1/books/csm-1?period=Q1", 400, `parameter "period": period "Q1" is not like 2027-Q1`},
		{"GET", "/v1/books/csm-9", 404, "no payee csm-9"},
		{"GET", "/v1/flags?status=open", 400, `parameter "status" is not one of payee, account, period`},
		{"GET", "/v1/journal?format=csv", 400, `parameter "format" is not one of payee, period`},
		{"GET", "/v1/journal?period=2027-Q5", 400, `parameter "period": period "2027-Q5" is not like 2027-Q1`},
		{"GET", "/v1/journal?payee=csm-9", 404, "no payee csm-9"},
		{"GET", "/v1/status?x=1", 400, `parameter "x": this page takes none`},
		{"GET", "/v1/verify?x=1", 400, `parameter "x": this page takes none`},
		{"GET", "/healthz?x=1", 400, `parameter "x": this page takes none`},
		{"GET", "/v1/sla?status=late", 400, `parameter "status": "late" is not one of open, met, closed, breached, resolved, retracted`},
		{"GET", "/v1/parked?state=gone", 400, `parameter "state": "gone" is not one of parked, applied, discarded`},
		{"GET", "/v1/parked/p-0", 404, "no parked input p-0"},
		{"GET", "/v1/entries/abcd", 400, `entry id "abcd" is not 32 hexadecimal digits`},
		{"GET", "/v1/entries/" + strings.Repeat("xy", 16), 400, `entry id "` + strings.Repeat("xy", 16) + `" is not 32 hexadecimal digits`},
		{"GET", "/v1/entries/" + id, 404, "no entry " + id},
		{"GET", "/v1/entries/", 404, "no page /v1/entries/"},
		{"GET", "/v2/status", 404, "no page /v2/status"},
		{"GET", "/index.html", 404, "no page /index.html"},
		{"POST", "/v1/status", 405, `method "POST" is not one of GET, HEAD`},
		{"DELETE", "/v1/parked/p-0", 405, `method "DELETE" is not one of GET, HEAD`},
		{"OPTIONS", "/v1/status", 405, `method "OPTIONS" is not one of GET, HEAD`},
	} {
		resp, body := get(t, tt.method, s.URL+tt.path, "")
		var told struct{ Error string }
		if err := json.Unmarshal([]byte(body), &told); err != nil || resp.StatusCode != tt.code || told.Error != tt.text {
			t.Errorf("%s %s = %d %s, want %d %q", tt.method, tt.path, resp.StatusCode, body, tt.code, tt.text)
		}
		if tt.code == 405 && resp.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s %s allows %q", tt.method, tt.path, resp.Header.Get("Allow"))
		}
		if resp.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s has type %q", tt.method, tt.path, resp.Header.Get("Content-Type"))
		}
	}
}

// A page of another site must not read the ledger through a name that it made
// to resolve to this machine.
func TestHost(t *testing.T) {
	for _, tt := range []struct {
		listen, host string
		want         int
	}{
		{"127.0.0.1:8080", "127.0.0.1:8080", 200},
		{"127.0.0.1:8080", "localhost:9", 200},
		{"127.0.0.1:8080", "LOCALHOST", 200},
		{"127.0.0.1:8080", "127.9.9.9", 200},
		{"127.0.0.1:8080", "[::1]:8080", 200},
		{"127.0.0.1:8080", "evil.example:8080", 421},
		{"127.0.0.1:8080", "localhost.evil.example", 421},
		{"127.0.0.1:8080", "127.0.0.1.evil.example", 421},
		{"127.0.0.1:8080", "10.0.0.7:8080", 421},
		{"", "localhost", 200},
		{"", "10.0.0.7", 421},
		{"ledger.example:80", "ledger.example", 200},
		{"ledger.example:80", "Ledger.Example:80", 200},
		{"ledger.example:80", "other.example", 421},
		{"10.0.0.7:80", "10.0.0.7:8080", 200},
		{"10.0.0.7:80", "10.0.0.8", 421},
		{"0.0.0.0:80", "10.0.0.8", 200},
		{":80", "10.0.0.8", 200},
		{":80", "evil.example", 421},
	} {
		h := web.NewServer(reporttest.Reader{}, web.Options{Listen: tt.listen})
		req := httptest.NewRequest(http.MethodGet, "/healthz", nil)
		req.Host = tt.host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		if w.Code != tt.want {
			t.Errorf("listening on %q, host %q: %d, want %d", tt.listen, tt.host, w.Code, tt.want)
		}
	}
}

func TestEveryAnswerIsKeptSafe(t *testing.T) {
	s, _ := serve(t, reporttest.Play(t, cases, "churn-on-day-90"), web.Options{})
	for _, path := range []string{"/", "/healthz", "/v1/status", "/v1/statement", "/nothing"} {
		resp, _ := get(t, http.MethodGet, s.URL+path, "")
		for name, want := range map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY"} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("GET %s: %s is %q, want %q", path, name, got, want)
			}
		}
		head, body := get(t, http.MethodHead, s.URL+path, "")
		if head.StatusCode != resp.StatusCode || body != "" {
			t.Errorf("HEAD %s = %d %q, want %d and no body", path, head.StatusCode, body, resp.StatusCode)
		}
	}
}

// Every page that the first one links to is there.
func TestIndexLinks(t *testing.T) {
	s, _ := serve(t, reporttest.Play(t, cases, "churn-on-day-90"), web.Options{})
	resp, page := get(t, http.MethodGet, s.URL+"/", "")
	if resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
		t.Fatalf("GET / = %d %s", resp.StatusCode, resp.Header.Get("Content-Type"))
	}
	links := strings.Split(page, `href="`)[1:]
	for _, l := range links {
		path, _, _ := strings.Cut(l, `"`)
		if resp, body := get(t, http.MethodGet, s.URL+path, ""); resp.StatusCode != http.StatusOK {
			t.Errorf("GET %s = %d %s", path, resp.StatusCode, body)
		}
	}
	if len(links) < 5 {
		t.Errorf("%d links", len(links))
	}
}

func TestReady(t *testing.T) {
	why := ""
	s, _ := serve(t, reporttest.Reader{}, web.Options{Ready: func() []web.Part {
		return []web.Part{{Name: "ledger", Ready: true}, {Name: "broker", Ready: why == "", Why: why}}
	}})
	if resp, body := get(t, http.MethodGet, s.URL+"/readyz", ""); resp.StatusCode != http.StatusOK {
		t.Errorf("GET /readyz = %d %s", resp.StatusCode, body)
	}
	why = "no connection"
	if resp, body := get(t, http.MethodGet, s.URL+"/readyz", ""); resp.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, `"not ready: broker: no connection"`) || !strings.Contains(body, `"ledger",`) {
		t.Errorf("GET /readyz = %d %s", resp.StatusCode, body)
	}
	if resp, body := get(t, http.MethodGet, s.URL+"/healthz", ""); resp.StatusCode != http.StatusOK {
		t.Errorf("GET /healthz = %d %s", resp.StatusCode, body)
	}
}

// faulty fails, or waits to be let go.
type faulty struct {
	report.Reader
	started, release chan struct{}
}

func (faulty) Status(context.Context) (*report.Status, error) {
	return nil, errors.New("the disk is gone")
}

func (f faulty) Verify(context.Context, func(string, int)) (*report.Verification, error) {
	close(f.started)
	<-f.release
	return &report.Verification{OK: true}, nil
}

func TestFaultsAreLoggedAndTold(t *testing.T) {
	var log strings.Builder
	s, c := serve(t, faulty{}, web.Options{Log: zerolog.New(&log)})
	if resp, body := get(t, http.MethodGet, s.URL+"/v1/status", ""); resp.StatusCode != http.StatusInternalServerError {
		t.Errorf("GET /v1/status = %d %s", resp.StatusCode, body)
	}
	if _, err := c.Status(t.Context()); err == nil || !strings.HasSuffix(err.Error(), ": the disk is gone") {
		t.Errorf("Status = %v", err)
	}
	if !strings.Contains(log.String(), "the disk is gone") || !strings.Contains(log.String(), `"path":"/v1/status"`) {
		t.Errorf("log %q", log.String())
	}
}

func TestOneVerificationAtATime(t *testing.T) {
	f := faulty{started: make(chan struct{}), release: make(chan struct{})}
	_, c := serve(t, f, web.Options{})
	first := make(chan error)
	go func() {
		_, err := c.Verify(context.WithoutCancel(t.Context()), nil)
		first <- err
	}()
	<-f.started
	if _, err := c.Verify(t.Context(), nil); err == nil || !strings.HasSuffix(err.Error(), "a verification is under way already") {
		t.Errorf("second Verify = %v", err)
	}
	close(f.release)
	if err := <-first; err != nil {
		t.Errorf("first Verify = %v", err)
	}
}

func TestClientWithoutWorker(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	base := s.URL
	s.Close()
	_, err := web.NewClient(base, nil).Status(t.Context())
	want := "no worker answers at " + base + "; start one with trueup run, or read a stopped worker's file with --db FILE"
	if err == nil || err.Error() != want {
		t.Errorf("Status = %v, want %s", err, want)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := web.NewClient(base, nil).Status(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Status after cancel = %v", err)
	}
}

func TestClientOfSomethingElse(t *testing.T) {
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"not found": {http.NotFound, "is not a trueup worker: 404 Not Found"},
		"elsewhere": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://x.invalid/", http.StatusFound)
		}, "is not a trueup worker: 302 Found"},
		"html":       {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }, "cannot be read: invalid character '<'"},
		"empty":      {func(http.ResponseWriter, *http.Request) {}, "cannot be read: EOF"},
		"other JSON": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500); _, _ = io.WriteString(w, "{}") }, "is not a trueup worker: 500"},
		"cut off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"tenant":`)
		}, "cannot be read: unexpected EOF"},
	} {
		s := httptest.NewServer(tt.answer)
		if _, err := web.NewClient(s.URL, nil).Status(t.Context()); err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: Status = %v, want %s", name, err, tt.want)
		}
		s.Close()
	}
}

func TestNullAnswers(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "null") }))
	defer s.Close()
	if e, err := web.NewClient(s.URL, nil).Entry(t.Context(), "x"); err != nil || e == nil {
		t.Errorf("Entry = %v, %v", e, err)
	}
}

func TestCheckURL(t *testing.T) {
	for _, good := range []string{"http://127.0.0.1:8080", "https://ledger.example/acme/", "http://[::1]:8080"} {
		if err := web.CheckURL(good); err != nil {
			t.Errorf("CheckURL(%q) = %v", good, err)
		}
	}
	for _, bad := range []string{"", "127.0.0.1:8080", "localhost:8080", "ftp://x", "http://", "http://a:b@c", "http://x?y=1", "http://x#y", "http://x\x00"} {
		if err := web.CheckURL(bad); err == nil {
			t.Errorf("CheckURL(%q) succeeded", bad)
		}
		if _, err := web.NewClient(bad, nil).Status(t.Context()); err == nil {
			t.Errorf("NewClient(%q).Status succeeded", bad)
		}
	}
}

func TestHTTPServerIsBounded(t *testing.T) {
	s := web.HTTPServer(http.NotFoundHandler(), zerolog.Nop())
	if s.ReadHeaderTimeout <= 0 || s.ReadTimeout <= 0 || s.WriteTimeout <= 0 || s.IdleTimeout <= 0 || s.MaxHeaderBytes <= 0 {
		t.Errorf("a bound is missing: %+v", s)
	}
}

// Names from outside are text in a URL, never part of its path.
func TestClientEscapes(t *testing.T) {
	var asked []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.EscapedPath())
		_, _ = io.WriteString(w, "{}")
	}))
	defer s.Close()
	if _, err := web.NewClient(s.URL, nil).ParkedByID(t.Context(), "a/b?c#d"); err != nil {
		t.Fatal(err)
	}
	if want := "/v1/parked/" + url.PathEscape("a/b?c#d"); len(asked) != 1 || asked[0] != want {
		t.Errorf("asked %q, want %q", asked, want)
	}
}
