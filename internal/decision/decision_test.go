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
	return &report.Timeline{}, nil
}

func (books) Deal(_ context.Context, id event.OpportunityID, _ event.AccountID) (*report.Deal, error) {
	if id != "o-1" {
		return nil, report.NotFound{What: "opportunity", ID: string(id)}
	}
	return &report.Deal{}, nil
}

// LockPreview has 2027-Q1 ended, the quarters before it locked, and of them
// 2026-Q3 paid.
func (books) LockPreview(_ context.Context, q civil.Quarter) (*report.LockPreview, error) {
	p := &report.LockPreview{}
	say := func(code string) { p.Blockers = append(p.Blockers, report.Concern{Code: code, Text: code + "."}) }
	switch q.String() {
	case "2027-Q1":
	case "2026-Q4":
		say("locked")
	case "2026-Q3":
		say("locked")
		say("payment_requested")
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
	return decision.NewDesk("acme", books{}, func(_ context.Context, m decision.Message) error {
		if err := fails(); err != nil {
			return err
		}
		out = append(out, m)
		return nil
	}, now), &out
}

func works() error { return nil }

var dana = access.Principal{Name: "dana", Role: access.Admin, ByRole: "cfo"}

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
		{"lock", "2027-Q1", ``, "admin.acme.period.locked", `{"period":"2027-Q1","by":"dana","by_role":"cfo"}`},
		{"reopen", "2026-Q4", `{}`, "admin.acme.period.reopened", `{"period":"2026-Q4","by":"dana","by_role":"cfo"}`},
		{"retry", "p-1", `{"reason":"now it is there"}`, "admin.acme.event.retried", `{"parked_id":"p-1","reason":"now it is there","by":"dana","by_role":"cfo"}`},
		{"discard", "p-1", `{"reason":"no"}`, "admin.acme.event.discarded", `{"parked_id":"p-1","reason":"no","by":"dana","by_role":"cfo"}`},
		{
			"adjust", "csm-1", `{"amount":{"amount":"-12.50","currency":"USD"},"effective_on":"2027-04-01","reason":"twice"}`, "admin.acme.adjustment.posted",
			`{"adjustment_id":"k1","payee_id":"csm-1","amount":{"amount":"-12.50","currency":"USD"},"effective_on":"2027-04-01","reason":"twice","by":"dana","by_role":"cfo"}`,
		},
		{
			"decide", "d-1", `{"opportunity_id":"o-1","account_id":"a-1","split_bps":{"ae-1":4000,"csm-1":6000}}`, "admin.acme.dispute.decided",
			`{"dispute_id":"d-1","opportunity_id":"o-1","account_id":"a-1","decided_at":"2027-04-10T09:00:01Z","split_bps":{"ae-1":4000,"csm-1":6000},"by":"dana","by_role":"cfo"}`,
		},
		{
			"approve", "", `{"exception_id":"x-1","account_id":"a-1","kind":"merger","from":"2027-02-20","evidence":"https://wiki/x"}`, "admin.acme.exception.approved",
			`{"exception_id":"x-1","account_id":"a-1","kind":"merger","from":"2027-02-20","evidence":"https://wiki/x","by":"dana","by_role":"cfo"}`,
		},
	} {
		d, out := desk(works)
		a := action(t, tt.name)
		got, err := d.Do(access.With(t.Context(), dana), a, tt.target, "k1", []byte(tt.body))
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
		{"lock", "2027-Q1", "k", `{"by":"eve"}`, `by is there twice`},
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
		{"decide", "d-1", "k", `{"opportunity_id":"o-1","account_id":"a-1","split_bps":{"a":5000,"b":4999}}`, `split_bps sums to 9999, but must sum to 10000`},
		{"approve", "", "k", `{"account_id":"a-1","kind":"holiday","from":"2027-02-20","evidence":"x"}`, `kind "holiday" is not one of merger, other`},
	} {
		d, out := desk(works)
		_, err := d.Do(access.With(t.Context(), dana), action(t, tt.name), tt.target, tt.key, []byte(tt.body))
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
			may := role == access.Admin || role == access.Ops && (a.Name == "retry" || a.Name == "discard")
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
		{"lock", "2027-Q2", "", decision.Conflict{Text: "not_ended."}},
		{"lock", "2026-Q3", "", decision.Conflict{Text: "locked. payment_requested."}},
		{"reopen", "2027-Q1", "", decision.Conflict{Text: "2027-Q1 is not locked."}},
		{"reopen", "2026-Q3", "", decision.Conflict{Text: "payment_requested."}},
	} {
		d, out := desk(works)
		_, err := d.Do(access.With(t.Context(), dana), action(t, tt.name), tt.target, "k", []byte(tt.body))
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
	ctx := access.With(t.Context(), dana)
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
	if _, err := do(access.With(t.Context(), access.Principal{Name: "eve", Role: access.Ops}), "k", `{"reason":"a"}`); !errors.Is(err, used) {
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
