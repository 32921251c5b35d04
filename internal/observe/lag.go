package observe

import (
	"sync"
	"time"
)

// lag is since when outputs wait. What an earlier run left is counted from the
// start of this one.
type lag struct {
	mu    sync.Mutex
	marks []mark
}

// mark says that the outputs up to a number, and after the mark before, were
// recorded at an instant or, by less than together, later.
type mark struct {
	n  uint64
	at time.Time
}

// together is how far apart outputs may be recorded that one mark is for.
const together = time.Second

// noted notes that outputs up to a number were recorded.
func (l *lag) noted(n, confirmed uint64, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gone(confirmed)
	if last := len(l.marks) - 1; last >= 0 && at.Sub(l.marks[last].at) < together {
		l.marks[last].n = n
		return
	}
	l.marks = append(l.marks, mark{n, at})
}

// gone drops the marks of what does not wait any more.
func (l *lag) gone(confirmed uint64) {
	k := 0
	for k < len(l.marks) && l.marks[k].n <= confirmed {
		k++
	}
	l.marks = append(l.marks[:0], l.marks[k:]...)
}

// oldest is how long the oldest output has waited, 0 if none does.
func (l *lag) oldest(confirmed uint64, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gone(confirmed)
	if len(l.marks) == 0 {
		return 0
	}
	return max(0, now.Sub(l.marks[0].at))
}
