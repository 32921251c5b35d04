package main

import (
	"bytes"
	"context"
	"errors"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/web"
)

// terminal is a program on a pseudo-terminal.
type terminal struct {
	t    *testing.T
	cmd  *exec.Cmd
	pty  *os.File
	mu   sync.Mutex
	text bytes.Buffer
	done chan struct{} // closed when it shows no more
}

// onTerminal starts the program on a terminal of some lines. What it writes to
// the terminal is told by on: both of its outputs, or only one.
func onTerminal(t *testing.T, lines int, on string, environ []string, args ...string) *terminal {
	t.Helper()
	ptmx, tty, err := pty.Open()
	if err != nil {
		t.Skipf("there are no pseudo-terminals: %v", err)
	}
	if err := pty.Setsize(ptmx, &pty.Winsize{Rows: uint16(lines), Cols: 100}); err != nil { //nolint:gosec // a few
		t.Fatal(err)
	}
	x := &terminal{t: t, cmd: exec.CommandContext(t.Context(), "trueup", args...), pty: ptmx, done: make(chan struct{})}
	x.cmd.Env = append(os.Environ(), append([]string{"TERM=xterm-256color", "NO_COLOR="}, environ...)...)
	x.cmd.Stdin, x.cmd.Stderr = tty, tty
	if on == "both" {
		x.cmd.Stdout = tty
	}
	x.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := x.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = tty.Close()
	t.Cleanup(func() { _ = ptmx.Close() })
	go func() {
		defer close(x.done)
		b := make([]byte, 4096)
		for {
			n, err := ptmx.Read(b)
			x.mu.Lock()
			x.text.Write(b[:n])
			x.mu.Unlock()
			if err != nil { // EIO, when the other side is closed
				return
			}
		}
	}()
	return x
}

func (x *terminal) shown() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.text.String()
}

// until waits until what is shown is so.
func (x *terminal) until(what string, so func(string) bool) {
	x.t.Helper()
	for end := time.Now().Add(30 * time.Second); !so(x.shown()); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			shown := x.shown()
			x.t.Fatalf("the terminal never shows %s, but in the end %q", what, shown[max(0, len(shown)-2000):])
		}
	}
}

// end is what was shown when the program has ended, and its exit code.
func (x *terminal) end() (string, int) {
	x.t.Helper()
	err := x.cmd.Wait()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		x.t.Fatal(err)
	}
	<-x.done
	return x.shown(), x.cmd.ProcessState.ExitCode()
}

var escapes = regexp.MustCompile("\x1b\\[[0-9;?]*[A-Za-z]")

// board answers with episodes that may change, or with why it does not.
type board struct {
	report.Reader
	asked  *atomic.Int64
	status *atomic.Value // string; empty: it does not answer
	n      int
}

func (r board) SLA(context.Context, report.Filter) ([]report.Episode, error) {
	r.asked.Add(1)
	status := r.status.Load().(string)
	if status == "" {
		return nil, errors.New("the disk is gone")
	}
	out := []report.Episode{}
	for range r.n {
		out = append(out, report.Episode{AccountID: "acct-1", PayeeID: "李小龍", Status: status, Deadline: "2027-03-08T00:00:00Z"})
	}
	return out, nil
}

func (r board) Status(context.Context) (*report.Status, error) {
	r.asked.Add(1)
	return &report.Status{Tenant: "default", Running: true, Alarms: []string{"look here"}}, nil
}

func newBoard(t *testing.T, n int) (board, string) {
	t.Helper()
	b := board{asked: &atomic.Int64{}, status: &atomic.Value{}, n: n}
	b.status.Store("breached")
	s := httptest.NewServer(web.NewServer(b, web.Options{Now: time.Now}))
	t.Cleanup(s.Close)
	return b, s.URL
}

// Colour is for a terminal that shows it, unless one says otherwise, and says
// nothing that the words do not.
func TestColour(t *testing.T) {
	_, url := newBoard(t, 1)
	piped := func(environ []string, args ...string) string {
		cmd := exec.CommandContext(t.Context(), "trueup", args...)
		cmd.Env = append(append(os.Environ(), "TERM=xterm", "NO_COLOR="), environ...)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v: %v", args, err)
		}
		return string(out)
	}
	bare := piped(nil, "sla", "--server", url)
	if strings.Contains(bare, "\x1b") || !strings.Contains(bare, "breached") {
		t.Fatalf("into a pipe: %q", bare)
	}
	for _, tt := range []struct {
		name    string
		environ []string
		args    []string
		want    bool
	}{
		{"a terminal", nil, nil, true},
		{"NO_COLOR", []string{"NO_COLOR=1"}, nil, false},
		{"TERM=dumb", []string{"TERM=dumb"}, nil, false},
		{"no TERM", []string{"TERM="}, nil, false},
		{"never", nil, []string{"--color", "never"}, false},
		{"always, whatever NO_COLOR says", []string{"NO_COLOR=1"}, []string{"--color", "always"}, true},
		{"json", nil, []string{"--color", "always", "--format", "json"}, false},
	} {
		args := append([]string{"sla", "--server", url}, tt.args...)
		shown, code := onTerminal(t, 40, "both", tt.environ, args...).end()
		if code != exitDone || strings.Contains(shown, "\x1b[31mbreached\x1b[0m") != tt.want || strings.Contains(shown, "\x1b") != tt.want {
			t.Errorf("%s: exit code %d, %q", tt.name, code, shown)
		}
		if text := strings.ReplaceAll(escapes.ReplaceAllString(shown, ""), "\r\n", "\n"); text != bare && tt.name != "json" {
			t.Errorf("%s: without its colours it is %q, want %q", tt.name, text, bare)
		}
		if text := piped(tt.environ, args...); strings.Contains(text, "\x1b") != strings.Contains(tt.name, "always") {
			t.Errorf("%s, into a pipe: %q", tt.name, text)
		}
	}
	if shown, _ := onTerminal(t, 40, "both", nil, "status", "--server", url).end(); !strings.Contains(shown, "\x1b[31mALARM\x1b[0m: look here") {
		t.Errorf("status shows %q", shown)
	}
	if code, _, stderr := trueup(t, "", "sla", "--color", "blue"); code != exitUsage || stderr != "trueup sla: invalid argument \"blue\" for \"--color\" flag: is not one of auto, always, never\n" {
		t.Errorf("--color blue = %d, %q", code, stderr)
	}
}

// On a terminal --watch draws in place, what fits, says why there is no answer
// beside the last one, and ends well with Ctrl-C.
func TestWatchOnATerminal(t *testing.T) {
	b, url := newBoard(t, 30)
	x := onTerminal(t, 12, "both", nil, "sla", "--server", url, "--watch", "--interval", "100ms")
	screens := func(shown string) []string { return strings.Split(shown, toTop) }
	x.until("two screens", func(s string) bool { return len(screens(s)) > 3 })
	b.status.Store("")
	x.until("why there is no answer", func(s string) bool { return strings.Contains(s, "the disk is gone") })
	b.status.Store("resolved")
	x.until("the change", func(s string) bool { return strings.Contains(s, "resolved") })
	if _, err := x.pty.WriteString("\x03"); err != nil {
		t.Fatal(err)
	}
	shown, code := x.end()
	if code != exitDone || strings.Count(shown, clearScreen) != 1 || !strings.Contains(shown, noWrap) || !strings.HasSuffix(shown, wrap) {
		t.Errorf("exit code %d, in the end %q", code, shown[max(0, len(shown)-2000):])
	}
	all := screens(shown)
	for _, s := range all[1 : len(all)-1] {
		if lines := strings.Count(s, "\n"); lines > 12-1 || !strings.Contains(s, "… and ") || !strings.Contains(s, clearBelow) {
			t.Errorf("a screen of a terminal with 12 lines has %d: %q", lines, s)
		}
		if strings.Contains(s, "the disk is gone") && !strings.Contains(s, "breached") {
			t.Errorf("the last answer is not there any more: %q", s)
		}
	}
}

// Elsewhere --watch writes one answer after another, and ends well too.
func TestWatchElsewhere(t *testing.T) {
	b, url := newBoard(t, 2)
	for _, args := range [][]string{{"sla", "--format", "json"}, {"status"}} {
		b.asked.Store(0)
		cmd := exec.CommandContext(t.Context(), "trueup", append(args, "--server", url, "--watch", "--interval", "100ms")...)
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for b.asked.Load() < 4 && t.Context().Err() == nil {
			time.Sleep(5 * time.Millisecond)
		}
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		err := cmd.Wait()
		once := "Tenant default"
		if args[0] == "sla" {
			once = "[\n"
		}
		if err != nil || errs.Len() > 0 || strings.Contains(out.String(), "\x1b") || strings.Count(out.String(), once) < 3 {
			t.Errorf("%v = %v, %q, stderr %q", args, err, out.String(), errs.String())
		}
	}
	for args, want := range map[string]string{
		"sla --watch --interval 1ms":             "--interval: 1ms is less than 100ms",
		"sla --interval 1s":                      "--interval is of --watch",
		"status --watch --db x.db":               "--watch asks a running worker; a stopped one's file does not change",
		"status --watch --server 127.0.0.1:8080": `--server: "127.0.0.1:8080" is not the URL of a worker, such as http://127.0.0.1:8080`,
	} {
		if code, _, stderr := trueup(t, "", strings.Fields(args)...); code != exitUsage || !strings.HasSuffix(stderr, ": "+want+"\n") {
			t.Errorf("%s = %d, %q", args, code, stderr)
		}
	}
	b.status.Store("")
	if code, _, stderr := trueup(t, "", "sla", "--watch", "--server", url); code != exitFailed || !strings.Contains(stderr, "the disk is gone") {
		t.Errorf("--watch of what never answers = %d, %q", code, stderr)
	}
}

// unhurried answers when it is told to.
type unhurried struct {
	report.Reader
	goOn chan struct{}
}

func (r unhurried) Verify(_ context.Context, progress func(string, int)) (*report.Verification, error) {
	if progress != nil {
		progress("facts", 1234)
	}
	<-r.goOn
	return &report.Verification{OK: true, Problems: []string{}}, nil
}

func (r unhurried) Raised(context.Context, report.Filter) ([]report.Flag, error) {
	<-r.goOn
	return []report.Flag{}, nil
}

// What takes long is told on a terminal, and the line is gone when it is done.
func TestProgressOnATerminal(t *testing.T) {
	for _, tt := range []struct{ command, told string }{{"verify", "1234 facts"}, {"flags", "waiting for the answer, 1 s"}} {
		r := unhurried{goOn: make(chan struct{})}
		s := httptest.NewServer(web.NewServer(r, web.Options{Now: time.Now}))
		x := onTerminal(t, 40, "stderr", nil, tt.command, "--server", s.URL)
		x.until(tt.told, func(shown string) bool { return strings.Contains(shown, tt.told) })
		close(r.goOn)
		shown, code := x.end()
		if code != exitDone || !strings.HasSuffix(shown, strings.Repeat(" ", len(tt.told))+"\r") {
			t.Errorf("%s = %d, %q", tt.command, code, shown)
		}
		s.Close()
	}
	r := unhurried{goOn: make(chan struct{})}
	close(r.goOn)
	if code, _, stderr := command(t, r, "verify"); code != exitDone || stderr != "" {
		t.Errorf("verify elsewhere = %d, %q", code, stderr)
	}
}
