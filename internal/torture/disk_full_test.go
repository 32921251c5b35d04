//go:build linux

package torture

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/torture/disk"
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
	w := newDiskWorld(t, diskSeed(t), 6)
	w.feed(len(w.msgs))
	k := w.start(w.company.Until.String(), nil)
	k.settle()
	entry, payee := lastEntry(k.document())
	k.stop(0)
	k = w.start(w.company.Until.String(), diskIsFull)
	// The ledger is as it was, so it may run until it has something to write.
	_ = k.cmd.Process.Signal(syscall.SIGTERM)
	if code := k.end(); code != 0 && (code != 3 || !strings.Contains(k.complaint(), syscall.ENOSPC.Error())) {
		t.Errorf("the worker ended with %d; stderr:\n%s", code, k.stderr)
	}
	before, err := os.ReadFile(w.ledger)
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"status"}, {"verify"}, {"statement"}, {"statement", payee}, {"book", payee}, {"explain", entry}, {"sla"}, {"flags"}, {"parked", "list"},
		{"export", "journal"},
	} {
		w.answered(append(args, "--db", w.ledger))
	}
	if after, err := os.ReadFile(w.ledger); err != nil || !bytes.Equal(after, before) {
		t.Errorf("questions changed the ledger (%v)", err)
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
func (w *diskWorld) answered(args []string) {
	w.t.Helper()
	cmd := exec.Command(w.program, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	within := func(path string) bool { return strings.HasPrefix(path, w.dir+string(filepath.Separator)) }
	p, err := disk.Start(cmd, within, diskIsFull)
	if err != nil {
		w.t.Fatal(err)
	}
	err = cmd.Wait()
	<-p.Ended()
	if err != nil || p.Err() != nil || stdout.Len() == 0 {
		w.t.Errorf("trueup %s on a full disk: %v, %v: %s", strings.Join(args, " "), err, p.Err(), &stderr)
	}
	if n := p.Count(); n > 0 {
		w.t.Errorf("trueup %s made %d operations on the disk", strings.Join(args, " "), n)
	}
}
