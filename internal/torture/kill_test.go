package torture

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/trueup/trueup/internal/failpoint"
)

// killsPerTrial is how often a worker is killed while it takes one company's year.
const killsPerTrial = 20

// kill -9 at every named point and at random moments, also while the worker is
// still recovering from the one before: nothing lost, nothing twice.
func TestKilled(t *testing.T) {
	notShort(t)
	t.Parallel()
	s := seed(t)
	var mu sync.Mutex
	at := map[string]int{}
	t.Run("seeds", func(t *testing.T) {
		for n := range uint64(size(1, 100)) {
			t.Run(fmt.Sprint(s+n), func(t *testing.T) {
				t.Parallel()
				where := killed(t, s+n)
				mu.Lock()
				defer mu.Unlock()
				for _, point := range where {
					at[point]++
				}
			})
		}
	})
	t.Logf("killed: %v", at)
	for _, point := range failpoint.Points {
		if size(0, 1) == 1 && at[point] == 0 {
			t.Errorf("no worker was killed at %s", point)
		}
	}
}

// killed is one company's year under kills; it says where they were.
func killed(t *testing.T, seed uint64) (where []string) {
	r := rand.New(rand.NewPCG(seed, 1))
	o := newTrial(t, newCompany(t, seed, 12), "failpoint")
	for i := range killsPerTrial {
		to := len(o.company.msgs) * (i + 1) / (killsPerTrial + 1)
		if r.IntN(4) == 0 {
			o.killAtRandom(to, time.Duration(r.IntN(120))*time.Millisecond)
			where = append(where, "at random")
			continue
		}
		point := failpoint.Points[r.IntN(len(failpoint.Points))]
		if !o.killAt(to, point, 1+r.IntN(4)) {
			point = "at rest"
		}
		where = append(where, point)
	}
	o.worker.Env = nil
	o.worker.Start()
	o.feed(len(o.company.msgs), 40, never)
	o.check()
	return where
}

// killAtRandom kills a worker some time after its start, mostly before it is
// through with what the one before it left.
func (o *trial) killAtRandom(to int, after time.Duration) {
	o.worker.Env = nil
	o.worker.Launch()
	moment := time.NewTimer(after)
	defer moment.Stop()
	passed := false
	o.feed(to, 10, func() bool {
		select {
		case <-moment.C:
			passed = true
		default:
		}
		return passed
	})
	if !passed {
		<-moment.C
	}
	o.worker.Kill()
}

// killAt lets a worker run into a point for the nth time, and reports whether
// it did: a worker that has nothing more to do is killed where it rests.
func (o *trial) killAt(to int, point string, nth int) bool {
	if point == "tick-due" || point == "ticked" {
		nth = 1 // a clock that stands ticks once
	}
	o.worker.Env = []string{fmt.Sprintf("%s=%s:%d", failpoint.Variable, point, nth)}
	o.worker.Launch()
	o.feed(to, 5, o.worker.Ended)
	if !o.worker.Ready() || !o.worker.Rests() {
		<-o.worker.Done()
		return true
	}
	o.worker.Kill()
	return false
}
