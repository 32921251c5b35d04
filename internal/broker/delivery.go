package broker

import (
	"strconv"
	"strings"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/nats-io/nats.go"
)

// Delivery is where a message stands in its stream and in this run.
type Delivery struct {
	// Index is 1, 2, 3, … in stream order within one run of a subscriber. A
	// message that was nacked comes again with its index; a duplicate sent by
	// the server does not come at all. No index is ever skipped.
	Index   uint64
	Attempt int // 1, and one more after every nack

	Subject       string
	Seq           uint64      // in the stream; rises with Index, except after a Rewind
	Time          time.Time   // when the stream stored it, UTC, to the nanosecond
	Header        nats.Header // the sender's; not those of how it was published, such as Nats-Msg-Id, nor Trace
	Trace         Trace       // the sender's; where it is sent again it may be another
	ID            string      // Nats-Msg-Id, the first; may be empty
	StreamCreated time.Time   // UTC; which life of the stream Seq counts in
}

// Position is what to remember of a delivery in order to go on after it.
func (d Delivery) Position() Position {
	return Position{Created: d.StreamCreated, Seq: d.Seq, Time: d.Time}
}

// DeliveryOf returns the delivery of a message that a Subscriber gave out, and
// nil for any other. It is not to be changed.
func DeliveryOf(msg *message.Message) *Delivery {
	d, _ := msg.Context().Value(deliveryKey{}).(*Delivery)
	return d
}

// ofSender takes out of a message's headers what tells the server how to
// publish it, and what says whose trace it belongs to: the same bytes sent again
// are the same input. It gives what is left, and the id.
func ofSender(h nats.Header) (left nats.Header, id string, trace Trace) {
	id = h.Get(nats.MsgIdHdr)
	for name, values := range h {
		if strings.HasPrefix(name, reserved) || trace.takes(name, values) {
			delete(h, name)
		}
	}
	if len(h) == 0 {
		return nil, id, trace
	}
	return h, id, trace
}

// newMessage makes a Watermill message of any NATS message. It cannot fail:
// whatever is odd about the message is for the handler to judge. Metadata has
// the headers with exactly one value; Delivery has all of the sender's.
func newMessage(ctx *handing, stream string, body []byte) *message.Message {
	d := &ctx.delivery
	id := d.ID
	if id == "" {
		id = stream + "/" + strconv.FormatUint(d.Seq, 10)
	}
	m := message.NewMessage(id, body)
	for k, v := range d.Header {
		if len(v) == 1 {
			m.Metadata[k] = v[0]
		}
	}
	m.SetContext(ctx)
	return m
}
