package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	readyWait = 15 * time.Second
	stopWait  = time.Minute
)

// build builds a program as the root module does, with its versions.
func build(ctx context.Context, pkg, path string) error {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/trueup/trueup").Output()
	if err != nil {
		return fmt.Errorf("run me in the folder bench: go list: %w", err)
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", path, pkg)
	cmd.Dir = strings.TrimSpace(string(root))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w: %s", pkg, err, out)
	}
	return nil
}

// process is a program that runs beside this one.
type process struct {
	cmd    *exec.Cmd
	stderr *tail
	exited chan struct{}
}

// tail keeps the end of what is written to it.
type tail struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.b.Len() > 1<<16 {
		t.b.Reset()
	}
	return t.b.Write(p)
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(t.b.String())
}

func start(path string, args ...string) (*process, *bufio.Scanner, error) {
	p := &process{cmd: exec.Command(path, args...), stderr: &tail{}, exited: make(chan struct{})} //nolint:noctx // stopped by stop
	p.cmd.Stderr = p.stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	return p, bufio.NewScanner(out), p.cmd.Start()
}

// reap waits for the end of the process, after its output was read to its end.
func (p *process) reap(rest *bufio.Scanner) {
	go func() {
		for rest.Scan() { //nolint:revive // drained so that the process never blocks
		}
		_ = p.cmd.Wait()
		close(p.exited)
	}()
}

func (p *process) pid() string { return fmt.Sprint(p.cmd.Process.Pid) }

// stop ends the process in order, or after a while at once.
func (p *process) stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.exited:
	case <-time.After(stopWait):
		_ = p.cmd.Process.Kill()
		<-p.exited
		return fmt.Errorf("%s did not end: %s", filepath.Base(p.cmd.Path), p.stderr)
	}
	if code := p.cmd.ProcessState.ExitCode(); code > 0 {
		return fmt.Errorf("%s exited with %d: %s", filepath.Base(p.cmd.Path), code, p.stderr)
	}
	return nil
}

// startServer starts a nats-server that syncs every write.
func startServer(bin, dir string) (*process, string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed at once
	if err != nil {
		return nil, "", err
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		return nil, "", err
	}
	conf := filepath.Join(dir, "nats.conf")
	text := fmt.Sprintf("listen: %q\nserver_name: bench\njetstream { store_dir: %q, sync_interval: always, max_file_store: 40GB, max_memory_store: 64MB }\n",
		addr, filepath.Join(dir, "js"))
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		return nil, "", err
	}
	p, out, err := start(bin, "-c", conf, "-l", filepath.Join(dir, "nats.log"))
	if err != nil {
		return nil, "", err
	}
	p.reap(out)
	for deadline := time.Now().Add(readyWait); ; time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", addr); err == nil { //nolint:noctx // loopback
			_ = c.Close()
			return p, "nats://" + addr, nil
		}
		if time.Now().After(deadline) {
			return nil, "", fmt.Errorf("nats-server does not listen on %s", addr)
		}
	}
}

// startWorker starts "trueup run" and gives where it answers.
func startWorker(bin string, w *workload, data string) (*process, string, error) {
	args := []string{"run", "--nats", w.URL, "--http", "127.0.0.1:0", "--data", data, "--as-of", w.AsOf.UTC().Format(time.RFC3339Nano), "--log-level", "warn"}
	for _, f := range w.planFiles() {
		args = append(args, "--plan", f)
	}
	p, out, err := start(bin, args...)
	if err != nil {
		return nil, "", err
	}
	answers, ready := "", false
	for !ready && out.Scan() {
		name, value, _ := strings.Cut(out.Text(), ":")
		switch name {
		case "answers":
			answers = strings.TrimSpace(value)
		case "ledger":
			ready = true
		}
	}
	p.reap(out)
	if !ready {
		<-p.exited
		return nil, "", fmt.Errorf("trueup did not start: %s", p.stderr)
	}
	return p, answers, nil
}
