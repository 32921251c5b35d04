package access

import (
	"context"
	"sync"
	"time"

	"github.com/trueup/trueup/domain/event"
)

// chartLife is how long a chart of who reports to whom is gone by: making one
// looks at every payee.
const chartLife = 10 * time.Second

// Organisation says who reports to whom. It may be used by many goroutines at
// once.
type Organisation struct {
	managers func(context.Context) (map[event.PayeeID]event.PayeeID, error)
	now      func() time.Time

	mu      sync.Mutex
	at      time.Time
	reports map[event.PayeeID][]event.PayeeID
}

// NewOrganisation goes by what managers says whom each payee reports to today.
func NewOrganisation(managers func(context.Context) (map[event.PayeeID]event.PayeeID, error), now func() time.Time) *Organisation {
	return &Organisation{managers: managers, now: now}
}

// under lists a payee and everybody who reports to them, directly or through
// others.
func (o *Organisation) under(ctx context.Context, top event.PayeeID) (map[event.PayeeID]bool, error) {
	reports, err := o.chart(ctx)
	out := map[event.PayeeID]bool{top: true}
	for next := []event.PayeeID{top}; len(next) > 0; next = next[1:] {
		for _, id := range reports[next[0]] {
			if !out[id] { // somebody may report to themselves, round a corner
				out[id] = true
				next = append(next, id)
			}
		}
	}
	return out, err
}

func (o *Organisation) chart(ctx context.Context) (map[event.PayeeID][]event.PayeeID, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.now()
	if o.reports != nil && now.Sub(o.at) < chartLife {
		return o.reports, nil
	}
	managers, err := o.managers(ctx)
	if err != nil {
		return nil, err
	}
	o.at, o.reports = now, map[event.PayeeID][]event.PayeeID{}
	for id, m := range managers {
		o.reports[m] = append(o.reports[m], id)
	}
	return o.reports, nil
}
