package torture

import (
	"context"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trueup/trueup/internal/broker/brokertest"
)

// proxy stands between a worker and its broker and does to their connections
// what networks do.
type proxy struct {
	listener net.Listener
	broker   string // host:port
	serving  sync.WaitGroup
	delay    atomic.Int64 // before each chunk, nanoseconds

	mu       sync.Mutex
	refusing bool
	closed   bool
	pairs    map[*pair]bool
}

// pair is one connection and its other half.
type pair struct {
	worker, broker net.Conn
	toBroker       atomic.Bool // what the worker sends vanishes
	toWorker       atomic.Bool // what the broker sends vanishes
}

// deafen lets vanish what the worker sends, mute what the broker sends.
func (c *pair) deafen() { c.toBroker.Store(true) }
func (c *pair) mute()   { c.toWorker.Store(true) }

// die lets everything vanish.
func (c *pair) die() {
	c.deafen()
	c.mute()
}

func newProxy(t *testing.T, b *brokertest.Process) *proxy {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, broker: strings.TrimPrefix(b.URL(), "nats://"), pairs: map[*pair]bool{}}
	p.serving.Go(p.accept)
	t.Cleanup(func() {
		p.mu.Lock()
		p.closed = true
		p.mu.Unlock()
		_ = l.Close()
		p.cut()
		p.serving.Wait()
	})
	return p
}

func (p *proxy) url() string { return "nats://" + p.listener.Addr().String() }

func (p *proxy) accept() {
	for {
		worker, err := p.listener.Accept()
		if err != nil {
			return
		}
		broker, err := new(net.Dialer).DialContext(context.Background(), "tcp", p.broker)
		p.mu.Lock()
		if err != nil || p.refusing || p.closed {
			_ = worker.Close()
			if err == nil {
				_ = broker.Close()
			}
			p.mu.Unlock()
			continue
		}
		c := &pair{worker: worker, broker: broker}
		p.pairs[c] = true
		p.mu.Unlock()
		p.serving.Go(func() { p.carry(c, worker, broker, &c.toBroker) })
		p.serving.Go(func() { p.carry(c, broker, worker, &c.toWorker) })
	}
}

// carry brings what comes on one connection to another, unless it is to vanish.
func (p *proxy) carry(c *pair, from, to net.Conn, vanishes *atomic.Bool) {
	defer p.end(c)
	chunk := make([]byte, 4096)
	for {
		n, err := from.Read(chunk)
		if d := time.Duration(p.delay.Load()); d > 0 {
			time.Sleep(d)
		}
		if n > 0 && !vanishes.Load() {
			if _, err := to.Write(chunk[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (p *proxy) end(c *pair) {
	_, _ = c.worker.Close(), c.broker.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.pairs, c)
}

// each does something to every connection there is.
func (p *proxy) each(f func(*pair)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.pairs {
		f(c)
	}
}

// cut ends every connection.
func (p *proxy) cut() {
	p.each(func(c *pair) { _, _ = c.worker.Close(), c.broker.Close() })
}

// refuse takes no new connections, or takes them again.
func (p *proxy) refuse(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refusing = on
}

// slow delays every chunk of at most 4 KiB, in both directions.
func (p *proxy) slow(d time.Duration) { p.delay.Store(int64(d)) }
