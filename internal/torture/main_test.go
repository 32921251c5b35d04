package torture

import (
	"cmp"
	"os"
	"strconv"
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
