package deploy

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nats.go/micro"

	"github.com/trueup/trueup/internal/workertest"
)

// An expansion of $24,000, told by those whose events they are.
var told = []struct{ user, events string }{
	{"hr", `{"specversion":"1.0","id":"e1","source":"hr","type":"crm.payee.enrolled.v1","time":"2027-01-01T12:00:00Z","data":{"payee_id":"csm-1","role":"csm","segment":"mid_market","effective_on":"2027-01-01"}}`},
	{"crm", `{"specversion":"1.0","id":"e2","source":"crm","type":"crm.account.assigned.v1","time":"2027-01-01T12:00:00Z","data":{"account_id":"acct-1","payee_id":"csm-1","role":"csm","effective_on":"2027-01-01"}}`},
	{"billing", `{"specversion":"1.0","id":"e3","source":"billing","type":"billing.subscription.started.v1","time":"2027-01-01T12:00:00Z","data":{"account_id":"acct-1","subscription_id":"sub-1","term_start":"2026-11-01","term_end":"2027-11-01","arr":{"amount":"80000.00","currency":"USD"}}}`},
	{"success", `{"specversion":"1.0","id":"e4","source":"success","type":"crm.health.scored.v1","time":"2027-02-01T15:00:00Z","data":{"account_id":"acct-1","score":40,"scale_max":100,"measured_at":"2027-02-01T15:00:00Z"}}`},
	{"fx", `{"specversion":"1.0","id":"e5","source":"treasury","type":"admin.fx.set.v1","time":"2027-02-01T15:00:00Z","data":{"base":"EUR","quote":"USD","rate":"1.08","effective_on":"2027-02-01"}}`},
	{"admin", `{"specversion":"1.0","id":"e6","source":"desk","type":"admin.adjustment.posted.v1","time":"2027-02-01T15:00:00Z","data":{"adjustment_id":"adj-1","payee_id":"csm-1","amount":{"amount":"100.00","currency":"USD"},"effective_on":"2027-02-01","reason":"onboarding","by":"comp-admin","by_role":"admin"}}`},
	// Two at once, which is an atomic batch.
	{"crm", `{"specversion":"1.0","id":"e7","source":"crm","type":"crm.expansion.booked.v1","time":"2027-02-10T15:04:05Z","data":{"opportunity_id":"opp-1","account_id":"acct-1","incremental_arr":{"amount":"24000.00","currency":"USD"},"closed_at":"2027-02-10T15:04:05Z","expansion_kind":"seats"}}
{"specversion":"1.0","id":"e8","source":"crm","type":"crm.churn.notified.v1","time":"2027-02-11T15:04:05Z","data":{"account_id":"acct-1","notified_on":"2027-02-11"}}`},
}

// args are what a command is told of the broker, by flags.
func (g guarded) args(user string) []string {
	l := g.login(user)
	return []string{"--nats", g.url(), "--nats-creds", l.Creds, "--nats-ca", l.CA, "--nats-inbox", l.Inbox}
}

func (g guarded) publish(user, events string) {
	g.t.Helper()
	code, _, stderr := workertest.Run(g.t, events, append([]string{"publish", "-"}, g.args(user)...)...)
	if code != 0 {
		g.t.Fatalf("trueup publish as %s ended with %d: %s", user, code, stderr)
	}
}

// worker is the program, told by its environment who it is, as a unit or a
// container tells it.
func (g guarded) worker(args ...string) *workertest.Process {
	l := g.login("worker")
	p := workertest.New(g.t, "", args...)
	p.Env = []string{"TRUEUP_NATS=" + g.url(), "TRUEUP_NATS_CREDS=" + l.Creds, "TRUEUP_NATS_CA=" + l.CA, "TRUEUP_NATS_INBOX=" + l.Inbox}
	p.Start()
	return p
}

// consumerSubjects is what payroll and ops read through consumers of their names.
var consumerSubjects = map[string][]string{
	"payroll": {"payout.default.>"},
	"ops":     {"sla.default.>", "ops.default.>", "ledger.default.>"},
}

// consumers makes them, as docs/deploy.md has the operator do it.
func (g guarded) consumers() {
	g.t.Helper()
	js, err := jetstream.New(g.as("operator"))
	if err != nil {
		g.t.Fatal(err)
	}
	for name, subjects := range consumerSubjects {
		_, err := js.CreateConsumer(g.t.Context(), "TRUEUP_OUT", jetstream.ConsumerConfig{Durable: name, FilterSubjects: subjects, AckPolicy: jetstream.AckExplicitPolicy})
		if err != nil {
			g.t.Fatal(err)
		}
	}
}

// reads takes messages of a consumer until there are no more, and gives their
// types.
func (g guarded) reads(user string) map[string]int {
	g.t.Helper()
	js, err := jetstream.New(g.as(user))
	if err != nil {
		g.t.Fatal(err)
	}
	consumer, err := js.Consumer(g.t.Context(), "TRUEUP_OUT", user)
	if err != nil {
		g.t.Fatalf("consumer of %s: %v", user, err)
	}
	types := map[string]int{}
	for left := consumer.CachedInfo().NumPending; left > 0; left-- {
		m, err := consumer.Next(jetstream.FetchMaxWait(patient))
		if err != nil {
			g.t.Fatalf("%s: %v", user, err)
		}
		var e struct{ Type string }
		if err := json.Unmarshal(m.Data(), &e); err != nil {
			g.t.Fatalf("%s: %q: %v", user, m.Data(), err)
		}
		types[e.Type]++
		if err := m.DoubleAck(g.t.Context()); err != nil {
			g.t.Fatalf("%s acknowledges: %v", user, err)
		}
	}
	return types
}

// The whole way with nobody allowed more than nats.conf says.
func TestWorkerAmongItsUsers(t *testing.T) {
	g := guard(t)
	data := t.TempDir()
	w := g.worker("--data", data, "--as-of", "2027-03-01")
	g.consumers()
	for _, e := range told {
		g.publish(e.user, e.events)
	}
	if st := w.Settled(); st.Parked != 0 || st.Entries != 1 || len(st.Alarms) != 0 {
		t.Errorf("status = %+v, want an entry, nothing parked, no alarm", st)
	}
	if got := g.reads("payroll"); got["payout.adjustment.issued.v1"] != 1 {
		t.Errorf("payroll reads %v, want an adjustment", got)
	}
	got := g.reads("ops")
	for kind := range got {
		if strings.HasPrefix(kind, "payout.") {
			t.Errorf("ops reads %v, want no payout", got)
		}
	}
	if got["sla.risk.opened.v1"] != 1 {
		t.Errorf("ops reads %v, want the risk that was opened", got)
	}

	// The questions.
	answer, err := g.as("finance").Request("trueup.api.default.statement", []byte(`{"payee":"csm-1"}`), patient)
	if err != nil || !strings.Contains(string(answer.Data), `"opp-1"`) {
		t.Errorf("finance asks for a statement: %v, %v", answer, err)
	}
	answer, err = g.as("ops").Request("trueup.api.default.status", nil, patient)
	if err != nil || answer.Header.Get(micro.ErrorCodeHeader) != "" {
		t.Errorf("ops asks for the status: %v, %v", answer, err)
	}
	asked := g.as("ops")
	if _, err := asked.Request("trueup.api.default.statement", []byte(`{"payee":"csm-1"}`), 200*time.Millisecond); err == nil {
		t.Error("ops is told a statement")
	}

	// Payroll confirms what it paid, as an event.
	g.publish("payroll", `{"specversion":"1.0","id":"e9","source":"payroll","type":"billing.payout.confirmed.v1","time":"2027-02-20T15:00:00Z","data":{"period":"2027-Q1","payee_id":"csm-1","amount":{"amount":"100.00","currency":"USD"},"reference":"r-1","at":"2027-02-20T15:00:00Z"}}`)
	if code, _, stderr := workertest.Run(t, told[0].events+"\n"+told[0].events, append([]string{"publish", "-"}, g.args("crm")...)...); code != 1 || !strings.Contains(stderr, "permissions violation") {
		t.Errorf("trueup publish of another's event ended with %d: %s, want what the broker says", code, stderr)
	}
	before := w.Settled()
	w.Stop()

	// It starts again where it was, and publishes a plan it is given.
	plan := filepath.Join(t.TempDir(), "plan.yaml")
	shown, err := exec.CommandContext(t.Context(), workertest.Binary(t, ""), "plan", "show").Output()
	if err != nil {
		t.Fatal(err)
	}
	next := strings.NewReplacer("version: 1\n", "version: 2\n", "from: 2027-01-01\n", "from: 2027-04-01\n").Replace(string(shown))
	if err := os.WriteFile(plan, []byte(next), 0o600); err != nil {
		t.Fatal(err)
	}
	w = g.worker("--data", data, "--as-of", "2027-03-01", "--plan", plan)
	if st := w.Settled(); st.Facts != before.Facts+1 || st.Parked != 0 || len(st.Alarms) != 0 {
		t.Errorf("status = %+v, want one fact more than %d: the plan", st, before.Facts)
	}
	w.Stop()
	creds, err := os.ReadFile(g.login("worker").Creds)
	if err != nil {
		t.Fatal(err)
	}
	if _, password, _ := strings.Cut(strings.TrimSpace(string(creds)), ":"); password == "" || strings.Contains(w.Stderr(), password) {
		t.Error("the log tells the password")
	}
	if log := w.Stderr(); strings.Contains(strings.ToLower(log), "permission") || strings.Contains(log, `"level":"error"`) {
		t.Errorf("the worker's log complains:\n%s", log)
	}
}

// A publisher chooses the subject that the broker acknowledges to. It must not be
// one of the outputs, or of the cursor.
func TestAcknowledgementAstray(t *testing.T) {
	g := guard(t)
	w := g.worker("--data", t.TempDir(), "--as-of", "2027-03-01")
	g.publish("hr", told[0].events)
	w.Settled()
	js, err := jetstream.New(g.as("operator"))
	if err != nil {
		t.Fatal(err)
	}
	for _, user := range []string{"crm", "billing", "hr"} {
		nc := g.as(user)
		subject := map[string]string{"crm": "crm.default.account.assigned", "billing": "billing.default.invoice.issued", "hr": "crm.default.payee.enrolled"}[user]
		for _, astray := range []string{"payout.default.payment.requested", "cursor.default", "clock.default", "ops.default.flag.raised", "_INBOX_payroll.abc"} {
			m := nats.NewMsg(subject)
			m.Reply, m.Data = astray, []byte(`{"of":"`+user+`","to":"`+astray+`"}`)
			if err := nc.PublishMsg(m); err != nil {
				t.Fatal(err)
			}
		}
		if err := nc.FlushTimeout(patient); err != nil {
			t.Fatal(err)
		}
	}
	g.publish("crm", told[1].events) // all of the above is stored once this is
	if st := w.Settled(); st.Parked != 15 || len(st.Alarms) != 0 {
		t.Errorf("status = %+v, want 15 parked and no alarm", st)
	}
	for _, stream := range []string{"TRUEUP_IN", "TRUEUP_OUT"} {
		s, err := js.Stream(t.Context(), stream)
		if err != nil {
			t.Fatal(err)
		}
		for seq := uint64(1); seq <= s.CachedInfo().State.LastSeq; seq++ {
			m, err := s.GetMsg(t.Context(), seq)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(m.Data), `"stream":"TRUEUP_IN"`) {
				t.Errorf("an acknowledgement was stored as %s", m.Subject)
			}
		}
	}
}
