package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/trueup/trueup/internal/web"
)

// The commands that docs tell people to type do what docs say they do. In a
// page's blocks
//
//	```console           lines that start with $ are typed, the others are what is
//	                     printed then; … is any number of lines, or the rest of one
//	```yaml file=NAME    is what the reader saves under a name
//
// A block of trueup run starts a worker, on free ports, in place of the one
// before; after trueup publish everything is given time to be applied.
func TestPagesThatAreTyped(t *testing.T) {
	for _, name := range []string{"tutorial.md", "from-a-spreadsheet.md"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page, err := os.ReadFile(filepath.Join("../../docs", name))
			if err != nil {
				t.Fatal(err)
			}
			r := &reader{t: t, dir: t.TempDir(), env: os.Environ()}
			defer r.stop()
			r.set("TRUEUP_HTTP", "127.0.0.1:0")
			r.set("TRUEUP_NATS_LISTEN", "127.0.0.1:0")
			blocks := fenced(string(page))
			if len(blocks) < 5 {
				t.Errorf("%d blocks are looked at", len(blocks))
			}
			for _, b := range blocks {
				r.follow(b)
			}
		})
	}
}

// block is a fenced block of a page.
type block struct {
	line int // of the page, where it begins
	info string
	text []string
}

func fenced(page string) []block {
	var all []block
	var b *block
	for i, line := range strings.Split(page, "\n") {
		fence := strings.HasPrefix(line, "```")
		switch {
		case fence && b == nil:
			b = &block{line: i + 1, info: strings.TrimPrefix(line, "```")}
		case fence:
			all, b = append(all, *b), nil
		case b != nil:
			b.text = append(b.text, line)
		}
	}
	return all
}

// reader does what a page says, in a folder of its own.
type reader struct {
	t      *testing.T
	dir    string
	env    []string
	worker *exec.Cmd
	stderr strings.Builder
}

func (r *reader) set(name, value string) { r.env = append(r.env, name+"="+value) }

func (r *reader) follow(b block) {
	r.t.Helper()
	if _, name, is := strings.Cut(b.info, " file="); is {
		if err := os.WriteFile(filepath.Join(r.dir, name), []byte(strings.Join(b.text, "\n")+"\n"), 0o600); err != nil {
			r.t.Fatal(err)
		}
	}
	if b.info != "console" {
		return
	}
	for i := 0; i < len(b.text); {
		command, is := strings.CutPrefix(b.text[i], "$ ")
		if !is {
			r.t.Fatalf("line %d: %s is no command", b.line+1+i, b.text[i])
		}
		at := b.line + 1 + i
		for i++; strings.HasSuffix(command, "\\"); i++ {
			command += "\n" + b.text[i]
		}
		var want []string
		for ; i < len(b.text) && !strings.HasPrefix(b.text[i], "$ "); i++ {
			want = append(want, b.text[i])
		}
		got := r.typed(at, command)
		r.t.Logf("$ %s\n%s", command, strings.Join(got, "\n"))
		if !prints(got, want) {
			r.t.Fatalf("line %d: %s prints\n%s\nwant\n%s", at, command, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// typed runs a command and gives the lines it prints.
func (r *reader) typed(at int, command string) []string {
	r.t.Helper()
	if strings.HasPrefix(command, "trueup run") {
		r.start(at, command)
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-e", "-c", command)
	cmd.Dir, cmd.Env = r.dir, r.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("line %d: %s: %v\n%s", at, command, err, out)
	}
	if strings.HasPrefix(command, "trueup publish") {
		r.settle(ctx)
	}
	if len(out) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}

// prints reports whether lines are those wanted, where … is any number of them.
func prints(got, want []string) bool {
	switch {
	case len(want) == 0:
		return len(got) == 0
	case want[0] == "…":
		for skip := range len(got) + 1 {
			if prints(got[skip:], want[1:]) {
				return true
			}
		}
		return false
	case len(got) == 0:
		return false
	}
	line, prefix := strings.CutSuffix(want[0], "…")
	same := strings.TrimRight(got[0], " ") == strings.TrimRight(line, " ")
	return (same || prefix && strings.HasPrefix(got[0], line)) && prints(got[1:], want[1:])
}

func (r *reader) start(at int, command string) {
	r.t.Helper()
	r.stop()
	r.worker = exec.Command("sh", "-c", "exec "+command)
	r.worker.Dir, r.worker.Env, r.worker.Stderr = r.dir, append(slices.Clone(r.env), "TRUEUP_NATS="), &r.stderr // its own broker
	stdout, err := r.worker.StdoutPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.worker.Start(); err != nil {
		r.t.Fatal(err)
	}
	told := map[string]string{}
	for lines := bufio.NewScanner(stdout); told["ledger"] == "" && lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ":")
		told[name], _, _ = strings.Cut(strings.TrimSpace(value), " ")
	}
	if told["ledger"] == "" {
		r.t.Fatalf("line %d: the worker did not start: %v\n%s", at, r.worker.Wait(), r.stderr.String())
	}
	r.set("TRUEUP_SERVER", told["answers"])
	r.set("TRUEUP_NATS", told["events"])
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	r.settle(ctx)
}

// settle waits until everything published is applied and out.
func (r *reader) settle(ctx context.Context) {
	r.t.Helper()
	server := ""
	for _, e := range r.env {
		if value, is := strings.CutPrefix(e, "TRUEUP_SERVER="); is {
			server = value
		}
	}
	for {
		st, err := web.NewClient(server, nil).Status(ctx)
		if err == nil && st.Pending == 0 && st.Outbox == 0 {
			return
		}
		if ctx.Err() != nil {
			r.t.Fatal(fmt.Errorf("not settled: %+v, %w", st, err))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (r *reader) stop() {
	if r.worker == nil {
		return
	}
	_ = r.worker.Process.Signal(syscall.SIGTERM)
	late := time.AfterFunc(30*time.Second, func() { _ = r.worker.Process.Kill() })
	defer late.Stop()
	if err := r.worker.Wait(); err != nil {
		r.t.Errorf("the worker ended with %v:\n%s", err, r.stderr.String())
	}
	r.worker = nil
}
