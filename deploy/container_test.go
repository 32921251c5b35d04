package deploy

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/trueup/trueup/internal/workertest"
)

const nobody = 65532 // the image's user

// What the image has, made by the command that makes it there, runs in a root
// that has nothing else, as the image's user.
func TestEmptyRoot(t *testing.T) {
	if os.Getenv("TRUEUP_TOOLS") == "" || os.Geteuid() != 0 {
		t.Skip("builds the program once more and changes its root, which only root can: make deploy-check")
	}
	text, err := os.ReadFile(filepath.Join("container", "Containerfile"))
	if err != nil {
		t.Fatal(err)
	}
	build := regexp.MustCompile(`(?m)^RUN (CGO_ENABLED=0 .*go build .*)$`).FindStringSubmatch(string(text))
	if build == nil {
		t.Fatal("the Containerfile has no go build")
	}
	root := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", strings.ReplaceAll(build[1], "/root.fs", root))
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "TARGETOS=linux", "TARGETARCH=amd64", "VERSION=v9.9.9", "COMMIT=abc")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", build[1], err, out)
	}
	for name, mode := range map[string]os.FileMode{"data": 0o700, "tmp": 0o777} {
		dir := filepath.Join(root, name)
		if err := os.Mkdir(dir, mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(dir, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	for dir := root; dir != os.TempDir() && len(dir) > 1; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // nobody has to get there
			t.Fatal(err)
		}
	}
	inside := func(_ string, args ...string) *exec.Cmd {
		cmd := exec.Command("/usr/bin/trueup", args...)
		cmd.Dir = "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		return cmd
	}
	out, err := inside("", "version").Output()
	if err != nil || !strings.HasPrefix(string(out), "trueup v9.9.9\ncommit         abc\n") {
		t.Fatalf("trueup version: %q, %v", out, err)
	}
	w := workertest.New(t, "", "--data", "/data")
	w.Command = inside
	w.Start()
	for _, path := range []string{"/healthz", "/readyz"} { // it is ready a moment after it listens
		code, body := 0, ""
		for until := time.Now().Add(patient); code != http.StatusOK && time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
			answer, err := http.Get(w.Answers() + path)
			if err != nil {
				t.Fatal(err)
			}
			b, _ := io.ReadAll(answer.Body)
			_ = answer.Body.Close()
			code, body = answer.StatusCode, string(b)
		}
		if code != http.StatusOK {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	w.Stop()
	if info, err := os.Stat(filepath.Join(root, "data", "default.db")); err != nil || info.Sys().(*syscall.Stat_t).Uid != nobody {
		t.Errorf("the ledger is not the image's user's: %v, %v", info, err)
	}
}
