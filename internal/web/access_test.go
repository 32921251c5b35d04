package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/access"
	"github.com/trueup/trueup/internal/decision"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/report/reporttest"
	"github.com/trueup/trueup/internal/web"
)

// house is a server with tokens, for a case.
type house struct {
	*httptest.Server
	file string // of the tokens

	mu   sync.Mutex
	at   time.Time
	sent []decision.Message
	down error // of the broker
	log  strings.Builder
}

func (h *house) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at = h.at.Add(d)
}

// open serves a case to those with tokens, who are made by give.
func open(t *testing.T, name string, o web.Options) *house {
	t.Helper()
	h := &house{file: filepath.Join(t.TempDir(), "tokens"), at: time.Date(2027, time.April, 10, 9, 0, 0, 0, time.UTC)}
	if err := os.WriteFile(h.file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tokens, err := access.Open(h.file)
	if err != nil {
		t.Fatal(err)
	}
	r := reporttest.Play(t, cases, name)
	o.Now, o.Tokens, o.Tenant, o.Log = h.now, tokens, "acme", zerolog.New(&h.log)
	o.Organisation = access.NewOrganisation(func(context.Context) (map[event.PayeeID]event.PayeeID, error) {
		return report.Managers(r.Setting, r.Played)
	}, h.now)
	o.Publish = func(_ context.Context, all []decision.Message) error {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.down == nil {
			h.sent = append(h.sent, all...)
		}
		return h.down
	}
	h.Server = httptest.NewServer(web.NewServer(r, o))
	t.Cleanup(h.Close)
	return h
}

func (h *house) give(t *testing.T, kept access.Token) string {
	t.Helper()
	kept.Created = h.now()
	token, kept := access.New(kept)
	if err := access.Add(h.file, kept); err != nil {
		t.Fatal(err)
	}
	return token
}

// ask sends a request; what is empty of the header is not sent.
func (h *house) ask(t *testing.T, method, path, body string, header map[string]string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, h.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	if host := header["Host"]; host != "" {
		req.Host = host
	}
	resp, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(req)
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

// refused fails unless an answer is a code and a text.
func refused(t *testing.T, what string, resp *http.Response, body string, code int, text string) {
	t.Helper()
	var told struct{ Error string }
	_ = json.Unmarshal([]byte(body), &told)
	if resp.StatusCode != code || !strings.Contains(told.Error, text) {
		t.Errorf("%s = %d %s, want %d %q", what, resp.StatusCode, body, code, text)
	}
}

func bearer(token string) map[string]string {
	return map[string]string{"Authorization": "Bearer " + token}
}

// With tokens nobody is answered without one, except what watches the worker.
func TestTokenIsNeeded(t *testing.T) {
	h := open(t, "churn-on-day-90", web.Options{})
	user := h.give(t, access.Token{Name: "user-1", Role: access.Admin, Expires: h.now().Add(time.Hour)})
	for _, tt := range []struct {
		what, header string
		text         string
	}{
		{"no token", "", "a token is needed"},
		{"a wrong token", "Bearer trueup_x", "the token is nobody's"},
		{"a cut token", "Bearer " + user[:len(user)-1], "the token is nobody's"},
		{"an empty token", "Bearer ", "the token is nobody's"},
		{"another scheme", "Basic YW5uOng=", "the token is nobody's"},
	} {
		for _, path := range []string{"/v1/status", "/v1/statement", "/v1/backup", "/v1/journal", "/"} {
			if tt.what != "no token" && path != "/v1/status" {
				continue
			}
			resp, body := h.ask(t, http.MethodGet, path, "", map[string]string{"Authorization": tt.header})
			refused(t, tt.what+": "+path, resp, body, http.StatusUnauthorized, tt.text)
			if got := resp.Header.Get("WWW-Authenticate"); got != `Bearer realm="trueup"` {
				t.Errorf("%s: WWW-Authenticate is %q", tt.what, got)
			}
		}
	}
	for _, path := range []string{"/healthz", "/readyz", "/login"} {
		if resp, body := h.ask(t, http.MethodGet, path, "", nil); resp.StatusCode != http.StatusOK {
			t.Errorf("GET %s without a token = %d %s", path, resp.StatusCode, body)
		}
	}
	let := func(code int, text string) {
		t.Helper()
		resp, body := h.ask(t, http.MethodGet, "/v1/status", "", bearer(user))
		if code == http.StatusOK {
			if resp.StatusCode != code {
				t.Errorf("with a token: %d %s", resp.StatusCode, body)
			}
			return
		}
		refused(t, "with a token", resp, body, code, text)
	}
	let(http.StatusOK, "")
	h.pass(time.Hour) // it expires
	let(http.StatusUnauthorized, "mistyped, revoked or expired")
	h.pass(-time.Hour)
	let(http.StatusOK, "")
	if err := os.Chmod(h.file, 0o644); err != nil {
		t.Fatal(err)
	}
	let(http.StatusServiceUnavailable, "the tokens cannot be read: nobody is let in")
	if err := os.Chmod(h.file, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := access.Revoke(h.file, "user-1"); err != nil {
		t.Fatal(err)
	}
	let(http.StatusUnauthorized, "mistyped, revoked or expired")
	if strings.Contains(h.log.String(), strings.TrimPrefix(user, "trueup_")) {
		t.Error("a token is in the log")
	}
}

// Over HTTP each hears what access.Limit lets them, and a refusal is told.
func TestEachTheirOwn(t *testing.T) {
	h := open(t, "rollup-two-levels", web.Options{Snapshot: func() (*os.File, error) { return nil, errors.New("made") }})
	csm := h.give(t, access.Token{Name: "user-1", Role: access.Payee, PayeeID: "csm-1"})
	mgr := h.give(t, access.Token{Name: "mgr-1", Role: access.Manager, PayeeID: "mgr-1"})
	ops := h.give(t, access.Token{Name: "ops-1", Role: access.Ops})
	admin := h.give(t, access.Token{Name: "admin-1", Role: access.Admin})
	_, body := h.ask(t, http.MethodGet, "/v1/statement?payee=csm-2", "", bearer(admin))
	var doc report.Document
	if err := json.Unmarshal([]byte(body), &doc); err != nil {
		t.Fatal(err)
	}
	entry, deal := "", ""
	for _, p := range doc.Payees[0].Periods {
		for _, l := range p.Lines {
			if entry = l.EntryID; l.OpportunityID != "" {
				deal = l.OpportunityID
			}
		}
	}
	if entry == "" {
		t.Fatal("csm-2 has no line")
	}
	paths := []string{
		"/v1/statement?payee=csm-2", "/v1/entries/" + entry, "/v1/books/csm-2", "/v1/accounts/acct-2", "/v1/journal?payee=csm-2",
		"/v1/sla?payee=csm-2", "/v1/flags?payee=csm-2", "/v1/flags?account=acct-2", "/v1/deals/no-such",
		"/v1/overview", "/v1/periods/2027-Q1/preview", "/v1/parked", "/v1/parked/p-1", "/v1/verify", "/v1/backup",
	}
	if deal != "" {
		paths = append(paths, "/v1/deals/"+deal)
	}
	for _, token := range []string{csm, mgr} {
		for _, path := range paths {
			resp, body := h.ask(t, http.MethodGet, path, "", bearer(token))
			refused(t, "GET "+path, resp, body, http.StatusForbidden, "")
		}
	}
	for _, path := range []string{"/v1/statement", "/v1/entries/" + entry, "/v1/books/csm-2", "/v1/payees", "/v1/journal", "/v1/accounts/acct-2", "/v1/periods/2027-Q1/preview", "/v1/backup"} {
		resp, body := h.ask(t, http.MethodGet, path, "", bearer(ops))
		refused(t, "ops: GET "+path, resp, body, http.StatusForbidden, "not for ops")
	}
	for token, mine := range map[string][]string{
		csm:   {"/v1/statement", "/v1/statement?payee=csm-1", "/v1/books/csm-1", "/v1/accounts/acct-1", "/v1/payees", "/v1/sla", "/v1/flags", "/v1/periods", "/v1/status"},
		mgr:   {"/v1/statement", "/v1/statement?payee=csm-1", "/v1/statement?payee=mgr-1", "/v1/books/csm-1", "/v1/accounts/acct-1", "/v1/payees"},
		ops:   {"/v1/status", "/v1/sla", "/v1/flags", "/v1/parked", "/v1/overview", "/v1/verify", "/v1/periods"},
		admin: {"/v1/statement", "/v1/entries/" + entry, "/v1/overview", "/v1/periods/2027-Q1/preview", "/v1/payees", "/v1/verify"},
	} {
		for _, path := range mine {
			if resp, body := h.ask(t, http.MethodGet, path, "", bearer(token)); resp.StatusCode != http.StatusOK {
				t.Errorf("GET %s = %d %s", path, resp.StatusCode, body)
			}
		}
	}
	resp, body := h.ask(t, http.MethodGet, "/v1/backup", "", bearer(admin))
	refused(t, "admin: backup", resp, body, http.StatusInternalServerError, "made")
}

// A browser signs in with a token, stays signed in by a cookie that no page can
// read, and is signed out by itself, by its token's end, or by time.
func TestBrowser(t *testing.T) {
	h := open(t, "churn-on-day-90", web.Options{})
	user := h.give(t, access.Token{Name: "user-1", Role: access.Admin})
	page := map[string]string{"Accept": "text/html,*/*"}
	resp, _ := h.ask(t, http.MethodGet, "/?x=1", "", page)
	if got := resp.Header.Get("Location"); resp.StatusCode != http.StatusSeeOther || got != "/login?next=%2F%3Fx%3D1" {
		t.Errorf("GET / = %d to %q", resp.StatusCode, got)
	}
	resp, body := h.ask(t, http.MethodGet, "/v1/status", "", page)
	refused(t, "the API for a browser", resp, body, http.StatusUnauthorized, "sign in at /login")
	resp, _ = h.ask(t, http.MethodGet, "/", "", map[string]string{"Accept": "text/html", "Hx-Request": "true"})
	if resp.StatusCode != http.StatusUnauthorized || resp.Header.Get("Hx-Redirect") != "/login" {
		t.Errorf("a part of a page = %d to %q", resp.StatusCode, resp.Header.Get("Hx-Redirect"))
	}
	_, body = h.ask(t, http.MethodGet, "/login?next=%2Fpayees%3Fa%3Db%26c%3D%22%3E", "", page)
	if !strings.Contains(body, ` name="next" value="/payees?a=b&amp;c=&#34;&gt;"`) {
		t.Errorf("the page to sign in: %s", body)
	}

	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Origin": h.URL, "Sec-Fetch-Site": "same-origin"}
	signIn := func(token, next string) *http.Response {
		t.Helper()
		resp, _ := h.ask(t, http.MethodPost, "/login", url.Values{"token": {token}, "next": {next}}.Encode(), form)
		return resp
	}
	if resp := signIn("trueup_x", "/"); resp.StatusCode != http.StatusUnauthorized || len(resp.Cookies()) > 0 {
		t.Errorf("a wrong token = %d %v", resp.StatusCode, resp.Cookies())
	}
	for next, want := range map[string]string{
		"/payees?a=b": "/payees?a=b", "": "/", "https://evil.example/": "/", "//evil.example/x": "/", `/\evil.example`: "/", "javascript:alert(1)": "/",
	} {
		if resp := signIn(user, next); resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != want {
			t.Errorf("signed in, to %q = %d to %q, want %q", next, resp.StatusCode, resp.Header.Get("Location"), want)
		}
	}
	resp = signIn(" "+user+"\n", "/")
	cookies := resp.Cookies()
	if len(cookies) != 1 {
		t.Fatalf("cookies %v", cookies)
	}
	c := cookies[0]
	if c.Name != "trueup" || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Secure || c.MaxAge != 12*60*60 || strings.Contains(user, c.Value) {
		t.Errorf("cookie %+v", c)
	}
	in := func(value string, code int) {
		t.Helper()
		if resp, body := h.ask(t, http.MethodGet, "/v1/status", "", map[string]string{"Cookie": "trueup=" + value}); resp.StatusCode != code {
			t.Errorf("with a cookie: %d %s, want %d", resp.StatusCode, body, code)
		}
	}
	in(c.Value, 200)
	in(c.Value+"x", 401)
	in(user, 401)
	h.pass(12 * time.Hour)
	in(c.Value, 401)
	h.pass(-12 * time.Hour)
	other := signIn(user, "/").Cookies()[0].Value
	in(other, 200)
	form["Cookie"] = "trueup=" + other
	resp, _ = h.ask(t, http.MethodPost, "/logout", "", form)
	if left := resp.Cookies(); resp.StatusCode != http.StatusSeeOther || len(left) != 1 || left[0].MaxAge >= 0 {
		t.Errorf("signed out = %d %v", resp.StatusCode, left)
	}
	in(other, 401)
	in(c.Value, 200)
	if err := access.Revoke(h.file, "user-1"); err != nil {
		t.Fatal(err)
	}
	in(c.Value, 401)
	if resp, _ := h.ask(t, http.MethodGet, "/logout", "", nil); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("GET /logout = %d", resp.StatusCode)
	}
}

// Nothing may run, or style a page, that the server does not serve as a file;
// every page is under such a policy.
func TestContentPolicy(t *testing.T) {
	h := open(t, "churn-on-day-90", web.Options{})
	admin := h.give(t, access.Token{Name: "admin-1", Role: access.Admin})
	for _, path := range []string{"/login", "/", "/payees", "/parked", "/nothing", "/v1/status", "/v1/nothing", "/healthz"} {
		resp, body := h.ask(t, http.MethodGet, path, "", map[string]string{"Authorization": "Bearer " + admin, "Accept": "text/html"})
		policy := resp.Header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self';", "style-src 'self';", "connect-src 'self'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"} {
			if !strings.Contains(policy, want) || strings.Contains(policy, "unsafe") {
				t.Errorf("GET %s: policy %q has no %q", path, policy, want)
			}
		}
		if strings.Contains(body, "<style") || strings.Contains(body, "<script>") || strings.Contains(body, " style=\"") {
			t.Errorf("GET %s has what its policy forbids: %s", path, body)
		}
	}
}

// What a page of another site makes a browser send is refused, whatever cookie
// comes with it; what a program sends is not.
func TestOtherSites(t *testing.T) {
	h := open(t, "same-id-other-content", web.Options{})
	admin := h.give(t, access.Token{Name: "admin-1", Role: access.Admin})
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Origin": h.URL}
	resp, _ := h.ask(t, http.MethodPost, "/login", url.Values{"token": {admin}}.Encode(), form)
	cookie := "trueup=" + resp.Cookies()[0].Value
	const formType, jsonType = "application/x-www-form-urlencoded", "application/json"
	retry := "/v1/parked/p-0000000000000001/retry"
	bodies := map[string]string{formType: "reason=x&key=k", jsonType: `{"reason":"x"}`, "text/plain": `{"reason":"x"}`, "": `{"reason":"x"}`}
	for i, tt := range []struct {
		what   string
		header map[string]string
		code   int
		text   string
	}{
		{"a form of another site", map[string]string{"Cookie": cookie, "Content-Type": formType, "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, 403, "a page of another site"},
		{"an old browser's form of another site", map[string]string{"Cookie": cookie, "Content-Type": formType, "Origin": "https://evil.example"}, 403, "a page of another site"},
		{"a form of a hidden site", map[string]string{"Cookie": cookie, "Content-Type": formType, "Origin": "null"}, 403, "a page of another site"},
		{"a form of another port", map[string]string{"Cookie": cookie, "Content-Type": formType, "Origin": "http://127.0.0.1:1"}, 403, "a page of another site"},
		{"a form of a sibling", map[string]string{"Cookie": cookie, "Content-Type": formType, "Sec-Fetch-Site": "same-site"}, 403, "a page of another site"},
		{"a form from nowhere", map[string]string{"Cookie": cookie, "Content-Type": formType}, 403, "Origin is missing"},
		{"JSON from nowhere with a cookie", map[string]string{"Cookie": cookie, "Content-Type": jsonType}, 403, "Origin is missing"},
		{"a program's form", map[string]string{"Authorization": "Bearer " + admin, "Content-Type": formType}, 403, "Origin is missing"},
		{"plain text", map[string]string{"Authorization": "Bearer " + admin, "Content-Type": "text/plain"}, 403, "Origin is missing"},
		{"plain text of our own", map[string]string{"Cookie": cookie, "Content-Type": "text/plain", "Origin": h.URL}, 415, "is not application/json"},
		{"no type", map[string]string{"Authorization": "Bearer " + admin}, 415, `content type "" is not application/json`},
		{"a program's JSON of another site", map[string]string{"Authorization": "Bearer " + admin, "Content-Type": jsonType, "Origin": "https://evil.example"}, 403, "a page of another site"},
		{"another host", map[string]string{"Authorization": "Bearer " + admin, "Content-Type": jsonType, "Host": "evil.example"}, 421, `host "evil.example" is not where this worker listens`},
		{"our own form", map[string]string{"Cookie": cookie, "Content-Type": formType, "Origin": h.URL, "Sec-Fetch-Site": "same-origin"}, 202, ""},
		{"our own JSON", map[string]string{"Cookie": cookie, "Content-Type": jsonType, "Origin": h.URL, "Idempotency-Key": "k2"}, 202, ""},
		{"a program's JSON", map[string]string{"Authorization": "Bearer " + admin, "Content-Type": jsonType, "Idempotency-Key": "k3"}, 202, ""},
	} {
		before := len(h.sent)
		resp, body := h.ask(t, http.MethodPost, retry, bodies[tt.header["Content-Type"]], tt.header)
		refused(t, tt.what, resp, body, tt.code, tt.text)
		if took := len(h.sent) - before; (took == 1) != (tt.code == 202) {
			t.Errorf("%d %s: %d were published", i, tt.what, took)
		}
	}
	// Reading, too: what costs much is not done for a page of another site, but a
	// person who follows a link comes to a page.
	for mode, code := range map[string]int{"no-cors": 403, "cors": 403, "navigate": 200} {
		header := bearer(admin)
		header["Sec-Fetch-Site"], header["Sec-Fetch-Mode"] = "cross-site", mode
		if resp, body := h.ask(t, http.MethodGet, "/v1/verify", "", header); resp.StatusCode != code {
			t.Errorf("GET with mode %s = %d %s, want %d", mode, resp.StatusCode, body, code)
		}
	}
}

// Decisions are for those who may take them, and about what is there.
func TestDecisions(t *testing.T) {
	played := time.Date(2027, time.December, 31, 12, 0, 0, 0, time.UTC)
	h := open(t, "same-id-other-content", web.Options{Clock: func() time.Time { return played }})
	tokens := map[string]string{
		"payee":   h.give(t, access.Token{Name: "user-1", Role: access.Payee, PayeeID: "csm-1"}),
		"manager": h.give(t, access.Token{Name: "mgr-1", Role: access.Manager, PayeeID: "csm-1"}),
		"ops":     h.give(t, access.Token{Name: "ops-1", Role: access.Ops}),
		"admin":   h.give(t, access.Token{Name: "admin-1", Role: access.Admin, ByRole: "director_revops"}),
	}
	amount := `{"amount":{"amount":"12.50","currency":"USD"},"effective_on":"2027-04-01","reason":"x"}`
	do := func(role, path, key, body string) (*http.Response, string) {
		t.Helper()
		return h.ask(t, http.MethodPost, path, body, map[string]string{
			"Authorization": "Bearer " + tokens[role], "Content-Type": "application/json", "Idempotency-Key": key,
		})
	}
	for _, a := range decision.Actions() {
		path := strings.NewReplacer("{period}", "2027-Q1", "{id}", "p-0000000000000001").Replace(a.Path)
		for _, role := range []string{"payee", "manager", "ops"} {
			if slices.Contains(a.Roles, access.Role(role)) {
				continue
			}
			resp, body := do(role, path, "k", "{}")
			refused(t, role+": "+a.Name, resp, body, http.StatusForbidden, a.Name+" is for ")
		}
		resp, body := h.ask(t, http.MethodGet, path, "", bearer(tokens["admin"]))
		refused(t, "GET "+path, resp, body, http.StatusMethodNotAllowed, `method "GET" is not one of POST`)
	}
	for _, tt := range []struct {
		role, path, key, body string
		code                  int
		text                  string
	}{
		{"ops", "/v1/parked/p-0000000000000001/discard", "k", `{"reason":"no"}`, 202, ""},
		{"admin", "/v1/payees/csm-1/adjustments", "k", amount, 202, ""},
		{"admin", "/v1/payees/csm-1/adjustments", "k", amount, 202, ""}, // again
		{"admin", "/v1/payees/csm-1/adjustments", "k", strings.Replace(amount, "12", "13", 1), 409, `Idempotency-Key "k" was given to another decision`},
		{"admin", "/v1/payees/csm-9/adjustments", "k", amount, 404, "no payee csm-9"},
		{"admin", "/v1/payees/csm-1/adjustments", "", amount, 400, "Idempotency-Key is missing"},
		{"admin", "/v1/payees/csm-1/adjustments", "k1", strings.Replace(amount, "12.50", "12.505", 1), 400, `amount.amount "12.505"`},
		{"admin", "/v1/payees/csm-1/adjustments", "k1", strings.Replace(amount, "2027-04-01", "soon", 1), 400, `effective_on "soon" is not a date`},
		{"admin", "/v1/payees/csm-1/adjustments", "k1", strings.Repeat(" ", 70000), 413, "the body is larger than 65536 bytes"},
		{"admin", "/v1/periods/2027-Q7/lock", "k1", ``, 400, `parameter "period": period "2027-Q7" is not like 2027-Q1`},
		{"admin", "/v1/periods/2099-Q1/lock", "k1", ``, 409, "2099-Q1 ends on 2099-03-31"},
		{"admin", "/v1/periods/2099-Q1/reopen", "k1", ``, 409, "2099-Q1 is not locked"},
		{"admin", "/v1/periods/2027-Q1/lock?force=yes", "k1", ``, 400, `parameter "force"`},
		{"admin", "/v1/parked/p-9/retry", "k1", `{"reason":"x"}`, 404, "no parked input p-9"},
		{"admin", "/v1/periods/2027-Q4/confirm", "k1", ``, 409, "2027-Q4 is not locked: nothing was asked of payroll."},
		{"payee", "/v1/disputes", "k1", `{"opportunity_id":"opp-9","account_id":"acct-1"}`, 403, "opportunity opp-9 is not yours to see"},
		{"admin", "/v1/exceptions", "k1", `{"account_id":"acct-9","kind":"other","from":"2027-02-20","evidence":"x"}`, 404, "no account acct-9"},
	} {
		resp, body := do(tt.role, tt.path, tt.key, tt.body)
		refused(t, tt.role+": POST "+tt.path, resp, body, tt.code, tt.text)
	}
	if len(h.sent) != 2 || h.sent[1].Subject != "admin.acme.adjustment.posted" || !strings.Contains(string(h.sent[1].Body), `"by":"admin-1","by_role":"director_revops"`) || !strings.Contains(string(h.sent[1].Body), `"time":"2027-12-31T12:00:00Z"`) {
		t.Errorf("published: %s", h.sent)
	}
	// A form goes on to a page of ours.
	resp, body := h.ask(t, http.MethodPost, "/v1/payees/csm-1/adjustments",
		"amount.amount=1.00&amount.currency=USD&effective_on=2027-04-01&reason=x&adjustment_id=&key=k9&next=%2Fpayees%2Fcsm-1", map[string]string{
			"Authorization": "Bearer " + tokens["admin"], "Content-Type": "application/x-www-form-urlencoded", "Origin": h.URL,
		})
	if resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/payees/csm-1" || len(h.sent) != 3 {
		t.Errorf("a form = %d to %q %s, %d published", resp.StatusCode, resp.Header.Get("Location"), body, len(h.sent))
	}
	h.down = errors.New("the broker is gone")
	resp, body = do("admin", "/v1/payees/csm-1/adjustments", "k10", amount)
	refused(t, "without a broker", resp, body, http.StatusServiceUnavailable, "not published: the broker is gone")
	if resp.Header.Get("Retry-After") != "10" {
		t.Errorf("Retry-After is %q", resp.Header.Get("Retry-After"))
	}
}

// Without tokens everybody on this machine reads and nobody decides; a proxy
// that asks for others is not answered.
func TestWithoutTokens(t *testing.T) {
	var sent []decision.Message
	o := web.Options{Now: time.Now, Publish: func(_ context.Context, all []decision.Message) error { sent = append(sent, all...); return nil }}
	s, _ := serve(t, reporttest.Play(t, cases, "same-id-other-content"), o)
	h := &house{Server: s}
	for _, path := range []string{"/", "/v1/statement", "/v1/overview", "/v1/parked/p-0000000000000001"} {
		if resp, body := h.ask(t, http.MethodGet, path, "", nil); resp.StatusCode != http.StatusOK {
			t.Errorf("GET %s = %d %s", path, resp.StatusCode, body)
		}
	}
	resp, body := h.ask(t, http.MethodPost, "/v1/parked/p-0000000000000001/retry", `{"reason":"x"}`, map[string]string{"Content-Type": "application/json", "Idempotency-Key": "k"})
	refused(t, "somebody retries", resp, body, http.StatusForbidden, "retry is for admin and ops")
	resp, body = h.ask(t, http.MethodGet, "/v1/statement", "", map[string]string{"X-Forwarded-For": "203.0.113.9"})
	refused(t, "through a proxy", resp, body, http.StatusForbidden, "start the worker with --tokens")
	if _, body = h.ask(t, http.MethodGet, "/login", "", nil); !strings.Contains(body, "Nobody signs in here") {
		t.Errorf("signing in: %s", body)
	}
	if resp, body = h.ask(t, http.MethodPost, "/login", "{}", map[string]string{"Content-Type": "application/json"}); resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("signing in = %d %s", resp.StatusCode, body)
	}
	if len(sent) > 0 {
		t.Errorf("published: %s", sent)
	}
}
