package web

import (
	"container/list"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// How often one client may ask, and show a token that is nobody's: at once, and
// then in a second.
const (
	askBurst  = 400
	askRate   = rate.Limit(100)
	failBurst = 10
	failRate  = rate.Limit(1.0 / 6)
)

// mostClients is how many clients a throttle remembers; one more, and the one
// that has been quiet for longest is forgotten.
const mostClients = 8192

// throttle counts what clients do. It may be used by many goroutines at once.
type throttle struct {
	rate  rate.Limit
	burst int

	mu      sync.Mutex
	clients map[netip.Prefix]*list.Element // of asked
	recent  *list.List                     // the latest first
}

// asked is a client and what it has left.
type asked struct {
	client netip.Prefix
	*rate.Limiter
}

func newThrottle(r rate.Limit, burst int) *throttle {
	return &throttle{rate: r, burst: burst, clients: map[netip.Prefix]*list.Element{}, recent: list.New()}
}

// wait counts one more of a client: zero, or how long it has to wait before it
// may. What has to wait does not count.
func (t *throttle) wait(client netip.Prefix, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	at, ok := t.clients[client]
	if !ok {
		if t.recent.Len() >= mostClients {
			delete(t.clients, t.recent.Remove(t.recent.Back()).(asked).client)
		}
		at = t.recent.PushFront(asked{client, rate.NewLimiter(t.rate, t.burst)})
		t.clients[client] = at
	}
	t.recent.MoveToFront(at)
	r := at.Value.(asked).ReserveN(now, 1)
	delay := r.DelayFrom(now)
	if delay > 0 {
		r.CancelAt(now)
	}
	return delay
}
