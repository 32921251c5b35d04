package broker

import (
	"context"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/trueup/trueup/internal/failpoint"
	"github.com/trueup/trueup/internal/field"
)

const (
	ackDelay    = 10 * time.Millisecond // how long an acknowledgement may wait for company
	finalAck    = 2 * time.Second
	ackYes      = "+ACK"
	ackWorking  = "+WPI"
	beatsInWait = 4 // heartbeats within one AckWait
)

// settle walks the messages in flight in stream order, acknowledges the ones
// done, and gives nacked ones out again. After closing it returns when nothing
// more can be settled, or after CloseTimeout.
func (s *Subscriber) settle(closing <-chan struct{}) {
	beat := time.NewTicker(max(s.cfg.AckWait/beatsInWait, time.Millisecond))
	defer beat.Stop()
	var retry, flush, deadline <-chan time.Time // running timers
	for {
		head := s.advance()
		if deadline != nil {
			if head.empty {
				return
			}
			if head.msg == nil || head.nacked {
				s.abandon(deadline)
				return
			}
		}
		var acked, nacked <-chan struct{}
		switch {
		case head.nacked && retry == nil:
			retry = after(s.cfg.NackDelay)
		case head.msg != nil && !head.nacked:
			acked, nacked = head.msg.Acked(), head.msg.Nacked()
		}
		if head.unsent && flush == nil {
			flush = after(ackDelay)
		}
		select {
		case <-acked:
		case <-nacked:
		case <-s.kick:
		case <-retry:
			retry = nil
			s.redeliver()
		case <-flush:
			flush = nil
			s.sendAck()
		case <-beat.C:
			s.heartbeat()
		case <-closing:
			closing, deadline = nil, after(s.cfg.CloseTimeout)
		case <-deadline:
			s.log.Warn().Int(field.Messages, s.inFlight()).Msg("handlers still hold messages; they will come again")
			return
		}
	}
}

func after(d time.Duration) <-chan time.Time { return time.NewTimer(d).C }

// head is the oldest message in flight.
type head struct {
	empty  bool
	msg    *message.Message // nil if no pattern takes it
	nacked bool
	unsent bool // there is something to acknowledge to the server
}

// advance takes the acked prefix off the flight.
func (s *Subscriber) advance() head {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for n < len(s.flight) && s.flight[n].acked() {
		f := s.flight[n]
		f.drop()
		if f.session == s.session {
			s.ack = ackable{f.reply, f.session, f.seq()}
			s.unsent++
		}
		n++
	}
	if n > 0 {
		clear(s.flight[:n])
		s.flight = s.flight[n:]
		wake(s.room)
	}
	if s.unsent > 0 && (len(s.flight) == 0 || s.unsent >= max(s.cfg.Window/4, 1)) {
		s.publishAck()
	}
	if len(s.flight) == 0 {
		return head{empty: true, unsent: s.unsent > 0}
	}
	f := s.flight[0]
	return head{msg: f.msg, nacked: f.nacked(), unsent: s.unsent > 0}
}

func (f *flying) acked() bool {
	if f.msg == nil {
		return false
	}
	select {
	case <-f.msg.Acked():
		return true
	default:
		return false
	}
}

func (f *flying) nacked() bool {
	if f.msg == nil {
		return false
	}
	select {
	case <-f.msg.Nacked():
		return true
	default:
		return false
	}
}

// redeliver gives every nacked message out again, in order. All of them at
// once: a failed commit nacks a whole batch, which should wait one delay, not
// one for each message.
func (s *Subscriber) redeliver() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.flight {
		if f.nacked() {
			s.route(f)
		}
	}
}

// sendAck acknowledges everything settled up to the newest.
func (s *Subscriber) sendAck() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unsent > 0 {
		s.publishAck()
	}
}

// publishAck does so with the lock held: an acknowledgement must not reach the
// server after the consumer was reset. If it is lost, so be it: the next one
// covers it, and after a reconnect the consumer is reset to what is in flight.
func (s *Subscriber) publishAck() {
	s.unsent = 0
	if s.ack.session != s.session || s.ack.reply == "" {
		return
	}
	if err := s.conn.nc.Publish(s.ack.reply, []byte(ackYes)); err != nil {
		s.log.Debug().Err(err).Msg("acknowledge")
	}
	if failpoint.On {
		_ = s.conn.nc.Flush() // so that the server has it
		failpoint.At("acked")
	}
}

// heartbeat tells the server that messages in flight are being worked on.
func (s *Subscriber) heartbeat() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.beats++
	for _, f := range s.flight {
		if f.session != s.session || s.beats < f.touched+2 { // less than one beat old
			continue
		}
		f.touched = s.beats
		if err := s.conn.nc.Publish(f.reply, []byte(ackWorking)); err != nil {
			s.log.Debug().Err(err).Msg("heartbeat")
			return
		}
	}
}

// abandon ends the contexts of all messages, since the first cannot be settled
// any more and nothing after it can be acknowledged, and waits for handlers.
func (s *Subscriber) abandon(deadline <-chan time.Time) {
	s.mu.Lock()
	var out []*message.Message
	for _, f := range s.flight {
		f.drop()
		if f.msg != nil && f.handing.given.Load() {
			out = append(out, f.msg)
		}
	}
	s.mu.Unlock()
	for _, msg := range out {
		select {
		case <-msg.Acked():
		case <-msg.Nacked():
		case <-deadline:
			return
		}
	}
}

// finalAck repeats the last acknowledgement and waits until the server has it.
func (s *Subscriber) finalAck() {
	s.advance()
	s.mu.Lock()
	last, current := s.ack, s.session
	s.mu.Unlock()
	if last.reply == "" || last.session != current {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), finalAck)
	defer cancel()
	if _, err := s.conn.nc.RequestWithContext(ctx, last.reply, []byte(ackYes)); err != nil {
		s.log.Warn().Err(err).Uint64(field.Seq, last.seq).Msg("the server did not confirm the last acknowledgement")
	}
}

func (s *Subscriber) inFlight() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.flight)
}
