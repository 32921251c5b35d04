// Package workertest runs the real program for tests: a worker as a process of
// its own that can be killed and started again, and single commands.
package workertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"
)

const (
	program    = "github.com/trueup/trueup/cmd/trueup"
	endWait    = time.Minute
	settleWait = 3 * time.Minute
	look       = 50 * time.Millisecond
	settle     = "400ms"
)

// Binary builds the program, once per set of build tags, and gives its path. It
// is built in bin, where the test processes of all packages find it done: to
// link it takes longer than most tests. Each has its own name for it, so that
// who builds another one takes it from nobody.
func Binary(t testing.TB, tags string) string {
	t.Helper()
	built.Lock()
	defer built.Unlock()
	if path, ok := built.paths[tags]; ok {
		return path
	}
	dir, err := os.MkdirTemp("", "trueup-test") //nolint:usetesting // it outlives the test
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "trueup")
	if err := build(t.Context(), tags, path); err != nil {
		t.Fatal(err)
	}
	built.paths[tags] = path
	return path
}

// build brings the shared program up to date and links it to a path.
func build(ctx context.Context, tags, path string) error {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return fmt.Errorf("go list -m: %w", err)
	}
	shared := filepath.Join(string(bytes.TrimSpace(root)), "bin", "test", "trueup-"+tags)
	if err := os.MkdirAll(filepath.Dir(shared), 0o700); err != nil {
		return err
	}
	unlock, err := lockedfile.MutexAt(shared + ".lock").Lock()
	if err != nil {
		return err
	}
	defer unlock()
	if out, err := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-tags", tags, "-o", shared, program).CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w: %s", err, out)
	}
	if os.Link(shared, path) == nil {
		return nil
	}
	b, err := os.ReadFile(shared) //nolint:gosec // bin may be on another disk
	if err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o700) //nolint:gosec // a program
}

var built = struct {
	sync.Mutex
	paths map[string]string
}{paths: map[string]string{}}

// Clean removes what Binary built; TestMain calls it last.
func Clean() {
	built.Lock()
	defer built.Unlock()
	for _, path := range built.paths {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	clear(built.paths)
}

// Run runs one command of the program to its end.
func Run(t testing.TB, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), Binary(t, ""), args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// CopyFile copies a file.
func CopyFile(t testing.TB, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from) //nolint:gosec // a test's own file
	if err == nil {
		err = os.WriteFile(to, b, fs.FileMode(0o600)) //nolint:gosec // as above
	}
	if err != nil {
		t.Fatal(err)
	}
}
