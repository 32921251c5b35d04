package consumers

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/trueup/trueup/domain/tenant"
)

// submitted is an input on its way into a batch.
type submitted struct {
	index   uint64
	read    func(*tenant.Arrival)
	arrival tenant.Arrival
	done    chan error // has room for the one answer
}

func newSubmitted() any { return &submitted{done: make(chan error, 1)} }

// Submit hands over the input with an index, counted from 1 without gaps, and
// returns when it is committed. It may be called by many goroutines, in any
// order of indexes.
func (b *Batcher) Submit(ctx context.Context, index uint64, a tenant.Arrival) error {
	return b.SubmitFunc(ctx, index, func(into *tenant.Arrival) { *into = a })
}

// SubmitFunc is Submit for an input that has yet to be read. One of Run's
// goroutines calls read, as many at a time as there are processors: what
// reading takes of stack and caches is then there already, while a handler's
// goroutine is new for every message and stays small.
func (b *Batcher) SubmitFunc(ctx context.Context, index uint64, read func(into *tenant.Arrival)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s := b.spare.Get().(*submitted)
	s.index, s.read = index, read
	b.add(s)
	err := <-s.done
	if err == nil { // then it is empty again, and whoever answered is done with it
		b.spare.Put(s)
	}
	return err
}

func (b *Batcher) add(s *submitted) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.over {
		s.done <- ErrBatcherEnded
		return
	}
	b.unread = append(b.unread, s)
	b.work.Signal()
}

// atOnce is how many inputs one goroutine takes to read them: the lock is then
// taken more seldom, and there is something left for the others.
const atOnce = 8

// readAll reads inputs until it is over.
func (b *Batcher) readAll() {
	var mine [atOnce]*submitted
	var errs [atOnce]error
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		for len(b.unread) == 0 && !b.over {
			b.work.Wait()
		}
		if b.over {
			return
		}
		n := copy(mine[:], b.unread)
		b.unread = b.unread[n:]
		b.reading += n
		b.mu.Unlock()
		for i, s := range mine[:n] {
			errs[i] = s.prepare()
		}
		b.mu.Lock()
		for i, s := range mine[:n] {
			b.place(s, errs[i])
		}
		b.reading -= n
		b.read.Signal()
	}
}

// prepare reads the input. A panic is an error of this input alone: its
// message is given out again, others wait behind it.
func (s *submitted) prepare() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic while input %d was read: %v\n%s", s.index, p, debug.Stack())
		}
	}()
	s.read(&s.arrival)
	s.read = nil
	return nil
}

// place puts an input that was read where its index belongs. The caller has
// the lock.
func (b *Batcher) place(s *submitted, err error) {
	switch {
	case err != nil:
		s.done <- err
		return
	case b.over:
		s.done <- ErrBatcherEnded
		return
	case s.index < b.kept: // given out again, but committed
		s.arrival = tenant.Arrival{}
		s.done <- nil
		return
	case s.index < b.next:
		s.done <- fmt.Errorf("input %d is being committed", s.index)
		return
	}
	at := s.index - b.next
	for uint64(len(b.ready)) <= at {
		b.ready = append(b.ready, nil)
	}
	if b.ready[at] != nil {
		s.done <- fmt.Errorf("input %d is there already", s.index)
		return
	}
	b.ready[at] = s
	for b.run < len(b.ready) && b.ready[b.run] != nil {
		b.run++
	}
	if at > 0 {
		return
	}
	select {
	case b.due <- struct{}{}:
	default:
	}
}

// end tells everyone who still waits.
func (b *Batcher) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.over = true
	for _, waiting := range [][]*submitted{b.unread, b.ready} {
		for _, s := range waiting {
			if s != nil {
				s.done <- ErrBatcherEnded
			}
		}
	}
	b.unread, b.ready, b.run = nil, nil, 0
	b.work.Broadcast()
	b.read.Broadcast()
}
