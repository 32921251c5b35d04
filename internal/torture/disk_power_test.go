//go:build linux

package torture

import (
	"bytes"
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

// record runs a worker over all events, piece by piece.
func (w *diskWorld) record() *diskRecord {
	w.t.Helper()
	var r diskRecord
	var failed error
	k := w.start(w.company.From.String(), func(op disk.Op) disk.Verdict {
		acked, err := w.acknowledged()
		if err != nil {
			failed = err
		}
		r.ops, r.acked = append(r.ops, op), append(r.acked, acked)
		return disk.Continue
	})
	for seq, more := w.feed(w.piece()); more; seq, more = w.feed(w.piece()) {
		if !k.recorded(seq) {
			w.t.Fatalf("the worker ended: %s", k.stderr)
		}
	}
	k.stop(0)
	acked, err := w.acknowledged()
	if failed != nil || err != nil {
		w.t.Fatal(failed, err)
	}
	r.acked = append(r.acked, acked)
	return &r
}

// A worker runs as ever under watch, and what is recorded is all it does: the
// record makes the file.
func TestDiskRecordIsWhole(t *testing.T) {
	w := newDiskWorld(t, diskSeed(t), 10)
	r := w.record()
	kinds := map[disk.Kind]int{}
	for _, op := range r.ops {
		kinds[op.Kind]++
	}
	t.Logf("%d events, %v operations", len(w.msgs), kinds)
	replay := disk.NewReplay(r.ops)
	replay.Advance(len(r.ops))
	got, err := os.ReadFile(w.ledger)
	if err != nil {
		t.Fatal(err)
	}
	made := replay.Written()
	if names := slices.Collect(maps.Keys(made)); !slices.Equal(names, []string{w.ledger}) || !bytes.Equal(made[w.ledger], got) {
		t.Errorf("the record makes %v, and not the file that is there (%d bytes)", names, len(got))
	}
	if !bytes.Equal(replay.Synced()[w.ledger], got) {
		t.Error("the worker ended without a sync of all it wrote")
	}
	w.check()
}
