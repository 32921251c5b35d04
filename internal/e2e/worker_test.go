//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/trueup/trueup/internal/report"
)

// worker is a worker with the demo's data, and what its people have to show.
type worker struct {
	url, nats string
	tokens    map[string]string // by name
}

// running is the worker of all tests: each reads, and those that decide
// something decide what no other looks at.
var running *worker

func TestMain(m *testing.M) {
	code, err := runWith(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

// runWith runs the tests with a worker and a browser.
func runWith(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "trueup-e2e-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	program := os.Getenv("TRUEUP_PROGRAM")
	if program == "" {
		return 1, errors.New("TRUEUP_PROGRAM names no trueup to start: use make e2e")
	}
	w, stop, err := start(program, dir, "--demo")
	if err != nil {
		return 1, err
	}
	running = w
	defer func() { err = errors.Join(err, stop()) }()
	if err := w.applied(); err != nil {
		return 1, err
	}
	closeBrowser, err := openBrowser(dir)
	if err != nil {
		return 1, err
	}
	defer closeBrowser()
	return m.Run(), nil
}

// start starts a worker with what it keeps in a folder.
func start(program, dir string, args ...string) (*worker, func() error, error) {
	w := &worker{tokens: map[string]string{}}
	file := filepath.Join(dir, "tokens")
	for name, kind := range map[string][]string{
		"admin": {"--role", "admin", "--by-role", "director_revops"}, "ops": {"--role", "ops"}, "payee": {"--role", "payee", "--payee", "csm-001"},
	} {
		out, err := exec.Command(program, append([]string{"token", "add", name, "--tokens", file}, kind...)...).Output()
		if err != nil {
			return nil, nil, fmt.Errorf("trueup token add: %w", err)
		}
		w.tokens[name] = strings.TrimSpace(string(out))
	}
	cmd := exec.Command(program, append([]string{"run", "--data", filepath.Join(dir, "data"), "--http", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0", "--tokens", file}, args...)...)
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	var ended sync.WaitGroup
	lines := make(chan string)
	ended.Go(func() {
		defer close(lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- s.Text()
		}
	})
	stop := func() error {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		for range lines { // what it still says
		}
		ended.Wait()
		if err := cmd.Wait(); err != nil {
			return fmt.Errorf("the worker ended: %w\n%s", err, log.Bytes())
		}
		return nil
	}
	for w.url == "" {
		line, is := <-lines
		if !is {
			return nil, nil, fmt.Errorf("the worker did not start: %w", stop())
		}
		if rest, is := strings.CutPrefix(line, "events:"); is {
			w.nats = strings.Fields(rest)[0]
		}
		if rest, is := strings.CutPrefix(line, "answers:"); is {
			w.url = strings.Fields(rest)[0]
		}
	}
	go func() {
		for range lines { // which nobody reads
		}
	}()
	return w, stop, nil
}

// demoUntil is the last day of which the demo tells.
const demoUntil = "2027-12-31"

// applied waits until all of the demo is.
func (w *worker) applied() error {
	fmt.Println("e2e: feeding the demo")
	for {
		var st report.Status
		if err := w.ask("/v1/status", &st); err != nil {
			return err
		}
		if st.Pending == 0 && st.Outbox == 0 && st.AsOf.Format(time.DateOnly) >= demoUntil {
			fmt.Printf("e2e: %d facts, %d entries, %d payees\n", st.Facts, st.Entries, st.Payees)
			return nil
		}
		time.Sleep(time.Second)
	}
}

// ask asks the API as the admin.
func (w *worker) ask(path string, answer any) error {
	b, err := w.get(context.Background(), path)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, answer)
}

// get is a page or an answer as the admin gets it.
func (w *worker) get(ctx context.Context, path string) ([]byte, error) {
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url+path, nil)
		if err != nil {
			return nil, err
		}
		req.Header.Set("Authorization", "Bearer "+w.tokens["admin"])
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return nil, err
		}
		b, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		switch {
		case err != nil:
			return nil, err
		case resp.StatusCode == http.StatusTooManyRequests: // it says when to ask again; so do people
			time.Sleep(time.Second)
			continue
		case resp.StatusCode != http.StatusOK:
			return nil, fmt.Errorf("GET %s: %s: %s", path, resp.Status, b)
		}
		return b, nil
	}
}

// must asks, or ends the test.
func must[T any](t *testing.T, path string) (answer T) {
	t.Helper()
	return mustOf[T](t, running, path)
}

// mustOf asks a worker, or ends the test.
func mustOf[T any](t *testing.T, w *worker, path string) (answer T) {
	t.Helper()
	if err := w.ask(path, &answer); err != nil {
		t.Fatal(err)
	}
	return answer
}
