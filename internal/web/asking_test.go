package web_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/report/reporttest"
	"github.com/trueup/trueup/internal/web"
)

// What is asked about everybody is answered over HTTP as it is directly.
func TestAskedOverHTTP(t *testing.T) {
	for _, name := range []string{"churn-on-day-90", "late-churn-after-lock", "risk-sla-breached-by-silence"} {
		direct := reporttest.Play(t, cases, name)
		_, over := serve(t, direct, web.Options{})
		got, err := over.Overview(t.Context())
		want, wantErr := direct.Overview(t.Context())
		same(t, name+": overview", got, err, want, wantErr)
		q, qErr := civil.ParseQuarter("2027-Q1")
		if qErr != nil {
			t.Fatal(qErr)
		}
		for _, p := range []report.PayeesQuery{
			{}, {Period: &q, Sort: "earned", Order: "desc", Limit: 1}, {Role: "csm", Search: "CSM", Offset: 1}, {Team: "none"}, {Manager: "mgr-1"},
		} {
			got, err := over.Payees(t.Context(), p)
			want, wantErr := direct.Payees(t.Context(), p)
			same(t, name+": payees", got, err, want, wantErr)
		}
		line, err := over.Timeline(t.Context(), "acct-1")
		wantLine, wantErr := direct.Timeline(t.Context(), "acct-1")
		same(t, name+": timeline", line, err, wantLine, wantErr)
		periods, err := over.Periods(t.Context())
		wantPeriods, wantErr := direct.Periods(t.Context())
		same(t, name+": periods", periods, err, wantPeriods, wantErr)
		preview, err := over.LockPreview(t.Context(), q)
		wantPreview, wantErr := direct.LockPreview(t.Context(), q)
		same(t, name+": preview", preview, err, wantPreview, wantErr)
		if _, err := over.Timeline(t.Context(), "nobody/at all"); !errors.As(err, new(report.NotFound)) {
			t.Errorf("%s: an account nobody heard of: %v, want NotFound", name, err)
		}
		if _, err := over.WhatIfByID(t.Context(), "w-0"); !errors.As(err, new(report.NotFound)) {
			t.Errorf("%s: a comparison nobody began: %v, want NotFound", name, err)
		}
	}
}

// What nobody can answer is told to whoever asks.
func TestAskedWrongly(t *testing.T) {
	s, _ := serve(t, reporttest.Play(t, cases, "churn-on-day-90"), web.Options{})
	for _, path := range []string{
		"/v1/payees?sort=luck", "/v1/payees?order=up", "/v1/payees?limit=501", "/v1/payees?limit=-1", "/v1/payees?offset=-1", "/v1/payees?limit=x",
		"/v1/payees?period=Q1", "/v1/payees?among=csm-1", "/v1/overview?period=2027-Q1", "/v1/periods/Q1/preview", "/v1/periods?x=1",
	} {
		if resp, body := get(t, http.MethodGet, s.URL+path, ""); resp.StatusCode != http.StatusBadRequest {
			t.Errorf("GET %s: %s %s, want 400", path, resp.Status, body)
		}
	}
}
