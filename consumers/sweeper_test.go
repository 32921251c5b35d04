package consumers

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

// world is what a sweeper looks at. The test has it while it is not waiting.
type world struct {
	*testing.T
	mu      sync.Mutex
	s       *Sweeper
	waiting Waiting
	pending uint64
	broken  error            // what Tick and Pending answer
	mute    error            // what Tick answers
	ahead   time.Duration    // its own clock, where a test says so
	deaf    bool             // ticks are not applied
	broker  func() time.Time // when the broker says that it stored a tick; nil: when the tick says
	hold    bool
	ticks   []time.Time // what was published, by the clock that was told
	at      []time.Time // when
	ended   chan error
}

const every = 200 * time.Millisecond

// sweeping runs a sweeper in a bubble of its own.
func sweeping(t *testing.T, setUp func(*world), test func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{T: t, ended: make(chan error, 1)}
		w.s = &Sweeper{
			Clock: RealClock{Time: time.Now}, Every: every, Log: zerolog.Nop(),
			Waiting: func() (Waiting, error) {
				w.mu.Lock()
				defer w.mu.Unlock()
				return w.waiting, nil
			},
			Pending: func(context.Context) (uint64, error) {
				w.mu.Lock()
				defer w.mu.Unlock()
				return w.pending, w.broken
			},
			Tick: func(_ context.Context, at time.Time) error {
				w.mu.Lock()
				defer w.mu.Unlock()
				if err := errors.Join(w.broken, w.mute); err != nil {
					return err
				}
				w.ticks, w.at = append(w.ticks, at), append(w.at, time.Now())
				if w.broker != nil {
					at = w.broker()
				}
				if !w.deaf {
					w.applied(at)
				}
				return nil
			},
			Hold: func() bool {
				w.mu.Lock()
				defer w.mu.Unlock()
				return w.hold
			},
		}
		if setUp != nil {
			setUp(w)
		}
		ctx, cancel := context.WithCancel(t.Context())
		w.mu.Lock()
		go func() { w.ended <- w.s.Run(ctx) }()
		test(w)
		w.mu.Unlock()
		cancel()
		if err := <-w.ended; err != nil {
			t.Errorf("Run() = %v", err)
		}
	})
}

// applied is what a ledger does of a tick: all that is due is done.
func (w *world) applied(at time.Time) {
	if at.After(w.waiting.AsOf) {
		w.waiting.AsOf = at
	}
	w.waiting.Dirty = false
	if !w.waiting.First.After(at) {
		w.waiting.First = time.Time{}
	}
}

// wait lets time go by.
func (w *world) wait(d time.Duration) {
	w.mu.Unlock()
	time.Sleep(d)
	synctest.Wait()
	w.mu.Lock()
}

// pass lets time go by and checks how many ticks there were by then.
func (w *world) pass(d time.Duration, ticks int) {
	w.Helper()
	w.wait(d + time.Millisecond)
	if len(w.ticks) != ticks {
		w.Errorf("%d ticks after %v, want %d", len(w.ticks), d, ticks)
	}
}

func TestSweeperTicksOnceWhenSomethingIsDue(t *testing.T) {
	sweeping(t, nil, func(w *world) {
		w.waiting = Waiting{AsOf: time.Now(), First: time.Now().Add(time.Hour)}
		w.pass(59*time.Minute, 0)
		w.pass(2*time.Minute, 1)
		if late := w.ticks[0].Sub(w.waiting.AsOf); late != 0 {
			w.Errorf("the tick says %v, want the time it was", w.ticks[0])
		}
		w.pass(6*time.Hour, 1)
		w.waiting.Dirty = true
		w.pass(every, 2)
		w.waiting.First = time.Now().Add(24 * time.Hour)
		w.pass(23*time.Hour, 2)
		w.pass(2*time.Hour, 3)
	})
}

func TestSweeperLooksAtNothingBeforeTheFirstInput(t *testing.T) {
	sweeping(t, nil, func(w *world) { w.pass(time.Hour, 0) })
}

// While inputs are on their way they bring the time along themselves.
func TestSweeperWaitsForWhatIsPending(t *testing.T) {
	sweeping(t, nil, func(w *world) {
		w.waiting = Waiting{AsOf: time.Now(), First: time.Now()}
		w.pending = 1
		w.pass(time.Minute, 0)
		w.pending = 0
		w.pass(every, 1)
	})
}

// A tick that is on its way is not sent again, but one that was lost is.
func TestSweeperRepeatsALostTick(t *testing.T) {
	sweeping(t, func(w *world) { w.deaf = true }, func(w *world) {
		w.waiting = Waiting{AsOf: time.Now().Add(-time.Second), First: time.Now()}
		w.pass(every, 1)
		w.pass((retick-1)*every, 1)
		w.pass(every, 2)
		w.pass((2*retick-1)*every, 2)
		w.pass(every, 3)
		w.deaf = false
		w.pass(4*retick*every, 4)
		w.pass(time.Hour, 4)
	})
}

// A broker that is away is asked again, at every look.
func TestSweeperOutlivesTheBroker(t *testing.T) {
	sweeping(t, nil, func(w *world) {
		w.waiting = Waiting{AsOf: time.Now(), First: time.Now()}
		w.broken = errors.New("away")
		w.pass(time.Minute, 0)
		w.broken = nil
		w.pass(every, 1)
	})
	sweeping(t, nil, func(w *world) { // away between the question and the tick
		w.mute = errors.New("away")
		w.waiting = Waiting{AsOf: time.Now(), First: time.Now()}
		w.pass(time.Minute, 0)
		w.mute = nil
		w.pass(every, 1)
	})
}

// A ledger that cannot be read ends it.
func TestSweeperEndsWithTheLedger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := errors.New("gone")
		s := &Sweeper{Every: every, Waiting: func() (Waiting, error) { return Waiting{}, gone }}
		if err := s.Run(t.Context()); !errors.Is(err, gone) {
			t.Errorf("Run() = %v, want %v", err, gone)
		}
	})
}

// played sets up a clock that stands at an instant long ago.
func played(w *world) {
	from := time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC)
	w.s.Played = NewPlayedClock(from, time.Now)
	w.s.Clock, w.s.Settle = w.s.Played, 2*time.Second
}

// A played clock stands until the stream has been quiet for a while, is told
// to the ledger by one tick, and goes on.
func TestSweeperStartsAPlayedClock(t *testing.T) {
	sweeping(t, played, func(w *world) {
		from := w.s.Played.Now()
		w.pass(time.Hour, 0) // nothing has come yet
		if owed := w.s.Owes(w.waiting); owed != 0 {
			w.Errorf("Owes() = %d before the first input", owed)
		}
		for i := range 50 { // inputs keep coming
			w.waiting = Waiting{AsOf: from.Add(time.Duration(i-100) * time.Hour), First: from.Add(10 * time.Second)}
			w.pass(time.Second, 0)
		}
		if now := w.s.Played.Now(); !now.Equal(from) || w.s.Owes(w.waiting) != 1 {
			w.Errorf("the clock says %v and owes %d, want it to stand at %v and owe a tick", now, w.s.Owes(w.waiting), from)
		}
		w.pass(2*time.Second, 1)
		if !w.ticks[0].Equal(from) {
			w.Errorf("the tick says %v, want %v where the clock stood", w.ticks[0], from)
		}
		w.pass(2*every, 1)
		if now := w.s.Played.Now(); !now.After(from) || w.s.Owes(w.waiting) != 0 {
			w.Errorf("the clock says %v and owes %d, want it to go on", now, w.s.Owes(w.waiting))
		}
		w.pass(11*time.Second, 2) // what was due ten seconds later
		if late := w.ticks[1].Sub(from); late < 10*time.Second || late > 11*time.Second {
			w.Errorf("the second tick says %v after the first", late)
		}
		w.pass(time.Hour, 2)
	})
}

// What is on its way counts as not quiet, and is not outrun.
func TestSweeperPlayedWaitsForWhatIsPending(t *testing.T) {
	sweeping(t, played, func(w *world) {
		w.waiting, w.pending = Waiting{AsOf: w.s.Played.Now().Add(-time.Hour)}, 3
		w.pass(time.Minute, 0)
		w.pending = 0
		w.pass(time.Second, 0)
		w.pending = 1
		w.pass(time.Second, 0)
		w.pending = 0
		w.pass(1500*time.Millisecond, 0)
		w.pass(time.Second, 1)
	})
}

func TestSweeperHolds(t *testing.T) {
	sweeping(t, func(w *world) { played(w); w.hold = true }, func(w *world) {
		w.waiting = Waiting{AsOf: w.s.Played.Now().Add(-time.Hour), First: w.s.Played.Now().Add(-time.Minute)}
		w.pass(time.Hour, 0)
		w.hold = false
		w.pass(2*time.Second, 1)
	})
}

// A tick of a played clock that was lost is repeated too, before it starts.
func TestSweeperPlayedRepeatsALostTick(t *testing.T) {
	sweeping(t, func(w *world) { played(w); w.deaf = true }, func(w *world) {
		from := w.s.Played.Now()
		w.waiting = Waiting{AsOf: from.Add(-time.Hour)}
		w.pass(2*time.Second, 1)
		w.pass((retick-1)*every, 1)
		w.pass(every, 2)
		if now := w.s.Played.Now(); !now.Equal(from) {
			w.Errorf("the clock went on to %v before the ledger knew", now)
		}
		w.deaf = false
		w.pass((2*retick+1)*every, 3)
		w.pass(time.Minute, 3)
		if now := w.s.Played.Now(); !now.After(from) {
			w.Error("the clock still stands")
		}
	})
}
