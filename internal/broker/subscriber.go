package broker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/rs/zerolog"
)

// SubscriberConfig says what a Subscriber reads and how.
type SubscriberConfig struct {
	Stream   string
	Durable  string   // name of the consumer on the server; one per tenant, used by one Subscriber at a time
	Subjects []string // what of the stream is read, usually InSubjects(tenant); all of it if empty

	Window       int           // messages given out and not yet acknowledged; 1024 if 0
	AckWait      time.Duration // after which the server sends again; kept alive while work goes on; 60 s if 0
	NackDelay    time.Duration // before a nacked message is given out again; 1 s if 0
	CloseTimeout time.Duration // how long Close waits for handlers; 30 s if 0

	// Resume returns the positions that are recorded with the work done, newest
	// first: the latest, then older checkpoints. It is asked before anything is
	// delivered, and after a loss. No position means the first message. With
	// no Resume, the server's own acknowledgements say where to go on.
	Resume func(ctx context.Context) ([]Position, error)

	// Before, if set, is asked before the server's consumer is touched, at the
	// start and after every reconnect. While it returns an error nothing is
	// read, so that a worker that was replaced does not disturb its successor.
	Before func(ctx context.Context) error

	// Alarm is told of a rewind before anything is delivered again. It is
	// called by the goroutine that delivers and must return soon. If nil, the
	// rewind is logged as an error.
	Alarm func(Rewind)

	Log zerolog.Logger
}

func (c *SubscriberConfig) defaults() error {
	if c.Stream == "" || c.Durable == "" {
		return errors.New("broker: a subscriber needs a stream and a durable name")
	}
	for _, subject := range c.Subjects {
		if err := checkPattern(subject); err != nil {
			return err
		}
	}
	c.Window = cmp.Or(c.Window, 1024)
	c.AckWait = cmp.Or(c.AckWait, time.Minute)
	c.NackDelay = cmp.Or(c.NackDelay, time.Second)
	c.CloseTimeout = cmp.Or(c.CloseTimeout, 30*time.Second)
	if c.Window < 0 || c.AckWait < 0 || c.NackDelay < 0 || c.CloseTimeout < 0 {
		return errors.New("broker: a subscriber's window and times cannot be negative")
	}
	return nil
}

// Subscriber gives the messages of one durable consumer to handlers, by
// subject. It implements Watermill's message.Subscriber.
//
// Handlers get up to Window messages without waiting for each other; what they
// settle is acknowledged to the server in stream order only, so that a message
// not acked holds back the acknowledgement of all later ones, never their
// delivery. Subscribe to every pattern first, then Run, or what comes early goes
// to the wrong pattern.
//
// With a Watermill router: start the router with a context that outlives the
// shutdown, wait for router.Running(), then Run. To stop, end Run (or call Close,
// or router.Close, which calls it) while the router still runs, so that handlers
// can finish with live contexts; then close the router.
type Subscriber struct {
	conn *Conn
	cfg  SubscriberConfig
	log  zerolog.Logger

	quit    chan struct{} // closed when handlers' channels are to be closed
	done    chan struct{} // closed when Run has ended
	kick    chan struct{} // wakes settle: the head may have changed
	room    chan struct{} // wakes the pump: something was settled
	serving sync.WaitGroup
	ended   sync.Once

	mu      sync.Mutex
	closed  bool
	running bool
	cancel  context.CancelFunc // ends the pump; set by Run
	subs    []*subscription    // the narrowest pattern first
	routes  map[string]*subscription
	flight  []*flying // given out and not settled, in stream order
	index   uint64    // of the last delivery
	session uint64    // acknowledgements of an older session mean nothing to the server
	ack     ackable
	unsent  int    // settled since the last acknowledgement was sent
	beats   uint64 // heartbeats so far
	held    bool   // it was logged that a message is held

	bound atomic.Bool // a session delivers

	// Only the pump uses these.
	last    Position // what was delivered last, or where Resume said to go on
	started bool     // last says something
}

// flying is a message on its way through a handler.
type flying struct {
	body    []byte
	reply   string // where to acknowledge it
	session uint64 // in which reply is good
	touched uint64 // the heartbeat before which it was delivered, or last kept alive

	msg     *message.Message // nil while no pattern takes it
	handing *handing         // of msg, or the one before it
	first   handing          // most have no other
}

// ackable is the newest message that can be acknowledged, with all before it.
type ackable struct {
	reply   string
	session uint64
	seq     uint64
}

// NewSubscriber prepares a subscriber; nothing is read before Run.
func (c *Conn) NewSubscriber(cfg SubscriberConfig) (*Subscriber, error) {
	if err := cfg.defaults(); err != nil {
		return nil, err
	}
	return &Subscriber{
		conn:   c,
		cfg:    cfg,
		log:    cfg.Log,
		quit:   make(chan struct{}),
		done:   make(chan struct{}),
		kick:   make(chan struct{}, 1),
		room:   make(chan struct{}, 1),
		routes: map[string]*subscription{},
	}, nil
}

// Subscribe registers a pattern of subjects (NATS wildcards) and returns the
// messages it takes, in stream order. The narrowest pattern that matches takes
// a message, among equals the one registered first; Unmatched takes the rest.
// A message that no pattern takes is held, with all acknowledgements behind
// it, until one does.
//
// When ctx ends the channel is closed; messages not yet received from it go to
// the next pattern that takes them. Those received have to be acked or nacked.
func (s *Subscriber) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	if err := checkPattern(topic); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	sub := &subscription{
		ctx:     ctx,
		pattern: topic,
		out:     make(chan *message.Message),
		more:    make(chan struct{}, 1),
	}
	at := slices.IndexFunc(s.subs, func(other *subscription) bool { return narrower(topic, other.pattern) })
	if at < 0 {
		at = len(s.subs)
	}
	s.subs = slices.Insert(s.subs, at, sub)
	clear(s.routes)
	s.held = false
	for _, f := range s.flight {
		if f.msg == nil {
			s.route(f)
		}
	}
	wake(s.kick)
	s.serving.Go(func() { s.serve(sub) })
	return sub.out, nil
}

// Run reads the stream until ctx ends or Close is called, through every loss
// of the connection, of the consumer and of the stream. Then it waits, for
// CloseTimeout at most, until handlers have settled what they hold, sends the
// last acknowledgement, and closes their channels. It can be called once.
func (s *Subscriber) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.mu.Lock()
	if s.closed || s.running {
		s.mu.Unlock()
		return fmt.Errorf("run subscriber %s: %w", s.cfg.Durable, ErrClosed)
	}
	s.running, s.cancel = true, cancel
	s.mu.Unlock()
	defer close(s.done)

	closing, settled := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(settled)
		s.settle(closing)
	}()
	err := s.pump(ctx)
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	close(closing)
	<-settled
	s.end()
	s.finalAck()
	return err
}

// Bound reports whether a consumer delivers: between two sessions, while the
// connection is lost or the stream is compared with what is recorded, none does.
func (s *Subscriber) Bound() bool { return s.bound.Load() && s.conn.Connected() }

// Close ends Run and waits for it; see there. Without Run it closes the
// channels. It can be called again, and by several at a time.
func (s *Subscriber) Close() error {
	s.mu.Lock()
	s.closed = true
	running, cancel := s.running, s.cancel
	s.mu.Unlock()
	if !running {
		s.end()
		return nil
	}
	cancel()
	<-s.done
	return nil
}

// end closes the channels of the handlers and ends the contexts of messages
// that are still out.
func (s *Subscriber) end() {
	s.ended.Do(func() { close(s.quit) })
	s.serving.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.flight {
		f.drop()
	}
}

func (f *flying) drop() {
	if f.msg != nil {
		f.handing.end()
	}
}

func (f *flying) seq() uint64 { return f.handing.delivery.Seq }

// wake leaves a mark for a goroutine that waits on c, or will.
func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
