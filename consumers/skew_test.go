package consumers

import (
	"testing"
	"time"
)

// firing lets time go by until the first timer fires, and counts the ticks
// that it did not fire for.
func (w *world) firing(within time.Duration) (useless int) {
	before, ticks := time.Now(), len(w.ticks)
	for !w.waiting.First.IsZero() {
		if time.Since(before) > within {
			w.Fatalf("no tick in %v was one that the timer due %v fires for", within, w.waiting.First)
		}
		w.wait(every)
	}
	return len(w.ticks) - ticks - 1
}

// While the broker's clock is behind ours a tick fires nothing that is due by
// ours alone, and is stored for good all the same. There are few of them, and
// one of them comes when the broker's clock gets there.
func TestSweeperAheadOfTheBroker(t *testing.T) {
	for _, tt := range []struct {
		name    string
		behind  time.Duration
		useless int // at most
	}{
		{"a hair", time.Millisecond, 1},
		{"a moment", 50 * time.Millisecond, 1},
		{"a second", time.Second, 1},
		{"a minute", time.Minute, 5},
		{"an hour", time.Hour, 14},
		{"a day", 24 * time.Hour, 176}, // 21,600 if each were repeated every 20 looks
	} {
		sweeping(t, nil, func(w *world) {
			w.broker = func() time.Time { return time.Now().Add(-tt.behind) }
			w.waiting = Waiting{AsOf: w.broker(), First: time.Now().Add(time.Minute)}
			for range 2 {
				due := w.waiting.First
				useless := w.firing(2 * (tt.behind + time.Hour))
				late := w.waiting.AsOf.Sub(due)
				if useless > tt.useless || late < 0 || late > 2*every {
					t.Errorf("%s behind: %d useless ticks, want %d at most; the timer fired %v late, want no more than two looks", tt.name, useless, tt.useless, late)
				}
				w.waiting.First = time.Now().Add(time.Hour)
			}
		})
	}
}

// A late event makes an ended quarter wait for a tick; that one is of use by
// any clock and does not wait for a timer that the broker is not ready for.
func TestSweeperAheadOfTheBrokerStillSettles(t *testing.T) {
	sweeping(t, nil, func(w *world) {
		w.broker = func() time.Time { return time.Now().Add(-24 * time.Hour) }
		w.waiting = Waiting{AsOf: w.broker(), First: time.Now()}
		w.wait(3 * time.Hour)
		for range 3 {
			ticks := len(w.ticks)
			w.waiting.Dirty, w.waiting.AsOf = true, w.broker() // an event came
			w.pass(every, ticks+1)
			w.wait(time.Hour)
		}
	})
}

// The broker's clock stands just before a timer: a day of that is few ticks,
// and once it goes again the timer fires.
func TestSweeperWhenTheBrokersClockStands(t *testing.T) {
	sweeping(t, nil, func(w *world) {
		due := time.Now().Add(time.Hour)
		stands := due.Add(-time.Second)
		w.broker = func() time.Time { return stands }
		w.waiting = Waiting{AsOf: time.Now(), First: due}
		w.wait(25 * time.Hour)
		if n := len(w.ticks); n < 100 || n > 176 {
			t.Errorf("%d ticks in a day, want one each eight and a half minutes", n)
		}
		w.broker = time.Now
		if useless := w.firing(rarely * every); useless != 0 {
			t.Errorf("%d more useless ticks once the clock goes, want none", useless)
		}
	})
}

// A clock that stood, or is set back, makes ticks late and loses none; one that
// ran ahead and is set right leaves nothing behind.
func TestSweeperOwnClock(t *testing.T) {
	sweeping(t, func(w *world) {
		w.broker = time.Now
		w.s.Clock = RealClock{Time: func() time.Time { return time.Now().Add(w.ahead) }}
	}, func(w *world) {
		due := time.Now().Add(time.Hour)
		w.waiting = Waiting{AsOf: time.Now(), First: due}
		w.ahead = -48 * time.Hour
		w.pass(48*time.Hour, 0) // it is due for long
		w.ahead = 0
		w.pass(every, 1)

		w.ahead = 365 * 24 * time.Hour
		due = time.Now().Add(20 * time.Hour)
		w.waiting.First = due
		w.wait(10 * time.Hour)
		w.ahead = 0
		ticks := len(w.ticks)
		w.pass(10*time.Hour-time.Minute, ticks)
		w.pass(time.Minute+every, ticks+1)
		if late := w.waiting.AsOf.Sub(due); late < 0 || late > every {
			t.Errorf("the timer fired %v late", late)
		}
	})
}

// A tick that is lost on a clock behind the broker's is not sent at every look.
func TestSweeperBehindTheBrokerRepeatsALostTick(t *testing.T) {
	sweeping(t, func(w *world) { w.deaf = true }, func(w *world) {
		w.waiting = Waiting{AsOf: time.Now().Add(time.Hour), Dirty: true}
		w.pass(every, 1)
		w.pass((retick-1)*every, 1)
		w.pass(every, 2)
		w.deaf = false
		w.pass(retick*every, 3)
		w.pass(time.Hour, 3)
	})
}
