//go:build e2e

package e2e

import (
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trueup/trueup/internal/report"
)

// Comp admin adjusts what somebody is paid: a slip is told with nothing lost, and
// the adjustment is in the statement with its reason.
func TestAdjust(t *testing.T) {
	const payee, reason = "csm-002", "agreed with payroll, case 7"
	p := signedIn(t, "admin")
	p.visit("/payees/" + payee)
	p.click(`a[href$="/adjust"]`)
	p.sees("Post the adjustment")
	p.write(`input[name="amount.amount"]`, "-12.345")
	p.write(`input[name=reason]`, reason)
	p.click(`form[action$="/adjustments"] button.go`)
	p.sees(`amount.amount "-12.345"`)
	p.holds(fmt.Sprintf(`document.querySelector('input[name=reason]').value === %q`, reason))
	p.holds(`document.querySelector('input[aria-invalid]').name === "amount.amount"`)
	p.write(`input[name="amount.amount"]`, "-12.34")
	p.click(`form[action$="/adjustments"] button.go`)
	p.sees("Applied.")
	p.sees("−12.34")
	p.sees("adjusted by hand")
	p.sees(reason)
	doc := must[report.Document](t, "/v1/statement?payee="+payee)
	for _, q := range doc.Payees[0].Periods {
		for _, l := range q.Lines {
			if l.Kind == "adjustment" && l.Amount == "-12.34" && strings.Contains(l.Explanation, reason) {
				return
			}
		}
	}
	t.Errorf("the statement of %s has no adjustment of -12.34", payee)
}

// A CSM contests how a deal of theirs is split, and the director decides.
func TestDispute(t *testing.T) {
	doc := must[report.Document](t, "/v1/statement?payee=csm-001&period=2027-Q4")
	at := slices.IndexFunc(doc.Credits, func(c report.Credit) bool { return c.Counted })
	if at < 0 {
		t.Fatal("csm-001 has no deal in the demo's last quarter")
	}
	deal := "/deals/" + url.PathEscape(doc.Credits[at].OpportunityID) + "?account=" + url.QueryEscape(doc.Credits[at].AccountID)
	csm := signedIn(t, "payee")
	csm.visit(deal)
	csm.click(`a[href*="/dispute?"]`)
	csm.write(`input[name=note]`, "the whole of it was mine")
	csm.click(`form[action="/v1/disputes"] button.go`)
	csm.sees("Disputed:")
	if strings.Contains(csm.text(), "Decide …") {
		t.Error("a CSM is led to decide")
	}
	p := signedIn(t, "admin")
	p.visit(deal)
	p.click(`a[href*="/decide?"]`)
	p.sees("The parts replace the split")
	p.write(`input[name="payee.1"]`, "csm-001")
	p.write(`input[name="percent.1"]`, "99.995")
	p.write(`input[name="payee.2"]`, "csm-002")
	p.write(`input[name="percent.2"]`, "0.01")
	p.click(`form[action$="/decide"] button.go`)
	p.sees(`percent.1 "99.995"`)
	p.write(`input[name="percent.1"]`, "99.99")
	p.click(`form[action$="/decide"] button.go`)
	p.sees("The dispute is decided.")
}

// The director approves an exception for an account.
func TestApproveAnException(t *testing.T) {
	book := must[report.Book](t, "/v1/books/csm-003")
	if len(book.Accounts) == 0 {
		t.Fatal("csm-003 has no account")
	}
	p := signedIn(t, "admin")
	p.visit("/accounts/" + url.PathEscape(book.Accounts[0].AccountID))
	p.click(`a[href$="/exception"]`)
	p.write(`input[name=from]`, "2027-12-01")
	p.write(`input[name=evidence]`, "https://wiki.example/merger-7")
	p.click(`form[action="/v1/exceptions"] button.go`)
	p.sees("From 1 Dec 2027 the account is out of retention (merger)")
}

// Once a quarter is locked comp admin confirms that payroll paid it.
func TestPayrollPaid(t *testing.T) {
	const period = "2027-Q3" // of which the demo's bank sent some payments back
	p := signedIn(t, "admin")
	p.visit("/periods/" + period)
	p.click(`a[href$="?confirm=confirm"]`)
	p.sees("Has payroll paid?")
	p.click(`form[action$="/confirm"] input[type=checkbox]`)
	p.click(`form[action$="/confirm"] button.go`)
	p.sees("Every payment that was asked for " + period + " is confirmed.")
	for _, state := range must[report.PeriodList](t, "/v1/periods").Periods {
		if state.Period == period && (state.Status != "paid" || state.PaidOf != state.RequestedOf) {
			t.Errorf("the period = %+v, want it paid", state)
		}
	}
}

// A lock that came before the quarter had ended is parked. Tried again in the
// browser once that has, it applies.
func TestRetryApplies(t *testing.T) {
	w, stop, err := start(os.Getenv("TRUEUP_PROGRAM"), t.TempDir(), "--as-of", "2027-03-20")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	}()
	enrolled := func(id, at string) {
		publishTo(t, w, "crm.default.payee.enrolled", fmt.Sprintf(
			`{"specversion":"1.0","id":"e2e-%s","source":"crm/e2e","type":"crm.payee.enrolled.v1","time":%q,"datacontenttype":"application/json","data":{"payee_id":%q,"role":"csm","effective_on":"2027-01-01"}}`, id, at, id))
	}
	enrolled("csm-001", "2027-03-20T12:00:00Z")
	publishTo(t, w, "admin.default.period.locked", `{"specversion":"1.0","id":"e2e-lock","source":"admin/e2e","type":"admin.period.locked.v1","time":"2027-03-25T12:00:00Z","datacontenttype":"application/json","data":{"period":"2027-Q1","by":"admin-1","by_role":"admin"}}`)
	p := signedInOf(t, w, "ops")
	p.visit("/parked")
	p.sees("2027-Q1 has not ended") // by itself, when it came
	p.click(`main a[href^="/parked/"]`)
	p.sees("Try it again")
	p.click(`form[action$="/retry"] button`)
	p.sees("It was tried again and still cannot be applied")
	enrolled("csm-002", "2027-04-01T12:00:00Z") // after the quarter's end
	for mustOf[report.Status](t, w, "/v1/status").AsOf.Before(time.Date(2027, time.April, 1, 12, 0, 0, 0, time.UTC)) {
		time.Sleep(100 * time.Millisecond)
	}
	p.click(`form[action$="/retry"] button`)
	p.sees("Applied by ops")
	for _, state := range mustOf[report.PeriodList](t, w, "/v1/periods").Periods {
		if state.Period == "2027-Q1" && state.Status != "locked" && state.Status != "paid" {
			t.Errorf("the period = %+v, want it locked", state)
		}
	}
}
