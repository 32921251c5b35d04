package observe

import (
	"context"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/wire"
)

// Traces follow inputs that belong to a trace: received, waiting for their
// batch, committed, and what they caused published. An input without a trace
// begins none, so that who publishes decides what is traced; the worker itself
// begins one for a tick, and for the timers that fire in a batch, with links to
// the inputs before which they did. What is recorded of an input is its id, its
// type and what became of it; of an output its number and its type; of timers
// how many they were. A nil Traces follows nothing.
//
// Which input caused an output is known while the worker runs: what an earlier
// run left to publish goes without its trace.
type Traces struct {
	tracer trace.Tracer
	format propagation.TraceContext

	mu     sync.Mutex
	causes map[uint64]*cause // of outputs that wait, by number

	// Of the batch under way; only who records uses these.
	begun  time.Time
	firing trace.Span // of its timers; nil: none caused an output, as far as one knows
}

// cause is what outputs come of.
type cause struct {
	ctx    context.Context // of its span
	shared bool            // outputs that leave together have one span: there may be as many as payees
}

const (
	// mostCauses bounds how many outputs that wait have their trace remembered.
	mostCauses = 100_000
	// mostLinks bounds how many inputs the timers of a batch are linked to.
	mostLinks = 16
)

// NewTraces makes spans with a tracer.
func NewTraces(by trace.TracerProvider) *Traces {
	return &Traces{tracer: by.Tracer("github.com/trueup/trueup"), causes: map[uint64]*cause{}}
}

// The attributes of spans.
const (
	attrEvent   = attribute.Key("event_id")
	attrType    = attribute.Key("event_type")
	attrOutcome = attribute.Key("outcome")
	attrBatch   = attribute.Key("batch_inputs")
	attrOutput  = attribute.Key("output")
	attrOutputs = attribute.Key("outputs") // how many leave together
	attrTimers  = attribute.Key("timers")  // how many fired
)

// way is an input under way.
type way struct {
	cause
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
	w := &way{cause: cause{shared: typ == wire.Tick}} // which settles what waited for everybody
	w.ctx, w.span = t.tracer.Start(ctx, "receive", trace.WithSpanKind(trace.SpanKindConsumer),
		trace.WithAttributes(attrEvent.String(id.ID), attrType.String(string(typ))))
	_, w.step = t.tracer.Start(w.ctx, "batch")
	return w
}

// begin says that a batch begins to be recorded, and when.
func (t *Traces) begin(batch []tenant.Arrival, now time.Time) {
	if t == nil {
		return
	}
	t.begun = now
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
	if t.firing != nil {
		if err != nil {
			t.firing.SetStatus(codes.Error, "not recorded")
		}
		t.firing.End()
		t.firing = nil
	}
}

// caused notes which outputs inputs and timers caused, before anybody can
// publish them.
func (t *Traces) caused(came tenant.Recorded) {
	if t == nil {
		return
	}
	timers := t.fired(came)
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, of := range came.Traced {
		if w, ok := of.Trace.(*way); ok {
			t.note(of, &w.cause)
		}
	}
	for _, of := range came.Fired {
		t.note(of, timers)
	}
}

func (t *Traces) note(of tenant.Traced, by *cause) {
	for n := of.From + 1; n <= of.To && len(t.causes) < mostCauses; n++ {
		t.causes[n] = by
	}
}

// fired begins the one span of all timers that fired in a batch.
func (t *Traces) fired(came tenant.Recorded) *cause {
	var links []trace.Link
	made := false
	for _, of := range came.Fired {
		made = made || of.To > of.From
		if w, ok := of.Trace.(*way); ok && len(links) < mostLinks {
			links = append(links, trace.LinkFromContext(w.ctx))
		}
	}
	if !made {
		return nil
	}
	c := &cause{shared: true}
	c.ctx, t.firing = t.tracer.Start(context.Background(), "timers", trace.WithNewRoot(), trace.WithTimestamp(t.begun), trace.WithLinks(links...),
		trace.WithAttributes(attrTimers.Int(came.Timers)))
	return c
}

// Publishing begins a span for each output that an input with a trace caused,
// and one for all those together that a tick or timers did, and has the messages
// carry them.
func (t *Traces) Publishing(outs []tenant.Output, msgs []broker.OutMsg) (done func(error)) {
	var spans []trace.Span
	together := map[*cause]*sharing{}
	for i, o := range outs {
		by := t.cause(o.N)
		if by == nil {
			continue
		}
		s := together[by]
		if s == nil {
			ctx, span := t.tracer.Start(by.ctx, "publish", trace.WithSpanKind(trace.SpanKindProducer), trace.WithAttributes(attrOutput.Int64(int64(o.N)))) //nolint:gosec // far below
			s = &sharing{span: span, carried: t.carried(ctx)}
			spans = append(spans, span)
		}
		if s.n++; by.shared {
			together[by] = s
		} else {
			s.span.SetAttributes(attrType.String(kindOf(o.Subject)))
		}
		msgs[i].Trace = s.carried
	}
	for _, s := range together {
		s.span.SetAttributes(attrOutputs.Int(s.n))
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

// sharing is what outputs that leave together share.
type sharing struct {
	span    trace.Span
	carried broker.Trace
	n       int
}

// carried is a span as messages carry it.
func (t *Traces) carried(ctx context.Context) broker.Trace {
	carrier := propagation.MapCarrier{}
	t.format.Inject(ctx, carrier)
	return broker.Trace{Parent: carrier["traceparent"], State: carrier["tracestate"]}
}

// Ticking begins the trace of a tick, for its message to carry.
func (t *Traces) Ticking() (carried broker.Trace, done func(error)) {
	if t == nil {
		return broker.Trace{}, func(error) {}
	}
	ctx, span := t.tracer.Start(context.Background(), "tick", trace.WithNewRoot(), trace.WithSpanKind(trace.SpanKindProducer))
	return t.carried(ctx), func(err error) {
		if err != nil {
			span.SetStatus(codes.Error, "not published")
		}
		span.End()
	}
}

func (t *Traces) cause(n uint64) *cause {
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
