//go:build linux

package torture

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/trueup/trueup/internal/torture/disk"
)

// diskRecord is everything a worker did to its ledger, from its creation on.
type diskRecord struct {
	ops   []disk.Op
	acked []uint64 // before each operation, and at the end: what the broker was told
}

// record runs the worker over all events, piece by piece.
func (o *diskTrial) record() *diskRecord {
	o.t.Helper()
	var r diskRecord
	var failed error
	s := o.start(func(op disk.Op) disk.Verdict {
		acked, err := o.acknowledged()
		failed = errors.Join(failed, err)
		r.ops, r.acked = append(r.ops, op), append(r.acked, acked)
		return disk.Continue
	})
	for seq, more := o.feedPieces(1); more; seq, more = o.feedPieces(1) {
		if !o.recorded(seq) {
			o.t.Fatalf("the worker ended: %s", o.on.Stderr())
		}
	}
	o.stop()
	if code := o.end(s); code != 0 {
		o.t.Fatalf("the worker ended with %d: %s", code, o.on.Stderr())
	}
	acked, err := o.acknowledged()
	if err = errors.Join(failed, err); err != nil {
		o.t.Fatal(err)
	}
	r.acked = append(r.acked, acked)
	return &r
}

// A worker runs as ever under watch, and what is recorded is all it does: the
// record makes the file.
func TestDiskRecordIsWhole(t *testing.T) {
	t.Parallel()
	o := newDiskTrial(t, seed(t), 8)
	r := o.record()
	kinds := map[disk.Kind]int{}
	for _, op := range r.ops {
		kinds[op.Kind]++
	}
	t.Logf("%d events, %v operations", len(o.company.msgs), kinds)
	replay := disk.NewReplay(r.ops)
	replay.Advance(len(r.ops))
	got, err := os.ReadFile(o.ledger())
	if err != nil {
		t.Fatal(err)
	}
	made := replay.Written()
	if names := slices.Collect(maps.Keys(made)); !slices.Equal(names, []string{o.ledger()}) || !bytes.Equal(made[o.ledger()], got) {
		t.Errorf("the record makes %v, and not the file that is there (%d bytes)", names, len(got))
	}
	if !bytes.Equal(replay.Synced()[o.ledger()], got) {
		t.Error("the worker ended without a sync of all it wrote")
	}
	o.rest()
}
