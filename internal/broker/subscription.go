package broker

import (
	"context"
	"slices"
	"sync"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/trueup/trueup/internal/field"
)

// routesKept bounds the memory of which pattern takes which subject.
const routesKept = 4096

// subscription is one pattern and the channel of its handler. Only serve sends
// on out and only serve closes it.
type subscription struct {
	ctx     context.Context // of Subscribe; Watermill wants messages to derive from it
	pattern string
	out     chan *message.Message

	mu    sync.Mutex
	queue []queued      // as large as the window at most
	more  chan struct{} // something was put into an empty queue
}

type queued struct {
	f    *flying
	msg  *message.Message
	with *handing
}

func (sub *subscription) put(q queued) {
	sub.mu.Lock()
	sub.queue = append(sub.queue, q)
	first := len(sub.queue) == 1
	sub.mu.Unlock()
	if first {
		wake(sub.more)
	}
}

// take gives all that is queued, and queues what comes in the room of what was
// taken before.
func (sub *subscription) take(room []queued) []queued {
	clear(room)
	sub.mu.Lock()
	defer sub.mu.Unlock()
	taken := sub.queue
	sub.queue = room[:0]
	return taken
}

// serve hands the queue to the handler until the subscription's context or the
// subscriber ends.
func (s *Subscriber) serve(sub *subscription) {
	defer close(sub.out)
	var taken []queued
	for {
		select {
		case <-sub.more:
		case <-sub.ctx.Done():
			s.unsubscribe(sub, nil)
			return
		case <-s.quit:
			return
		}
		taken = sub.take(taken)
		for i, q := range taken {
			select {
			case sub.out <- q.msg:
				q.with.given.Store(true)
			case <-sub.ctx.Done():
				s.unsubscribe(sub, taken[i:])
				return
			case <-s.quit:
				return
			}
		}
	}
}

// unsubscribe forgets a pattern. What its handler has not received goes to the
// next pattern that takes it.
func (s *Subscriber) unsubscribe(sub *subscription, taken []queued) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.subs = slices.DeleteFunc(s.subs, func(other *subscription) bool { return other == sub })
	clear(s.routes)
	for _, q := range append(taken, sub.take(nil)...) {
		s.route(q.f)
	}
	wake(s.kick)
}

// route gives a message to the pattern that takes it, as a new Watermill
// message, or holds it. The caller has the lock.
func (s *Subscriber) route(f *flying) {
	f.drop()
	f.msg = nil
	d := &f.handing.delivery
	sub := s.taker(d.Subject)
	if sub == nil {
		if !s.closed && !s.held {
			s.held = true
			s.log.Error().Str(field.Subject, d.Subject).Uint64(field.Seq, d.Seq).
				Msg("no handler takes this subject: the message and all acknowledgements after it are held")
		}
		return
	}
	f.handing = f.handing.next(sub.ctx)
	f.msg = newMessage(f.handing, s.cfg.Stream, f.body)
	sub.put(queued{f, f.msg, f.handing})
}

// taker finds the subscription for a subject. The caller has the lock.
func (s *Subscriber) taker(subject string) *subscription {
	if sub, ok := s.routes[subject]; ok {
		return sub
	}
	var sub *subscription
	for _, candidate := range s.subs {
		if covers(candidate.pattern, subject) {
			sub = candidate
			break
		}
	}
	if len(s.routes) >= routesKept {
		clear(s.routes)
	}
	s.routes[subject] = sub
	return sub
}
