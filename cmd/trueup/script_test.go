package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/trueup/trueup/internal/web"
	"github.com/trueup/trueup/internal/workertest"
)

var updateScripts = flag.Bool("update", false, "rewrite what scripts compare with")

func TestMain(m *testing.M) {
	testscript.Main(tidy{m}, map[string]func(){"trueup": main})
}

// tidy runs the tests and removes what they built.
type tidy struct{ m *testing.M }

// Run implements testscript.TestingM.
func (t tidy) Run() int {
	defer workertest.Clean()
	return t.m.Run()
}

// Scripts may use, beside testscript's own commands:
//
//	exits CODE PROGRAM ARG…   runs a program that must exit with the code
//	worker ARG…               starts "trueup run ARG…" on free ports, and names them in
//	                          TRUEUP_SERVER and TRUEUP_NATS; stops the one before
//	stopworker                stops it
//	parkedid                  names the first parked input in PARKED
//	settled                   waits until everything published is applied and out
//	nopartial                 fails if a copy that was not finished is left anywhere
//	replaced FILE             fails unless one ledger was set aside, and it is FILE
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *updateScripts,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "worker": startWorkerOf, "stopworker": stopWorkerOf, "settled": settledOf, "parkedid": parkedID,
			"nopartial": noPartial, "replaced": replacedIs,
		},
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARG…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("%s exits with %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

// scripted is the worker of a script, by the script's folder.
type scripted struct {
	cmd    *exec.Cmd
	stderr strings.Builder
}

// Scripts run in parallel.
var workers sync.Map

func startWorkerOf(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("worker cannot be negated")
	}
	stopWorkerOf(ts, false, nil)
	w := &scripted{cmd: exec.Command(program(ts), append([]string{"run", "--nats-listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--settle", "400ms"}, args...)...)}
	w.cmd.Dir = ts.MkAbs(".")
	w.cmd.Stderr = &w.stderr
	stdout, err := w.cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(w.cmd.Start())
	workers.Store(w.cmd.Dir, w)
	ts.Defer(func() { stopWorkerOf(ts, false, nil) })
	told := map[string]string{}
	for lines := bufio.NewScanner(stdout); told["ledger"] == "" && lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ":")
		told[name], _, _ = strings.Cut(strings.TrimSpace(value), " ")
	}
	if told["ledger"] == "" {
		ts.Fatalf("the worker did not start: %v\n%s", w.cmd.Wait(), w.stderr.String())
	}
	ts.Setenv("TRUEUP_SERVER", told["answers"])
	ts.Setenv("TRUEUP_NATS", told["events"])
}

// program is where testscript put the program.
func program(ts *testscript.TestScript) string {
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		file := filepath.Join(dir, "trueup")
		if _, err := os.Stat(file); err == nil {
			return file
		}
	}
	ts.Fatalf("trueup is not in PATH")
	return ""
}

func stopWorkerOf(ts *testscript.TestScript, _ bool, _ []string) {
	found, ok := workers.LoadAndDelete(ts.MkAbs("."))
	if !ok {
		return
	}
	w := found.(*scripted)
	_ = w.cmd.Process.Signal(syscall.SIGTERM)
	late := time.AfterFunc(30*time.Second, func() { _ = w.cmd.Process.Kill() })
	defer late.Stop()
	if err := w.cmd.Wait(); err != nil {
		ts.Logf("the worker ended with %v:\n%s", err, w.stderr.String())
	}
}

func settledOf(ts *testscript.TestScript, _ bool, _ []string) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	worker := web.NewClient(ts.Getenv("TRUEUP_SERVER"), nil)
	for {
		st, err := worker.Status(ctx)
		if err == nil && st.Pending == 0 && st.Outbox == 0 {
			return
		}
		if ctx.Err() != nil {
			ts.Fatalf("not settled: %+v, %v", st, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func parkedID(ts *testscript.TestScript, _ bool, _ []string) {
	list, err := web.NewClient(ts.Getenv("TRUEUP_SERVER"), nil).Parked(context.Background(), "parked")
	ts.Check(err)
	if len(list) == 0 {
		ts.Fatalf("nothing is parked")
	}
	ts.Setenv("PARKED", list[0].ParkedID)
}

func noPartial(ts *testscript.TestScript, _ bool, _ []string) {
	for _, pattern := range []string{"*partial*", "*/*partial*", "*snapshot*", "*/*snapshot*", "trueup-replay*", ".tmp/trueup-replay*"} {
		left, err := filepath.Glob(filepath.Join(ts.MkAbs("."), pattern))
		ts.Check(err)
		if len(left) > 0 {
			ts.Fatalf("left behind: %q", left)
		}
	}
}

func replacedIs(ts *testscript.TestScript, _ bool, args []string) {
	aside, err := filepath.Glob(ts.MkAbs(filepath.Join("data", "*.replaced-*")))
	ts.Check(err)
	if len(args) != 1 || len(aside) != 1 {
		ts.Fatalf("set aside: %q, want one", aside)
	}
	if ts.ReadFile(aside[0]) != ts.ReadFile(args[0]) {
		ts.Fatalf("%s is not %s", aside[0], args[0])
	}
}
