package deploy

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/wire"
	"github.com/trueup/trueup/internal/workertest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	workertest.Clean()
	os.Exit(code)
}

const patient = 20 * time.Second

// secrets makes a folder of them, as docs/deploy.md says.
func secrets(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "secrets")
	cmd := exec.CommandContext(t.Context(), "go", "run", "./deploy/secrets", "-until", "2100-01-01", "-store", t.TempDir(), dir)
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v: %s", cmd, err, out)
	}
	return dir
}

// guarded is a server that reads nats/nats.conf, and what its users log in with.
type guarded struct {
	t       *testing.T
	server  *server.Server
	secrets string
}

func guard(t *testing.T) guarded {
	t.Helper()
	dir := secrets(t)
	env, err := os.ReadFile(filepath.Join(dir, "nats.env"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(env) {
		name, value, _ := strings.Cut(strings.TrimSpace(string(line)), "=")
		t.Setenv(name, strings.Trim(value, "'"))
	}
	o, err := server.ProcessConfigFile(filepath.Join("nats", "nats.conf"))
	if err != nil {
		t.Fatal(err)
	}
	o.Host, o.Port, o.NoSigs, o.NoLog = "127.0.0.1", server.RANDOM_PORT, true, true
	s, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	if !s.ReadyForConnections(patient) || !s.JetStreamEnabled() {
		t.Fatal("the server is not ready")
	}
	return guarded{t, s, dir}
}

func (g guarded) url() string { return "tls://" + g.server.Addr().String() }

func (g guarded) login(user string) broker.Login {
	return broker.Login{
		Creds: filepath.Join(g.secrets, user+".creds"), CA: filepath.Join(g.secrets, "ca.pem"), Inbox: "_INBOX_" + user,
	}
}

// as connects as a user.
func (g guarded) as(user string) *nats.Conn {
	g.t.Helper()
	opts, err := g.login(user).Options()
	if err != nil {
		g.t.Fatal(err)
	}
	nc, err := nats.Connect(g.url(), append(opts, nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))...)
	if err != nil {
		g.t.Fatalf("connect as %s: %v", user, err)
	}
	g.t.Cleanup(nc.Close)
	return nc
}

// refused reports whether the server has refused what was sent before: it says
// so before it answers a flush.
func refused(t *testing.T, nc *nats.Conn, what, subject string) bool {
	t.Helper()
	if err := nc.FlushTimeout(patient); err != nil {
		t.Fatal(err)
	}
	err := nc.LastError()
	return err != nil && strings.Contains(err.Error(), "Permissions Violation for "+what+` to "`+subject+`"`)
}

// users are those of nats.conf.
var users = []string{"worker", "crm", "success", "hr", "billing", "fx", "admin", "payroll", "ops", "finance", "operator"}

// only is who may do something: users' names with spaces between.
type only string

func (o only) has(user string) bool { return slices.Contains(strings.Fields(string(o)), user) }

// publishers is who may publish which events, by the first words of their type.
// The longest that fits holds.
var publishers = map[string]only{
	"crm.":              "crm",
	"crm.payee.":        "hr",
	"crm.health.":       "success",
	"crm.intervention.": "success",
	"crm.review.":       "success",
	"crm.contact.":      "success",
	"crm.survey.":       "success",
	"crm.adoption.":     "success",
	"crm.onboarding.":   "success",
	"billing.":          "billing",
	"billing.payout.":   "payroll",
	"admin.":            "admin worker",
	"admin.fx.":         "fx admin worker",
	"clock.":            "worker",
}

func publisher(kind string) only {
	longest := ""
	for prefix := range publishers {
		if strings.HasPrefix(kind, prefix) && len(prefix) > len(longest) {
			longest = prefix
		}
	}
	return publishers[longest]
}

// Every user is held against every subject that matters: all events of the
// contract, all outputs, all that JetStream can be told, and the questions.
func TestWhoMaySayWhat(t *testing.T) {
	g := guard(t)
	rows := map[string]only{
		"clock.default": "worker", "cursor.default": "worker",
		"trueup.writer.abc": "worker", "trueup.waiting.default": "worker",
		// Another tenant's, and what is like ours and is not.
		"crm.acme.expansion.booked": "", "admin.acme.plan.published": "", "clock.acme": "", "payout.acme.adjustment.issued": "",
		"crm.default": "", "billing.default": "", "admin.default": "", "crm.defaulted.expansion.booked": "", "anything": "",

		"$JS.API.INFO": "operator", "$JS.API.STREAM.LIST": "operator", "$JS.API.STREAM.NAMES": "worker operator",
		"$JS.API.CONSUMER.MSG.NEXT.TRUEUP_IN.trueup-default":   "worker operator",
		"$JS.API.CONSUMER.CREATE.TRUEUP_IN.trueup-default":     "worker operator",
		"$JS.API.CONSUMER.RESET.TRUEUP_IN.trueup-default":      "worker operator",
		"$JS.API.CONSUMER.INFO.TRUEUP_IN.trueup-default":       "worker ops operator",
		"$JS.API.CONSUMER.DELETE.TRUEUP_IN.trueup-default":     "worker operator",
		"$JS.API.CONSUMER.PAUSE.TRUEUP_IN.trueup-default":      "operator",
		"$JS.API.CONSUMER.MSG.NEXT.TRUEUP_OUT.payroll":         "payroll operator",
		"$JS.API.CONSUMER.MSG.NEXT.TRUEUP_OUT.ops":             "ops operator",
		"$JS.API.CONSUMER.INFO.TRUEUP_OUT.payroll":             "payroll operator",
		"$JS.API.CONSUMER.INFO.TRUEUP_OUT.ops":                 "ops operator",
		"$JS.API.CONSUMER.DELETE.TRUEUP_OUT.payroll":           "operator",
		"$JS.API.CONSUMER.LEADER.STEPDOWN.TRUEUP_OUT.payroll":  "operator",
		"$JS.API.CONSUMER.DURABLE.CREATE.TRUEUP_OUT.payroll":   "operator",
		"$JS.API.CONSUMER.CREATE.TRUEUP_OUT.payroll":           "operator",
		"$JS.API.CONSUMER.CREATE.TRUEUP_OUT.payroll.payout.>":  "operator",
		"$JS.API.CONSUMER.CREATE.TRUEUP_IN":                    "operator",
		"$JS.API.CONSUMER.CREATE.TRUEUP_IN.another":            "operator",
		"$JS.API.CONSUMER.DURABLE.CREATE.TRUEUP_IN.another":    "operator",
		"$JS.API.CONSUMER.CREATE.TRUEUP_IN.trueup-default.a.>": "operator",
		"$JS.ACK.TRUEUP_IN.trueup-default.1.2.3.4.5":           "worker operator",
		"$JS.ACK.TRUEUP_OUT.payroll.1.2.3.4.5":                 "payroll operator",
		"$JS.ACK.TRUEUP_OUT.ops.1.2.3.4.5":                     "ops operator",

		"$SRV.PING.trueup": "ops finance",
	}
	for _, s := range []string{"TRUEUP_IN", "TRUEUP_OUT"} {
		rows["$JS.API.STREAM.INFO."+s] = "worker ops operator"
		rows["$JS.API.STREAM.CREATE."+s] = "worker operator"
		rows["$JS.API.STREAM.MSG.GET."+s] = "worker operator"
		for _, verb := range []string{"UPDATE", "DELETE", "PURGE", "MSG.DELETE", "SNAPSHOT", "RESTORE", "LEADER.STEPDOWN"} {
			rows["$JS.API.STREAM."+verb+"."+s] = "operator"
		}
		rows["$JS.API.DIRECT.GET."+s] = "operator"
		rows["$JS.API.DIRECT.GET."+s+".payout.default.adjustment.issued"] = "operator"
		rows["$JS.API.CONSUMER.LIST."+s] = "operator"
	}
	rows["$JS.API.STREAM.CREATE.ANOTHER"] = "operator"
	for _, kind := range wire.Types() {
		rows[wire.Subject("default", kind)] = publisher(string(kind))
	}
	for _, kind := range wire.OutTypes() {
		family, rest, _ := strings.Cut(strings.TrimSuffix(kind, ".v1"), ".")
		rows[family+".default."+rest] = "worker"
	}
	for _, question := range []string{"overview", "payees", "statement", "entry", "deal", "book", "parked", "parked_by_id", "verify", "what_if_by_id"} {
		rows["trueup.api.default."+question] = "finance"
	}
	for _, question := range []string{"status", "sla", "flags", "healthz", "readyz"} {
		rows["trueup.api.default."+question] = "ops finance"
	}
	for _, other := range users {
		rows["_INBOX_"+other+".abc"] = ""
	}
	for _, user := range users {
		nc := g.as(user)
		for subject, may := range rows {
			if err := nc.Publish(subject, nil); err != nil {
				t.Fatal(err)
			}
			if got := !refused(t, nc, "Publish", subject); got != may.has(user) {
				t.Errorf("%s may publish %s: %v, want %v", user, subject, got, may.has(user))
			}
		}
	}
}

func TestWhoMayHearWhat(t *testing.T) {
	g := guard(t)
	rows := map[string]only{
		"_INBOX.>": "", ">": "", "*.default.>": "", "crm.default.>": "", "billing.default.>": "", "admin.default.>": "",
		"clock.default": "", "payout.default.>": "", "payout.default.payment.requested": "", "sla.default.>": "", "ops.default.>": "",
		"ledger.default.>": "", "cursor.default": "", "$JS.API.>": "", "$JS.ACK.>": "", "$SYS.>": "", "$JS.EVENT.ADVISORY.>": "operator",
		"trueup.api.default.statement": "worker", "trueup.writer.abc": "worker", "trueup.waiting.default": "worker", "$SRV.PING": "worker",
	}
	for _, user := range users {
		rows["_INBOX_"+user+".>"] = only(user)
	}
	for _, user := range users {
		nc := g.as(user)
		for subject, may := range rows {
			if _, err := nc.SubscribeSync(subject); err != nil {
				t.Fatal(err)
			}
			if got := !refused(t, nc, "Subscription", subject); got != may.has(user) {
				t.Errorf("%s may subscribe to %s: %v, want %v", user, subject, got, may.has(user))
			}
		}
	}
}

// Nobody without a password, with another's, or who believes in no authority of
// ours.
func TestStrangers(t *testing.T) {
	g := guard(t)
	nobody := g.login("crm")
	nobody.Creds = ""
	liar := g.login("crm")
	liar.Creds = filepath.Join(t.TempDir(), "liar")
	if err := os.WriteFile(liar.Creds, []byte("worker:guessed\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	doubter := g.login("crm")
	doubter.CA = ""
	for what, l := range map[string]broker.Login{"Authorization Violation": nobody, "Authorization": liar, "certificate": doubter} {
		opts, err := l.Options()
		if err != nil {
			t.Fatal(err)
		}
		nc, err := nats.Connect(g.url(), opts...)
		if err == nil {
			nc.Close()
		}
		if err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(what)) {
			t.Errorf("connect as %+v = %v, want an error of %s", l, err, what)
		}
	}
	if _, err := nats.Connect(strings.Replace(g.url(), "tls:", "nats:", 1), nats.UserInfo("crm", "x")); err == nil {
		t.Error("a connection without TLS is let in")
	}
}
