package web_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/trueup/trueup/internal/access"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/report/reporttest"
	"github.com/trueup/trueup/internal/web"
)

// taken is an export as a client gets it.
func taken(ctx context.Context, r report.Reader, q report.ExportQuery) (cursor string, records []report.Exported, err error) {
	err = r.Export(ctx, q, report.Exporting{
		Next: func(next string) error { cursor = next; return nil },
		Each: func(x *report.Exported) error { records = append(records, *x); return nil },
	})
	return cursor, records, err
}

func TestExportRoundTrip(t *testing.T) {
	counts := map[string]int{}
	for _, name := range []string{"late-churn-after-lock", "risk-sla-breached-by-silence", "same-id-other-content"} {
		r := reporttest.Play(t, cases, name)
		_, c := serve(t, r, web.Options{})
		for _, what := range report.Exports() {
			for _, f := range []report.Filter{{}, {Payee: "csm-1"}} {
				q := report.ExportQuery{What: what, Filter: f}
				cursor, got, gotErr := taken(t.Context(), c, q)
				want, records, wantErr := taken(t.Context(), r, q)
				same(t, "Export "+what, got, gotErr, records, wantErr)
				if cursor != want {
					t.Errorf("%s: cursor %q, want %q", what, cursor, want)
				}
				counts[what] += len(got)
				q.Since = want
				if _, again, err := taken(t.Context(), c, q); err != nil || len(again) > 0 && what != report.ExportCredits {
					t.Errorf("%s: %d records after the end, %v", what, len(again), err)
				}
			}
		}
	}
	_, c := serve(t, reporttest.Play(t, cases, "late-churn-after-lock"), web.Options{})
	_, _, err := taken(t.Context(), c, report.ExportQuery{What: report.ExportJournal, Filter: report.Filter{Payee: "csm-9"}})
	wantNotFound(t, err, report.NotFound{What: "payee", ID: "csm-9"})
	for _, what := range report.Exports() {
		if counts[what] == 0 {
			t.Errorf("no case has anything in the export of %s", what)
		}
	}
}

func TestExportAsCSV(t *testing.T) {
	s, _ := serve(t, reporttest.Play(t, cases, "late-churn-after-lock"), web.Options{})
	for what, head := range map[string]string{"journal": "payee,currency,", "payroll": "worker_id,earning_code,amount,", "credits": "change,payee_id,", "sla": "sla,episode_id,"} {
		resp, body := get(t, http.MethodGet, s.URL+"/v1/export/"+what+"?format=csv", "")
		if resp.StatusCode != http.StatusOK || !strings.HasPrefix(body, head) || resp.Header.Get("Content-Type") != "text/csv; charset=utf-8" ||
			resp.Header.Get("Content-Disposition") != `attachment; filename="`+what+`.csv"` || !strings.HasPrefix(resp.Header.Get(web.CursorHeader), "trueup1."+what+".") {
			t.Errorf("%s = %d %v\n%.100s", what, resp.StatusCode, resp.Header, body)
		}
	}
	for target, want := range map[string]string{
		"payroll?format=xml":      `parameter "format": "xml" is not one of ndjson, csv`,
		"journal?since=x":         `cursor "x" is not one that an export gave`,
		"statements?since=x":      `parameter "since" is not one of payee, period, format`,
		"statements?format=table": `parameter "format": "table" is not one of json, csv, html`,
		"sla?limit=3":             `parameter "limit" is not one of payee, period, since, format`,
	} {
		resp, body := get(t, http.MethodGet, s.URL+"/v1/export/"+target, "")
		if resp.StatusCode != http.StatusBadRequest || !strings.Contains(strings.ReplaceAll(body, `\"`, `"`), want) || resp.Header.Get(web.CursorHeader) != "" {
			t.Errorf("%s = %d %s, want %s", target, resp.StatusCode, body, want)
		}
	}
}

// What is exported over HTTP is each one's own, by whichever form.
func TestExportsAreEachTheirOwn(t *testing.T) {
	h := open(t, "late-churn-after-lock", web.Options{})
	csm := h.give(t, access.Token{Name: "user-1", Role: access.Payee, PayeeID: "csm-1"})
	other := h.give(t, access.Token{Name: "user-2", Role: access.Payee, PayeeID: "csm-9"})
	ops := h.give(t, access.Token{Name: "ops-1", Role: access.Ops})
	admin := h.give(t, access.Token{Name: "admin-1", Role: access.Admin})
	const mapping = "columns: [{field: worker_id}, {field: amount}]\ncodes: [{code: COMM}]\nother_workers: payee_id\n"
	for _, tt := range []struct{ method, target, body, head string }{
		{http.MethodGet, "/v1/export/statements?format=json", "", "{"},
		{http.MethodGet, "/v1/export/statements?format=csv", "", "payee,"},
		{http.MethodGet, "/v1/export/statements?format=html", "", "<!doctype html>"},
		{http.MethodGet, "/v1/export/payroll?format=csv", "", "worker_id,"},
		{http.MethodPost, "/v1/export/payroll", mapping, "worker_id,amount\n"},
	} {
		_, all := h.ask(t, tt.method, tt.target, tt.body, bearer(admin))
		_, own := h.ask(t, tt.method, tt.target, tt.body, bearer(csm))
		if !strings.HasPrefix(all, tt.head) || own != all || !strings.Contains(own, "csm-1") {
			t.Errorf("%s %s: an admin is told %.200q, csm-1, who is all there is, %.200q", tt.method, tt.target, all, own)
		}
		resp, none := h.ask(t, tt.method, tt.target, tt.body, bearer(other))
		if strings.Contains(none, "csm-1") || resp.StatusCode == http.StatusOK && tt.method == http.MethodPost && none != tt.head {
			t.Errorf("%s %s: csm-9 is told %.200q", tt.method, tt.target, none)
		}
		target := tt.target + "?payee=csm-1"
		if strings.Contains(tt.target, "?") {
			target = tt.target + "&payee=csm-1"
		}
		resp, body := h.ask(t, tt.method, target, tt.body, bearer(other))
		refused(t, "csm-9: "+target, resp, body, http.StatusForbidden, "payee csm-1 is not yours to see")
		resp, body = h.ask(t, tt.method, tt.target, tt.body, bearer(ops))
		refused(t, "ops: "+tt.target, resp, body, http.StatusForbidden, "not for ops")
		resp, body = h.ask(t, tt.method, tt.target, tt.body, nil)
		refused(t, "nobody: "+tt.target, resp, body, http.StatusUnauthorized, "a token is needed")
	}
	for body, want := range map[string]string{
		"":                                       "mapping: the file is empty",
		"codes: [{kind: wage, code: X}]":         `mapping:1: codes[0].kind: "wage" is not one of `,
		"codes: [{component: renewal, code: X}]": "mapping: codes: no code fits component ",
		"workers: {csm-1: '=1'}":                 "mapping:1: workers.csm-1: ",
	} {
		resp, told := h.ask(t, http.MethodPost, "/v1/export/payroll", body, bearer(admin))
		refused(t, body, resp, told, http.StatusBadRequest, want)
		if resp.Header.Get(web.CursorHeader) != "" || resp.Header.Get("Content-Disposition") != "" {
			t.Errorf("%s: %v", body, resp.Header)
		}
	}
	if log := h.log.String(); log != "" {
		t.Errorf("mistakes of a mapping are logged: %s", log)
	}
}

// failing is an export that ends badly after some records.
type failing struct {
	report.Reader
	after int
}

func (r failing) Export(_ context.Context, _ report.ExportQuery, to report.Exporting) error {
	if err := to.Next("trueup1.sla.1.00"); err != nil {
		return err
	}
	for range r.after {
		if err := to.Each(&report.Exported{Episode: &report.EpisodeHistory{}}); err != nil {
			return err
		}
	}
	return errors.New("the disk is gone")
}

// What goes wrong on the way is told, and rows that are not all are cut off.
func TestExportThatEndsBadly(t *testing.T) {
	for _, n := range []int{0, 3, 2000} {
		var log strings.Builder
		s, c := serve(t, failing{after: n}, web.Options{Log: zerolog.New(&log)})
		_, got, err := taken(t.Context(), c, report.ExportQuery{What: report.ExportSLA})
		if len(got) != n || err == nil || !strings.HasSuffix(err.Error(), ": the disk is gone") || !strings.Contains(log.String(), "the disk is gone") {
			t.Errorf("%d of %d records, %v; log %q", len(got), n, err, log.String())
		}
		resp, err := http.Get(s.URL + "/v1/export/sla?format=csv")
		if n == 0 {
			if err != nil || resp.StatusCode != http.StatusInternalServerError || resp.Header.Get("Content-Disposition") != "" {
				t.Errorf("CSV of nothing = %v, %v", resp, err)
			}
			continue
		}
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			_ = resp.Body.Close()
		}
		if err == nil {
			t.Errorf("CSV that breaks off after %d records looks whole", n)
		}
	}
}
