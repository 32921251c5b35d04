package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"
	"github.com/rs/zerolog"

	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/broker/brokertest"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/scenario/scenariotest"
	"github.com/trueup/trueup/internal/wire"
)

// A running worker is found at the broker and answers there, a page that
// listens hears of an episode that turned, and both end with the worker.
func TestWorkerIsAskedAtTheBrokerAndHeard(t *testing.T) {
	all := scenariotest.All(t, cases)
	c := all[slices.IndexFunc(all, func(c scenariotest.Case) bool { return c.Name == "risk-sla-breached-by-silence" })]
	url := brokertest.Start(t).URL()
	cfg := config{
		data: t.TempDir(), nats: url, http: "127.0.0.1:0", tenant: "acme", asOf: asOf(t, c), plans: []string{planOf(t, c)},
		streams: broker.DefaultNames, maxEvent: wire.DefaultMaxBody, logLevel: "warn",
	}
	if err := cfg.check(); err != nil {
		t.Fatal(err)
	}
	e := env{stdout: io.Discard, stderr: io.Discard, getenv: func(string) string { return "" }, now: time.Now}
	w, err := startWorker(t.Context(), e, cfg, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	stopped := false
	defer func() {
		if !stopped {
			_ = w.stop()
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.httpURL+"/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	heard := bufio.NewScanner(resp.Body)
	hears := func(line string) {
		for heard.Scan() {
			if heard.Text() == line {
				return
			}
		}
		t.Fatalf("the page heard no %q: %v", line, heard.Err())
	}
	hears("event: ledger")

	published := bytes.Join(sorted(t, lines(c.Events)), []byte("\n"))
	e.stdin = bytes.NewReader(published)
	e.args = []string{"publish", "-", "--nats", url, "--tenant", cfg.tenant}
	if code := run(ctx, e); code != exitDone {
		t.Fatalf("trueup publish: exit %d", code)
	}
	hears("event: sla")

	nc, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	var info micro.Info
	answer := func(subject string, into any) {
		m, err := nc.Request(subject, nil, time.Minute)
		if err == nil {
			err = json.Unmarshal(m.Data, into)
		}
		if err != nil {
			t.Fatalf("%s: %v", subject, err)
		}
	}
	answer("$SRV.INFO.trueup", &info)
	if !slices.ContainsFunc(info.Endpoints, func(e micro.EndpointInfo) bool { return e.Subject == "trueup.api.acme.sla" }) {
		t.Errorf("INFO = %+v", info)
	}
	var episodes []report.Episode
	answer("trueup.api.acme.sla", &episodes)
	if len(episodes) != 1 {
		t.Errorf("episodes = %+v", episodes)
	}

	stopped = true
	if err := w.stop(); err != nil {
		t.Errorf("stop() with a page that listens = %v", err)
	}
	for heard.Scan() { // what it was still told
	}
	if err := heard.Err(); err != nil {
		t.Errorf("the page's stream ended with %v", err)
	}
	if _, err := nc.Request("trueup.api.acme.status", nil, time.Minute); err == nil || !strings.Contains(err.Error(), "no responders") {
		t.Errorf("asked at the broker after the end: %v", err)
	}
}
