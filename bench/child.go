package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// The others are measured in processes of their own, which are this program
// with these variables set.
const (
	asVariable  = "TRUEUP_BENCH_AS"
	dirVariable = "TRUEUP_BENCH_DIR"
)

// childResult is what such a process answers.
type childResult struct {
	Events   int
	Elapsed  time.Duration
	CPU      time.Duration
	Written  int64 // bytes to the disk by the process
	Commits  int
	Puts     int
	PutBytes int64
	Profile  *profiled `json:",omitempty"`
}

func (r *childResult) finish(events int, elapsed time.Duration, before used) {
	after := usage()
	r.Events, r.Elapsed, r.CPU, r.Written = events, elapsed, after.cpu-before.cpu, after.written-before.written
}

func runChild(ctx context.Context, as string, stdout io.Writer) error {
	if do, ok := servants[as]; ok {
		return serve(ctx, do, os.Stdin, stdout)
	}
	w, err := loadWorkload(os.Getenv(dirVariable))
	if err != nil {
		return err
	}
	contenders := map[string]func(context.Context, *workload) (childResult, error){"floor": runFloor, "usual": runUsual, "pgx": runPgx, "sets": runSets, "profile": runProfile}
	of, ok := contenders[as]
	if !ok {
		return fmt.Errorf("%s=%q is none of the contenders", asVariable, as)
	}
	r, err := of(ctx, w)
	if err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(r)
}

// childTimeout bounds one measurement.
const childTimeout = 30 * time.Minute

// startChild measures a contender in a process of its own.
func startChild(ctx context.Context, w *workload, as string) (r childResult, err error) {
	self, err := os.Executable()
	if err != nil {
		return r, err
	}
	return startOther(ctx, w, self, as)
}

// startOther measures a contender that is a program of its own.
func startOther(ctx context.Context, w *workload, program, as string) (r childResult, err error) {
	ctx, cancel := context.WithTimeout(ctx, childTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, program)
	cmd.Env = append(os.Environ(), asVariable+"="+as, dirVariable+"="+w.Dir)
	cmd.Stderr = os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGKILL) }
	out, err := cmd.Output()
	if err != nil {
		return r, fmt.Errorf("%s: %w", as, err)
	}
	return r, errors.Join(json.Unmarshal(out, &r))
}
