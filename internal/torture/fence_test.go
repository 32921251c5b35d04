package torture

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/workertest"
)

// Exit codes of the program.
const (
	exitFailed  = 1
	exitStopped = 3 // it must not go on
)

// fencedAccounts make a load that lasts for as long as another worker starts.
const fencedAccounts = 20

// runArgs are those of a worker that is run to its end.
func runArgs(args ...string) []string {
	return slices.Concat([]string{"run", "--nats-listen", "127.0.0.1:0", "--http", "127.0.0.1:0"}, args)
}

// plansOnStream counts the plans that were published as inputs.
func (o *beset) plansOnStream() uint64 {
	o.t.Helper()
	const subject = "admin." + tenantName + ".plan.published"
	info, err := o.stream(broker.DefaultNames.In).Info(o.t.Context(), jetstream.WithSubjectFilter(subject))
	if err != nil {
		o.t.Fatal(err)
	}
	return info.State.Subjects[subject]
}

// A second worker under load: on the file, on the tenant with a file of its own
// and the same plans, or others. It is refused with one line, and the first does
// not notice.
func TestSecondWorkerIsRefused(t *testing.T) {
	s := seed(t)
	for n := range uint64(size(1, 7)) { // three workers each
		t.Run(fmt.Sprint(s+n), func(t *testing.T) {
			t.Parallel()
			refusesOthers(t, s+n)
		})
	}
}

func refusesOthers(t *testing.T, seed uint64) {
	o := newBeset(t, seed+2, fencedAccounts)
	plans, dir := o.plansOnStream(), t.TempDir()
	plan := filepath.Join(dir, "plan.yaml")
	if code, text, stderr := workertest.Run(t, "", "plan", "show", "cs-manager"); code != 0 {
		t.Fatalf("plan show: exit %d: %s", code, stderr)
	} else if err := os.WriteFile(plan, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	url, events := o.broker.URL(), len(o.company.msgs)
	l := o.load(events)
	for i, tt := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"the same file", o.company.args(o.data, url), exitFailed, "is in use by another process"},
		{"another file", o.company.args(filepath.Join(dir, "second"), url), exitStopped, "another worker writes this tenant's outputs"},
		{
			"another file and plan",
			[]string{"--data", filepath.Join(dir, "third"), "--nats", url, "--as-of", o.company.until, "--plan", plan},
			exitStopped, "another worker writes this tenant's outputs",
		},
	} {
		l.reached(events * (i + 1) / 8)
		code, stdout, stderr := workertest.Run(t, "", runArgs(tt.args...)...)
		if code != tt.code || !strings.Contains(stderr, tt.says) || strings.Count(stderr, "\n") != 1 || stdout != "" {
			t.Errorf("%s: exit %d, said %q %q; want exit %d and one line with %q", tt.name, code, stdout, stderr, tt.code, tt.says)
		}
	}
	l.end(events)
	o.check()
	if log := o.worker.Stderr(); strings.Contains(log, "interrupted") || strings.Contains(log, `"level":"error"`) {
		t.Errorf("the first worker was disturbed: %s", log)
	}
	if n := o.plansOnStream(); n != plans {
		t.Errorf("%d plans are on the input stream, want the %d of before: a refused worker published its own", n, plans)
	}
}

// A worker that is cut off is replaced by one with a file of its own; when it
// comes back it is fenced, busy or idle, and the stream has everything once.
func TestPartitionedWorkerIsFenced(t *testing.T) {
	t.Parallel()
	for name, idle := range map[string]bool{"busy": false, "idle": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newBeset(t, seed(t)+3, fencedAccounts)
			events := len(o.company.msgs)
			l := o.load(events)
			if idle {
				l.end(events)
				o.worker.Settled()
			} else {
				l.reached(events / 6)
			}
			o.line.refuse(true)
			o.line.each((*pair).die)
			cutOff := o.worker
			o.data = filepath.Join(t.TempDir(), "second")
			o.worker = workertest.New(t, "", o.company.args(o.data, o.broker.URL())...)
			o.worker.Start()
			if !idle {
				l.end(events)
			}
			o.worker.Settled()
			o.line.refuse(false)
			o.line.cut()
			if code := cutOff.Wait(); code != exitStopped {
				t.Errorf("the worker that was cut off ended with %d, want %d; stderr:\n%s", code, exitStopped, cutOff.Stderr())
			}
			if says := cutOff.Stderr(); !strings.Contains(says, "another worker writes this tenant's outputs") {
				t.Errorf("it said %s", says)
			}
			o.check()
		})
	}
}

// The output stream is full for a while: inputs wait at the bound, status and
// readiness say so, and all goes on by itself when there is room.
func TestInputsWaitForAFullOutput(t *testing.T) {
	notShort(t)
	t.Parallel()
	o := readyBeset(t, seed(t)+4, 2*fencedAccounts)
	o.worker.Env = []string{"TRUEUP_MAX_UNPUBLISHED=300"}
	o.worker.Start()
	right := o.stream(broker.DefaultNames.Out).CachedInfo().Config
	full := right
	full.MaxMsgs, full.Discard = 40, jetstream.DiscardNew
	o.update(full)
	events := len(o.company.msgs)
	l := o.load(events)
	o.eventually("the worker is not ready: inputs wait", func(context.Context) (bool, any) {
		code, body := o.ready()
		return code == http.StatusServiceUnavailable && strings.Contains(body, "inputs wait"), body
	})
	st, err := o.status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if alarms := strings.Join(st.Alarms, "; "); st.Outbox < 300 || !strings.Contains(alarms, "inputs wait") || !strings.Contains(alarms, "max_msgs") {
		t.Errorf("outbox %d, alarms %q; want the bound reached and both told", st.Outbox, alarms)
	}
	if n := strings.Count(o.worker.Stderr(), "inputs wait: too many"); n != 1 {
		t.Errorf("the log says %d times that inputs wait, want once", n)
	}
	o.worker.Stop() // it can be stopped while it waits, and started
	o.worker.Start()
	// Started while the stream takes nothing, it keeps a second worker off all the same.
	second := runArgs(o.company.args(filepath.Join(t.TempDir(), "second"), o.broker.URL())...)
	if code, _, stderr := workertest.Run(t, "", second...); code != exitStopped || !strings.Contains(stderr, "is running") {
		t.Errorf("a second worker: exit %d, %s; want it refused with exit %d", code, stderr, exitStopped)
	}
	o.update(right)
	l.end(events)
	o.worker.Settled()
	if code, body := o.ready(); code != http.StatusOK {
		t.Errorf("/readyz = %d %s after the stream was set right", code, body)
	}
	o.check()
}

// ready asks the worker whether it can do its work.
func (o *beset) ready() (code int, body string) {
	o.t.Helper()
	req, err := http.NewRequestWithContext(o.t.Context(), http.MethodGet, o.worker.Answers()+"/readyz", http.NoBody)
	if err != nil {
		o.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		o.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}
