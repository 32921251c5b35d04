package broker

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// handing is one attempt to have a message handled, and the context of its
// handler: it carries the delivery, derives from the context of the
// subscription and ends when the message is settled. Most handlers never wait
// for that end, so what the standard library needs for it is made when one
// first asks.
type handing struct {
	parent   context.Context
	delivery Delivery
	given    atomic.Bool // the message has reached its handler

	mu     sync.Mutex
	ended  bool
	full   context.Context // once someone has asked for Done
	cancel context.CancelFunc
}

// next is the attempt after this one. One that was never made is it itself.
func (h *handing) next(parent context.Context) *handing {
	if h.delivery.Attempt > 0 {
		h = &handing{delivery: h.delivery}
	}
	h.parent = parent
	h.delivery.Attempt++
	return h
}

var _ context.Context = (*handing)(nil)

type deliveryKey struct{}

// end ends the context.
func (h *handing) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ended = true
	if h.cancel != nil {
		h.cancel()
	}
}

// derived is the context that the standard library keeps, and nil before Done.
func (h *handing) derived() context.Context {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.full
}

// Deadline is the subscription's.
func (h *handing) Deadline() (time.Time, bool) { return h.parent.Deadline() }

// Done is closed when the message is settled or the subscription ends.
func (h *handing) Done() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.full == nil {
		h.full, h.cancel = context.WithCancel(h.parent)
		if h.ended {
			h.cancel()
		}
	}
	return h.full.Done()
}

// Err says whether the context has ended.
func (h *handing) Err() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.full != nil:
		return h.full.Err()
	case h.ended:
		return context.Canceled
	}
	return h.parent.Err()
}

// Value finds the delivery, and all that the subscription's context has.
func (h *handing) Value(key any) any {
	if _, ok := key.(deliveryKey); ok {
		return &h.delivery
	}
	if full := h.derived(); full != nil {
		return full.Value(key) // contexts that derive from this one find it so
	}
	return h.parent.Value(key)
}
