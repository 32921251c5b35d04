package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/broker/brokertest"
)

// changed is a worker's arguments with another value for one of them.
func changed(args []string, flag, value string) []string {
	out := slices.Clone(args)
	for i := range out[:len(out)-1] {
		if out[i] == flag {
			out[i+1] = value
		}
	}
	return out
}

// refused runs a worker that must end by itself, and gives its exit code and
// what it said.
func refused(t *testing.T, args []string) (code int, stdout, stderr string) {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() < 0 {
			t.Fatalf("trueup %s: %v: %s", strings.Join(args, " "), err, &errs)
		}
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// without is a worker's arguments but for one flag.
func without(args []string, flag string) (out []string) {
	for i := 0; i < len(args); i++ {
		if args[i] == flag {
			i++ // and its value
			continue
		}
		out = append(out, args[i])
	}
	return out
}

// plansOnStream counts the plans that were published as inputs.
func plansOnStream(t *testing.T, conn *broker.Conn) uint64 {
	t.Helper()
	const subject = "admin.default.plan.published"
	s, err := conn.JetStream().Stream(t.Context(), broker.DefaultNames.In)
	if err != nil {
		t.Fatal(err)
	}
	info, err := s.Info(t.Context(), jetstream.WithSubjectFilter(subject))
	if err != nil {
		t.Fatal(err)
	}
	return info.State.Subjects[subject]
}

// A second worker under load: on the file, on the tenant with a file of its own
// and the same plans, or others. It is refused with one line, and the first does
// not notice.
func TestSecondWorkerIsRefused(t *testing.T) {
	o := newOrdeal(t, 3)
	go o.feed()
	conn := brokertest.Connect(t, o.broker.URL())
	plans, dir := plansOnStream(t, conn), t.TempDir()
	plan := filepath.Join(dir, "plan.yaml")
	if code, text, stderr := trueup(t, "", "plan", "show", "cs-manager"); code != 0 {
		t.Fatalf("plan show: exit %d: %s", code, stderr)
	} else if err := os.WriteFile(plan, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for i, tt := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"the same file", o.worker.args, exitFailed, "is in use by another process"},
		{"another file", changed(o.worker.args, "--data", filepath.Join(dir, "second")), exitStopped, "another worker writes this tenant's outputs"},
		{"another file and plan", append(without(changed(o.worker.args, "--data", filepath.Join(dir, "third")), "--plan"), "--plan", plan), exitStopped, "another worker writes this tenant's outputs"},
	} {
		o.whenFed(i+1, 8)
		code, stdout, stderr := refused(t, tt.args)
		if code != tt.code || !strings.Contains(stderr, tt.says) || strings.Count(stderr, "\n") != 1 || stdout != "" {
			t.Errorf("%s: exit %d, said %q %q; want exit %d and one line with %q", tt.name, code, stdout, stderr, tt.code, tt.says)
		}
	}
	o.check()
	if log := o.worker.stderr.String(); strings.Contains(log, "interrupted") || strings.Contains(log, `"level":"error"`) {
		t.Errorf("the first worker was disturbed: %s", log)
	}
	if n := plansOnStream(t, conn); n != plans {
		t.Errorf("%d plans are on the input stream, want the %d of before: a refused worker published its own", n, plans)
	}
}

// cable is a TCP proxy that can be cut: what is under way stays there, and
// neither end is told.
type cable struct {
	t      *testing.T
	to     string
	listen net.Listener
	mu     sync.Mutex
	whole  *sync.Cond
	cut    bool
	ends   []net.Conn
}

func newCable(t *testing.T, url string) *cable {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{t: t, to: strings.TrimPrefix(url, "nats://"), listen: l}
	c.whole = sync.NewCond(&c.mu)
	go c.accept()
	t.Cleanup(func() {
		_ = l.Close()
		c.mend()
	})
	return c
}

func (c *cable) url() string { return "nats://" + c.listen.Addr().String() }

func (c *cable) accept() {
	for {
		in, err := c.listen.Accept()
		if err != nil {
			return
		}
		out, err := new(net.Dialer).DialContext(context.Background(), "tcp", c.to)
		if err != nil {
			_ = in.Close()
			continue
		}
		c.mu.Lock()
		c.ends = append(c.ends, in, out)
		c.mu.Unlock()
		go c.carry(in, out)
		go c.carry(out, in)
	}
}

func (c *cable) carry(from, to net.Conn) {
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		c.mu.Lock()
		for c.cut {
			c.whole.Wait()
		}
		c.mu.Unlock()
		if n > 0 {
			if _, err := to.Write(b[:n]); err != nil {
				return
			}
		}
		if err != nil {
			_ = to.Close()
			return
		}
	}
}

// sever cuts the cable.
func (c *cable) sever() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = true
}

// mend makes the cable whole; what was connected over it has to connect anew.
func (c *cable) mend() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = false
	for _, end := range c.ends {
		_ = end.Close()
	}
	c.ends = nil
	c.whole.Broadcast()
}

// A worker that is cut off is replaced by one with a file of its own; when it
// comes back it is fenced, busy or idle, and the stream has everything once.
func TestPartitionedWorkerIsFenced(t *testing.T) {
	for name, idle := range map[string]bool{"busy": false, "idle": true} {
		t.Run(name, func(t *testing.T) {
			o := newOrdeal(t, 4)
			o.worker.stop()
			line := newCable(t, o.broker.URL())
			o.worker.args = changed(o.worker.args, "--nats", line.url())
			o.worker.start()
			go o.feed()
			if idle {
				if err := <-o.fed; err != nil {
					t.Fatal(err)
				}
				o.fed <- nil
				o.worker.settled()
			} else {
				o.whenFed(1, 6)
			}
			line.sever()
			cutOff := o.worker
			args := changed(changed(cutOff.args, "--data", t.TempDir()), "--nats", o.broker.URL())
			o.worker = startProcess(t, args[5:]...)
			o.worker.settled()
			line.mend()
			if code := cutOff.wait(); code != exitStopped {
				t.Errorf("the worker that was cut off ended with %d, want %d; stderr:\n%s", code, exitStopped, cutOff.stderr)
			}
			if says := cutOff.stderr.String(); !strings.Contains(says, "another worker writes this tenant's outputs") {
				t.Errorf("it said %s", says)
			}
			cutOff.killed = true // so that its code is not looked at again
			o.check()
		})
	}
}

// The output stream is full for a while: inputs wait at the bound, status and
// readiness say so, and all goes on by itself when there is room.
func TestInputsWaitForAFullOutput(t *testing.T) {
	t.Setenv("TRUEUP_MAX_UNPUBLISHED", "300")
	o := newOrdeal(t, 5)
	conn := brokertest.Connect(t, o.broker.URL())
	s, err := conn.JetStream().Stream(t.Context(), broker.DefaultNames.Out)
	if err != nil {
		t.Fatal(err)
	}
	right := s.CachedInfo().Config
	full := right
	full.MaxMsgs, full.Discard = 40, jetstream.DiscardNew
	if _, err := conn.JetStream().UpdateStream(t.Context(), full); err != nil {
		t.Fatal(err)
	}
	go o.feed()
	ready := func() (int, string) {
		resp, err := http.Get(o.worker.answers + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
	waitFor(t, func() bool {
		code, _ := ready()
		return code == http.StatusServiceUnavailable
	})
	if _, body := ready(); !strings.Contains(body, "inputs wait") {
		t.Errorf("/readyz says %s", body)
	}
	st, err := o.worker.reader().Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if alarms := strings.Join(st.Alarms, "; "); st.Outbox < 300 || !strings.Contains(alarms, "inputs wait") || !strings.Contains(alarms, "max_msgs") {
		t.Errorf("outbox %d, alarms %q; want the bound reached and both told", st.Outbox, alarms)
	}
	if n := strings.Count(o.worker.stderr.String(), "inputs wait: too many"); n != 1 {
		t.Errorf("the log says %d times that inputs wait, want once", n)
	}
	o.worker.stop() // it can be stopped while it waits, and started
	o.worker.start()
	if _, err := conn.JetStream().UpdateStream(t.Context(), right); err != nil {
		t.Fatal(err)
	}
	o.check()
	if code, body := ready(); code != http.StatusOK {
		t.Errorf("/readyz = %d %s after the stream was set right", code, body)
	}
}
