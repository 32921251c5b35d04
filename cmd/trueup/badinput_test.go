package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/trueup/trueup/internal/broker/brokertest"
	"github.com/trueup/trueup/internal/wire"
	"github.com/trueup/trueup/internal/workertest"
)

// expansion is a good event; the bad ones are made from it.
const expansion = `{"specversion":"1.0","id":"%s","source":"crm","type":"crm.expansion.booked.v1","time":"2027-02-10T15:04:05Z","data":{"opportunity_id":"%s","account_id":"acct-1","incremental_arr":{"amount":"24000.00","currency":"USD"},"closed_at":"2027-02-10T15:04:05Z","expansion_kind":"seats"}}`

func good(id string) string { return fmt.Sprintf(expansion, id, "opp-"+id) }

// badInputs is every kind of input that cannot be applied, each published as
// it is on a subject.
func badInputs() []struct {
	name, subject, body string
	header              nats.Header
	code, says          string
} {
	booked := "crm.default.expansion.booked"
	change := func(old, new string) string { return strings.Replace(good("bad"), old, new, 1) }
	deep := strings.Replace(good("bad"), `"seats"`, strings.Repeat("[", 5000)+strings.Repeat("]", 5000), 1)
	return []struct {
		name, subject, body string
		header              nats.Header
		code, says          string
	}{
		{"not JSON", booked, `{"specversion":`, nil, string(wire.NotJSON), ""},
		{"JSON without CloudEvents attributes", booked, `{"hello":"world"}`, nil, string(wire.NotACloudEvent), "specversion"},
		{"unknown type", "crm.default.expansion.imagined", change("expansion.booked.v1", "expansion.imagined.v1"), nil, string(wire.UnknownType), "crm.expansion.imagined.v1"},
		{"subject no family takes", "crm.default.weather.changed", `{}`, nil, string(wire.NotACloudEvent), "specversion"},
		{"unknown field", booked, change(`"expansion_kind"`, `"colour":"red","expansion_kind"`), nil, string(wire.UnknownField), "data.colour"},
		{"missing field", booked, change(`"account_id":"acct-1",`, ""), nil, string(wire.MissingField), "data.account_id"},
		{"currency not in ISO 4217", booked, change(`"USD"`, `"USX"`), nil, string(wire.BadCurrency), "USX"},
		{"too many decimals", booked, change(`"24000.00"`, `"24000.001"`), nil, string(wire.BadAmount), "24000.001"},
		{"amount as a number", booked, change(`"24000.00"`, `24000.00`), nil, string(wire.BadAmount), "data.incremental_arr.amount"},
		{"overflow", booked, change(`"24000.00"`, `"99999999999999999999.00"`), nil, string(wire.BadAmount), "data.incremental_arr.amount"},
		{"impossible date", "crm.default.churn.effective", `{"specversion":"1.0","id":"bad-date","source":"crm","type":"crm.churn.effective.v1","time":"2027-02-10T15:04:05Z","data":{"account_id":"acct-1","effective_on":"2027-02-29"}}`, nil, string(wire.BadDate), "2027-02-29"},
		{"score outside its scale", "crm.default.health.scored", `{"specversion":"1.0","id":"bad-score","source":"crm","type":"crm.health.scored.v1","time":"2027-02-10T15:04:05Z","data":{"account_id":"acct-1","score":101,"scale_max":100,"measured_at":"2027-02-10T15:04:05Z"}}`, nil, string(wire.BadValue), "data.score"},
		{"a NATS header with two values", booked, `{}`, nats.Header{
			"ce-specversion": {"1.0"}, "ce-id": {"a", "b"}, "ce-source": {"crm"}, "ce-type": {"crm.expansion.booked.v1"}, "ce-time": {"2027-02-10T15:04:05Z"},
		}, string(wire.BadHeader), "ce-id"},
		{"empty body", booked, "", nil, string(wire.Empty), ""},
		{"1 MiB body", booked, change(`"seats"`, `"`+strings.Repeat("x", 1<<20-1000)+`"`), nil, string(wire.TooLarge), "allowed"},
		{"deep nesting", booked, deep, nil, string(wire.TooDeep), ""},
		{"tenant mismatch", booked, change(`"data":`, `"tenant":"acme","data":`), nil, string(wire.WrongTenant), "acme"},
		{"same id with other content", booked, strings.Replace(good("g1"), "24000.00", "99000.00", 1), nil, "conflict", "g1"},
		{"a plan that cannot be read", "admin.default.plan.published", `{"specversion":"1.0","id":"plan-1","source":"admin","type":"admin.plan.published.v1","time":"2027-02-10T15:04:05Z","data":{"plan_yaml":"plan: broken\nversion: one\n"}}`, nil, "invalid_plan", "version"},
		{"a decision by a role that may not decide", "admin.default.exception.approved", `{"specversion":"1.0","id":"x-1","source":"admin","type":"admin.exception.approved.v1","time":"2027-02-10T15:04:05Z","data":{"exception_id":"x1","account_id":"acct-1","kind":"merger","from":"2027-02-20","evidence":"https://wiki.example/x1","by":"ann","by_role":"intern"}}`, nil, "not_entitled", "data.by_role"},
	}
}

// Bad inputs among good ones through the real path: none stops or slows the
// others, each is parked with a reason and announced.
func TestBadInputsAreParked(t *testing.T) {
	dir := t.TempDir()
	p := workertest.Start(t, "--data", filepath.Join(dir, "data"), "--as-of", "2027-03-01", "--log-level", "debug")
	nc := brokertest.Connect(t, p.Events()).NATS()
	publish := func(subject, body string, header nats.Header) {
		t.Helper()
		if _, err := nc.RequestMsg(&nats.Msg{Subject: subject, Header: header, Data: []byte(body)}, 5*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	bad := badInputs()
	publish("crm.default.expansion.booked", good("g1"), nil)
	for i, b := range bad {
		publish(b.subject, b.body, b.header)
		publish("crm.default.expansion.booked", good(fmt.Sprintf("ok-%d", i)), nil)
	}
	var data struct{ Data json.RawMessage }
	if err := json.Unmarshal([]byte(good("binary")), &data); err != nil {
		t.Fatal(err)
	}
	publish("crm.default.expansion.booked", string(data.Data), nats.Header{ // binary mode; the names of headers in any case
		"Ce-Specversion": {"1.0"}, "ce-id": {"binary%20mode"}, "ce-source": {"crm"}, "ce-type": {"crm.expansion.booked.v1"}, "CE-Time": {"2027-02-10T15:04:05Z"},
	})
	st := p.Settled()
	if want := uint64(len(bad) + 2); st.Facts != want {
		t.Errorf("%d facts, want the %d good events", st.Facts, want)
	}
	parked, err := p.Reader().Parked(context.Background(), "parked")
	if err != nil {
		t.Fatal(err)
	}
	if len(parked) != len(bad) {
		t.Errorf("%d parked, want %d", len(parked), len(bad))
	}
	for i, b := range bad[:min(len(bad), len(parked))] {
		got := parked[i] // in order of arrival instants, which are all the same: find it by its size and subject
		for _, q := range parked {
			if q.Subject == b.subject && q.Code == b.code && strings.Contains(q.Reason, b.says) {
				got = q
			}
		}
		if got.Code != b.code || !strings.Contains(got.Reason, b.says) {
			t.Errorf("%s: no parked input has code %s and says %q; parked: %+v", b.name, b.code, b.says, got)
		}
	}
	rejected := map[string]bool{}
	for _, m := range brokertest.Outputs(t, p.Events()) {
		if m.Subject != "ops.default.event.rejected" {
			continue
		}
		var e struct{ Data wire.EventRejected }
		if err := json.Unmarshal(m.Body, &e); err != nil {
			t.Fatal(err)
		}
		rejected[e.Data.ParkedID] = true
		if bytes.Contains(m.Body, []byte("24000.00\",\"currency")) {
			t.Errorf("the announcement of %s has the payload", e.Data.ParkedID)
		}
	}
	for _, q := range parked {
		if !rejected[q.ParkedID] {
			t.Errorf("%s (%s) was not announced", q.ParkedID, q.Code)
		}
	}
	if log := p.Stderr(); strings.Contains(log, "24000") || strings.Contains(log, "acct-1") {
		t.Errorf("the log has what must not be in a log:\n%s", log)
	}
}

// An event too large for the limit is parked; with the limit raised a retry
// applies it, and a discard gives another up.
func TestParkedRetriedAfterAFix(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	args := []string{"--data", data, "--as-of", "2027-03-01"}
	p := workertest.Start(t, append(args, "--max-event-bytes", "200")...)
	nc := brokertest.Connect(t, p.Events()).NATS()
	for _, body := range []string{good("big"), "rubbish"} {
		if _, err := nc.Request("crm.default.expansion.booked", []byte(body), 5*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	waitFor(t, func() bool { st, err := p.Reader().Status(context.Background()); return err == nil && st.Parked == 2 })
	p.Stop()

	p = workertest.Start(t, args...)
	ids := map[string]string{}
	parked, err := p.Reader().Parked(context.Background(), "parked")
	if err != nil || len(parked) != 2 {
		t.Fatalf("parked after a restart: %+v, %v", parked, err)
	}
	for _, q := range parked {
		ids[q.Code] = q.ParkedID
	}
	for _, do := range [][]string{{"retry", ids[string(wire.TooLarge)]}, {"discard", ids[string(wire.NotJSON)]}} {
		code, out, stderr := trueup(t, "", "parked", do[0], do[1], "--by", "ops-1", "--reason", "limit raised", "--server", p.Answers(), "--nats", p.Events())
		if code != 0 {
			t.Fatalf("trueup parked %s: exit %d: %s%s", do[0], code, out, stderr)
		}
	}
	p.Settled()
	applied, err := p.Reader().ParkedByID(context.Background(), ids[string(wire.TooLarge)])
	if err != nil || applied.State != "applied" || applied.By != "ops-1" {
		t.Errorf("the retried input is %+v, %v; want applied by ops-1", applied, err)
	}
	given, err := p.Reader().ParkedByID(context.Background(), ids[string(wire.NotJSON)])
	if err != nil || given.State != "discarded" || given.Note != "limit raised" {
		t.Errorf("the discarded input is %+v, %v; want discarded", given, err)
	}
}

// A deadline that passes while the worker is down is a breach when it is back,
// raised by the clock alone and dated at the deadline.
func TestBreachWhileTheWorkerWasDown(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	p := workertest.Start(t, "--data", data, "--as-of", "2027-06-02T00:00:00Z")
	events := `{"specversion":"1.0","id":"a1","source":"crm","type":"crm.account.assigned.v1","time":"2027-01-01T00:00:00Z","data":{"account_id":"acct-1","payee_id":"csm-1","role":"csm","effective_on":"2027-01-01"}}
{"specversion":"1.0","id":"h1","source":"crm","type":"crm.health.scored.v1","time":"2027-06-01T14:00:00Z","data":{"account_id":"acct-1","score":58,"scale_max":100,"measured_at":"2027-06-01T14:00:00Z"}}`
	if code, _, stderr := trueup(t, events, "publish", "-", "--nats", p.Events()); code != 0 {
		t.Fatal(stderr)
	}
	p.Settled()
	p.Stop()
	p = workertest.Start(t, "--data", data, "--as-of", "2027-07-01T00:00:00Z")
	p.Settled()
	for _, m := range brokertest.Outputs(t, p.Events()) {
		if m.Subject != "sla.default.risk.breached" {
			continue
		}
		var e struct {
			Time time.Time
			Data wire.RiskClock
		}
		if err := json.Unmarshal(m.Body, &e); err != nil {
			t.Fatal(err)
		}
		if want := time.Date(2027, time.June, 8, 14, 0, 0, 0, time.UTC); !e.Time.Equal(want) || e.Data.At != "2027-06-08T14:00:00Z" || e.Data.PayeeID != "csm-1" {
			t.Errorf("breach dated %s at %s for %s, want %s", e.Time, e.Data.At, e.Data.PayeeID, want)
		}
		return
	}
	t.Error("no breach was published")
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatal("it did not come to pass within 30 seconds")
}
