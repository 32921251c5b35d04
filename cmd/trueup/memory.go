package main

import (
	"runtime/debug"

	"github.com/trueup/trueup/domain/tenant"
)

// What a worker may take beside the accounts it keeps at hand, and for a fact of
// theirs: some 300 bytes are the fact's, the rest is room for the collector. The
// more there is, the less often it goes through all of the heap; with none to
// spare that was the larger part of what an event costs.
const (
	memoryBase    = 192 << 20
	memoryPerFact = 1200
)

// boundMemory lets the heap grow to what the cache may take and the collector
// needs to work seldom: of a worker, and of commands that play or replay events.
// GOGC and GOMEMLIMIT say otherwise.
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
