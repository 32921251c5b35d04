package scenario_test

import (
	"os"
	"runtime/debug"
	"testing"
)

// Generated histories are small and short-lived: collecting them often is a
// fifth of the time.
func TestMain(m *testing.M) {
	debug.SetGCPercent(800)
	os.Exit(m.Run())
}
