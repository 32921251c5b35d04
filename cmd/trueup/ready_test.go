package main

import (
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/broker/brokertest"
	"github.com/trueup/trueup/internal/scenario/scenariotest"
	"github.com/trueup/trueup/internal/web"
	"github.com/trueup/trueup/internal/wire"
)

// readiness asks a worker which parts are ready.
func readiness(t *testing.T, base string) (code int, why map[string]string) {
	t.Helper()
	code, text := ask(t, base+"/readyz", "")
	var body struct{ Parts []web.Part }
	if err := json.Unmarshal([]byte(text), &body); err != nil {
		t.Fatalf("GET /readyz = %d %s: %v", code, text, err)
	}
	why = map[string]string{}
	for _, p := range body.Parts {
		why[p.Name] = p.Why
		if p.Ready != (p.Why == "") {
			t.Errorf("/readyz: %+v says two things", p)
		}
	}
	if len(why) != 4 {
		t.Errorf("/readyz has the parts %v, want four", why)
	}
	return code, why
}

// awaitReady waits until a part says why it is not ready, or that it is.
func awaitReady(t *testing.T, base, part string, ready bool) {
	t.Helper()
	for until := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		code, why := readiness(t, base)
		ended := ready && code == http.StatusOK || !ready && code == http.StatusServiceUnavailable && why[part] != ""
		if ended {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("/readyz = %d %v, want %s ready: %v", code, why, part, ready)
		}
	}
}

// Readiness tells the truth of a worker whose broker is killed and comes back,
// whose output stream is full and then is not, and whose ledger was closed. Alive it is
// all along.
func TestReadiness(t *testing.T) {
	server := brokertest.Server(t)
	all := scenariotest.All(t, cases)
	c := all[0]
	e := env{nil, strings.NewReader(""), io.Discard, io.Discard, func(string) string { return "" }, time.Now}
	cfg := config{
		data: filepath.Join(t.TempDir(), "data"), nats: server.URL(), http: "127.0.0.1:0", tenant: "default", asOf: asOf(t, c), plans: []string{planOf(t, c)},
		streams: broker.DefaultNames, maxEvent: wire.DefaultMaxBody, logLevel: "error",
	}
	if err := cfg.check(); err != nil {
		t.Fatal(err)
	}
	w, err := startWorker(t.Context(), e, cfg, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.abort() })
	awaitReady(t, w.httpURL, "input", true)

	server.Kill()
	awaitReady(t, w.httpURL, "broker", false)
	awaitReady(t, w.httpURL, "input", false)
	if code, text := ask(t, w.httpURL+"/healthz", ""); code != http.StatusOK {
		t.Errorf("/healthz = %d %s without a broker", code, text)
	}
	server.Restart()
	awaitReady(t, w.httpURL, "broker", true)

	conn := brokertest.Connect(t, server.URL())
	stream, err := conn.JetStream().Stream(t.Context(), broker.DefaultNames.Out)
	if err != nil {
		t.Fatal(err)
	}
	room := stream.CachedInfo().Config
	full := room
	full.MaxMsgs, full.Discard = 2, jetstream.DiscardNew
	if _, err := conn.JetStream().UpdateStream(t.Context(), full); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := trueup(t, string(c.Events), "publish", "-", "--nats", server.URL()); code != 0 {
		t.Fatalf("trueup publish: exit %d: %s", code, stderr)
	}
	awaitReady(t, w.httpURL, "output", false)
	if _, why := readiness(t, w.httpURL); !strings.Contains(why["output"], "max_msgs") || why["ledger"] != "" || why["input"] != "" {
		t.Errorf("parts %v, want only the output not ready, and max_msgs told", why)
	}
	if _, _, families := scrape(t, w.httpURL, ""); value(families, "trueup_outputs_waiting") <= 0 || value(families, "trueup_ready", "part=output") > 0 {
		t.Errorf("%v outputs wait, ready %v", value(families, "trueup_outputs_waiting"), value(families, "trueup_ready", "part=output"))
	}
	if _, err := conn.JetStream().UpdateStream(t.Context(), room); err != nil {
		t.Fatal(err)
	}
	awaitReady(t, w.httpURL, "output", true)

	w.noInput()
	if err := w.sub.Close(); err != nil {
		t.Fatal(err)
	}
	awaitReady(t, w.httpURL, "input", false)
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	awaitReady(t, w.httpURL, "ledger", false)
}
