package observe

import (
	"context"
	"strings"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/broker"
)

// Traces follow inputs that belong to a trace: received, waiting for their
// batch, committed, and what they caused published. An input without a trace
// begins none, so that who publishes decides what is traced. What is recorded of
// an input is its id, its type and what became of it; of an output its number
// and its type. A nil Traces follows nothing.
//
// Which input caused an output is known while the worker runs: what an earlier
// run left to publish goes without its trace.
type Traces struct {
	tracer trace.Tracer
	format propagation.TraceContext

	mu     sync.Mutex
	causes map[uint64]context.Context // of outputs that wait, by number
}

// mostCauses bounds how many outputs that wait have their trace remembered.
const mostCauses = 100_000

// NewTraces makes spans with a tracer.
func NewTraces(by trace.TracerProvider) *Traces {
	return &Traces{tracer: by.Tracer("github.com/trueup/trueup"), causes: map[uint64]context.Context{}}
}

// The attributes of spans.
const (
	attrEvent   = attribute.Key("event_id")
	attrType    = attribute.Key("event_type")
	attrOutcome = attribute.Key("outcome")
	attrBatch   = attribute.Key("batch_inputs")
	attrOutput  = attribute.Key("output")
)

// way is an input under way.
type way struct {
	ctx  context.Context // of its span
	span trace.Span
	step trace.Span // batch, then commit
}

// Received begins the way of an input that was read: its Trace. It is nil where
// the sender's is malformed.
func (t *Traces) Received(of broker.Trace, id event.Identity, typ event.Type) any {
	if t == nil {
		return nil
	}
	ctx := t.format.Extract(context.Background(), propagation.MapCarrier{"traceparent": of.Parent, "tracestate": of.State})
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return nil
	}
	w := &way{}
	w.ctx, w.span = t.tracer.Start(ctx, "receive", trace.WithSpanKind(trace.SpanKindConsumer),
		trace.WithAttributes(attrEvent.String(id.ID), attrType.String(string(typ))))
	_, w.step = t.tracer.Start(w.ctx, "batch")
	return w
}

// begin says that a batch begins to be recorded.
func (t *Traces) begin(batch []tenant.Arrival) {
	if t == nil {
		return
	}
	for i := range batch {
		if w, ok := batch[i].Trace.(*way); ok {
			w.step.End()
			_, w.step = t.tracer.Start(w.ctx, "commit", trace.WithAttributes(attrBatch.Int(len(batch))))
		}
	}
}

// end says how it went.
func (t *Traces) end(batch []tenant.Arrival, came tenant.Recorded, err error) {
	if t == nil {
		return
	}
	for i := range batch {
		w, ok := batch[i].Trace.(*way)
		if !ok {
			continue
		}
		if err != nil { // which may tell of what is in the ledger
			w.span.SetStatus(codes.Error, "not recorded")
		} else {
			w.span.SetAttributes(attrOutcome.String(outcomes[came.Fates[i]]))
		}
		w.step.End()
		w.span.End()
	}
}

// caused notes which outputs inputs caused, before anybody can publish them.
func (t *Traces) caused(list []tenant.Traced) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, of := range list {
		w, ok := of.Trace.(*way)
		for n := of.From + 1; ok && n <= of.To && len(t.causes) < mostCauses; n++ {
			t.causes[n] = w.ctx
		}
	}
}

// Publishing begins a span for each output that an input with a trace caused,
// and has the message carry it.
func (t *Traces) Publishing(outs []tenant.Output, msgs []broker.OutMsg) (done func(error)) {
	var spans []trace.Span
	for i, o := range outs {
		ctx := t.cause(o.N)
		if ctx == nil {
			continue
		}
		ctx, span := t.tracer.Start(ctx, "publish", trace.WithSpanKind(trace.SpanKindProducer),
			trace.WithAttributes(attrOutput.Int64(int64(o.N)), attrType.String(kindOf(o.Subject)))) //nolint:gosec // far below
		carrier := propagation.MapCarrier{}
		t.format.Inject(ctx, carrier)
		msgs[i].Trace = broker.Trace{Parent: carrier["traceparent"], State: carrier["tracestate"]}
		spans = append(spans, span)
	}
	return func(err error) {
		for _, span := range spans {
			if err != nil {
				span.SetStatus(codes.Error, "not published")
			}
			span.End()
		}
		if err == nil {
			t.published(outs)
		}
	}
}

func (t *Traces) cause(n uint64) context.Context {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.causes[n]
}

func (t *Traces) published(outs []tenant.Output) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, o := range outs {
		delete(t.causes, o.N)
	}
}

// kindOf is what kind of output travels on a subject, without the tenant.
func kindOf(subject string) string {
	part := strings.SplitN(subject, ".", 3)
	if len(part) < 3 {
		return ""
	}
	return part[0] + "." + part[2]
}
