package main

import (
	"bytes"
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/web"
)

// told answers what a test wants to be told.
type told struct {
	report.Reader
	verification report.Verification
	document     report.Document
	fault        error
}

func (r told) Verify(context.Context, func(string, int)) (*report.Verification, error) {
	return &r.verification, r.fault
}

func (r told) Statement(context.Context, report.Filter) (*report.Document, error) {
	return &r.document, r.fault
}

func (r told) Entry(_ context.Context, id string) (*report.Entry, error) {
	return &report.Entry{Posted: report.Posted{Line: report.Line{EntryID: id, Explanation: "because"}}}, r.fault
}

// command runs the program against a worker that answers so.
func command(t *testing.T, r report.Reader, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	s := httptest.NewServer(web.NewServer(r, web.Options{}))
	defer s.Close()
	var out, errs bytes.Buffer
	getenv := func(name string) string { return map[string]string{"TRUEUP_SERVER": s.URL}[name] }
	code = run(t.Context(), env{args: args, stdin: strings.NewReader(""), stdout: &out, stderr: &errs, getenv: getenv, now: time.Now})
	return code, out.String(), errs.String()
}

// A ledger that is not sound stops the program to protect it, in any format.
func TestVerifyFindsProblems(t *testing.T) {
	r := told{verification: report.Verification{Facts: 2, Problems: []string{"fact 1: is gone", "fact 2: is gone"}}}
	for _, format := range report.Formats() {
		code, stdout, stderr := command(t, r, "verify", "--format", format)
		if code != exitStopped || !strings.Contains(stdout, "fact 1: is gone") || stderr != "trueup verify: 2 problems found\n" {
			t.Errorf("verify --format %s = %d, stdout %q, stderr %q", format, code, stdout, stderr)
		}
	}
}

func TestFaultOfTheWorker(t *testing.T) {
	code, stdout, stderr := command(t, told{fault: errors.New("the disk\nis gone")}, "verify")
	if code != exitFailed || stdout != "" || !strings.HasSuffix(stderr, ": the disk; is gone\n") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("verify = %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

func TestExplainByFirstDigits(t *testing.T) {
	a, b := "0123456789abcdef0000000000000000", "0123456789abcdef1111111111111111"
	r := told{document: report.Document{Payees: []report.Payee{{Periods: []report.Period{
		{Lines: []report.Line{{EntryID: a}}}, {Lines: []report.Line{{EntryID: b}}},
	}}}}}
	for _, tt := range []struct {
		digits string
		code   int
		want   string
	}{
		{"0123456789ABCDEF1", exitDone, b},
		{a, exitDone, a},
		{"01234567", exitFailed, "2 entries start with 01234567, among them " + a + " and " + b + ": give more digits"},
		{"01234568", exitFailed, "no entry 01234568"},
	} {
		code, stdout, stderr := command(t, r, "explain", tt.digits)
		if code != tt.code || !strings.Contains(stdout+stderr, tt.want) {
			t.Errorf("explain %s = %d, stdout %q, stderr %q, want %d and %q", tt.digits, code, stdout, stderr, tt.code, tt.want)
		}
	}
}
