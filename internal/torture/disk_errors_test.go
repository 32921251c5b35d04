//go:build linux

package torture

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/trueup/trueup/internal/torture/disk"
)

// metaPages is where bbolt keeps its two meta pages: a commit is a sync after a
// write there.
const metaPages = 2 * 4096

// diskFault fails one operation of a worker's life, and looks at the file then.
type diskFault struct {
	o     *diskTrial
	index int // of the operation, from the worker's start
	errno syscall.Errno

	op   *disk.Op  // the one that failed; nil: none
	at   time.Time // when
	good string    // a copy of the file as the last good commit left it; empty: there is none
	err  error
	last disk.Op // the operation before
	meta []byte  // what the last write of a meta page replaced
	next int     // the first operation after the last commit, the failed one's included
}

// commits reports whether an operation is the sync of a meta page.
func (f *diskFault) commits(op disk.Op) bool {
	return op.Kind == disk.Sync && f.last.Kind == disk.Write && f.last.Offset < metaPages
}

// decide fails the operation, which is the disk's only fault: what it answers
// afterwards is not asked any more, since the worker does not go on.
func (f *diskFault) decide(op disk.Op) disk.Verdict {
	if f.commits(op) && op.Path == f.o.ledger() {
		f.next = op.Index + 1
	}
	if op.Index == f.index && f.fails(op) {
		f.op, f.err = &op, f.keep(op)
		f.at = time.Now()
		return disk.Fail(f.errno)
	}
	if op.Kind == disk.Write && op.Offset < metaPages {
		f.meta = f.before(op)
	}
	f.last = op
	return disk.Continue
}

// fails reports whether an operation can fail so: a sync or a rename does not
// find a disk full, but a truncate or a write does.
func (f *diskFault) fails(op disk.Op) bool {
	return f.errno == syscall.EIO || op.Kind == disk.Write || op.Kind == disk.Truncate
}

func (f *diskFault) before(op disk.Op) []byte {
	b := make([]byte, len(op.Data))
	if file, err := os.Open(op.Path); err == nil {
		_, _ = file.ReadAt(b, op.Offset)
		_ = file.Close()
	}
	return b
}

// keep copies the file as the last good commit left it. A meta page that was
// written and not synced is of a commit that is not one yet.
func (f *diskFault) keep(op disk.Op) error {
	b, err := os.ReadFile(f.o.ledger())
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if f.commits(op) {
		copy(b[f.last.Offset:], f.meta)
	}
	f.good = filepath.Join(f.o.t.TempDir(), "good.db")
	return os.WriteFile(f.good, b, 0o600)
}

// check holds the worker that met the fault against the promises.
func (f *diskFault) check(code, ops int) {
	t := f.o.t
	t.Helper()
	if f.err != nil {
		t.Fatalf("look at the file: %v", f.err)
	}
	what := fmt.Sprintf("operation %d, %s of %s: %v", f.index, f.op.Kind, filepath.Base(f.op.Path), f.errno)
	if code != 3 {
		t.Errorf("%s: the worker ended with %d, want 3; stderr:\n%s", what, code, f.o.on.Stderr())
	}
	if line := f.o.complaint(); !strings.Contains(line, f.errno.Error()) {
		t.Errorf("%s: the worker says %q and does not name the error", what, line)
	}
	if ops != f.index+1 {
		t.Errorf("%s: %d more operations on the ledger after the fault", what, ops-f.index-1)
	}
	acked, err := f.o.acknowledged()
	if err != nil {
		t.Fatal(err)
	}
	position := uint64(0)
	if f.good != "" {
		if position, err = f.o.position(f.good); err != nil {
			t.Fatal(err)
		}
	}
	if acked > position {
		t.Errorf("%s: message %d was acknowledged, the last good commit has %d", what, acked, position)
	}
	if _, err := os.Stat(f.o.ledger()); err == nil {
		f.o.sound(f.o.ledger())
	}
}

// diskOrdeal feeds a trial piece by piece through faults.
type diskOrdeal struct {
	*diskTrial
	seq    uint64        // of the last message fed
	slow   time.Duration // the longest from a fault to the worker's end
	byKind map[string]int
}

func newDiskOrdeal(t *testing.T, seed uint64) *diskOrdeal {
	t.Helper()
	o := &diskOrdeal{diskTrial: newDiskTrial(t, seed, 8), byKind: map[string]int{}}
	o.seq, _ = o.feedPieces(1)
	return o
}

// life is one worker's, in which one operation fails; op is that operation, nil
// if there were not so many or it cannot fail so. What was committed before it
// stays: next is the operation after it in a life that starts from there.
func (o *diskOrdeal) life(index int, errno syscall.Errno) (op *disk.Op, next int) {
	o.t.Helper()
	f := &diskFault{o: o.diskTrial, index: index, errno: errno}
	s := o.start(f.decide)
	if !o.on.Ended() && o.recorded(o.seq) {
		o.stop() // closing may meet the fault too
	}
	code := o.end(s)
	ended := time.Now()
	if f.op == nil {
		if code != 0 {
			o.t.Fatalf("the worker ended with %d though nothing failed; stderr:\n%s", code, o.on.Stderr())
		}
		return nil, 0
	}
	o.byKind[f.op.Kind.String()+" "+errno.Error()]++
	o.slow = max(o.slow, ended.Sub(f.at))
	f.check(code, s.Count())
	if o.t.Failed() {
		o.t.FailNow() // what follows would only be confusing
	}
	return f.op, index + 1 - f.next
}

// both fails an operation with ENOSPC if it takes space, and with EIO.
func (o *diskOrdeal) both(index int, between func()) (op *disk.Op, next int) {
	o.t.Helper()
	if op, next = o.life(index, syscall.EIO); op == nil || op.Kind == disk.Sync || op.Kind == disk.Rename {
		return op, next
	}
	between()
	if again, after := o.life(next-1, syscall.ENOSPC); again != nil {
		return again, after
	}
	return op, next // what a life has to write depends on how its batches fall, too
}

// done checks the oracle, and that the promise was kept in time.
func (o *diskOrdeal) done() {
	o.t.Helper()
	o.rest()
	o.t.Logf("faults: %v; slowest end %v after one", o.byKind, o.slow.Round(time.Millisecond))
	if size(0, 1) == 1 && o.slow > time.Second {
		o.t.Errorf("a worker took %v to end after a fault, want at most 1s", o.slow)
	}
}

// A write or a sync of the ledger that fails stops the worker with exit code 3
// and one line that says why. Nothing is acknowledged after, the file is sound,
// and started again the worker goes on. The long variant fails every operation
// of the whole run once with EIO, and every one that takes space with ENOSPC.
func TestDiskFaultStopsTheWorker(t *testing.T) {
	notShort(t)
	t.Parallel()
	s := seed(t)
	o := newDiskOrdeal(t, s)
	o.life(-1, syscall.EIO) // no fault: makes the ledger
	if size(0, 1) == 1 {
		o.every()
	} else {
		o.sample(rand.New(rand.NewPCG(s, 12)), 12)
	}
	o.done()
}

// every fails every operation of every piece.
func (o *diskOrdeal) every() {
	for seq, more := o.feedPieces(1); more; seq, more = o.feedPieces(1) {
		o.seq = seq
		for op, index := o.both(0, func() {}); op != nil; op, index = o.both(index, func() {}) {
		}
	}
}

// sample fails some operations of some pieces.
func (o *diskOrdeal) sample(dice *rand.Rand, faults int) {
	for faults > 0 {
		o.feedPieces(dice.IntN(4)) // by the way
		seq, more := o.feedPieces(1)
		if !more {
			o.t.Fatalf("the events are over, and %d faults are still to come", faults)
		}
		o.seq = seq
		errno := []syscall.Errno{syscall.EIO, syscall.ENOSPC}[dice.IntN(2)]
		if op, _ := o.life(dice.IntN(20), errno); op != nil {
			faults--
		}
	}
}

// A fault while the ledger is made is as clear, and leaves nothing that keeps a
// second start from making it.
func TestDiskFaultInCreation(t *testing.T) {
	notShort(t)
	t.Parallel()
	o := newDiskOrdeal(t, seed(t))
	anew := func() {
		if err := os.RemoveAll(o.data); err != nil {
			t.Fatal(err)
		}
	}
	for index := 0; ; index++ { // nothing is committed under the ledger's name
		op, _ := o.both(index, anew)
		if op == nil {
			t.Fatalf("there is no operation %d, and the ledger was not made", index)
		}
		if op.Path == o.ledger() {
			break // the first on the ledger under its own name
		}
		if _, err := os.Stat(o.ledger()); index%2 == 0 || err == nil {
			anew() // else over what the fault left
		}
	}
	o.done()
}
