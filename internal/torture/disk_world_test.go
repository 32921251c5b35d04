//go:build linux

package torture

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/broker/brokertest"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/torture/disk"
	"github.com/trueup/trueup/internal/workertest"
)

func init() { disk.Shim() }

const (
	// diskPieces is how many pieces the events are fed in; each is a
	// transaction, or a few.
	diskPieces = 100
	// diskPatience bounds every wait; it asserts nothing.
	diskPatience = 2 * time.Minute
	// diskStart is before every event: while a clock is played from there a
	// tick changes nothing, whenever it comes.
	diskStart = "2027-01-01"
)

// diskTrial is a trial whose worker lives on a disk that fails.
type diskTrial struct {
	*trial
	conn *broker.Conn
	on   *workertest.Process // the worker on that disk; the trial's own settles what it leaves
}

func newDiskTrial(t *testing.T, seed uint64, accounts int) *diskTrial {
	t.Helper()
	o := &diskTrial{trial: newTrial(t, newCompany(t, seed, accounts), "")}
	o.conn = brokertest.Streams(t, o.broker.URL(), tenantName)
	// The flag given last counts.
	o.on = workertest.New(t, "", append(o.company.args(o.data, o.broker.URL()), "--as-of", diskStart)...)
	return o
}

// watched names the ledger file, the name it has while it is made, and its folder.
func (o *diskTrial) watched(path string) bool {
	return path == o.ledger() || path == o.ledger()+".new" || path == filepath.Dir(o.ledger())
}

// start starts the worker, with decide for what it does to its ledger, and
// waits until it listens or has ended.
func (o *diskTrial) start(decide func(disk.Op) disk.Verdict) *disk.Supervisor {
	o.t.Helper()
	s := disk.NewSupervisor(o.watched, decide)
	o.on.Command = s.Command
	o.on.Launch()
	o.on.Ready()
	return s
}

// piece is how many events are fed at once.
func (o *diskTrial) piece() int { return (len(o.company.msgs) + diskPieces - 1) / diskPieces }

// feedPieces publishes some more pieces and gives the number of the last message in the
// stream; more is false when there was nothing left.
func (o *diskTrial) feedPieces(n int) (last uint64, more bool) {
	o.t.Helper()
	to := min(o.fed+n*o.piece(), len(o.company.msgs))
	more = to > o.fed
	o.feed(to, o.piece(), never)
	stream, err := o.conn.JetStream().Stream(o.t.Context(), broker.DefaultNames.In)
	if err != nil {
		o.t.Fatal(err)
	}
	return stream.CachedInfo().State.LastSeq, more
}

// recorded waits until the ledger has the message of a number, and reports
// whether it has: the worker may have ended before.
func (o *diskTrial) recorded(seq uint64) bool {
	o.t.Helper()
	bound := time.NewTimer(diskPatience)
	defer bound.Stop()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for {
		st, err := o.on.Reader().Status(o.t.Context())
		if err == nil && st.Position.Sequence >= seq {
			return true
		}
		select {
		case <-o.on.Done():
			return false
		case <-again.C:
		case <-bound.C:
			o.t.Fatalf("the worker does not come to message %d: %+v, %v; stderr:\n%s", seq, st, err, o.on.Stderr())
		}
	}
}

// end waits for the worker's end and gives its exit code.
func (o *diskTrial) end(s *disk.Supervisor) int {
	o.t.Helper()
	code := o.on.Wait()
	if <-s.Ended(); s.Err() != nil {
		o.t.Fatalf("watching the worker: %v", s.Err())
	}
	return code
}

// stop asks the worker to end, as an operator would.
func (o *diskTrial) stop() { o.on.Signal(syscall.SIGTERM) }

// acknowledged is up to which message the worker told the broker that it has
// them. It may be asked from any goroutine.
func (o *diskTrial) acknowledged() (uint64, error) {
	ctx, cancel := context.WithTimeout(context.Background(), diskPatience)
	defer cancel()
	c, err := o.conn.JetStream().Consumer(ctx, broker.DefaultNames.In, "trueup-"+tenantName)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return c.CachedInfo().AckFloor.Stream, nil
}

// position is the message a file stands at.
func (o *diskTrial) position(file string) (uint64, error) {
	code, out, stderr := workertest.Run(o.t, "", "status", "--db", file, "--format", "json")
	var st report.Status
	if err := json.Unmarshal([]byte(out), &st); err != nil || code != 0 {
		return 0, fmt.Errorf("status: exit %d, %v: %s%s", code, err, out, stderr) //nolint:errorlint // perhaps nil
	}
	return st.Position.Sequence, nil
}

// rest feeds what is left to a worker on a sound disk and checks the oracle.
func (o *diskTrial) rest() {
	o.t.Helper()
	o.worker.Start()
	o.feed(len(o.company.msgs), o.piece(), never)
	o.check()
}

// complaint is the one line in which the worker says why it ended.
func (o *diskTrial) complaint() string {
	o.t.Helper()
	var found []string
	for line := range strings.Lines(o.on.Stderr()) {
		if !strings.HasPrefix(line, "{") { // not of the log
			found = append(found, strings.TrimSpace(line))
		}
	}
	if len(found) != 1 || !strings.HasPrefix(found[0], "trueup run: ") {
		o.t.Errorf("stderr has %d lines that are not of the log, want one:\n%s", len(found), o.on.Stderr())
		return ""
	}
	return found[0]
}
