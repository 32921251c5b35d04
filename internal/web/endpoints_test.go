package web_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"

	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/broker/brokertest"
	"github.com/trueup/trueup/internal/report/reporttest"
	"github.com/trueup/trueup/internal/web"
	"github.com/trueup/trueup/internal/web/webtest"
)

// atBroker serves a reader at a broker, as a worker does, and asks there.
func atBroker(t *testing.T, server *web.Server) func(operation, request string) *nats.Msg {
	t.Helper()
	b := brokertest.Start(t)
	s := broker.Service{Name: "trueup", Prefix: "trueup.api.default"}
	for _, e := range server.Endpoints() {
		s.Endpoints = append(s.Endpoints, broker.Endpoint{Name: e.Name, Meaning: e.Summary, Answer: e.Answer})
	}
	stop, err := brokertest.Connect(t, b.URL()).Serve(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	nc, err := nats.Connect(b.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		nc.Close()
		_ = stop(t.Context())
	})
	return func(operation, request string) *nats.Msg {
		m, err := nc.Request("trueup.api.default."+operation, []byte(request), 30*time.Second)
		if err != nil {
			t.Fatalf("%s: %v", operation, err)
		}
		return m
	}
}

// What is answered at the broker is, byte for byte, what is answered over HTTP.
func TestEndpointsAnswerAsHTTP(t *testing.T) {
	asked := map[string]bool{}
	for _, name := range []string{"churn-on-day-90", "same-id-other-content", "risk-sla-breached-by-silence"} {
		r := reporttest.Play(t, cases, name)
		s, _ := serve(t, r, web.Options{})
		ask := atBroker(t, web.NewServer(r, web.Options{}))
		for _, q := range webtest.Questions(t, r) {
			asked[q.Operation.Name] = true
			request, err := json.Marshal(q.Values)
			if err != nil {
				t.Fatal(err)
			}
			m := ask(q.Operation.Name, string(request))
			resp, want := get(t, http.MethodGet, s.URL+q.Target(), "")
			if resp.StatusCode != http.StatusOK || string(m.Data) != want || m.Header.Get(micro.ErrorHeader) != "" {
				t.Errorf("%s %s = %s %v, over HTTP %d %s", q.Operation.Name, request, m.Data, m.Header, resp.StatusCode, want)
			}
		}
	}
	for _, e := range web.NewServer(nil, web.Options{}).Endpoints() {
		if !asked[e.Name] && e.Name != "what_if_by_id" {
			t.Errorf("%s was not asked", e.Name)
		}
	}
}

func TestEndpointsRefuse(t *testing.T) {
	ask := atBroker(t, web.NewServer(reporttest.Play(t, cases, "churn-on-day-90"), web.Options{}))
	for _, tt := range []struct{ operation, request, code, text string }{
		{"statement", `{"paye":"csm-1"}`, "400", `parameter "paye" is not one of payee, period`},
		{"statement", `{"payee":["csm-1"]}`, "400", `parameter "payee" is neither text nor a number`},
		{"statement", `["csm-1"]`, "400", "the request is not one JSON object of parameters"},
		{"statement", `{} {}`, "400", "the request is not one JSON object of parameters"},
		{"statement", `{"period":"Q1"}`, "400", `parameter "period": period "Q1" is not like 2027-Q1`},
		{"statement", `{"payee":"csm-9"}`, "404", "no payee csm-9"},
		{"status", `{"x":1}`, "400", `parameter "x": this page takes none`},
		{"sla", `{"status":"late"}`, "400", `parameter "status": "late" is not one of open, met, closed, breached, resolved, retracted`},
		{"payees", `{"limit":501}`, "400", `parameter "limit": "501" is not a number from 0 to 500`},
		{"entry", ``, "400", `parameter "id" is missing`},
		{"entry", `{"id":"abcd"}`, "400", `entry id "abcd" is not 32 hexadecimal digits`},
		{"deal", `{"id":"opp-9"}`, "404", "no opportunity opp-9"},
	} {
		m := ask(tt.operation, tt.request)
		var body web.Failure
		if err := json.Unmarshal(m.Data, &body); err != nil || m.Header.Get(micro.ErrorCodeHeader) != tt.code ||
			m.Header.Get(micro.ErrorHeader) != tt.text || body.Error != tt.text {
			t.Errorf("%s %s = %s %v, want %s %s", tt.operation, tt.request, m.Data, m.Header, tt.code, tt.text)
		}
	}
	if m := ask("payees", `{"limit":1}`); m.Header.Get(micro.ErrorHeader) != "" || !strings.Contains(string(m.Data), `"rows"`) {
		t.Errorf("payees with a limit that is a number = %s %v", m.Data, m.Header)
	}
}

// Nothing can be decided at the broker, and what is no JSON is not answered.
func TestEndpointsOnlyRead(t *testing.T) {
	endpoints := map[string]bool{}
	for _, e := range web.NewServer(reporttest.Reader{}, web.Options{}).Endpoints() {
		endpoints[e.Name] = true
	}
	for _, o := range web.Operations() {
		if want := o.Method == http.MethodGet && o.Name != "journal" && !strings.HasPrefix(o.Name, "export_") && o.Name != "backup" && o.Name != "live" && o.Name != "openapi" && o.Name != "metrics"; endpoints[o.Name] != want {
			t.Errorf("%s %s is an endpoint: %v, want %v", o.Method, o.Path, endpoints[o.Name], want)
		}
	}
}
