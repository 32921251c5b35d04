package decision_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/access"
	"github.com/trueup/trueup/internal/decision"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/wire"
)

// books answers what a desk asks: one parked input, one payee.
type books struct{ report.Reader }

func (books) ParkedByID(_ context.Context, id string) (*report.Parked, error) {
	switch id {
	case "p-1":
		return &report.Parked{ParkedID: id, State: "parked"}, nil
	case "p-2":
		return &report.Parked{ParkedID: id, State: "discarded"}, nil
	}
	return nil, report.NotFound{What: "parked input", ID: id}
}

func (books) Payees(_ context.Context, q report.PayeesQuery) (*report.PayeeList, error) {
	of := 0
	if len(q.Among) == 1 && q.Among[0] == "csm-1" {
		of = 1
	}
	return &report.PayeeList{Of: of}, nil
}

func (books) Timeline(_ context.Context, id event.AccountID) (*report.Timeline, error) {
	if id != "a-1" {
		return nil, report.NotFound{What: "account", ID: string(id)}
	}
	return &report.Timeline{Episodes: []report.Episode{
		{SLA: "dispute", DisputeID: "d-2", OpportunityID: "o-2", Status: "breached"}, {SLA: "dispute", DisputeID: "d-1", OpportunityID: "o-1", Status: "met"},
	}}, nil
}

func (books) Deal(_ context.Context, id event.OpportunityID, _ event.AccountID) (*report.Deal, error) {
	if id != "o-1" && id != "o-2" {
		return nil, report.NotFound{What: "opportunity", ID: string(id)}
	}
	return &report.Deal{}, nil
}

// LockPreview has 2027-Q1 ended, the quarters before it locked, and of them
// 2026-Q3 paid.
func (books) LockPreview(_ context.Context, q civil.Quarter) (*report.LockPreview, error) {
	p := &report.LockPreview{Currency: "USD", Rows: []report.PreviewRow{
		{PayeeID: "ae-1", Requested: "0.00"},
		{PayeeID: "csm-1", Requested: "12.50", Reference: "ref-1"},
		{PayeeID: "csm-2", Requested: "7.00", Reference: "ref-2", Paid: true},
		{PayeeID: "csm-3", Requested: "9.00", Reference: "ref-3"},
	}}
	say := func(code string) { p.Blockers = append(p.Blockers, report.Concern{Code: code, Text: code + "."}) }
	switch q.String() {
	case "2027-Q1":
	case "2026-Q4":
		say("locked")
	case "2026-Q3":
		say("locked")
		say("payment_requested")
		p.Status = "locked"
	case "2026-Q2":
		p.Status, p.Rows = "paid", p.Rows[2:3]
	default:
		say("not_ended")
	}
	return p, nil
}

// desk is one whose clock goes on by a second with each look, and what it
// published.
func desk(fails func() error) (*decision.Desk, *[]decision.Message) {
	at := time.Date(2027, time.April, 10, 9, 0, 0, 0, time.UTC)
	now := func() time.Time { at = at.Add(time.Second); return at }
	var out []decision.Message
	return decision.NewDesk("acme", books{}, func(_ context.Context, all []decision.Message) error {
		if err := fails(); err != nil {
			return err
		}
		out = append(out, all...)
		return nil
	}, now), &out
}

func works() error { return nil }

var admin = access.Principal{Name: "admin-1", Role: access.Admin, ByRole: "cfo"}

func action(t *testing.T, name string) decision.Action {
	t.Helper()
	for _, a := range decision.Actions() {
		if a.Name == name {
			return a
		}
	}
	t.Fatalf("no action %s", name)
	return decision.Action{}
}

// Every action's event is read by the worker as what was decided.
func TestActions(t *testing.T) {
	for _, tt := range []struct{ name, target, body, subject, data string }{
		{"lock", "2027-Q1", ``, "admin.acme.period.locked", `{"period":"2027-Q1","by":"admin-1","by_role":"cfo"}`},
		{"reopen", "2026-Q4", `{}`, "admin.acme.period.reopened", `{"period":"2026-Q4","by":"admin-1","by_role":"cfo"}`},
		{"retry", "p-1", `{"reason":"now it is there"}`, "admin.acme.event.retried", `{"parked_id":"p-1","reason":"now it is there","by":"admin-1","by_role":"cfo"}`},
		{"discard", "p-1", `{"reason":"no"}`, "admin.acme.event.discarded", `{"parked_id":"p-1","reason":"no","by":"admin-1","by_role":"cfo"}`},
		{
			"adjust", "csm-1", `{"amount":{"amount":"-12.50","currency":"USD"},"effective_on":"2027-04-01","reason":"twice"}`, "admin.acme.adjustment.posted",
			`{"adjustment_id":"k1","payee_id":"csm-1","amount":{"amount":"-12.50","currency":"USD"},"effective_on":"2027-04-01","reason":"twice","by":"admin-1","by_role":"cfo"}`,
		},
		{
			"dispute", "", `{"opportunity_id":"o-1","account_id":"a-1","note":"sold by another"}`, "admin.acme.dispute.opened",
			`{"dispute_id":"k1","opportunity_id":"o-1","account_id":"a-1","opened_at":"2027-04-10T09:00:01Z","note":"sold by another","by":"admin-1","by_role":"cfo"}`,
		},
		{
			"decide", "d-1", `{"opportunity_id":"o-1","account_id":"a-1","split_bps":{"ae-1":4000,"csm-1":6000}}`, "admin.acme.dispute.decided",
			`{"dispute_id":"d-1","opportunity_id":"o-1","account_id":"a-1","decided_at":"2027-04-10T09:00:01Z","split_bps":{"ae-1":4000,"csm-1":6000},"by":"admin-1","by_role":"cfo"}`,
		},
		{
			"approve", "", `{"exception_id":"x-1","account_id":"a-1","kind":"merger","from":"2027-02-20","evidence":"https://wiki/x"}`, "admin.acme.exception.approved",
			`{"exception_id":"x-1","account_id":"a-1","kind":"merger","from":"2027-02-20","evidence":"https://wiki/x","by":"admin-1","by_role":"cfo"}`,
		},
	} {
		d, out := desk(works)
		a := action(t, tt.name)
		got, err := d.Do(access.With(t.Context(), admin), a, tt.target, "k1", []byte(tt.body))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		want := decision.Accepted{Source: decision.Source, ID: tt.name + "/" + tt.target + "/k1", Subject: tt.subject}
		if *got != want || len(*out) != 1 {
			t.Errorf("%s = %+v with %d messages, want %+v with one", tt.name, *got, len(*out), want)
			continue
		}
		m := (*out)[0]
		in, err := wire.Decoder{Tenant: "acme"}.Decode(wire.Raw{Subject: m.Subject, Body: m.Body})
		if err != nil || in.Event.Head().Identity != m.Identity || in.Event.Head().Type != a.Type {
			t.Errorf("%s: %s is read as %+v, %v", tt.name, m.Body, in.Event, err)
		}
		var told struct{ Data json.RawMessage }
		if err := json.Unmarshal(m.Body, &told); err != nil || string(told.Data) != tt.data {
			t.Errorf("%s: data %s, want %s", tt.name, told.Data, tt.data)
		}
	}
}

// What is wrong is refused by field and value, and nothing is published.
func TestMistakes(t *testing.T) {
	adjustment := func(amount, on string) string {
		return fmt.Sprintf(`{"amount":{"amount":%q,"currency":"USD"},"effective_on":%q,"reason":"x"}`, amount, on)
	}
	for _, tt := range []struct{ name, target, key, body, want string }{
		{"lock", "2027-Q5", "k", ``, `period "2027-Q5" is not a period like 2027-Q1`},
		{"lock", "2027-Q1", "k", `{"period":"2027-Q2"}`, `period is there twice`},
		{"lock", "2027-Q1", "k", `{"by":"user-3"}`, `by is there twice`},
		{"lock", "2027-Q1", "k", `{"force":true}`, `force is not a field of admin.period.locked.v1`},
		{"lock", "2027-Q1", "k", `[]`, `the body is not an object in JSON`},
		{"lock", "2027-Q1", "k", `null`, `the body is not an object in JSON`},
		{"lock", "2027-Q1", "k", `{"a":1}{}`, `the body is not an object in JSON`},
		{"lock", "2027\xff", "k", ``, `period "2027\xff" is not valid UTF-8`},
		{"lock", "2027-Q1", "", ``, `Idempotency-Key is missing`},
		{"lock", "2027-Q1", "a/b", ``, `Idempotency-Key "a/b" has a character other than`},
		{"lock", "2027-Q1", strings.Repeat("k", 65), ``, `Idempotency-Key is longer than 64 bytes`},
		{"retry", "p-1", "k", `{}`, `reason is missing`},
		{"retry", "p-1", "k", `{"reason":""}`, `reason is empty`},
		{"adjust", "csm-1", "k", adjustment("12.345", "2027-04-01"), `amount.amount "12.345"`},
		{"adjust", "csm-1", "k", adjustment("1e3", "2027-04-01"), `amount.amount "1e3"`},
		{"adjust", "csm-1", "k", adjustment("12.50", "2027-02-30"), `effective_on "2027-02-30" is not a date like 2027-02-10`},
		{"adjust", "csm-1", "k", `{"amount":12.5,"effective_on":"2027-04-01","reason":"x"}`, `amount must be an object`},
		{"confirm", "2026-Q5", "k", ``, `period "2026-Q5" is not a period like 2027-Q1`},
		{"confirm", "2026-Q3", "k", `{"amount":"1.00"}`, `amount is not a field of a confirmation`},
		{"confirm", "2026-Q3", "k", `{"payee_id":7}`, `payee_id must be a string`},
		{"confirm", "2026-Q3", "k", `{"at":"soon"}`, `at "soon"`},
		{"confirm", "2026-Q3", "k", `[]`, `the body is not an object in JSON`},
		{"dispute", "", "k", `{"account_id":"a-1"}`, `opportunity_id is missing`},
		{"decide", "d-1", "k", `{"opportunity_id":"o-1","account_id":"a-1","split_bps":{"a":5000,"b":4999}}`, `split_bps sums to 9999, but must sum to 10000`},
		{"approve", "", "k", `{"account_id":"a-1","kind":"holiday","from":"2027-02-20","evidence":"x"}`, `kind "holiday" is not one of merger, other`},
	} {
		d, out := desk(works)
		_, err := d.Do(access.With(t.Context(), admin), action(t, tt.name), tt.target, tt.key, []byte(tt.body))
		if _, mistake := errors.AsType[report.Mistake](err); !mistake || !strings.HasPrefix(err.Error(), tt.want) || len(*out) > 0 {
			t.Errorf("%s %s %s = %v with %d messages, want %q", tt.name, tt.target, tt.body, err, len(*out), tt.want)
		}
	}
}

// Who may not decide is refused before anything is looked at.
func TestWhoMay(t *testing.T) {
	for _, role := range append(access.Roles(), access.Onlooker, "") {
		for _, a := range decision.Actions() {
			d, out := desk(works)
			ctx := access.With(t.Context(), access.Principal{Name: "x", Role: role, ByRole: "x"})
			_, err := d.Do(ctx, a, "p-9", "", nil)
			_, forbidden := errors.AsType[access.Forbidden](err)
			may := role == access.Admin || role == access.Ops && (a.Name == "retry" || a.Name == "discard") ||
				(role == access.Payee || role == access.Manager) && a.Name == "dispute"
			if forbidden == may || len(*out) > 0 {
				t.Errorf("%s %s = %v", role, a.Name, err)
			}
		}
	}
	d, _ := desk(works)
	if _, err := d.Do(t.Context(), action(t, "lock"), "2027-Q1", "k", nil); err == nil || err.Error() != "lock is for admin" {
		t.Errorf("nobody locks: %v", err)
	}
}

// A decision about nothing, or that was taken already, is not published.
func TestFits(t *testing.T) {
	amount := `{"amount":{"amount":"1.00","currency":"USD"},"effective_on":"2027-04-01","reason":"x"}`
	for _, tt := range []struct {
		name, target, body string
		want               error
	}{
		{"retry", "p-9", `{"reason":"x"}`, report.NotFound{What: "parked input", ID: "p-9"}},
		{"discard", "p-2", `{"reason":"x"}`, decision.Conflict{Text: "p-2 is discarded already"}},
		{"adjust", "csm-9", amount, report.NotFound{What: "payee", ID: "csm-9"}},
		{"approve", "", `{"account_id":"a-9","kind":"other","from":"2027-02-20","evidence":"x"}`, report.NotFound{What: "account", ID: "a-9"}},
		{"decide", "d-1", `{"opportunity_id":"o-9","account_id":"a-1","split_bps":{"a":10000}}`, report.NotFound{What: "opportunity", ID: "o-9"}},
		{"dispute", "", `{"opportunity_id":"o-9","account_id":"a-1"}`, report.NotFound{What: "opportunity", ID: "o-9"}},
		{"dispute", "", `{"opportunity_id":"o-2","account_id":"a-1"}`, decision.Conflict{Text: "o-2 is disputed already, as d-2, which is not decided."}},
		{"confirm", "2027-Q1", "", decision.Conflict{Text: "2027-Q1 is not locked: nothing was asked of payroll."}},
		{"confirm", "2026-Q2", "", decision.Conflict{Text: "Every payment that was asked for 2026-Q2 is confirmed already."}},
		{"confirm", "2026-Q3", `{"payee_id":"csm-2"}`, decision.Conflict{Text: `payee_id "csm-2": their payment for 2026-Q3 is confirmed already.`}},
		{"confirm", "2026-Q3", `{"payee_id":"ae-1"}`, decision.Conflict{Text: `payee_id "ae-1": payroll was not asked to pay them for 2026-Q3.`}},
		{"lock", "2027-Q2", "", decision.Conflict{Text: "not_ended."}},
		{"lock", "2026-Q3", "", decision.Conflict{Text: "locked. payment_requested."}},
		{"reopen", "2027-Q1", "", decision.Conflict{Text: "2027-Q1 is not locked."}},
		{"reopen", "2026-Q3", "", decision.Conflict{Text: "payment_requested."}},
	} {
		d, out := desk(works)
		_, err := d.Do(access.With(t.Context(), admin), action(t, tt.name), tt.target, "k", []byte(tt.body))
		if !errors.Is(err, tt.want) || len(*out) > 0 {
			t.Errorf("%s %s = %v, want %v", tt.name, tt.target, err, tt.want)
		}
	}
}

// Asked twice, a decision is taken once, also where the first answer was lost.
func TestOnce(t *testing.T) {
	down := errors.New("the broker is gone")
	fault := down
	d, out := desk(func() error { return fault })
	ctx := access.With(t.Context(), admin)
	do := func(ctx context.Context, key, body string) (*decision.Accepted, error) {
		return d.Do(ctx, decision.Retry, "p-1", key, []byte(body))
	}
	if _, err := do(ctx, "k", `{"reason":"a"}`); !errors.Is(err, down) {
		t.Fatalf("with the broker gone: %v", err)
	}
	fault = nil
	first, err := do(ctx, "k", `{"reason":"a"}`)
	if err != nil || len(*out) != 1 || !strings.Contains(string((*out)[0].Body), `"time":"2027-04-10T09:00:01Z"`) {
		t.Fatalf("again = %v, %s; want it as it was the first time", err, *out)
	}
	again, err := do(ctx, "k", `{"reason":"a"}`)
	if err != nil || *again != *first || len(*out) != 1 {
		t.Errorf("a third time = %+v, %v with %d messages, want the first answer and one message", again, err, len(*out))
	}
	used := decision.Conflict{Text: `Idempotency-Key "k" was given to another decision`}
	if _, err := do(ctx, "k", `{"reason":"b"}`); !errors.Is(err, used) {
		t.Errorf("the key for something else = %v", err)
	}
	if _, err := do(access.With(t.Context(), access.Principal{Name: "user-3", Role: access.Ops}), "k", `{"reason":"a"}`); !errors.Is(err, used) {
		t.Errorf("the key of somebody else = %v", err)
	}
	if _, err := do(ctx, "k2", `{"reason":"a"}`); err != nil || len(*out) != 2 {
		t.Errorf("another key = %v with %d messages", err, len(*out))
	}
}

func TestForm(t *testing.T) {
	for _, tt := range []struct{ form, body, fault string }{
		{"reason=a+b", `{"reason":"a b"}`, ""},
		{"until=&reason=x", `{"reason":"x"}`, ""},
		{"amount.amount=-1.50&amount.currency=USD", `{"amount":{"amount":"-1.50","currency":"USD"}}`, ""},
		{"split_bps.a.b=4000&split_bps.c=6000", `{"split_bps":{"a.b":4000,"c":6000}}`, ""},
		{"payee.1=a.b&percent.1=40&payee.2=c&percent.2=59.5%25&payee.3=d&percent.3=.5&payee.4=&percent.4=", "", `percent.3 ".5" is not a percentage with up to two decimals`},
		{"payee.1=a.b&percent.1=40&payee.2=c&percent.2=60.00%25&payee.3=d&percent.3=&payee.4=&percent.4=", `{"split_bps":{"a.b":4000,"c":6000}}`, ""},
		{"payee.1=a&percent.1=33.33&payee.2=b&percent.2=66.67", `{"split_bps":{"a":3333,"b":6667}}`, ""},
		{"payee.1=a&percent.1=101", "", `percent.1 "101" is more than 100`},
		{"payee.1=a&percent.1=33.333", "", `percent.1 "33.333" is not a percentage with up to two decimals`},
		{"payee.1=&percent.1=5", "", `payee.1 is empty, and has 5 percent`},
		{"payee.1=a&percent.1=5&payee.2=a&percent.2=95", "", `payee.1 "a" is there twice`},
		{"split_bps.a=half", `{"split_bps":{"a":"half"}}`, ""},
		{"reason=a&reason=b", "", `field "reason" is there 2 times`},
		{"amount=1&amount.currency=USD", "", `field "amount" is there as a whole and in parts`},
	} {
		values, err := url.ParseQuery(tt.form)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decision.Form(values)
		if string(got) != tt.body || (err == nil) != (tt.fault == "") || err != nil && err.Error() != tt.fault {
			t.Errorf("Form(%s) = %s, %v; want %s, %s", tt.form, got, err, tt.body, tt.fault)
		}
	}
}

// Payroll's word about a quarter is an event for each payment that it was asked
// for and has not confirmed, with the request's amount and reference; who gave it
// is in the events' ids.
func TestConfirm(t *testing.T) {
	d, out := desk(works)
	ctx := access.With(t.Context(), admin)
	got, err := d.Do(ctx, action(t, "confirm"), "2026-Q3", "k", nil)
	want := decision.Accepted{Source: decision.Source, ID: "confirm/2026-Q3/k", Subject: "billing.acme.payout.confirmed", Events: 2}
	if err != nil || *got != want {
		t.Fatalf("confirm = %+v, %v; want %+v", got, err, want)
	}
	var told []string
	for _, m := range *out {
		in, err := wire.Decoder{Tenant: "acme"}.Decode(wire.Raw{Subject: m.Subject, Body: m.Body})
		if err != nil {
			t.Fatalf("%s: %v", m.Body, err)
		}
		e := in.Event.(event.PayoutConfirmed)
		told = append(told, fmt.Sprint(e.ID, " ", e.Period, " ", e.Payee, " ", e.Amount.Decimal(), " ", e.Reference, " ", e.At.Format(time.RFC3339)))
	}
	if got, want := strings.Join(told, "\n"), "confirm/2026-Q3/k/admin-1/csm-1 2026-Q3 csm-1 12.50 ref-1 2027-04-10T09:00:01Z\n"+
		"confirm/2026-Q3/k/admin-1/csm-3 2026-Q3 csm-3 9.00 ref-3 2027-04-10T09:00:01Z"; got != want {
		t.Errorf("published:\n%s\nwant\n%s", got, want)
	}
	if _, err := d.Do(ctx, action(t, "confirm"), "2026-Q3", "k", nil); err != nil || len(*out) != 2 {
		t.Errorf("asked again = %v with %d messages", err, len(*out))
	}
	if got, err := d.Do(ctx, action(t, "confirm"), "2026-Q3", "k2", []byte(`{"payee_id":"csm-3","at":"2027-04-09T12:00:00Z"}`)); err != nil || got.Events != 1 || len(*out) != 3 {
		t.Errorf("of one payee = %+v, %v with %d messages", got, err, len(*out))
	}
}

// Whom the plans do not let decide is refused before anything is published.
func TestEntitled(t *testing.T) {
	d, out := desk(works)
	d.Entitled = func(ev event.Event) error {
		if e, is := ev.(event.DisputeDecided); is && e.ByRole != "director_revops" {
			return errors.New("only director_revops decides")
		}
		return nil
	}
	body := []byte(`{"opportunity_id":"o-1","account_id":"a-1","split_bps":{"a":10000}}`)
	_, err := d.Do(access.With(t.Context(), admin), action(t, "decide"), "d-1", "k", body)
	if want := (access.Forbidden{Text: "only director_revops decides"}); !errors.Is(err, want) || len(*out) > 0 {
		t.Errorf("a cfo decides = %v with %d messages, want %v", err, len(*out), want)
	}
	if err := d.MayTake("decide", admin); err == nil {
		t.Error("a cfo may decide")
	}
	director := access.Principal{Name: "admin-2", Role: access.Admin, ByRole: "director_revops"}
	if err := errors.Join(d.MayTake("decide", director), d.MayTake("lock", admin)); err != nil {
		t.Error(err)
	}
	if _, err := d.Do(access.With(t.Context(), director), action(t, "decide"), "d-1", "k", body); err != nil || len(*out) != 1 {
		t.Errorf("the director decides = %v with %d messages", err, len(*out))
	}
}
