//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/trueup/trueup/internal/report"
)

// clawedBack is an entry that took something back about a deal.
func clawedBack(t *testing.T) report.Posted {
	t.Helper()
	list := must[report.PayeeList](t, "/v1/payees?sort=clawed_back&period=2027-Q4&limit=5")
	for _, row := range list.Rows {
		doc := must[report.Document](t, "/v1/statement?period=2027-Q4&payee="+row.PayeeID)
		for _, line := range doc.Payees[0].Periods[0].Lines {
			if line.Kind == "clawback" && line.OpportunityID != "" && len(line.CausedBy) > 0 {
				return must[report.Entry](t, "/v1/entries/"+line.EntryID).Posted
			}
		}
	}
	t.Fatal("the demo claws nothing back in its last quarter")
	return report.Posted{}
}

// A CSM who lost pay finds out why, from the overview to the event that did it.
func TestWhyWasItTakenBack(t *testing.T) {
	lost := clawedBack(t)
	p := signedIn(t, "admin")
	p.visit("/")
	p.sees("Clawed back")
	p.fill(`#q`, lost.OpportunityID, `form[role=search]`)
	p.sees("Look for it as")
	p.click(`main a[href^="/deals/"]`)
	p.sees("Deal " + lost.OpportunityID)
	p.sees("Taken back")
	p.click(fmt.Sprintf(`a[href*="/entries/%s"]`, lost.EntryID))
	p.sees(lost.Explanation)
	p.sees("The events behind it")
	p.click("details summary bdi")
	for _, cause := range lost.CausedBy {
		p.sees(cause.ID)
	}
	p.sees(`"specversion"`)
}

// Comp admin closes a quarter: looks at what would be paid, and locks it.
func TestLockAPeriod(t *testing.T) {
	const period = "2027-Q4"
	preview := must[report.LockPreview](t, "/v1/periods/"+period+"/preview")
	p := signedIn(t, "admin")
	p.visit("/periods")
	p.click(`a[href^="/periods/` + period + `"]`)
	p.sees("What a lock now would freeze")
	p.sees(grouped(preview.Totals.Requested))
	p.click(`a[href*="confirm=lock"]`)
	p.sees("Lock " + period + "?")
	p.click(`form[action$="/lock"] input[type=checkbox]`)
	p.click(`form[action$="/lock"] button.go`)
	p.sees("What was locked")
	p.sees(period + " is locked.")
	for _, state := range must[report.PeriodList](t, "/v1/periods").Periods {
		if state.Period == period && (state.Status != "locked" || state.LockedBy != "admin" || state.Requested != preview.Totals.Requested) {
			t.Errorf("the period = %+v, want it locked by admin with %s requested", state, preview.Totals.Requested)
		}
	}
}

// grouped is an amount as pages show it.
func grouped(amount string) string {
	whole, fraction, _ := strings.Cut(amount, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return whole + "." + fraction
}

// Ops tries a parked event again once what it lacked has come.
func TestRetryAParkedEvent(t *testing.T) {
	waiting := must[[]report.Parked](t, "/v1/parked?state=parked")
	if len(waiting) == 0 {
		t.Fatal("nothing is parked in the demo")
	}
	id := waiting[0].ParkedID
	p := signedIn(t, "ops")
	p.visit("/parked/" + url.PathEscape(id))
	p.sees(waiting[0].Reason)
	p.click(`form[action$="/retry"] button`)
	p.sees("It was tried again and still cannot be applied")
	if again := must[report.Parked](t, "/v1/parked/"+url.PathEscape(id)); again.Tries != waiting[0].Tries+1 {
		t.Errorf("it was tried %d times, want %d", again.Tries, waiting[0].Tries+1)
	}
}

// A breach appears on the board of somebody who only looks at it.
func TestABreachAppearsLive(t *testing.T) {
	const account = "acct-e2e"
	p := signedIn(t, "ops")
	p.visit("/sla?status=breached")
	p.holds(`document.getElementById("stream").textContent === "live"`)
	evaluated[bool](p, `window.untouched = true`)
	if strings.Contains(p.text(), account) {
		t.Fatalf("%s is on the board already", account)
	}
	st := must[report.Status](t, "/v1/status")
	measured := st.AsOf.AddDate(0, 0, -8).UTC().Format(time.RFC3339)
	for _, e := range []struct{ kind, data string }{
		{"account.assigned", `"payee_id":"csm-001","role":"csm","effective_on":"2027-01-01"`},
		{"health.scored", fmt.Sprintf(`"score":20,"scale_max":100,"measured_at":%q`, measured)},
	} {
		publish(t, "crm.default."+e.kind, fmt.Sprintf(
			`{"specversion":"1.0","id":"e2e-%s","source":"crm/e2e","type":"crm.%s.v1","time":%q,"datacontenttype":"application/json","data":{"account_id":%q,%s}}`,
			e.kind, e.kind, measured, account, e.data))
	}
	p.sees(account)
	p.holds(`window.untouched === true`) // by itself: the page was not loaded again
}

// publish publishes an event, as a CRM does.
func publish(t *testing.T, subject, body string) { t.Helper(); publishTo(t, running, subject, body) }

func publishTo(t *testing.T, w *worker, subject, body string) {
	t.Helper()
	nc, err := nats.Connect(w.nats)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := nc.JetStream()
	if err != nil {
		t.Fatal(err)
	}
	m := nats.NewMsg(subject)
	m.Header.Set("Content-Type", "application/cloudevents+json")
	m.Data = []byte(body)
	if _, err := js.PublishMsg(m); err != nil {
		t.Fatal(err)
	}
}

// Without a token nobody sees anything, and a payee sees what is theirs.
func TestRefused(t *testing.T) {
	for _, path := range []string{"/", "/payees", "/periods", "/parked"} {
		p := open(t)
		p.visit(path)
		p.sees("Sign in")
		if !strings.Contains(p.at(), "/login") {
			t.Errorf("without a token %s leads to %s", path, p.at())
		}
	}
	resp, err := http.Get(running.url + "/v1/statement")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("GET /v1/statement without a token = %s", resp.Status)
	}
	p := open(t)
	p.visit("/login")
	p.fill(`input[name=token]`, "trueup_nobody", `form[action="/login"]`)
	p.sees("That token is nobody’s")

	p = signedIn(t, "payee")
	p.visit("/payees/csm-001")
	p.sees("csm-001")
	p.visit("/payees/csm-002")
	if text := p.text(); strings.Contains(text, "Clawed back") {
		t.Errorf("csm-001 sees of csm-002:\n%s", text)
	}
}
