package torture

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/workertest"
)

// Backups are taken under load, and each is good. The oldest, restored into a
// new folder beside the same broker, comes to what the worker came to; nothing
// is published again.
func TestBackupUnderLoad(t *testing.T) {
	notShort(t)
	t.Parallel()
	const backups = 4
	o := newTrial(t, newCompany(t, seed(t), 12), "")
	o.worker.Start()
	dir := t.TempDir()
	var facts []uint64
	for i := range backups {
		o.feed(len(o.company.msgs)*(i+1)/(backups+1), 40, never)
		file := filepath.Join(dir, fmt.Sprintf("%d.db", i))
		code, out, stderr := workertest.Run(t, "", "backup", file, "--server", o.worker.Answers(), "--format", "json")
		var done report.Copied
		if err := json.Unmarshal([]byte(out), &done); err != nil || code != 0 {
			t.Fatalf("backup: exit %d, %v: %s", code, err, stderr)
		}
		facts = append(facts, done.Facts)
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 || info.Size() != done.Bytes {
			t.Errorf("%s: %v, %v, want a file of %d bytes that others cannot read", file, info, err, done.Bytes)
		}
		o.folded(file)
	}
	if !slices.IsSorted(facts) || facts[backups-1] == facts[0] {
		t.Errorf("backups have %v facts, want more and more", facts)
	}
	o.feed(len(o.company.msgs), 40, never)
	o.check()

	o.data = filepath.Join(dir, "data")
	if code, _, stderr := workertest.Run(t, "", "restore", filepath.Join(dir, "0.db"), "--data", o.data); code != 0 {
		t.Fatalf("restore: exit %d: %s", code, stderr)
	}
	o.worker = workertest.Start(t, o.company.args(o.data, o.broker.URL())...)
	o.check()
}
