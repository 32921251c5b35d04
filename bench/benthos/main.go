// Command benthos is a worker on the Benthos engine, from JetStream to Postgres,
// which bench builds and measures. The engine's own components for the two are
// in a module under another licence, so input and output here are plugins of
// this program, written for speed: messages in batches, columns as arrays, a
// batch in one round trip and one transaction.
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	_ "github.com/redpanda-data/benthos/v4/public/components/pure" // Bloblang's methods
	"github.com/redpanda-data/benthos/v4/public/service"
)

//go:embed stream.yaml
var streamYAML string

// workload is what this program needs of the file that bench writes.
type workload struct {
	URL       string
	Databases int // events to take
	Postgres  string
}

// result is what bench reads.
type result struct {
	Events  int
	Elapsed time.Duration
	CPU     time.Duration
	Written int64
	Commits int
	Puts    int
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Getenv("TRUEUP_BENCH_DIR"), os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "benthos: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir string, stdout io.Writer) error {
	text, err := os.ReadFile(filepath.Join(dir, "workload.json"))
	if err != nil {
		return err
	}
	var w workload
	if err := json.Unmarshal(text, &w); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	m := meter{fail: cancel}
	if err := errors.Join(registerInput(&m), registerOutput(&m)); err != nil {
		return err
	}
	b := service.NewStreamBuilder()
	b.SetLogger(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	b.SetEnvVarLookupFunc(func(name string) (string, bool) {
		v, ok := map[string]string{
			"NATS_URL": w.URL, "NATS_STREAM": "TRUEUP_IN", "EVENTS": strconv.Itoa(w.Databases), "POSTGRES": w.Postgres + " dbname=benthos",
		}[name]
		return v, ok
	})
	if err := b.SetYAML(streamYAML); err != nil {
		return err
	}
	s, err := b.Build()
	if err != nil {
		return err
	}
	if err := s.Run(ctx); err != nil {
		return errors.Join(context.Cause(ctx), err)
	}
	if m.acked != w.Databases {
		return fmt.Errorf("%d events acknowledged, want %d", m.acked, w.Databases)
	}
	return json.NewEncoder(stdout).Encode(m.result())
}

// meter notes the time from the first read to the last acknowledgement.
type meter struct {
	mu                  sync.Mutex
	fail                func(error) // ends the run
	began, ended        time.Time
	cpuBegan, cpuEnded  time.Duration
	diskBegan, diskEnds int64
	acked               int
	commits, puts       int
}

func (m *meter) begin() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.began.IsZero() {
		m.began, m.cpuBegan, m.diskBegan = time.Now(), cpu(), written()
	}
}

func (m *meter) commit(puts int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.commits++
	m.puts += puts
}

func (m *meter) ack(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.acked += n
	m.ended, m.cpuEnded, m.diskEnds = time.Now(), cpu(), written()
}

func (m *meter) result() result {
	return result{m.acked, m.ended.Sub(m.began), m.cpuEnded - m.cpuBegan, m.diskEnds - m.diskBegan, m.commits, m.puts}
}

func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// written are the bytes to the disk by this process.
func written() int64 {
	text, err := os.ReadFile("/proc/self/io")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "\nwrite_bytes: ")
	line, _, _ := strings.Cut(rest, "\n")
	n, _ := strconv.ParseInt(line, 10, 64)
	return n
}
