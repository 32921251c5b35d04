package broker

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"
)

// Tail is the last message of an out log that a stream holds, cursors aside.
type Tail struct {
	Seq  uint64 // in the stream; 0 if it holds none
	ID   string // empty if it was stored without
	Body []byte
}

// Tail finds the last message of the tenant's out log on the stream. As long as
// the cursor comes with what it speaks of, the cursor stands after it.
func (o *Output) Tail(ctx context.Context) (Tail, error) {
	var tail Tail
	for _, subject := range OutSubjects(o.tenant) {
		if subject == o.subject {
			continue
		}
		m, err := o.conn.get(ctx, o.stream, 0, subject)
		switch {
		case errors.Is(err, jetstream.ErrMsgNotFound):
			continue
		case err != nil:
			return Tail{}, fmt.Errorf("last of %s: %w", subject, o.explain(err))
		case m.Seq < tail.Seq:
			continue
		}
		tail = Tail{Seq: m.Seq, Body: m.Data}
		if len(m.Header) > 0 {
			h, err := nats.DecodeHeadersMsg(m.Header)
			if err != nil {
				return Tail{}, fmt.Errorf("last of %s: message %d: %w", subject, m.Seq, err)
			}
			tail.ID = h.Get(nats.MsgIdHdr)
		}
	}
	return tail, nil
}

// Error codes of JetStream for a stream that takes no more.
const (
	codeAccountLimit jetstream.ErrorCode = 10002
	codeServerLimit  jetstream.ErrorCode = 10023
	codeStorageLimit jetstream.ErrorCode = 10047
	codeStoreFailed  jetstream.ErrorCode = 10077 // of a full stream, among others
	codeSealed       jetstream.ErrorCode = 10109
	codeNoTTL        jetstream.ErrorCode = 10166
)

// explain adds to an answer of the stream what a person can do about it.
func (o *Output) explain(err error) error {
	var what string
	switch code(err) { //nolint:exhaustive // the others speak for themselves
	case jetstreamext.JSErrCodeBatchPublishNotEnabled:
		what = "atomic publish is not allowed any more: nats stream edit " + o.stream + " --allow-batch (allow_atomic)"
	case codeNoTTL:
		what = "message TTL is not allowed any more: nats stream edit " + o.stream + " --allow-msg-ttl (allow_msg_ttl)"
	case codeStoreFailed:
		what = "stream " + o.stream + " does not take more: raise its max_msgs or max_bytes, or let it discard old messages"
	case codeAccountLimit:
		what = "the account's quota is used up: raise its JetStream limits, or delete what is not needed"
	case codeServerLimit, codeStorageLimit:
		what = "the server has no room left for streams: give it disk, or raise its JetStream limits"
	case codeSealed:
		what = "stream " + o.stream + " is sealed, which cannot be undone: name another stream, or make it anew"
	case jetstream.JSErrCodeStreamNotFound:
		what = "stream " + o.stream + " was deleted: make it anew, or start the worker again"
	default:
		if !errors.Is(err, jetstream.ErrNoStreamResponse) {
			return err
		}
		what = "no stream takes " + o.subject + ": stream " + o.stream + " was deleted or edited; make it anew, or start the worker again"
	}
	return fmt.Errorf("%s: %w", what, err)
}
