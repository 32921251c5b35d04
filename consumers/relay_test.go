package consumers

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/broker"
)

// outLog is an out log in memory.
type outLog struct {
	mu        sync.Mutex
	outs      []tenant.Output
	wrote     chan struct{}
	confirmed []uint64
	broken    error
}

func newLog(salt string, n int) *outLog {
	l := &outLog{wrote: make(chan struct{}, 1)}
	l.write(salt, n)
	return l
}

func (l *outLog) write(salt string, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for range n {
		i := len(l.outs) + 1
		o := tenant.Output{N: uint64(i), Message: tenant.Message{Subject: "payout.acme.x", ID: fmt.Sprint(salt, i), Body: fmt.Append(nil, i)}}
		var before [32]byte
		if i > 1 {
			before = l.outs[i-2].Hash
		}
		o.Hash = sha256.Sum256(append(before[:], o.ID...))
		l.outs = append(l.outs, o)
	}
	select {
	case l.wrote <- struct{}{}:
	default:
	}
}

func (l *outLog) Outputs(after uint64, limit int) ([]tenant.Output, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken != nil {
		return nil, l.broken
	}
	rest := l.outs[min(int(after), len(l.outs)):]
	return slices.Clone(rest[:min(limit, len(rest))]), nil
}

func (l *outLog) OutputHash(n uint64) (hash [32]byte, ok bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case n == 0:
		return hash, true, nil
	case n > uint64(len(l.outs)):
		return hash, false, nil
	}
	return l.outs[n-1].Hash, true, nil
}

func (l *outLog) Wrote() <-chan struct{} { return l.wrote }

func (l *outLog) Confirm(n uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.confirmed = append(l.confirmed, n)
}

func (l *outLog) Confirmed() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.confirmed) == 0 {
		return 0
	}
	return l.confirmed[len(l.confirmed)-1]
}

func (l *outLog) LastOutput() (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return uint64(len(l.outs)), l.broken
}

// breaks sets what reading the log answers.
func (l *outLog) breaks(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.broken = err
}

// stream is an output stream in memory, with a cursor.
type stream struct {
	mu     sync.Mutex
	ids    []string
	sizes  []int
	cursor broker.Cursor
	// before, if set, is asked first; what it answers is what Publish does, and
	// with stored the batch is kept all the same.
	before func(n int) (err error, stored bool)
	reads  error
	calls  int // of Publish with outputs
	alive  map[string]bool
}

// breaks sets what reading the cursor answers.
func (s *stream) breaks(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads = err
}

func (s *stream) LastCursor(context.Context) (broker.Cursor, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cursor, s.reads
}

// Tail is where the cursor says: batches are whole here. The tests with a real
// broker take them apart.
func (s *stream) Tail(context.Context) (broker.Tail, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return broker.Tail{}, s.reads
}

func (s *stream) Alive(_ context.Context, writer string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.alive[writer], s.reads
}

func (s *stream) Publish(_ context.Context, msgs []broker.OutMsg, from, to broker.Cursor) (broker.Cursor, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	stored := true
	if len(msgs) > 0 {
		s.calls++
	}
	if s.before != nil && len(msgs) > 0 {
		err, stored = s.before(s.calls)
	}
	if stored {
		if from.Seq != s.cursor.Seq {
			return broker.Cursor{}, broker.ErrFenced
		}
		for _, m := range msgs {
			s.ids = append(s.ids, m.ID)
		}
		if len(msgs) > 0 {
			s.sizes = append(s.sizes, len(msgs))
		}
		to.Seq = s.cursor.Seq + uint64(len(msgs)) + 1
		s.cursor = to
	}
	if err != nil {
		return broker.Cursor{}, err
	}
	return to, nil
}

// relaying runs a relay until the bubble is quiet and gives what it returned.
func relaying(t *testing.T, l *outLog, s *stream, then func()) error {
	t.Helper()
	return relayingWith(t, l, s, nil, then)
}

// relayingWith keeps the alarms too.
func relayingWith(t *testing.T, l *outLog, s *stream, alarms *[]string, then func()) error {
	t.Helper()
	r := &Relay{Log: l, Transport: s, Writer: "me", Retry: time.Second, MostRetry: 8 * time.Second, Look: 5 * time.Second, Logger: zerolog.Nop()}
	if alarms != nil {
		r.Alarm = func(text string) { *alarms = append(*alarms, text) }
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	time.Sleep(30 * time.Second)
	synctest.Wait()
	if then != nil {
		then()
		time.Sleep(30 * time.Second)
		synctest.Wait()
	}
	cancel()
	return <-ended
}

// published checks that a log is in the stream from one number on, in order and
// once.
func (s *stream) published(t *testing.T, l *outLog, from int) {
	t.Helper()
	var want []string
	for _, o := range l.outs[from:] {
		want = append(want, o.ID)
	}
	if !slices.Equal(s.ids, want) {
		t.Errorf("%d outputs were published, want %d in their order", len(s.ids), len(want))
	}
	if n := len(l.outs); s.cursor.N != uint64(n) || n > 0 && s.cursor.Hash != l.outs[n-1].Hash {
		t.Errorf("the cursor is at %d, want %d with the log's hash", s.cursor.N, n)
	}
}

func TestRelayPublishesInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s := newLog("a", 1700), &stream{}
		err := relaying(t, l, s, func() {
			s.published(t, l, 0)
			l.write("a", 3)
		})
		if err != nil {
			t.Errorf("Run() = %v", err)
		}
		s.published(t, l, 0)
		if slices.Max(s.sizes) > broker.MaxOutput {
			t.Errorf("batches of %v", s.sizes)
		}
		if last := l.confirmed[len(l.confirmed)-1]; last != 1703 || !slices.IsSorted(l.confirmed) {
			t.Errorf("confirmed were %v", l.confirmed)
		}
	})
}

func TestRelayGoesOnFromTheCursor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog("a", 20)
		s := &stream{cursor: broker.Cursor{N: 12, Hash: l.outs[11].Hash, Seq: 99}}
		if err := relaying(t, l, s, nil); err != nil {
			t.Errorf("Run() = %v", err)
		}
		s.published(t, l, 12)
	})
}

func TestRelayRefusesAForeignLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, other := newLog("a", 20), newLog("b", 20)
		s := &stream{cursor: broker.Cursor{N: 12, Hash: other.outs[11].Hash, Seq: 99}}
		err := relaying(t, l, s, nil)
		if !errors.Is(err, ErrForeignLog) || !errors.Is(err, broker.ErrFenced) || len(s.ids) > 0 {
			t.Errorf("Run() = %v after %d outputs, want %v", err, len(s.ids), ErrForeignLog)
		}
	})
}

// A ledger restored from before the cursor is awaited: it says the same again.
func TestRelayAwaitsAShorterLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		whole := newLog("a", 20)
		s := &stream{cursor: broker.Cursor{N: 12, Hash: whole.outs[11].Hash, Seq: 99}}
		l := newLog("a", 5)
		err := relaying(t, l, s, func() {
			if len(s.ids) != 0 || len(l.confirmed) != 0 {
				t.Errorf("%v were published, %v confirmed, before the log was there", s.ids, l.confirmed)
			}
			l.write("a", 6)
			time.Sleep(time.Second)
			synctest.Wait()
			if len(s.ids) != 0 {
				t.Errorf("%v were published before the log was there", s.ids)
			}
			l.write("a", 4)
		})
		if err != nil {
			t.Errorf("Run() = %v", err)
		}
		s.published(t, l, 12)
	})
	synctest.Test(t, func(t *testing.T) { // and it may turn out to be another's
		whole := newLog("a", 20)
		s := &stream{cursor: broker.Cursor{N: 12, Hash: whole.outs[11].Hash, Seq: 99}}
		l := newLog("b", 5)
		if err := relaying(t, l, s, func() { l.write("b", 10) }); !errors.Is(err, ErrForeignLog) {
			t.Errorf("Run() = %v, want %v", err, ErrForeignLog)
		}
	})
}

// An attempt of its own that was stored though it failed is found, and not
// repeated.
func TestRelayFindsItsOwnLateCommit(t *testing.T) {
	lost := errors.New("no answer")
	for name, before := range map[string]func(n int) (error, bool){
		"the answer was lost":       func(n int) (error, bool) { return map[int]error{1: lost, 3: lost}[n], true },
		"stored, and called fenced": func(n int) (error, bool) { return map[int]error{1: broker.ErrFenced}[n], true },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, s := newLog("a", 1700), &stream{before: before}
				if err := relaying(t, l, s, nil); err != nil {
					t.Errorf("Run() = %v", err)
				}
				s.published(t, l, 0)
			})
		})
	}
}

// A cursor of another worker's, where the relay's own was, stops it: also one
// that says the very same, and also a relay that has nothing to publish.
func TestRelayStopsWhenTakenOver(t *testing.T) {
	for name, salt := range map[string]string{"the same ledger": "a", "another ledger": "b"} {
		t.Run(name, func(t *testing.T) {
			other := newLog(salt, 9)
			theirs := broker.Cursor{N: 3, Hash: other.outs[2].Hash, Writer: "other"}
			synctest.Test(t, func(t *testing.T) { // while it publishes
				l, s := newLog("a", 20), &stream{}
				s.before = func(int) (error, bool) {
					theirs.Seq = s.cursor.Seq + 4
					s.cursor = theirs
					return nil, true
				}
				err := relaying(t, l, s, nil)
				if !errors.Is(err, ErrTakenOver) || !errors.Is(err, broker.ErrFenced) || len(s.ids) > 0 || !strings.HasPrefix(err.Error(), "relay: ") {
					t.Errorf("Run() = %v after %v, want %v", err, s.ids, ErrTakenOver)
				}
			})
			synctest.Test(t, func(t *testing.T) { // while it is idle
				l, s := newLog("a", 2), &stream{}
				err := relaying(t, l, s, func() { s.sets(theirs) })
				if !errors.Is(err, ErrTakenOver) || s.calls != 1 {
					t.Errorf("Run() = %v after %d calls, want %v", err, s.calls, ErrTakenOver)
				}
			})
		})
	}
}

// sets puts another's cursor after what is there.
func (s *stream) sets(c broker.Cursor) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Seq = s.cursor.Seq + 1
	s.cursor = c
}

// A writer that is running keeps a newcomer off; one that is gone, or of a
// release that had no writers, does not.
func TestRelayClaims(t *testing.T) {
	for _, tt := range []struct {
		name, writer string
		want         error
	}{
		{"running", "running", ErrTakenOver},
		{"gone", "gone", nil},
		{"of an earlier release", "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLog("a", 20)
			before := broker.Cursor{N: 12, Hash: l.outs[11].Hash, Seq: 99, Writer: tt.writer}
			s := &stream{cursor: before, alive: map[string]bool{"running": true}}
			r := &Relay{Log: l, Transport: s, Writer: "me", Logger: zerolog.Nop()}
			err := r.Claim(t.Context())
			if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
				t.Errorf("Claim() = %v, want %v", err, tt.want)
			}
			switch {
			case tt.want != nil && s.cursor != before:
				t.Errorf("the cursor is %+v after a refused claim", s.cursor)
			case tt.want == nil && (s.cursor.N != 12 || s.cursor.Writer != "me" || s.cursor.Hash != before.Hash || len(s.ids) > 0):
				t.Errorf("the cursor is %+v after %d outputs, want it at 12 in the relay's name", s.cursor, len(s.ids))
			}
		})
	}
}

// What passes does not keep a worker from starting; what does not, does.
func TestRelayClaimFails(t *testing.T) {
	l := newLog("a", 5)
	for _, tt := range []struct {
		name string
		s    *stream
		want error
	}{
		{"the stream does not answer", &stream{reads: errors.New("away")}, nil},
		{"the log is behind", &stream{cursor: broker.Cursor{N: 9, Seq: 9}}, nil},
		{"another ledger", &stream{cursor: broker.Cursor{N: 3, Hash: newLog("b", 3).outs[2].Hash, Seq: 9}}, ErrForeignLog},
	} {
		r := &Relay{Log: l, Transport: tt.s, Writer: "me", Logger: zerolog.Nop()}
		if err := r.Claim(t.Context()); !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
			t.Errorf("%s: Claim() = %v, want %v", tt.name, err, tt.want)
		}
		if n, err := r.Waiting(); err != nil || (n == 0) != (tt.name == "the log is behind") {
			t.Errorf("%s: Waiting() = %d, %v; a log that is behind has none, any other all", tt.name, n, err)
		}
	}
}

// A stream that lost its end, with an older cursor of the relay's own or of the
// writer before it, is given it again, and that is told.
func TestRelayRepairsALostEnd(t *testing.T) {
	for _, writer := range []string{"me", "gone"} {
		synctest.Test(t, func(t *testing.T) {
			l, s := newLog("a", 20), &stream{}
			s.cursor = broker.Cursor{N: 4, Hash: l.outs[3].Hash, Seq: 5, Writer: "gone"}
			var alarms []string
			err := relayingWith(t, l, s, &alarms, func() {
				s.mu.Lock()
				s.ids = nil
				s.cursor = broker.Cursor{N: 2, Hash: l.outs[1].Hash, Seq: 3, Writer: writer}
				s.mu.Unlock()
			})
			if err != nil {
				t.Errorf("Run() = %v", err)
			}
			s.published(t, l, 2)
			if len(alarms) != 1 || !strings.Contains(alarms[0], "had the outputs up to 20 and has them up to 2") {
				t.Errorf("alarms were %q", alarms)
			}
		})
	}
}

func TestRelayRetriesWhatPasses(t *testing.T) {
	away := errors.New("away")
	synctest.Test(t, func(t *testing.T) {
		l := newLog("a", 1200)
		s := &stream{reads: away}
		s.before = func(n int) (error, bool) { return map[bool]error{true: away}[n < 4], n >= 4 }
		err := relaying(t, l, s, func() {
			if s.calls > 0 {
				t.Errorf("%d calls while the cursor could not be read", s.calls)
			}
			s.breaks(nil)
		})
		if err != nil {
			t.Errorf("Run() = %v", err)
		}
		s.published(t, l, 0)
	})
	synctest.Test(t, func(t *testing.T) { // a log that cannot be read now
		l, s := newLog("a", 3), &stream{}
		l.broken = away
		if err := relaying(t, l, s, func() { l.breaks(nil) }); err != nil {
			t.Errorf("Run() = %v", err)
		}
		s.published(t, l, 0)
	})
}

// What would be refused again, and a log that contradicts itself, stop it.
func TestRelayStopsForGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, s := newLog("a", 3), &stream{before: func(int) (error, bool) { return broker.ErrRefused, false }}
		if err := relaying(t, l, s, nil); !errors.Is(err, broker.ErrRefused) || s.calls != 1 {
			t.Errorf("Run() = %v after %d calls, want %v after one", err, s.calls, broker.ErrRefused)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		l, s := newLog("a", 3), &stream{}
		l.broken = domain.Errorf(domain.Corrupt, "malformed")
		if err := relaying(t, l, s, nil); domain.KindOf(err) != domain.Corrupt {
			t.Errorf("Run() = %v, want it to stop", err)
		}
	})
}
