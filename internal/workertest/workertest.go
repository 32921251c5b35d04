// Package workertest runs the real program for tests: a worker as a process of
// its own that can be killed and started again, and single commands.
package workertest

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	program    = "github.com/trueup/trueup/cmd/trueup"
	endWait    = time.Minute
	settleWait = 3 * time.Minute
	look       = 50 * time.Millisecond
	settle     = "400ms"
)

// Binary builds the program, once per test process and set of build tags, and
// gives its path.
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
	out, err := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-tags", tags, "-o", path, program).CombinedOutput()
	if err != nil {
		t.Fatalf("go build: %v: %s", err, out)
	}
	built.paths[tags] = path
	return path
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
