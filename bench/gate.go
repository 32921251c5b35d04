package main

import (
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

// gate stands before a server, passes everything on, and knows when the server
// first answered through it.
type gate struct {
	server   string
	listener net.Listener
	open     sync.WaitGroup

	mu    sync.Mutex
	at    time.Time
	conns map[net.Conn]bool
}

func newGate(url string) (*gate, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed by close
	if err != nil {
		return nil, err
	}
	g := &gate{server: strings.TrimPrefix(url, "nats://"), listener: l, conns: map[net.Conn]bool{}}
	g.open.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			g.open.Go(func() { g.pass(c) })
		}
	})
	return g, nil
}

func (g *gate) url() string { return "nats://" + g.listener.Addr().String() }

// forget readies the gate for the next worker.
func (g *gate) forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.at = time.Time{}
}

// answered is when the server first answered since.
func (g *gate) answered() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.at
}

func (g *gate) pass(client net.Conn) {
	server, err := net.Dial("tcp", g.server) //nolint:noctx // loopback
	if err != nil {
		_ = client.Close()
		return
	}
	g.keep(client, server)
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(server, client); _ = server.Close(); _ = client.Close() })
	both.Go(func() { _, _ = io.Copy(client, witness{g, server}); _ = server.Close(); _ = client.Close() })
	both.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.conns, client)
	delete(g.conns, server)
}

func (g *gate) keep(conns ...net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range conns {
		g.conns[c] = true
	}
}

// witness notes when the server says something for the first time.
type witness struct {
	g      *gate
	server net.Conn
}

func (w witness) Read(p []byte) (int, error) {
	n, err := w.server.Read(p)
	w.g.mu.Lock()
	defer w.g.mu.Unlock()
	if n > 0 && w.g.at.IsZero() {
		w.g.at = time.Now()
	}
	return n, err
}

func (g *gate) close() error {
	err := g.listener.Close()
	g.mu.Lock()
	for c := range g.conns {
		err = errors.Join(err, c.Close())
	}
	g.mu.Unlock()
	g.open.Wait()
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	return err
}
