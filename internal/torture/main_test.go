package torture

import (
	"cmp"
	"os"
	"strconv"
	"sync"
	"testing"

	"github.com/trueup/trueup/internal/workertest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	workertest.Clean()
	os.Exit(code)
}

// size is how often a test does its thing: a few times, or as often as wanted.
func size(short, long int) int {
	if os.Getenv("TRUEUP_TORTURE") == "long" {
		return long
	}
	return short
}

// notShort skips a test with -short, which is how the race detector is run: the
// workers here are programs of their own, built without it, and it sees
// nothing of them.
func notShort(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("the program is not built with the race detector")
	}
}

// seed is what everything drawn in a test depends on.
func seed(t *testing.T) uint64 {
	t.Helper()
	s, err := strconv.ParseUint(cmp.Or(os.Getenv("TRUEUP_SEED"), "1"), 10, 64)
	if err != nil {
		t.Fatalf("TRUEUP_SEED: %v", err)
	}
	t.Logf("TRUEUP_SEED=%d", s)
	return s
}

// trialOf is a subtest.
type trialOf struct {
	name string
	run  func(*testing.T)
}

// atOnce runs subtests, so many at a time: more than t.Parallel would, since
// they are processes that wait for each other and for time to pass.
func atOnce(t *testing.T, most int, trials []trialOf) {
	t.Helper()
	var running sync.WaitGroup
	free := make(chan struct{}, most)
	for _, o := range trials {
		free <- struct{}{}
		running.Go(func() {
			defer func() { <-free }()
			t.Run(o.name, o.run)
		})
	}
	running.Wait()
}
