package main

import (
	"runtime/debug"

	"github.com/trueup/trueup/domain/tenant"
)

// What a worker takes beside the accounts it keeps at hand, and what a fact of
// theirs takes, both measured and rounded up.
const (
	memoryBase    = 192 << 20
	memoryPerFact = 560
)

// boundMemory lets the heap grow to what the cache may take and the collector
// needs to work seldom: the more of it is free, the less often all of it is gone
// through. GOGC and GOMEMLIMIT say otherwise.
func boundMemory(e env, cache int) {
	if cache == 0 {
		cache = tenant.DefaultCache
	}
	if e.getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	if e.getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryBase + memoryPerFact*int64(cache))
	}
}
