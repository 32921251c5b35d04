package deploy

import (
	"bufio"
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trueup/trueup/internal/workertest"
)

const unit = "systemd/trueup.service"

// tool skips a test where a program is missing, unless TRUEUP_TOOLS says that
// all of them have to be there: make units and make deploy-check install them.
func tool(t *testing.T, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		if os.Getenv("TRUEUP_TOOLS") != "" {
			t.Fatal(err)
		}
		t.Skipf("no %s: make units or make deploy-check installs it", name)
	}
}

// settings are those of the unit, in order.
func settings(t *testing.T) map[string][]string {
	t.Helper()
	b, err := os.ReadFile(unit)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for line := range bytes.Lines(b) {
		if name, value, ok := strings.Cut(strings.TrimSpace(string(line)), "="); ok && !strings.HasPrefix(name, "#") {
			out[name] = append(out[name], value)
		}
	}
	return out
}

// systemd finds nothing wrong with the unit, and little that it leaves open.
func TestUnit(t *testing.T) {
	tool(t, "systemd-analyze")
	// verify wants the program to be there.
	root := t.TempDir()
	text, err := os.ReadFile(unit)
	if err != nil {
		t.Fatal(err)
	}
	there := bytes.ReplaceAll(text, []byte("/usr/local/bin/trueup"), []byte(workertest.Binary(t, "")))
	path := filepath.Join(root, "trueup.service")
	if err := os.WriteFile(path, there, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"verify", "--man=no", path},
		// 0 is nothing left open, 100 everything; what is left is that it talks over the network.
		{"security", "--offline=true", "--no-pager", "--threshold=12", path},
	} {
		out, err := exec.CommandContext(t.Context(), "systemd-analyze", args...).CombinedOutput()
		if err != nil || args[0] == "verify" && len(out) > 0 {
			t.Errorf("systemd-analyze %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// What the program says when it ends is what the unit goes by.
func TestUnitRestarts(t *testing.T) {
	s := settings(t)
	for name, want := range map[string]string{
		"Restart": "on-failure", "RestartPreventExitStatus": "2 3", "Type": "notify", "WatchdogSec": "",
	} {
		if got := strings.Join(s[name], ","); got != want {
			t.Errorf("%s=%s, want %q", name, got, want)
		}
	}
}

// Every setting of the environment is a flag of the program's, and every
// credential it is told of is loaded.
func TestUnitEnvironment(t *testing.T) {
	s := settings(t)
	code, help, _ := workertest.Run(t, "", "run", "--help")
	if code != 0 {
		t.Fatalf("trueup run --help ended with %d", code)
	}
	for _, one := range strings.Fields(strings.Join(s["Environment"], " ")) {
		name, value, _ := strings.Cut(one, "=")
		flag := "--" + strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(name, "TRUEUP_"), "_", "-"))
		if !regexp.MustCompile(`(?m)^ +` + flag + `\b`).MatchString(help) {
			t.Errorf("%s: trueup run has no %s", name, flag)
		}
		if file, ok := strings.CutPrefix(value, "%d/"); ok && !slices.Contains(s["LoadCredential"], file+":/etc/trueup/"+file) {
			t.Errorf("%s is not loaded", one)
		}
	}
}

// manager hears what the worker tells the one that started it.
type manager struct{ *net.UnixConn }

func listen(t *testing.T) (manager, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return manager{conn}, path
}

func (m manager) hears(t *testing.T, want string) {
	t.Helper()
	b := make([]byte, 4096)
	if err := m.SetReadDeadline(time.Now().Add(patient)); err != nil {
		t.Fatal(err)
	}
	n, err := m.Read(b)
	if err != nil || string(b[:n]) != want {
		t.Errorf("the manager hears %q, %v, want %q", b[:n], err, want)
	}
}

func TestNotify(t *testing.T) {
	m, path := listen(t)
	w := workertest.New(t, "", "--data", t.TempDir())
	w.Env = []string{"NOTIFY_SOCKET=" + path}
	w.Start()
	m.hears(t, "READY=1")
	w.Stop()
	m.hears(t, "STOPPING=1")
}

// denied is what the unit does not let the worker call and it asks for all the
// same: what the Go runtime tries at its start, and does without.
var denied = []string{"prlimit64", "setrlimit", "sched_setaffinity"}

// What the worker asks of the system, from its start through a decision and a
// backup to its end, is what the unit lets it.
func TestSystemCalls(t *testing.T) {
	tool(t, "systemd-analyze")
	tool(t, "strace")
	allowed := map[string]bool{}
	for _, filter := range settings(t)["SystemCallFilter"] {
		sets, without := strings.CutPrefix(filter, "~")
		for _, set := range strings.Fields(sets) {
			for _, call := range calls(t, set) {
				allowed[call] = !without
			}
		}
	}
	if len(allowed) < 300 {
		t.Fatalf("%d system calls are filtered, want all of @system-service", len(allowed))
	}
	log := filepath.Join(t.TempDir(), "strace")
	w := workertest.New(t, "", "--data", t.TempDir(), "--as-of", "2027-03-01")
	m, path := listen(t)
	w.Env = []string{"NOTIFY_SOCKET=" + path}
	w.Command = func(program string, args ...string) *exec.Cmd {
		// As a grandchild (-D), so that signals reach the worker.
		return exec.Command("strace", append([]string{"-D", "-f", "--seccomp-bpf", "-qq", "-e", "signal=none", "-o", log, program}, args...)...)
	}
	w.Start()
	m.hears(t, "READY=1")
	for _, e := range told {
		code, _, stderr := workertest.Run(t, e.events, "publish", "-", "--nats", w.Events())
		if code != 0 {
			t.Fatalf("trueup publish ended with %d: %s", code, stderr)
		}
	}
	w.Settled()
	if code, _, stderr := workertest.Run(t, "", "backup", "--server", w.Answers(), filepath.Join(t.TempDir(), "backup")); code != 0 {
		t.Errorf("trueup backup ended with %d: %s", code, stderr)
	}
	w.Stop()
	f, err := os.Open(log)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	seen := map[string]bool{}
	name := regexp.MustCompile(`^\d+ +([a-z0-9_]+)\(`)
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if m := name.FindStringSubmatch(lines.Text()); m != nil {
			seen[m[1]] = true
		}
	}
	if len(seen) < 20 {
		t.Fatalf("strace saw %d system calls", len(seen))
	}
	for call := range seen {
		if !allowed[call] && !slices.Contains(denied, call) {
			t.Errorf("the worker calls %s, which the unit does not let it", call)
		}
	}
}

// calls are the system calls of a set, and of those in it.
func calls(t *testing.T, set string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "systemd-analyze", "syscall-filter", "--no-pager", set).Output()
	if err != nil {
		t.Fatalf("systemd-analyze syscall-filter %s: %v", set, err)
	}
	var all []string
	for _, line := range strings.Split(string(out), "\n")[1:] {
		switch name := strings.TrimSpace(line); {
		case name == "", strings.HasPrefix(name, "#"):
		case strings.HasPrefix(name, "@"):
			all = append(all, calls(t, name)...)
		default:
			all = append(all, name)
		}
	}
	return all
}
