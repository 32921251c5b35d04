package observe

import (
	"errors"
	"fmt"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/wire"
)

// tracing is Traces whose spans that ended can be looked at by name.
func tracing() (*Traces, func() map[string][]sdktrace.ReadOnlySpan) {
	spans := tracetest.NewSpanRecorder()
	return NewTraces(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))), func() map[string][]sdktrace.ReadOnlySpan {
		by := map[string][]sdktrace.ReadOnlySpan{}
		for _, s := range spans.Ended() {
			by[s.Name()] = append(by[s.Name()], s)
		}
		return by
	}
}

// number is an attribute of a span.
func number(s sdktrace.ReadOnlySpan, key string) int64 {
	for _, a := range s.Attributes() {
		if string(a.Key) == key {
			return a.Value.AsInt64()
		}
	}
	return -1
}

// leave publishes the outputs up to one, so many at a time, and gives what their
// messages carry, by output.
func leave(traces *Traces, last, together int, why error) map[uint64]broker.Trace {
	carried := map[uint64]broker.Trace{}
	for n := 1; n <= last; n += together {
		outs, msgs := make([]tenant.Output, together), make([]broker.OutMsg, together)
		for i := range outs {
			outs[i] = tenant.Output{N: uint64(n + i), Message: tenant.Message{Subject: "payout.default.adjustment.issued"}} //nolint:gosec // few
		}
		done := traces.Publishing(outs, msgs)
		for i := range outs {
			carried[outs[i].N] = msgs[i].Trace
		}
		done(why)
	}
	return carried
}

// However many timers fire in a batch, and however much comes of them, the spans
// are one for all timers and one for each piece that leaves together; the
// messages carry the latter. The timers are linked to the inputs they fired before.
func TestTimersAreFewSpans(t *testing.T) {
	const many, together = 20_000, 500
	traces, ended := tracing()
	batch := make([]tenant.Arrival, 3*mostLinks)
	came := tenant.Recorded{Fates: make([]tenant.Fate, len(batch)), Timers: many, Outputs: many}
	each := uint64(many / len(batch))
	for i := range batch {
		if i > 0 { // the first comes without a trace
			sender := broker.Trace{Parent: fmt.Sprintf("00-%032x-%016x-01", i, i)}
			batch[i].Trace = traces.Received(sender, event.Identity{ID: fmt.Sprint(i)}, "usage.reported.v1")
		}
		to := uint64(i+1) * each //nolint:gosec // few
		if i == len(batch)-1 {
			to = many
		}
		came.Fired = append(came.Fired, tenant.Traced{Trace: batch[i].Trace, From: uint64(i) * each, To: to}) //nolint:gosec // few
	}
	begun := time.Date(2027, time.April, 1, 0, 0, 0, 0, time.UTC)
	traces.begin(batch, begun)
	traces.caused(came)
	traces.end(batch, came, nil)
	carried := leave(traces, many, together, nil)

	spans := ended()
	if len(spans["timers"]) != 1 || len(spans["publish"]) != many/together {
		t.Fatalf("%d spans of timers and %d of publishing, want 1 and %d", len(spans["timers"]), len(spans["publish"]), many/together)
	}
	timers := spans["timers"][0]
	if timers.Parent().IsValid() || len(timers.Links()) != mostLinks || number(timers, "timers") != many || !timers.StartTime().Equal(begun) {
		t.Errorf("the timers' span is below %v, has %d links, %d timers, begins %v", timers.Parent(), len(timers.Links()), number(timers, "timers"), timers.StartTime())
	}
	for i, s := range spans["publish"] {
		if s.Parent().SpanID() != timers.SpanContext().SpanID() || number(s, "outputs") != together {
			t.Errorf("publishing %d is below %v, of %d outputs", i, s.Parent().SpanID(), number(s, "outputs"))
		}
		for _, n := range []int{i*together + 1, (i + 1) * together} {
			want := fmt.Sprintf("00-%s-%s-01", s.SpanContext().TraceID(), s.SpanContext().SpanID())
			if got := carried[uint64(n)].Parent; got != want { //nolint:gosec // few
				t.Errorf("output %d carries %q, want %q", n, got, want)
			}
		}
	}
	if len(traces.causes) != 0 {
		t.Errorf("%d causes are kept of outputs that have left", len(traces.causes))
	}
}

// A tick begins a trace, and what it settles leaves in one span; what an input
// caused has a span for each output.
func TestTickIsATrace(t *testing.T) {
	traces, ended := tracing()
	carried, done := traces.Ticking()
	done(nil)
	batch := []tenant.Arrival{
		{Trace: traces.Received(carried, event.Identity{ID: "tick-1"}, wire.Tick)},
		{Trace: traces.Received(carried, event.Identity{ID: "1"}, "crm.churn.recorded.v1")},
	}
	came := tenant.Recorded{Fates: make([]tenant.Fate, 2), Traced: []tenant.Traced{{Trace: batch[0].Trace, From: 0, To: 6}, {Trace: batch[1].Trace, From: 6, To: 10}}}
	traces.begin(batch, time.Time{})
	traces.caused(came)
	traces.end(batch, came, nil)
	leave(traces, 10, 10, errors.New("no broker"))
	leave(traces, 10, 10, nil)
	spans := ended()
	if len(spans["tick"]) != 1 || len(spans["publish"]) != 2*(1+4) || len(spans["timers"]) != 0 {
		t.Fatalf("%d ticks, %d spans of publishing, %d of timers; want 1, 10, 0", len(spans["tick"]), len(spans["publish"]), len(spans["timers"]))
	}
	for _, name := range []string{"receive", "batch", "commit", "publish"} {
		for _, s := range spans[name] {
			if s.SpanContext().TraceID() != spans["tick"][0].SpanContext().TraceID() {
				t.Errorf("%s is not in the tick's trace", name)
			}
		}
	}
	var none *Traces
	if of, done := none.Ticking(); of != (broker.Trace{}) || of.Header() != nil {
		t.Errorf("without traces a tick carries %v", of)
	} else {
		done(nil)
	}
}
