package main

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trueup/trueup/internal/web"
)

// sent is an answer of a worker over HTTP.
func sent(t *testing.T, method, target, body, token string) (code int, header http.Header, text string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
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
	return resp.StatusCode, resp.Header, string(b)
}

// What is exported over HTTP has the bytes that the command writes.
func TestExportsOverHTTPAreTheCommands(t *testing.T) {
	company := smallCompany(4)
	g := grow(t, company)
	inputs := companyInputs(t, company)
	record := func(from, to int) {
		if _, err := g.store.Record(inputs[from:to]); err != nil {
			t.Fatal(err)
		}
	}
	record(0, len(inputs)/2)
	file := filepath.Join(t.TempDir(), "mapping")
	if err := os.WriteFile(file, []byte(someMapping), 0o600); err != nil {
		t.Fatal(err)
	}
	cursors := map[string]string{}
	same := func(method, path, body string, args ...string) {
		t.Helper()
		want, stderr := got(t, append([]string{"export", "--server", g.url}, args...)...)
		code, header, text := sent(t, method, g.url+"/v1/export/"+path, body, "")
		if code != http.StatusOK || text != want || len(want) < 300 {
			t.Errorf("%s %s = %d, %d bytes, trueup export %v writes %d", method, path, code, len(text), args, len(want))
		}
		kind, named := header.Get("Content-Type"), header.Get("Content-Disposition")
		if filed := !strings.HasPrefix(kind, "application/json"); filed != strings.HasPrefix(named, `attachment; filename="`+args[0]+".") {
			t.Errorf("%s %s is %q, %q", method, path, kind, named)
		}
		next := header.Get(web.CursorHeader)
		if said := strings.TrimSpace(strings.TrimPrefix(stderr, "next cursor: ")); said != "" && said != next {
			t.Errorf("%s %s goes on from %q, trueup export %v from %q", method, path, next, args, said)
		}
		cursors[args[0]] = next
	}
	for _, format := range []string{"json", "csv", "html"} {
		same(http.MethodGet, "statements?format="+format, "", "statements", "--format", format)
		same(http.MethodGet, "statements?payee=csm-002&period=2027-Q1&format="+format, "", "statements", "csm-002", "--period", "2027-Q1", "--format", format)
	}
	same(http.MethodGet, "statements", "", "statements", "--format", "json")
	same(http.MethodGet, "payroll?format=csv", "", "payroll")
	same(http.MethodPost, "payroll?period=2027-Q1", someMapping, "payroll", "--period", "2027-Q1", "--mapping", file)
	same(http.MethodPost, "payroll", someMapping, "payroll", "--mapping", file)
	same(http.MethodGet, "journal?format=csv", "", "journal", "--format", "csv")
	record(len(inputs)/2, len(inputs))
	since := cursors["payroll"]
	same(http.MethodPost, "payroll?since="+url.QueryEscape(since), someMapping, "payroll", "--mapping", file, "--since", since)

	const none = "codes: [{component: expansion, code: X}]\n"
	if err := os.WriteFile(file, []byte(none), 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, stderr := trueup(t, "", "export", "payroll", "--server", g.url, "--mapping", file)
	_, said, _ := strings.Cut(stderr, file+": ")
	code, _, text := sent(t, http.MethodPost, g.url+"/v1/export/payroll", none, "")
	if said = strings.TrimSpace(said); code != http.StatusBadRequest || said == "" || !strings.Contains(text, `"mapping: `+said+`"`) {
		t.Errorf("a part without a code = %d %s, the command says %s", code, text, said)
	}
}
