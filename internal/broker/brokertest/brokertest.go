// Package brokertest starts NATS servers for tests: one inside the process, or
// the real program in a process of its own that can be killed.
package brokertest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"github.com/trueup/trueup/internal/broker"
)

const (
	ready = 15 * time.Second
	build = 5 * time.Minute
)

// Start embeds a server on a random port, with its data in a temporary folder,
// until the test ends.
func Start(t testing.TB) *broker.Embedded {
	t.Helper()
	e, err := broker.Embed(broker.Options{Dir: t.TempDir(), Addr: "127.0.0.1:-1", Log: zerolog.Nop()})
	if err != nil {
		t.Fatalf("Embed() = %v", err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
	})
	return e
}

// Connect connects to a server until the test ends.
func Connect(t testing.TB, url string) *broker.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), ready)
	defer cancel()
	c, err := broker.Connect(ctx, url, zerolog.Nop())
	if err != nil {
		t.Fatalf("Connect(%s) = %v", url, err)
	}
	t.Cleanup(c.Close)
	return c
}

// Streams connects to a server and makes the default streams for a tenant.
func Streams(t testing.TB, url, tenant string) *broker.Conn {
	t.Helper()
	c := Connect(t, url)
	if err := c.EnsureStreams(t.Context(), broker.DefaultNames, tenant); err != nil {
		t.Fatalf("EnsureStreams(%s) = %v", tenant, err)
	}
	return c
}

// Output is a message of the output stream.
type Output struct {
	Subject string
	ID      string // Nats-Msg-Id
	Body    []byte
	Header  nats.Header
}

// Outputs reads everything on the default output stream but the cursors, in order.
func Outputs(t testing.TB, url string) []Output {
	t.Helper()
	conn := Connect(t, url)
	defer conn.Close()
	stream, err := conn.JetStream().Stream(t.Context(), broker.DefaultNames.Out)
	if err != nil {
		t.Fatal(err)
	}
	info, err := stream.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := stream.OrderedConsumer(t.Context(), jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	var out []Output
	for seen := uint64(0); seen < info.State.Msgs; seen++ {
		m, err := consumer.Next(jetstream.FetchMaxWait(ready))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(m.Subject(), "cursor.") {
			out = append(out, Output{m.Subject(), m.Headers().Get("Nats-Msg-Id"), m.Data(), m.Headers()})
		}
	}
	return out
}

// Process is the nats-server program, running on its own.
type Process struct {
	t    testing.TB
	args []string
	addr string
	dir  string
	log  string
	cmd  *exec.Cmd
	done chan struct{} // closed when cmd has ended
}

// Server starts the real nats-server, of the version in go.mod, on a random
// port with JetStream that syncs every write. It ends with the test. The
// program is built once and kept in the user's cache folder.
func Server(t testing.TB) *Process {
	t.Helper()
	bin, err := binary()
	if err != nil {
		t.Fatalf("build nats-server: %v", err)
	}
	dir := t.TempDir()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(dir, "nats.conf")
	// What has no flag stands in a file: the sync of every write, and bounds.
	const text = "server_name: brokertest\njetstream { sync_interval: always, max_file_store: 1GB, max_memory_store: 64MB }\n"
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &Process{t: t, addr: addr, dir: filepath.Join(dir, "js"), log: filepath.Join(dir, "nats.log")}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	p.args = []string{bin, "-c", conf, "-l", p.log, "-js", "-sd", p.dir, "-a", host, "-p", port}
	p.start()
	t.Cleanup(p.Kill)
	return p
}

// URL is where clients connect; it stays the same over a restart.
func (p *Process) URL() string { return "nats://" + p.addr }

// Dir is where the server keeps its streams. After Kill it can be copied, or
// replaced by an older copy: that is what a restored backup, or a disk that lost
// its last writes, looks like.
func (p *Process) Dir() string { return p.dir }

// Kill ends the server at once (SIGKILL). It does nothing if it is not running.
func (p *Process) Kill() {
	p.t.Helper()
	if p.cmd == nil {
		return
	}
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Errorf("kill nats-server: %v", err)
	}
	<-p.done
	p.cmd = nil
}

// Restart starts the server again on the same port and data, killing it first
// if it runs.
func (p *Process) Restart() {
	p.t.Helper()
	p.Kill()
	p.start()
}

func (p *Process) start() {
	p.t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(p.t.Context()), p.args[0], p.args[1:]...)
	if err := cmd.Start(); err != nil {
		p.t.Fatalf("start nats-server: %v", err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = cmd.Wait()
	}()
	p.cmd, p.done = cmd, done
	ctx, cancel := context.WithTimeout(p.t.Context(), ready)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", p.addr)
		if err == nil {
			_ = c.Close()
			return
		}
		select {
		case <-done:
			p.t.Fatalf("nats-server ended: %s", p.tail())
		case <-again.C:
		case <-ctx.Done():
			p.t.Fatalf("nats-server does not listen on %s: %s", p.addr, p.tail())
		}
	}
}

func (p *Process) tail() string {
	b, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-2000):])
}

var binary = sync.OnceValues(func() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	dir := filepath.Join(cache, "trueup-test")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "nats-server-"+server.VERSION+"-"+runtime.Version())
	if _, err := os.Stat(bin); !errors.Is(err, fs.ErrNotExist) {
		return bin, err
	}
	// Test processes of several packages run at once: build aside, then rename.
	tmp, err := os.MkdirTemp(dir, "build")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	ctx, cancel := context.WithTimeout(context.Background(), build)
	defer cancel()
	out := filepath.Join(tmp, "nats-server")
	if text, err := exec.CommandContext(ctx, "go", "build", "-o", out, "github.com/nats-io/nats-server/v2").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, text)
	}
	return bin, os.Rename(out, bin)
})
