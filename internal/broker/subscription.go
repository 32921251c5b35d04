package broker

import (
	"context"
	"slices"

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
	queue   chan queued // has room for the whole window, so that routing never blocks
	out     chan *message.Message
}

type queued struct {
	f    *flying
	msg  *message.Message
	with *handing
}

// serve hands the queue to the handler until the subscription's context or the
// subscriber ends.
func (s *Subscriber) serve(sub *subscription) {
	defer close(sub.out)
	for {
		var q queued
		select {
		case q = <-sub.queue:
		case <-sub.ctx.Done():
			s.unsubscribe(sub, nil)
			return
		case <-s.quit:
			return
		}
		select {
		case sub.out <- q.msg:
			q.with.given.Store(true)
		case <-sub.ctx.Done():
			s.unsubscribe(sub, q.f)
			return
		case <-s.quit:
			return
		}
	}
}

// unsubscribe forgets a pattern. What its handler has not received goes to the
// next pattern that takes it.
func (s *Subscriber) unsubscribe(sub *subscription, hand *flying) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.subs = slices.DeleteFunc(s.subs, func(other *subscription) bool { return other == sub })
	clear(s.routes)
	if hand != nil {
		s.route(hand)
	}
	for {
		select {
		case q := <-sub.queue:
			s.route(q.f)
		default:
			wake(s.kick)
			return
		}
	}
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
	sub.queue <- queued{f, f.msg, f.handing}
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
