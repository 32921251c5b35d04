package broker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/rs/zerolog"

	"github.com/trueup/trueup/internal/field"
)

const (
	// DefaultAddr is where an embedded server listens.
	DefaultAddr = "127.0.0.1:4222"

	embedStart = 10 * time.Second
	embedStop  = 15 * time.Second
)

// Options say how a server is embedded.
type Options struct {
	Dir  string // where streams are kept; created with mode 0700
	Addr string // host:port on loopback; DefaultAddr if empty; port 0 or -1 is a random one
	Log  zerolog.Logger
}

// Embedded is a NATS server inside this process.
type Embedded struct {
	server *server.Server
	log    zerolog.Logger
	once   sync.Once
	err    error
}

// Embed starts a NATS server with JetStream in this process. Every publish is
// synced to disk before it is acknowledged. It listens on loopback only, so
// that it needs no passwords; anything wider is a server of its own.
func Embed(o Options) (*Embedded, error) {
	if o.Dir == "" {
		return nil, errors.New("embedded nats: no data directory")
	}
	host, port, err := loopback(o.Addr)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("embedded nats: %w", err)
	}
	bridge := &serverLog{log: o.Log.With().Str(field.Part, "nats-server").Logger(), fatal: make(chan string, 1)}
	s, err := server.NewServer(&server.Options{
		ServerName:         "trueup",
		Host:               host,
		Port:               port,
		JetStream:          true,
		StoreDir:           o.Dir,
		SyncAlways:         true,
		JetStreamMaxMemory: 64 << 20,
		NoSigs:             true,
	})
	if err != nil {
		return nil, fmt.Errorf("embedded nats: %w", err)
	}
	s.SetLoggerV2(bridge, false, false, false)
	e := &Embedded{server: s, log: o.Log}
	s.Start()
	ready := s.ReadyForConnections(embedStart) && s.JetStreamEnabled()
	select {
	case why := <-bridge.fatal:
		err = fmt.Errorf("embedded nats: %s", why)
	default:
		if !ready {
			err = fmt.Errorf("embedded nats: not ready on %s after %v; its log says why", net.JoinHostPort(host, strconv.Itoa(port)), embedStart)
		}
	}
	if err != nil {
		_ = e.Close()
		return nil, err
	}
	return e, nil
}

// loopback splits an address, and refuses one that others can reach or that is
// taken: the server itself would end the process for the latter.
func loopback(addr string) (host string, port int, err error) {
	if addr == "" {
		addr = DefaultAddr
	}
	host, p, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, fmt.Errorf("embedded nats: address %q: %w", addr, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", 0, fmt.Errorf("embedded nats: address %s is not on loopback; run nats-server with TLS and a token, and give its URL", addr)
	}
	port, err = strconv.Atoi(p)
	if err != nil || port < -1 || port > 65535 {
		return "", 0, fmt.Errorf("embedded nats: address %q: no such port", addr)
	}
	if port <= 0 {
		return host, server.RANDOM_PORT, nil
	}
	var lc net.ListenConfig
	l, err := lc.Listen(context.Background(), "tcp", addr)
	if err != nil {
		return "", 0, fmt.Errorf("embedded nats: address %s is in use: %w", addr, err)
	}
	return host, port, l.Close()
}

// URL is where clients connect.
func (e *Embedded) URL() string { return e.server.ClientURL() }

// Close stops the server and waits, for a bounded time, until its files are
// closed. It can be called again.
func (e *Embedded) Close() error {
	e.once.Do(func() {
		done, late := make(chan struct{}), time.NewTimer(embedStop)
		defer late.Stop()
		go func() {
			defer close(done)
			e.server.Shutdown()
			e.server.WaitForShutdown()
		}()
		select {
		case <-done:
		case <-late.C:
			e.err = fmt.Errorf("embedded nats: still running %v after it was told to stop", embedStop)
		}
	})
	return e.err
}

// serverLog hands the server's warnings and errors on. A fatal error is kept
// for Embed to return: the server expects its logger to end the process.
type serverLog struct {
	log   zerolog.Logger
	fatal chan string
}

// Noticef drops what is only of interest to the server's own operator.
func (l *serverLog) Noticef(string, ...any) {}

// Debugf drops.
func (l *serverLog) Debugf(string, ...any) {}

// Tracef drops.
func (l *serverLog) Tracef(string, ...any) {}

// Warnf hands on.
func (l *serverLog) Warnf(format string, v ...any) { l.log.Warn().Msgf(format, v...) }

// Errorf hands on.
func (l *serverLog) Errorf(format string, v ...any) { l.log.Error().Msgf(format, v...) }

// Fatalf keeps the reason; it must not end the process.
func (l *serverLog) Fatalf(format string, v ...any) {
	l.log.Error().Msgf(format, v...)
	select {
	case l.fatal <- fmt.Sprintf(format, v...):
	default:
	}
}
