package pages_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/trueup/trueup/internal/pages"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/report/reporttest"
	"github.com/trueup/trueup/internal/scenario/scenariotest"
)

const cases = "../../domain/testdata/scenario"

// most is how large a page and all it loads may be, in bytes.
const most = 200_000

func serve(r report.Reader, o pages.Options) *pages.Pages {
	return pages.New(func(*http.Request) report.Reader { return r }, o)
}

// get asks for a page.
func get(t *testing.T, h http.Handler, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

// show asks for a page that has to be there, and checks it.
func show(t *testing.T, h http.Handler, path string) string {
	t.Helper()
	code, body := get(t, h, path)
	if code != http.StatusOK {
		t.Errorf("GET %s = %d %s", path, code, body)
	}
	check(t, path, body)
	return body
}

var void = []string{"meta", "link", "input", "br", "hr", "img"}

// ungrouped is an amount of thousands as programs write it. What an event said is
// told as it was, in quotation marks.
var ungrouped = regexp.MustCompile(`(^|[^"\d.])\d{4,}\.\d\d\b`)

// check reports what no page may have: elements that do not match, anything the
// content policy forbids, tables that do not say what they are, template slips,
// amounts that are not for people.
func check(t *testing.T, path, body string) {
	t.Helper()
	for _, slip := range []string{"ZgotmplZ", "<no value>", "%!", "could not be shown"} {
		if strings.Contains(body, slip) {
			t.Errorf("GET %s has %q", path, slip)
		}
	}
	d := xml.NewDecoder(strings.NewReader(body))
	d.Strict, d.Entity = false, xml.HTMLEntity
	var open, ids []string
	captioned := true
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("GET %s cannot be parsed: %v", path, err)
		}
		switch x := token.(type) {
		case xml.StartElement:
			name := x.Name.Local
			for _, a := range x.Attr {
				switch {
				case a.Name.Local == "style" || strings.HasPrefix(a.Name.Local, "on"):
					t.Errorf("GET %s: <%s %s> is forbidden by the content policy", path, name, a.Name.Local)
				case a.Name.Local == "id" && slices.Contains(ids, a.Value):
					t.Errorf("GET %s: id %q is there twice", path, a.Value)
				case a.Name.Local == "id":
					ids = append(ids, a.Value)
				case (a.Name.Local == "href" || a.Name.Local == "src" || a.Name.Local == "action") && !strings.HasPrefix(a.Value, "/") && !strings.HasPrefix(a.Value, "#"):
					t.Errorf("GET %s: <%s %s=%q> leads elsewhere", path, name, a.Name.Local, a.Value)
				}
			}
			switch {
			case name == "style" || name == "script" && !has(x, "src"):
				t.Errorf("GET %s: <%s> inside the page", path, name)
			case name == "table":
				captioned = false
			case name == "caption":
				captioned = true
			case name == "thead" && !captioned:
				t.Errorf("GET %s: a table has no caption", path)
			case name == "th" && !has(x, "scope"):
				t.Errorf("GET %s: a th has no scope", path)
			case name == "svg" && !has(x, "role") && !has(x, "aria-hidden"):
				t.Errorf("GET %s: a picture says nothing", path)
			}
			if !slices.Contains(void, name) {
				open = append(open, name)
			}
		case xml.CharData:
			if ungrouped.Match(x) {
				t.Errorf("GET %s: the amount in %q has no commas", path, x)
			}
		case xml.EndElement:
			if len(open) == 0 || open[len(open)-1] != x.Name.Local {
				if !slices.Contains(void, x.Name.Local) { // the decoder ends <x/> itself
					t.Fatalf("GET %s: </%s> ends %v", path, x.Name.Local, open)
				}
				continue
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		t.Errorf("GET %s: %v not ended", path, open)
	}
}

func has(x xml.StartElement, name string) bool {
	return slices.ContainsFunc(x.Attr, func(a xml.Attr) bool { return a.Name.Local == name })
}

// paths are all pages of what a reader answers.
func paths(t *testing.T, r report.Reader) []string {
	t.Helper()
	ctx, seg := t.Context(), url.PathEscape
	out := []string{
		"/", "/payees", "/sla", "/sla?status=", "/flags", "/parked", "/parked?state=", "/periods", "/what-if", "/login", "/find?q=csm",
	}
	accounts := map[string]bool{}
	doc, err := r.Statement(ctx, report.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range doc.Payees {
		if i == 0 {
			out = append(out, "/payees/"+seg(p.ID)+"/adjust")
		}
		for _, q := range p.Periods {
			out = append(out, "/payees/"+seg(p.ID)+"?period="+q.Period)
		}
	}
	deals, forms := map[string]string{}, map[string]string{} // deals on an account, and one form of each kind
	for _, c := range doc.Credits {
		deals[c.OpportunityID], accounts[c.AccountID] = c.AccountID, true
	}
	err = r.Journal(ctx, report.Filter{}, func(p *report.Posted) error {
		out = append(out, "/entries/"+p.EntryID)
		if p.OpportunityID != "" {
			deals[p.OpportunityID], accounts[p.AccountID] = p.AccountID, true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for id, account := range deals {
		out = append(out, "/deals/"+seg(id))
		forms["deal"] = "/deals/" + seg(id) + "/dispute?account=" + url.QueryEscape(account)
		forms["decision"] = "/deals/" + seg(id) + "/decide?dispute=d-1&account=" + url.QueryEscape(account)
	}
	for id := range accounts {
		out = append(out, "/accounts/"+seg(id))
		forms["account"] = "/accounts/" + seg(id) + "/exception"
	}
	out = slices.AppendSeq(out, maps.Values(forms))
	parked, err := r.Parked(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range parked {
		out = append(out, "/parked/"+seg(p.ParkedID))
	}
	periods, err := r.Periods(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range periods.Periods {
		out = append(out, "/periods/"+p.Period, "/periods/"+p.Period+"?confirm=lock", "/periods/"+p.Period+"?confirm=confirm")
	}
	return out
}

func always(*http.Request, string) bool { return true }

// Every page of every worked case is there, whole and small enough.
func TestEveryPageOfEveryCase(t *testing.T) {
	for _, c := range scenariotest.All(t, cases) {
		t.Run(c.Name, func(t *testing.T) {
			r := reporttest.PlayCase(t, c)
			h := serve(r, pages.Options{MayAct: always})
			files := loaded(t, h, show(t, h, "/login"))
			for _, path := range paths(t, r) {
				if body := show(t, h, path); len(body)+files > most {
					t.Errorf("GET %s has %d bytes, and %d of files", path, len(body), files)
				}
			}
		})
	}
}

// loaded is the size of the files that a page loads.
func loaded(t *testing.T, h http.Handler, body string) (sum int) {
	t.Helper()
	for _, part := range strings.Split(body, pages.Files)[1:] {
		name, _, _ := strings.Cut(part, `"`)
		code, file := get(t, h, pages.Files+name)
		if code != http.StatusOK || len(file) == 0 {
			t.Errorf("GET %s%s = %d", pages.Files, name, code)
		}
		sum += len(file)
	}
	return sum
}

// What is not there, is asked wrongly or fails is told as a page that says what
// to do.
func TestProblems(t *testing.T) {
	h := serve(reporttest.Play(t, cases, "churn-on-day-90"), pages.Options{})
	for _, tt := range []struct {
		path string
		code int
		text string
	}{
		{"/nothing", 404, "There is no page /nothing."},
		{"/static/nothing.js", 404, "There is no page /static/nothing.js."},
		{"/payees/csm-9", 404, "There is no payee csm-9."},
		{"/payees/csm-1?period=Q1", 400, "is not like 2027-Q1"},
		{"/payees?sort=luck", 400, "luck"},
		{"/entries/abc", 404, "There is no entry abc."},
		{"/deals/opp-9", 404, "There is no opportunity opp-9."},
		{"/accounts/acct-9", 404, "There is no account acct-9."},
		{"/parked/p-0", 404, "There is no parked input p-0."},
		{"/periods/Q1", 404, "There is no period Q1."},
		{"/sla?status=late", 400, "There is no state late of a clock."},
		{"/parked?state=gone", 400, "There is no state gone of a parked event."},
	} {
		code, body := get(t, h, tt.path)
		check(t, tt.path, body)
		if code != tt.code || !strings.Contains(body, tt.text) || !strings.Contains(body, "<h1>") {
			t.Errorf("GET %s = %d %s, want %d %q", tt.path, code, body, tt.code, tt.text)
		}
	}
	broken := serve(failing{}, pages.Options{})
	if code, body := get(t, broken, "/"); code != http.StatusInternalServerError || !strings.Contains(body, "the disk is gone") {
		t.Errorf("GET / of a broken worker = %d %s", code, body)
	}
	forbidden := serve(failing{}, pages.Options{Code: func(error) int { return http.StatusForbidden }})
	if code, body := get(t, forbidden, "/"); code != http.StatusForbidden || !strings.Contains(body, `href="/login?next=`) {
		t.Errorf("GET / of what is not theirs = %d %s", code, body)
	}
}

// A page whose answer is being worked out says how far it has come, and is loaded
// again by itself.
func TestWorking(t *testing.T) {
	w := httptest.NewRecorder()
	serve(working{}, pages.Options{}).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	body := w.Body.String()
	check(t, "/", body)
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Refresh") == "" || !strings.Contains(body, `<progress id="done" value="3000" max="10000">`) {
		t.Errorf("GET / = %d, Refresh %q: %s", w.Code, w.Header().Get("Refresh"), body)
	}
}

type working struct{ report.Reader }

func (working) Overview(context.Context) (*report.Overview, error) {
	return nil, report.Working{What: "The ledger", Done: 3000, Of: 10_000}
}
func (working) Status(context.Context) (*report.Status, error) { return nil, errDisk }

type failing struct{ report.Reader }

var errDisk = errors.New("the disk is gone")

func (failing) Overview(context.Context) (*report.Overview, error) { return nil, errDisk }
func (failing) Status(context.Context) (*report.Status, error)     { return nil, errDisk }

// Forms that decide are there for whoever may decide, each with a key of its own.
func TestActionsAreForWhoMayAct(t *testing.T) {
	r := reporttest.Play(t, cases, "same-id-other-content")
	list, err := r.Parked(t.Context(), "")
	if err != nil || len(list) == 0 {
		t.Fatalf("Parked = %v, %v", list, err)
	}
	path := "/parked/" + list[0].ParkedID
	if body := show(t, serve(r, pages.Options{}), path); strings.Contains(body, `method="post"`) {
		t.Errorf("GET %s lets anybody act", path)
	}
	keys := map[string]bool{}
	may := pages.Options{MayAct: func(_ *http.Request, action string) bool { return action == "retry" || action == "discard" }}
	for range 2 {
		body := show(t, serve(r, may), path)
		for _, action := range []string{"retry", "discard"} {
			if !strings.Contains(body, `action="/v1/parked/`+list[0].ParkedID+"/"+action+`"`) {
				t.Errorf("GET %s has no form to %s it", path, action)
			}
		}
		for _, part := range strings.Split(body, `name="key" value="`)[1:] {
			key, _, _ := strings.Cut(part, `"`)
			keys[key] = true
		}
	}
	if len(keys) != 4 {
		t.Errorf("%d keys, want one for each form: %v", len(keys), keys)
	}
	if body := show(t, serve(r, may), "/periods/2027-Q1?confirm=lock"); strings.Contains(body, "/lock\"") {
		t.Error("whoever may retry is let lock")
	}
}

// Once an exception is applied the page from which it was sent says what it does;
// until then it says that it was sent, and follows.
func TestExceptionSaysWhatItDoes(t *testing.T) {
	all := scenariotest.All(t, cases)
	c := all[slices.IndexFunc(all, func(c scenariotest.Case) bool { return c.Name == "exception-book-until-edge" })]
	const was = `"id": "e7", "source": "admin"`
	if !bytes.Contains(c.Events, []byte(was)) {
		t.Fatalf("the case has no event %s", was)
	}
	c.Events = bytes.Replace(c.Events, []byte(was), []byte(`"id": "approve/x1", "source": "trueup/web"`), 1)
	r := reporttest.PlayCase(t, c)
	h := serve(r, pages.Options{MayAct: always})
	if body := show(t, h, "/accounts/acct-21?sent=approve/x1"); !strings.Contains(body, "<strong>Applied.</strong> From 1 Nov 2026 to 1 Jan 2027 the account is out of retention (merger)") || !strings.Contains(body, "merger, out of retention") {
		t.Errorf("the page does not say what the exception does:\n%s", body)
	}
	for _, path := range []string{"/accounts/acct-21?sent=approve/x2", "/accounts/acct-22?sent=approve/x1"} {
		if body := show(t, h, path); !strings.Contains(body, "<strong>Sent.</strong>") || !strings.Contains(body, "data-live hx-get") {
			t.Errorf("GET %s does not say that it was sent, or does not follow", path)
		}
	}
	x, err := r.Timeline(t.Context(), "acct-21")
	want := report.TimelineException{ExceptionID: "x1", Kind: "merger", From: "2026-11-01", Until: "2027-01-01", ByRole: "cfo", Event: report.Cause{Source: "trueup/web", ID: "approve/x1"}}
	if err != nil || len(x.Exceptions) != 1 || x.Exceptions[0] != want {
		t.Errorf("the timeline has exceptions %+v, %v, want %+v", x.Exceptions, err, want)
	}
}

// A form is for those who may send it: nobody else is shown it, or led to it.
func TestFormsAreForWhoMaySendThem(t *testing.T) {
	r := reporttest.Play(t, cases, "dispute-decision-replaces-the-split")
	deal := "/deals/opp-1/decide?account=acct-1&dispute=d-1"
	forms := map[string]string{"adjust": "/payees/csm-1/adjust", "approve": "/accounts/acct-1/exception", "dispute": "/deals/opp-1/dispute?account=acct-1", "decide": deal}
	pagesOf := []string{"/payees/csm-1", "/deals/opp-1", "/accounts/acct-1", "/periods/2027-Q1", "/sla?status="}
	nobody := serve(r, pages.Options{})
	for action, path := range forms {
		code, body := get(t, nobody, path)
		if code != http.StatusForbidden || !strings.Contains(body, "is not for you") {
			t.Errorf("GET %s of nobody = %d %s", path, code, body)
		}
		if body := show(t, serve(r, pages.Options{MayAct: func(_ *http.Request, a string) bool { return a == action }}), path); !strings.Contains(body, `<form class="do" method="post"`) {
			t.Errorf("GET %s has no form", path)
		}
	}
	for _, path := range pagesOf {
		for _, word := range []string{"/adjust", "/exception", "/dispute?", "/decide?", "confirm="} {
			if body := show(t, nobody, path); strings.Contains(body, word) {
				t.Errorf("GET %s leads nobody to %s", path, word)
			}
		}
	}
	unentitled := serve(r, pages.Options{MayAct: always, Entitled: func(*http.Request, string) error { return errors.New("only the director decides") }})
	if body := show(t, unentitled, deal); !strings.Contains(body, "only the director decides") || strings.Contains(body, `<form class="do" method="post"`) {
		t.Errorf("GET %s of somebody whom the plan does not let decide: %s", deal, body)
	}
	if body := show(t, unentitled, "/accounts/acct-1"); strings.Contains(body, "/exception") {
		t.Error("an account leads somebody to approve whom the plan does not let")
	}
}
