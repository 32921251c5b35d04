package main

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/broker/brokertest"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/scenario/scenariotest"
	"github.com/trueup/trueup/internal/wire"
	"github.com/trueup/trueup/internal/workertest"
)

// otlp is a collector of traces.
type otlp struct {
	*httptest.Server
	mu    sync.Mutex
	spans []*trace.Span
	text  bytes.Buffer // everything that came
}

func collect(t *testing.T) *otlp {
	t.Helper()
	c := &otlp{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		var in collector.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &in)
		}
		if err != nil || req.URL.Path != "/v1/traces" {
			http.Error(w, fmt.Sprint(req.URL.Path, err), http.StatusBadRequest)
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		fmt.Fprintln(&c.text, in.String())
		for _, r := range in.GetResourceSpans() {
			for _, s := range r.GetScopeSpans() {
				c.spans = append(c.spans, s.GetSpans()...)
			}
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(c.Close)
	return c
}

// of waits for a trace to have so many spans, and gives them by name.
func (c *otlp) of(t *testing.T, id string, want int) map[string][]*trace.Span {
	t.Helper()
	for until := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		out, n := map[string][]*trace.Span{}, 0
		c.mu.Lock()
		for _, s := range c.spans {
			if hex.EncodeToString(s.GetTraceId()) == id {
				out[s.GetName()] = append(out[s.GetName()], s)
				n++
			}
		}
		c.mu.Unlock()
		if n >= want || time.Now().After(until) {
			return out
		}
	}
}

// traced starts a worker that sends its traces to a collector.
func traced(t *testing.T, to string, args ...string) *workertest.Process {
	t.Helper()
	p := workertest.New(t, "", args...)
	if to != "" {
		p.Env = []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + to, "OTEL_BSP_SCHEDULE_DELAY=50"}
	}
	p.Start()
	return p
}

// traceparent is the trace that an event is sent with, and the span it is below.
func traceparent(i int) string { return fmt.Sprintf("00-%032x-%016x-01", 0xabc000+i, 0xdef000+i) }

// publishTraced publishes events, each with a trace of its own where asked.
func publishTraced(t *testing.T, p *workertest.Process, events [][]byte, with bool) {
	t.Helper()
	conn := brokertest.Connect(t, p.Events())
	defer conn.Close()
	_, err := conn.PublishAll(t.Context(), func(yield func(broker.Msg, error) bool) {
		for i, body := range events {
			var head struct{ Type event.Type }
			if err := json.Unmarshal(body, &head); err != nil {
				t.Error(err)
			}
			m := broker.Msg{Subject: wire.Subject("default", head.Type), Body: body, Header: nats.Header{"Content-Type": {"application/cloudevents+json"}}}
			if with {
				m.Header["Traceparent"] = []string{traceparent(i)}
				m.Header["tracestate"] = []string{"crm=1"}
			}
			if !yield(m, nil) {
				return
			}
		}
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
}

// An event that comes with a traceparent is one trace with what it causes: from
// the sender's span over its receipt, its batch and its commit to the
// publishing of its output, whose message carries it on. What is published is to
// the byte what it is without, and an event sent again in another trace is the same event.
func TestTrace(t *testing.T) {
	all := scenariotest.All(t, cases)
	c := all[slices.IndexFunc(all, func(c scenariotest.Case) bool { return c.Name == "same-id-other-content" })]
	events := sorted(t, lines(c.Events))
	traces := collect(t)
	outputs := map[bool][]brokertest.Output{}
	for _, with := range []bool{true, false} {
		to := ""
		if with {
			to = traces.URL
		}
		p := traced(t, to, "--data", t.TempDir(), "--plan", planOf(t, c), "--as-of", asOf(t, c))
		publishTraced(t, p, events, with)
		p.Settled()
		if with { // all of it again, in other traces: nothing new, and nothing more is parked
			publishTraced(t, p, slices.Concat(events[1:], events[:1]), true)
			await(t, p.Reader(), func(st *report.Status) bool { return st.Pending == 0 && st.Parked == len(c.Want.Rejected) })
		}
		outputs[with] = brokertest.Outputs(t, p.Events())
		p.Stop()
	}
	if len(outputs[true]) == 0 || !slices.EqualFunc(outputs[true], outputs[false], func(a, b brokertest.Output) bool {
		return a.Subject == b.Subject && a.ID == b.ID && bytes.Equal(a.Body, b.Body)
	}) {
		t.Errorf("with traces %d outputs, without %d, or not the same", len(outputs[true]), len(outputs[false]))
	}
	for _, o := range outputs[false] {
		if o.Header.Get("traceparent") != "" {
			t.Errorf("%s has a trace though nothing is traced", o.Subject)
		}
	}
	followed := 0
	for _, o := range outputs[true] {
		carried := o.Header.Get("traceparent")
		if carried == "" {
			t.Errorf("%s has no trace", o.Subject)
			continue
		}
		part := strings.Split(carried, "-")
		if !strings.HasPrefix(part[1], "00000000") {
			continue // of timers or a tick: see TestTraceOfTimers
		}
		followed++
		spans := traces.of(t, part[1], 4)
		receive, publish := spans["receive"], spans["publish"]
		if len(receive) == 0 || len(spans["batch"]) == 0 || len(spans["commit"]) == 0 || len(publish) == 0 {
			t.Errorf("%s: the trace has %v, want receive, batch, commit and publish", o.Subject, spans)
			continue
		}
		slices.SortFunc(receive, func(a, b *trace.Span) int { return cmp.Compare(a.GetStartTimeUnixNano(), b.GetStartTimeUnixNano()) })
		first := receive[0]
		if parent := hex.EncodeToString(first.GetParentSpanId()); !strings.HasPrefix(parent, "0000000000def") {
			t.Errorf("%s: receive is below %s, want the sender's span", o.Subject, parent)
		}
		for _, name := range []string{"batch", "commit", "publish"} {
			if !slices.ContainsFunc(receive, func(r *trace.Span) bool { return bytes.Equal(spans[name][0].GetParentSpanId(), r.GetSpanId()) }) {
				t.Errorf("%s: %s is not below receive", o.Subject, name)
			}
		}
		if !slices.ContainsFunc(publish, func(s *trace.Span) bool { return hex.EncodeToString(s.GetSpanId()) == part[2] }) {
			t.Errorf("%s carries %s, which is no publish span of %v", o.Subject, carried, publish)
		}
		if o.Header.Get("tracestate") != "crm=1" {
			t.Errorf("%s: tracestate %q, want the sender's", o.Subject, o.Header.Get("tracestate"))
		}
	}
	if followed == 0 {
		t.Errorf("none of %d outputs has a trace", len(outputs[true]))
	}
	traces.namesNobody(t)
}

// namesNobody fails where spans have attributes that they should not have.
func (c *otlp) namesNobody(t *testing.T) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	allowed := map[string]bool{
		"event_id": true, "event_type": true, "outcome": true, "batch_inputs": true, "output": true, "outputs": true, "timers": true,
	}
	for _, s := range c.spans {
		for _, a := range s.GetAttributes() {
			if !allowed[a.GetKey()] {
				t.Errorf("span %s has attribute %s", s.GetName(), a.GetKey())
			}
		}
	}
}

// What falls due by the clock alone has a trace too, though nobody sent one: the
// output of a deadline that was missed carries the trace of the timers, which are
// linked to the tick that let them fire, whose own trace has it received and committed.
func TestTraceOfTimers(t *testing.T) {
	all := scenariotest.All(t, cases)
	c := all[slices.IndexFunc(all, func(c scenariotest.Case) bool { return c.Name == "risk-sla-breached-by-silence" })]
	traces := collect(t)
	p := traced(t, traces.URL, "--data", t.TempDir(), "--plan", planOf(t, c), "--as-of", asOf(t, c))
	publishTraced(t, p, sorted(t, lines(c.Events)), false)
	p.Settled()
	outputs := brokertest.Outputs(t, p.Events())
	p.Stop()
	breached := 0
	for _, o := range outputs {
		carried := o.Header.Get("traceparent")
		switch {
		case strings.HasSuffix(o.Subject, ".opened") && carried != "":
			t.Errorf("%s carries %s, of an event that came without", o.Subject, carried)
		case strings.HasSuffix(o.Subject, ".breached"):
			breached++
			timersOf(t, traces, carried)
		}
	}
	if breached != 1 {
		t.Errorf("%d deadlines were missed, want 1", breached)
	}
	traces.namesNobody(t)
}

// timersOf follows what an output carries to the tick.
func timersOf(t *testing.T, traces *otlp, carried string) {
	t.Helper()
	part := strings.Split(carried, "-")
	if len(part) != 4 {
		t.Fatalf("a missed deadline carries %q", carried)
	}
	spans := traces.of(t, part[1], 2)
	timers, publish := spans["timers"], spans["publish"]
	if len(timers) != 1 || len(publish) != 1 || len(timers[0].GetParentSpanId()) > 0 || !bytes.Equal(publish[0].GetParentSpanId(), timers[0].GetSpanId()) ||
		hex.EncodeToString(publish[0].GetSpanId()) != part[2] {
		t.Fatalf("the trace of a missed deadline has %v, want timers, and below them publish, which the message carries", spans)
	}
	links := timers[0].GetLinks()
	if len(links) != 1 {
		t.Fatalf("the timers have links %v, want one", links)
	}
	by := traces.of(t, hex.EncodeToString(links[0].GetTraceId()), 4)
	if len(by["tick"]) != 1 || len(by["receive"]) != 1 || len(by["commit"]) != 1 ||
		!bytes.Equal(by["receive"][0].GetParentSpanId(), by["tick"][0].GetSpanId()) || !bytes.Equal(by["receive"][0].GetSpanId(), links[0].GetSpanId()) {
		t.Errorf("the timers are linked to %v, want the receipt of a tick", by)
	}
}
