package consumers

import (
	"fmt"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/failpoint"
	"github.com/trueup/trueup/internal/wire"
)

// Decoder decodes raw messages; many goroutines use it at once.
type Decoder interface {
	Decode(wire.Raw) (wire.Input, error)
}

// Handler is the same for every family: it has its message decoded and
// validated, in parallel with others, and put into the batch. It returns when
// the input is committed, so that the router acknowledges only what is kept.
type Handler struct {
	Decoder Decoder
	Clock   Clock
	Batch   *Batcher
	// Received, if set, is told of an input that belongs to a trace, once it is
	// read, and gives what is to be its Trace.
	Received func(of broker.Trace, id event.Identity, typ event.Type) any
}

// Handle takes one message.
func (h Handler) Handle(msg *message.Message) error {
	d := broker.DeliveryOf(msg)
	if d == nil {
		return fmt.Errorf("message %s did not come from our subscriber", msg.UUID)
	}
	failpoint.At("fetched")
	return h.Batch.SubmitFunc(msg.Context(), d.Index, func(a *tenant.Arrival) { h.arrival(a, d, msg.Payload) })
}

// arrival makes an empty arrival that of a message.
func (h Handler) arrival(a *tenant.Arrival, d *broker.Delivery, body []byte) {
	a.Position = tenant.Position{Created: d.StreamCreated, Seq: d.Seq, Time: d.Time}
	a.Subject, a.Header, a.Body = d.Subject, d.Header, body
	if h.Received != nil && d.Trace.Parent != "" {
		defer func() { a.Trace = h.Received(d.Trace, a.Event, typeOf(a)) }()
	}
	raw := wire.Raw{Subject: d.Subject, Header: d.Header, Body: body}
	in, err := h.Decoder.Decode(raw)
	if err != nil {
		a.Arrived = h.Clock.Arrived(d.Time, time.Time{}, time.Time{})
		a.Event, _ = wire.Identify(raw)
		a.Code, a.Reason = string(wire.ReasonOf(err)), err.Error()
		return
	}
	head := in.Event.Head()
	a.Arrived = h.Clock.Arrived(d.Time, in.Recorded, head.Time)
	a.Event = head.Identity
	a.Input = tenant.Input{Event: in.Event, Canonical: in.Canonical, Sum: in.Sum}
}

// typeOf is the type of an event that could be read.
func typeOf(a *tenant.Arrival) event.Type {
	if a.Input.Event == nil {
		return ""
	}
	return a.Input.Event.Head().Type
}

// closeTimeout bounds how long the router waits for handlers at its end.
const closeTimeout = 20 * time.Second

// NewRouter makes a router with the handler on every family's subjects and on
// what no family takes.
func NewRouter(sub message.Subscriber, tenantName string, h Handler, log watermill.LoggerAdapter) (*message.Router, error) {
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: closeTimeout}, log)
	if err != nil {
		return nil, err
	}
	sub = ownedElsewhere{sub}
	for _, f := range Families {
		for _, subject := range f.subjects(tenantName) {
			router.AddConsumerHandler(f.Name+" "+subject, subject, sub, h.Handle)
		}
	}
	router.AddConsumerHandler("unmatched", broker.Unmatched, sub, h.Handle)
	return router, nil
}

// ownedElsewhere keeps the router from closing the subscriber, which all
// handlers share and whoever made it closes.
type ownedElsewhere struct{ message.Subscriber }

// Close does nothing.
func (ownedElsewhere) Close() error { return nil }
