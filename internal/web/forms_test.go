package web_test

import (
	"errors"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/access"
	"github.com/trueup/trueup/internal/web"
)

// A form that cannot be taken comes again: with one error that names the field
// and its value, with everything that was written, and nothing is published.
func TestFormsComeAgain(t *testing.T) {
	h := open(t, "dispute-decision-replaces-the-split", web.Options{Entitled: func(ev event.Event) error {
		if e, is := ev.(event.ExceptionApproved); is && e.ByRole != "cfo" {
			return errors.New("only the cfo approves")
		}
		return nil
	}})
	admin := h.give(t, access.Token{Name: "admin-1", Role: access.Admin, ByRole: "director_revops"})
	cfo := h.give(t, access.Token{Name: "admin-2", Role: access.Admin, ByRole: "cfo"})
	payee := h.give(t, access.Token{Name: "csm-001", Role: access.Payee, PayeeID: "csm-1"})
	send := func(token, path, form string) (*http.Response, string) {
		t.Helper()
		resp, body := h.ask(t, http.MethodPost, path, form, map[string]string{
			"Authorization": "Bearer " + token, "Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html", "Origin": h.URL,
		})
		return resp, html.UnescapeString(body)
	}
	for _, tt := range []struct {
		token, path, form string
		code              int
		why               string
		kept              []string // of what was written
	}{
		{admin, "/v1/payees/csm-1/adjustments", "amount.amount=12.505&amount.currency=USD&effective_on=2027-03-01&reason=agreed&key=k", 400, `amount.amount "12.505"`, []string{"12.505", "2027-03-01", "agreed"}},
		{admin, "/v1/payees/csm-1/adjustments", "amount.amount=&amount.currency=USD&effective_on=2027-03-01&reason=agreed&key=k", 400, `amount.amount is missing`, []string{"2027-03-01", "agreed"}},
		{admin, "/v1/payees/csm-1/adjustments", "amount.amount=1e3&amount.currency=USD&effective_on=2027-03-01&reason=agreed&key=k", 400, `amount.amount "1e3"`, []string{"1e3"}},
		{admin, "/v1/payees/csm-1/adjustments", "amount.amount=5.00&amount.currency=USD&effective_on=2027-02-30&reason=agreed&key=k", 400, `effective_on "2027-02-30"`, []string{"5.00", "2027-02-30"}},
		{admin, "/v1/payees/csm-1/adjustments", "amount.amount=5.00&amount.currency=USD&effective_on=2027-03-01&reason=&key=k", 400, `reason is missing`, []string{"5.00"}},
		{cfo, "/v1/exceptions", "account_id=acct-1&kind=merger&from=soon&evidence=a+wiki&key=k", 400, `from "soon"`, []string{"soon", "a wiki"}},
		{cfo, "/v1/exceptions", "account_id=acct-1&kind=holiday&from=2027-03-01&evidence=a+wiki&key=k", 400, `kind "holiday"`, []string{"2027-03-01", "a wiki"}},
		{payee, "/v1/disputes", "opportunity_id=opp-1&account_id=acct-1&note=mine&opened_at=soon&key=k", 400, `opened_at "soon"`, []string{"mine"}},
		{admin, "/v1/disputes/d-1/decide", "opportunity_id=opp-1&account_id=acct-1&payee.1=csm-1&percent.1=60&payee.2=ae-1&percent.2=33.333&key=k", 400, `percent.2 "33.333"`, []string{"60", "33.333", "ae-1"}},
		{admin, "/v1/disputes/d-1/decide", "opportunity_id=opp-1&account_id=acct-1&payee.1=csm-1&percent.1=60&payee.2=ae-1&percent.2=33.33&key=k", 400, `split_bps sums to 9333`, []string{"60", "33.33"}},
		{admin, "/v1/periods/2027-Q4/confirm", "key=k", 409, `2027-Q4 is not locked`, nil},
		{admin, "/v1/periods/2099-Q1/lock", "key=k", 409, `2099-Q1 ends on 2099-03-31`, nil},
	} {
		resp, body := send(tt.token, tt.path, tt.form+"&next=%2F")
		if resp.StatusCode != tt.code || !strings.Contains(body, "<strong>Not sent:</strong> "+tt.why) {
			t.Errorf("POST %s %.80s = %d, want %d %q: %s", tt.path, tt.form, resp.StatusCode, tt.code, tt.why, body)
		}
		for _, text := range tt.kept {
			if !strings.Contains(body, `value="`+text+`"`) {
				t.Errorf("POST %s %s lost %q", tt.path, tt.form, text)
			}
		}
		if strings.Count(body, `aria-invalid="true"`) > 1 {
			t.Errorf("POST %s %s: several fields are wrong", tt.path, tt.form)
		}
	}
	refusedPage := func(token, path, form string, code int, text string) {
		t.Helper()
		if resp, body := send(token, path, form); resp.StatusCode != code || !strings.Contains(body, text) || strings.Contains(body, "Not sent") {
			t.Errorf("POST %s = %d, want %d %q: %s", path, resp.StatusCode, code, text, body)
		}
	}
	refusedPage(payee, "/v1/payees/csm-1/adjustments", "amount.amount=5.00&key=k", 403, "adjust is for admin")
	refusedPage(admin, "/v1/exceptions", "account_id=acct-1&kind=merger&from=2027-03-01&evidence=x&key=k", 403, "only the cfo approves")
	refusedPage(admin, "/v1/payees/csm-9/adjustments", "amount.amount=5.00&amount.currency=USD&effective_on=2027-03-01&reason=x&key=k", 404, "no p")
	refusedPage(admin, "/v1/parked/p-9/retry", "reason=x&key=k", 404, "no p")
	if len(h.sent) > 0 {
		t.Fatalf("published: %s", h.sent)
	}
	// What may not have left is sent again as the same.
	form := "amount.amount=5.00&amount.currency=USD&effective_on=2027-03-01&reason=agreed&key=k&next=" + url.QueryEscape("/payees/csm-1?sent=adjust/csm-1/k")
	h.down = errors.New("the broker is gone")
	resp, body := send(admin, "/v1/payees/csm-1/adjustments", form)
	if resp.StatusCode != 503 || !strings.Contains(body, "not published: the broker is gone") || !strings.Contains(body, `name="key" value="k"`) {
		t.Errorf("without a broker: %d %s", resp.StatusCode, body)
	}
	h.down = nil
	resp, _ = send(admin, "/v1/payees/csm-1/adjustments", form)
	if resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/payees/csm-1?sent=adjust/csm-1/k" || len(h.sent) != 1 {
		t.Errorf("again = %d to %q with %d published", resp.StatusCode, resp.Header.Get("Location"), len(h.sent))
	}
	resp, body = send(admin, "/v1/payees/csm-1/adjustments", strings.Replace(form, "5.00", "6.00", 1))
	if resp.StatusCode != 409 || !strings.Contains(body, "was given to another decision") || strings.Contains(body, `name="key" value="k"`) {
		t.Errorf("another with its key = %d %s", resp.StatusCode, body)
	}
}
