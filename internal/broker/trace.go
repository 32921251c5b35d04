package broker

import (
	"strings"

	"github.com/nats-io/nats.go"
)

// Trace says which trace a message belongs to, as the W3C's Trace Context has
// it; zero: none. What the sender wrote is not checked.
type Trace struct {
	Parent string
	State  string
}

// The headers of a trace. Senders write them in any case. What baggage they
// bring is for the sender's own, and goes no further.
const (
	traceParent = "traceparent"
	traceState  = "tracestate"
	baggage     = "baggage"
)

// takes reports whether a header is about the trace, and keeps what it says.
func (t *Trace) takes(name string, values []string) bool {
	switch {
	case len(name) == len(traceParent) && strings.EqualFold(name, traceParent):
		t.Parent = strings.Join(values, ",")
	case len(name) == len(traceState) && strings.EqualFold(name, traceState):
		t.State = strings.Join(values, ",")
	default:
		return strings.EqualFold(name, baggage)
	}
	return true
}

// Header is a message's that belongs to the trace; nil where there is none.
func (t Trace) Header() nats.Header {
	if t.Parent == "" {
		return nil
	}
	h := nats.Header{}
	t.put(h)
	return h
}

// put writes the headers.
func (t Trace) put(h nats.Header) {
	if t.Parent == "" {
		return
	}
	h[traceParent] = []string{t.Parent}
	if t.State != "" {
		h[traceState] = []string{t.State}
	}
}
