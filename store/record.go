package store

import (
	"errors"
	"fmt"
	"runtime/debug"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/tenant"
)

// Record applies a batch of arrivals in their order, in one transaction: before
// each the timers due by its arrival, then the fact, then the differences it
// makes. An arrival that cannot be applied is parked by itself. After any
// error the store records nothing more; the error has ErrStopped in its chain.
func (s *Store) Record(batch []tenant.Arrival) (tenant.Recorded, error) {
	if s.broken != nil {
		return tenant.Recorded{}, s.broken
	}
	r := recording{store: s}
	err := s.transact(&r, func() error {
		for i := range batch {
			o, err := r.arrive(&batch[i])
			if err != nil && s.putting.err != nil { // of an event before it, or of this one: it is named
				return err
			}
			if err != nil {
				return fmt.Errorf("record event %s of %s: %w", batch[i].Event.ID, batch[i].Event.Source, err)
			}
			r.out.Fates = append(r.out.Fates, o)
			if err := r.trace(batch[i].Trace); err != nil {
				return err
			}
		}
		if len(batch) == 0 {
			return errUnchanged
		}
		return r.stand(batch[len(batch)-1].Position)
	})
	r.out.AtHand = s.engine.AtHand()
	return r.out, err
}

// stand keeps where the input stands, unless nothing is to be written.
func (r *recording) stand(p tenant.Position) error {
	if err := r.settle(); err != nil {
		return err
	}
	if r.nothingNew() {
		if left, err := r.leave(p); err != nil {
			return err
		} else if left {
			return errUnchanged
		}
	}
	if u := r.store.unwritten.Load(); u != nil { // to be a checkpoint, if one is due
		if err := putPosition(r.tx, u.position); err != nil {
			return err
		}
	}
	return putPosition(r.tx, p)
}

// transact runs f in a write transaction and commits what it recorded, or
// nothing where f says so. A failure of any kind leaves the outcome unknown to
// the engine's caches: the store stops.
func (s *Store) transact(r *recording, f func() error) error {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	tx, err := s.db.Begin(true)
	if err != nil {
		return s.stop(err)
	}
	r.tx, r.records = tx, records{tx: tx, codec: s.opts.Codec}
	r.begin()
	err = f()
	if put := r.end(); put != nil && (err == nil || err == errUnchanged) { //nolint:errorlint // as it is, or not at all
		err = put
	}
	switch {
	case err == errUnchanged: //nolint:errorlint // as it is, or not at all
		if err := tx.Rollback(); err != nil {
			return s.stop(err)
		}
		return nil
	case err != nil:
		return s.stop(errors.Join(err, tx.Rollback()))
	}
	if err := r.finish(); err != nil {
		return s.stop(errors.Join(err, tx.Rollback()))
	}
	if err := s.watched(r.out, tx); err != nil {
		return s.stop(fmt.Errorf("commit: %w", err))
	}
	s.unwritten.Store(nil)
	s.changed.tell()
	if len(r.messages) > 0 {
		select {
		case s.wrote <- struct{}{}:
		default:
		}
	}
	return nil
}

// commit commits, or lets go of the transaction also where bbolt panics over a
// page.
func commit(tx *bbolt.Tx) error {
	guarded := func(what string, do func() error) (err error) {
		defer guard([]byte(what), &err)
		return do()
	}
	err := guarded("the file", tx.Commit)
	if err != nil {
		_ = guarded("the file", tx.Rollback) // which it has been, but for a panic
	}
	return err
}

func (s *Store) stop(err error) error {
	s.broken = fmt.Errorf("%w: %w", ErrStopped, err)
	s.halted.Store(&s.broken)
	return s.broken
}

// recording is one transaction under way.
type recording struct {
	store    *Store
	tx       *bbolt.Tx
	records  records // as far as it is put
	reads    records // with all that was decided
	messages []tenant.Message
	out      tenant.Recorded
	totals   *totals
	before   totals // what they were
	heads    map[event.PayeeID]heads
	key      []byte        // of the fact under way
	facts    uint64        // how many there are; 0: not looked yet
	first    *tenant.Timer // that is set, zero where none is; nil: not looked yet
	last     tenant.Timer  // that fired
	sweep    *tenant.Sweep // where the sweep stood when it had
	fires    int           // of messages, those made before the traced arrival under way: by earlier ones, and by timers
	unfired  int           // of messages, those made before the first timer of the arrival under way fired
}

// arrive takes one arrival.
func (r *recording) arrive(a *tenant.Arrival) (tenant.Fate, error) {
	e := r.store.engine
	at := e.Arrival(a.Arrived)
	timers := r.out.Timers
	if err := r.fire(at); err != nil {
		return 0, err
	}
	if r.out.Timers > timers {
		r.traceFired(a.Trace)
	}
	if a.Trace != nil {
		if err := r.settle(); err != nil {
			return 0, err
		}
		r.fires = len(r.messages)
	}
	if a.Code != "" {
		e.Advance(at)
		return tenant.Rejected, r.park(a, at, a.Code, a.Reason)
	}
	a.Input.Arrived = at
	refusal, err := r.apply(a.Input)
	switch {
	case err != nil:
		return 0, err
	case refusal == nil:
		return tenant.Applied, nil
	}
	e.Advance(at)
	if domain.KindOf(refusal) == domain.Duplicate {
		return tenant.Duplicate, nil
	}
	return tenant.Rejected, r.park(a, at, tenant.CodeOf(refusal), refusal.Error())
}

// apply takes an input and keeps what it changes; refusal says why it is a
// duplicate or invalid and changed nothing.
func (r *recording) apply(in tenant.Input) (refusal, err error) {
	ticks := r.ticks(in.Event) // before it changes what waits
	var c *tenant.Changes
	if err = r.checkParked(in.Event); err == nil {
		c, err = r.store.engine.Apply(&r.reads, in)
	}
	if put := r.store.putting.err; put != nil { // so that it may have read what is not so
		return nil, put
	}
	if err != nil {
		switch domain.KindOf(err) {
		case domain.Duplicate, domain.Invalid:
			return err, nil
		case domain.Transient, domain.Corrupt:
		}
		return nil, err
	}
	if err := errors.Join(r.hand(c, in.Event.Head().Identity), r.keepTick(ticks, in.Event.Head().Identity), r.doParked(in)); err != nil {
		return nil, err
	}
	return nil, r.refold(in.Event.Scope().Account)
}

// ticks reports whether an input is a tick that changes more than the clock. A
// tick is no fact; a replay of the facts needs to know of those that settled
// what waited for a quiet moment, or that set the clocks of the quarters going.
func (r *recording) ticks(ev event.Event) bool {
	if _, ok := ev.(event.Ticked); !ok {
		return false
	}
	st := r.store.engine.State()
	return len(st.Dirty) > 0 || st.NextEnd == 0
}

// keepTick remembers a tick at the instant the clock is at now, how many facts
// came before it, and its identity, which is the cause of what it settled.
func (r *recording) keepTick(ticks bool, id event.Identity) error {
	if !ticks {
		return nil
	}
	if err := r.settle(); err != nil {
		return err
	}
	n, err := r.lastFact()
	if err != nil {
		return err
	}
	return in(r.tx, bTicks).put(tickKey(keptTick{r.store.engine.State().AsOf, n, id}), nil)
}
