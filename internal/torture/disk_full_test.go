//go:build linux

package torture

import (
	"bytes"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/trueup/trueup/internal/broker"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/torture/disk"
	"github.com/trueup/trueup/internal/workertest"
)

// diskIsFull answers whatever takes space.
func diskIsFull(op disk.Op) disk.Verdict {
	if op.Kind == disk.Write || op.Kind == disk.Truncate {
		return disk.Fail(syscall.ENOSPC)
	}
	return disk.Continue
}

// On a full disk a worker says so and ends, every question about the ledger is
// answered, and nothing is tried to write.
func TestDiskFull(t *testing.T) {
	notShort(t)
	t.Parallel()
	o := newDiskTrial(t, seed(t), 6)
	o.feedPieces(diskPieces)
	o.worker.Start()
	o.worker.Settled()
	entry, payee := lastEntry(o.worker.Document())
	o.worker.Stop()
	before, err := os.ReadFile(o.ledger())
	if err != nil {
		t.Fatal(err)
	}
	s := o.start(diskIsFull) // there is nothing to write yet
	o.publish(o.company.msgs[0].Subject)
	if code := o.end(s); code != 3 || !strings.Contains(o.complaint(), syscall.ENOSPC.Error()) {
		t.Errorf("the worker ended with %d; stderr:\n%s", code, o.on.Stderr())
	}
	for _, args := range [][]string{
		{"status"},
		{"verify"},
		{"statement"},
		{"statement", payee},
		{"book", payee},
		{"explain", entry},
		{"sla"},
		{"flags"},
		{"parked", "list"},
		{"export", "journal"},
	} {
		o.answered(append(args, "--db", o.ledger()))
	}
	if after, err := os.ReadFile(o.ledger()); err != nil || !bytes.Equal(after, before) {
		t.Errorf("the ledger was changed (%v)", err)
	}
}

// publish publishes something that is no event, and is to be parked.
func (o *diskTrial) publish(subject string) {
	o.t.Helper()
	if _, err := o.conn.PublishAll(o.t.Context(), yield([]broker.Msg{{Subject: subject, Body: []byte("no event")}}), nil); err != nil {
		o.t.Fatal(err)
	}
}

func lastEntry(doc *report.Document) (entry, payee string) {
	for _, p := range doc.Payees {
		for _, q := range p.Periods {
			for _, l := range q.Lines {
				entry, payee = l.EntryID, p.ID
			}
		}
	}
	return entry, payee
}

// answered asks on a full disk.
func (o *diskTrial) answered(args []string) {
	o.t.Helper()
	s := disk.NewSupervisor(func(path string) bool { return strings.HasPrefix(path, o.data) }, diskIsFull)
	cmd := s.Command(workertest.Binary(o.t, ""), args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	<-s.Ended()
	if err != nil || s.Err() != nil || stdout.Len() == 0 {
		o.t.Errorf("trueup %s on a full disk: %v, %v: %s", strings.Join(args, " "), err, s.Err(), &stderr)
	}
	if n := s.Count(); n > 0 {
		o.t.Errorf("trueup %s made %d operations on the disk", strings.Join(args, " "), n)
	}
}
