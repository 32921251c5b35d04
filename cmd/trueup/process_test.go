package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/web"
)

// binary builds the program once per test run.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "trueup-test")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "trueup")
	out, err := exec.Command("go", "build", "-buildvcs=false", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", &exec.Error{Name: "go build: " + string(out), Err: err}
	}
	return path, nil
})

// process is a worker as a process of its own.
type process struct {
	t       testing.TB
	args    []string
	cmd     *exec.Cmd
	events  string // the broker's URL
	answers string // the API's
	stderr  *syncBuffer
	exited  chan error
}

// syncBuffer may be read while the process writes.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// startProcess starts "trueup run" on free ports and waits until it says where
// it listens. It is stopped when the test ends.
func startProcess(t testing.TB, args ...string) *process {
	t.Helper()
	p := &process{t: t, args: append([]string{"run", "--nats-listen", "127.0.0.1:0", "--http", "127.0.0.1:0"}, args...)}
	p.start()
	t.Cleanup(p.stop)
	return p
}

// stop ends the worker as an operator would, once.
func (p *process) stop() {
	p.signal(syscall.SIGTERM)
	if code := p.wait(); code != exitDone {
		p.t.Errorf("trueup ended with %d; stderr:\n%s", code, p.stderr)
	}
}

func (p *process) start() {
	p.t.Helper()
	path, err := binary()
	if err != nil {
		p.t.Fatal(err)
	}
	p.cmd = exec.Command(path, p.args...)
	p.stderr, p.exited = &syncBuffer{}, make(chan error, 1)
	p.cmd.Stderr = p.stderr
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	ready := false
	for !ready && lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ":")
		value, _, _ = strings.Cut(strings.TrimSpace(value), " ")
		switch name {
		case "events":
			p.events = value
		case "answers":
			p.answers = value
		case "ledger":
			ready = true
		}
	}
	go func() {
		for lines.Scan() {
			continue // drained so that the process never blocks
		}
		p.exited <- p.cmd.Wait()
	}()
	if !ready {
		<-p.exited
		p.t.Fatalf("trueup %s did not start: %s", strings.Join(p.args, " "), p.stderr)
	}
}

func (p *process) signal(s os.Signal) { _ = p.cmd.Process.Signal(s) }

// wait gives the exit code.
func (p *process) wait() int {
	p.t.Helper()
	timeout := time.NewTimer(time.Minute)
	defer timeout.Stop()
	select {
	case err := <-p.exited:
		p.exited <- err
	case <-timeout.C:
		_ = p.cmd.Process.Kill()
		p.t.Errorf("trueup did not end; stderr:\n%s", p.stderr)
	}
	return p.cmd.ProcessState.ExitCode()
}

func (p *process) reader() report.Reader { return web.NewClient(p.answers, nil) }

// settled waits until everything published is applied and out.
func (p *process) settled() *report.Status {
	p.t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	var last any
	for time.Now().Before(deadline) {
		st, err := p.reader().Status(context.Background())
		last = err
		if err == nil {
			if st.Pending == 0 && st.Outbox == 0 && st.Facts > 0 && st.Broker == "connected" {
				return st
			}
			last = st
		}
		time.Sleep(50 * time.Millisecond)
	}
	b, _ := json.Marshal(last)
	p.t.Fatalf("the worker did not settle; last status %s (%v); stderr:\n%s", b, last, p.stderr)
	return nil
}

func (p *process) document() *report.Document {
	p.t.Helper()
	doc, err := p.reader().Statement(context.Background(), report.Filter{})
	if err != nil {
		p.t.Fatal(err)
	}
	return doc
}

// trueup runs a command of the program in this process.
func trueup(t testing.TB, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(context.Background(), env{args, strings.NewReader(stdin), &out, &errs, func(string) string { return "" }, time.Now})
	return code, out.String(), errs.String()
}
