//go:build linux

package torture

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/torture/disk"
	"github.com/trueup/trueup/internal/web"
)

// diskWorker is trueup run under watch.
type diskWorker struct {
	w       *diskWorld
	cmd     *exec.Cmd
	watch   *disk.Process // nil: not watched
	answers string        // the API's address; empty: it ended before it had one
	stderr  *diskText
	exited  chan struct{} // closed when cmd was waited for
	ended   time.Time     // when that was
}

// diskText may be read while the worker writes.
type diskText struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (d *diskText) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.b.Write(p)
}

func (d *diskText) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.b.String()
}

// watched names the ledger file, the name it has while it is made, and its folder.
func (w *diskWorld) watched(path string) bool {
	return path == w.ledger || path == w.ledger+".new" || path == filepath.Dir(w.ledger)
}

// start starts a worker, with decide for what it does to the ledger file, and
// waits until it listens or has ended. While a world is fed the clock is played
// from the company's first day: a tick then changes nothing.
func (w *diskWorld) start(asOf string, decide func(disk.Op) disk.Verdict) *diskWorker {
	w.t.Helper()
	args := append([]string{
		"run", "--data", filepath.Dir(w.ledger), "--nats", w.broker.URL(), "--http", "127.0.0.1:0", "--as-of", asOf,
	}, w.plans...)
	k := &diskWorker{w: w, cmd: exec.Command(w.program, args...), stderr: &diskText{}, exited: make(chan struct{})}
	k.cmd.Stderr = k.stderr
	stdout, theirs, err := os.Pipe()
	if err != nil {
		w.t.Fatal(err)
	}
	k.cmd.Stdout = theirs
	if decide == nil {
		err = k.cmd.Start()
	} else {
		k.watch, err = disk.Start(k.cmd, w.watched, decide)
	}
	_ = theirs.Close()
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = k.cmd.Process.Kill(); <-k.exited })
	go k.wait()
	defer stdout.Close()
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		switch name, value, _ := strings.Cut(lines.Text(), ":"); name {
		case "answers":
			k.answers = strings.TrimSpace(value)
		case "ledger":
			return k // nothing more is said there
		}
	}
	k.end()
	return k
}

func (k *diskWorker) wait() {
	_ = k.cmd.Wait()
	k.ended = time.Now()
	if k.watch != nil {
		<-k.watch.Ended()
	}
	close(k.exited)
}

// running reports whether the worker has not ended.
func (k *diskWorker) running() bool {
	select {
	case <-k.exited:
		return false
	default:
		return true
	}
}

// end waits until the worker has ended and gives its exit code.
func (k *diskWorker) end() int {
	k.w.t.Helper()
	bound := time.NewTimer(diskPatience)
	defer bound.Stop()
	select {
	case <-k.exited:
	case <-bound.C:
		k.w.t.Fatalf("the worker did not end; stderr:\n%s", k.stderr)
	}
	if k.watch != nil && k.watch.Err() != nil {
		k.w.t.Fatalf("watching the worker: %v", k.watch.Err())
	}
	return k.cmd.ProcessState.ExitCode()
}

// stop ends the worker as an operator would.
func (k *diskWorker) stop(want int) {
	k.w.t.Helper()
	_ = k.cmd.Process.Signal(syscall.SIGTERM)
	if code := k.end(); code != want {
		k.w.t.Errorf("the worker ended with %d, want %d; stderr:\n%s", code, want, k.stderr)
	}
}

// until asks for the worker's status until it is as wanted, or the worker ended.
func (k *diskWorker) until(ok func(*report.Status) bool) bool {
	k.w.t.Helper()
	client := web.NewClient(k.answers, nil)
	for deadline := time.Now().Add(diskPatience); ; {
		if !k.running() {
			return false
		}
		st, err := client.Status(context.Background())
		if err == nil && ok(st) {
			return true
		}
		if time.Now().After(deadline) {
			k.w.t.Fatalf("the worker did not get there: %+v, %v; stderr:\n%s", st, err, k.stderr)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// recorded waits until the ledger has the message of a number, and reports
// whether it has: the worker may have ended before.
func (k *diskWorker) recorded(seq uint64) bool {
	k.w.t.Helper()
	return k.until(func(st *report.Status) bool { return st.Position.Sequence >= seq })
}

// settle waits until everything published is applied and out.
func (k *diskWorker) settle() {
	k.w.t.Helper()
	if !k.until(func(st *report.Status) bool {
		return st.Pending == 0 && st.Outbox == 0 && st.Facts > 0 && st.Broker == "connected"
	}) {
		k.w.t.Fatalf("the worker ended with %d; stderr:\n%s", k.end(), k.stderr)
	}
}

func (k *diskWorker) document() *report.Document {
	k.w.t.Helper()
	doc, err := web.NewClient(k.answers, nil).Statement(context.Background(), report.Filter{})
	if err != nil {
		k.w.t.Fatal(err)
	}
	return doc
}

// complaint is the one line in which the worker says why it failed.
func (k *diskWorker) complaint() string {
	k.w.t.Helper()
	var found []string
	for line := range strings.Lines(k.stderr.String()) {
		if !strings.HasPrefix(line, "{") { // not of the log
			found = append(found, strings.TrimSpace(line))
		}
	}
	if len(found) != 1 || !strings.HasPrefix(found[0], "trueup run: ") {
		k.w.t.Errorf("stderr has %d lines that are not of the log, want one:\n%s", len(found), k.stderr)
		return ""
	}
	return found[0]
}
