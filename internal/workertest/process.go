package workertest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/web"
)

// Process is a worker as a process of its own.
type Process struct {
	// Env is added to its environment at the next Launch.
	Env []string
	// Command, if set, makes the command that runs the worker; by default it is
	// the program itself.
	Command func(path string, args ...string) *exec.Cmd

	t       testing.TB
	path    string
	args    []string
	cmd     *exec.Cmd
	stderr  *buffer
	ready   chan bool     // whether it said where it listens
	ended   chan struct{} // closed when the process has ended
	killed  bool
	events  string
	answers string
}

// buffer may be read while the process writes.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *buffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *buffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// New readies "trueup run" on free ports, of a build with some tags. A played
// clock goes on soon after the stream is still. It is stopped when the test ends.
func New(t testing.TB, tags string, args ...string) *Process {
	t.Helper()
	p := &Process{t: t, path: Binary(t, tags), args: append([]string{"run", "--nats-listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--settle", settle}, args...)}
	t.Cleanup(func() {
		if p.cmd != nil && !p.Ended() {
			p.Stop()
		}
	})
	return p
}

// Start starts a worker and waits until it says where it listens.
func Start(t testing.TB, args ...string) *Process {
	t.Helper()
	p := New(t, "", args...)
	p.Start()
	return p
}

// Launch starts the process and does not wait.
func (p *Process) Launch() {
	p.t.Helper()
	command := p.Command
	if command == nil {
		command = exec.Command
	}
	p.cmd = command(p.path, p.args...)
	p.cmd.Env = append(os.Environ(), p.Env...)
	p.stderr, p.ended, p.killed = &buffer{}, make(chan struct{}), false
	p.cmd.Stderr = p.stderr
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	ready, ended, cmd := make(chan bool, 2), p.ended, p.cmd
	p.ready = ready
	go func() {
		defer close(ended)
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			if p.announced(lines.Text()) {
				ready <- true
			}
		}
		_ = cmd.Wait()
		ready <- false
	}()
}

// announced takes a line of what the worker says first; the last of them is
// about its ledger.
func (p *Process) announced(line string) bool {
	name, value, _ := strings.Cut(line, ":")
	value, _, _ = strings.Cut(strings.TrimSpace(value), " ")
	switch name {
	case "events":
		p.events = value
	case "answers":
		p.answers = value
	}
	return name == "ledger"
}

// Ready waits until a launched worker says where it listens; false says that it
// ended before.
func (p *Process) Ready() bool { return <-p.ready }

// Start launches the worker and waits until it is ready.
func (p *Process) Start() {
	p.t.Helper()
	p.Launch()
	if !p.Ready() {
		p.t.Fatalf("trueup %s did not start: %s", strings.Join(p.args, " "), p.stderr)
	}
}

// Ended reports whether the process has ended.
func (p *Process) Ended() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.ended }

// Signal sends a signal.
func (p *Process) Signal(s os.Signal) { _ = p.cmd.Process.Signal(s) }

// Pid is the process's id.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Kill is kill -9.
func (p *Process) Kill() {
	p.killed = true
	p.Signal(syscall.SIGKILL)
	<-p.ended
}

// Stop ends the worker as an operator would.
func (p *Process) Stop() {
	p.t.Helper()
	p.Signal(syscall.SIGTERM)
	if code := p.Wait(); code != 0 && !p.killed {
		p.t.Errorf("trueup ended with %d; stderr:\n%s", code, p.stderr)
	}
}

// Wait waits for the end and gives the exit code; -1 for a process that was killed.
func (p *Process) Wait() int {
	p.t.Helper()
	timeout := time.NewTimer(endWait)
	defer timeout.Stop()
	select {
	case <-p.ended:
	case <-timeout.C:
		_ = p.cmd.Process.Kill()
		<-p.ended
		p.t.Errorf("trueup did not end; stderr:\n%s", p.stderr)
	}
	return p.cmd.ProcessState.ExitCode()
}

// Stderr is what the process has said on standard error since it was launched.
func (p *Process) Stderr() string { return p.stderr.String() }

// Events is the URL of the broker that the worker says to publish to.
func (p *Process) Events() string { return p.events }

// Answers is the address of its API.
func (p *Process) Answers() string { return p.answers }

// Reader asks its API.
func (p *Process) Reader() report.Reader { return web.NewClient(p.answers, nil) }

// Settled waits until everything published is applied and out.
func (p *Process) Settled() *report.Status {
	p.t.Helper()
	st, err := p.settled()
	if err != nil {
		p.t.Fatalf("%v; stderr:\n%s", err, p.stderr)
	}
	return st
}

// Rests waits until the worker has nothing to do any more; false says that it
// ended before.
func (p *Process) Rests() bool {
	p.t.Helper()
	_, err := p.settled()
	if err != nil && !p.Ended() {
		p.t.Fatalf("%v; stderr:\n%s", err, p.stderr)
	}
	return err == nil
}

func (p *Process) settled() (*report.Status, error) {
	ctx, cancel := context.WithTimeout(context.Background(), settleWait)
	defer cancel()
	again := time.NewTicker(look)
	defer again.Stop()
	var last any
	for {
		st, err := p.Reader().Status(ctx)
		switch {
		case err != nil:
			last = err.Error()
		case st.Pending == 0 && st.Outbox == 0 && st.Facts > 0 && st.Broker == "connected":
			return st, nil
		default:
			last = st
		}
		select {
		case <-again.C:
		case <-p.ended:
			return nil, errors.New("the worker ended")
		case <-ctx.Done():
			b, _ := json.Marshal(last)
			return nil, fmt.Errorf("the worker did not settle; last status %s", b)
		}
	}
}

// Document is the statement of everybody.
func (p *Process) Document() *report.Document {
	p.t.Helper()
	doc, err := p.Reader().Statement(context.Background(), report.Filter{})
	if err != nil {
		p.t.Fatal(err)
	}
	return doc
}
