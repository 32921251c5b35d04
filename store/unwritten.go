package store

import (
	"slices"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain/tenant"
)

// A batch that brings nothing new, but repeats of what is known and inputs that
// are parked already, is not written: a storm of them does not wait for the disk
// once. It changes where the input stands and the clock, and both may stand in
// the file as if it had not come:
//
//   - The position is then before what is acknowledged. A worker that is killed
//     is given the same messages again, in the same order, and the facts, which
//     were written before, decide as they did. It falls behind by less than
//     mostUnwritten messages, and not at all over a stop.
//   - The clock stands where the last batch left it that was written. No timer is
//     due by the later instant: it would have fired, and that is written. Inputs
//     that come again set the clock again before any other comes. A replay takes
//     the instant in the file as the last one, as it takes those of facts.
//
// So a tick always counts as new: who published it looks whether the clock moved.
type unwritten struct {
	position tenant.Position
	state    tenant.State // what is written, but for the clock
	after    int          // the transaction that it follows
}

// nothingNew reports whether all that was recorded so far is known already.
func (r *recording) nothingNew() bool {
	return r.out.Timers == 0 && len(r.out.Parked) == 0 && !slices.Contains(r.out.Fates, tenant.Applied)
}

// mostUnwritten is how many messages a killed worker reads again at most, which
// takes it a second.
const mostUnwritten = 16 * checkpointEvery

// leave leaves a batch that brings nothing new unwritten, up to a position; false
// where that is too far from the one in the file, or not after it.
func (r *recording) leave(p tenant.Position) (bool, error) {
	kept, there, err := keptPosition(r.tx)
	if err != nil || !there || !p.Created.Equal(kept.Created) || p.Seq < kept.Seq || p.Seq-kept.Seq >= mostUnwritten {
		return false, err
	}
	r.store.unwritten.Store(&unwritten{p, r.store.engine.State(), r.tx.ID() - 1})
	return true, nil
}

// unwrittenIn is what came after a transaction that is read and is not written;
// nil where there is nothing.
func (s *Store) unwrittenIn(tx *bbolt.Tx) *unwritten {
	if u := s.unwritten.Load(); u != nil && u.after == tx.ID() {
		return u
	}
	return nil
}

// catchUp writes what was left unwritten; false where there is nothing.
func (s *Store) catchUp(tx *bbolt.Tx) (bool, error) {
	u := s.unwritten.Load()
	if u == nil {
		return false, nil
	}
	if err := putPosition(tx, u.position); err != nil {
		return false, err
	}
	return true, putState(tx, u.state)
}
