package web_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/rs/zerolog"

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
		"payroll?format=xml": `parameter "format": "xml" is not one of ndjson, csv`,
		"journal?since=x":    `cursor "x" is not one that an export gave`,
		"sla?limit=3":        `parameter "limit" is not one of payee, period, since, format`,
	} {
		resp, body := get(t, http.MethodGet, s.URL+"/v1/export/"+target, "")
		if resp.StatusCode != http.StatusBadRequest || !strings.Contains(strings.ReplaceAll(body, `\"`, `"`), want) || resp.Header.Get(web.CursorHeader) != "" {
			t.Errorf("%s = %d %s, want %s", target, resp.StatusCode, body, want)
		}
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
