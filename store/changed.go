package store

import (
	"sync"
	"time"
)

// signal tells whoever waits that something was recorded.
type signal struct {
	mu      sync.Mutex
	waiting chan struct{} // nil: nobody does
}

// Changed is closed when something more is recorded.
func (s *Store) Changed() <-chan struct{} {
	c := &s.changed
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting == nil {
		c.waiting = make(chan struct{})
	}
	return c.waiting
}

func (c *signal) tell() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting != nil {
		close(c.waiting)
		c.waiting = nil
	}
}

// Moment is how far the ledger has come.
type Moment struct {
	AsOf    time.Time // latest arrival
	Entries int64
	LastOut uint64
}

// Moment is how far the ledger has come by the last commit. It costs the same
// however long the ledger is.
func (s *Store) Moment() (m Moment, err error) {
	err = s.View(func(v *View) error {
		t, err := readTotals(v.tx)
		if err != nil {
			return err
		}
		last, err := lastOut(in(v.tx, bOut))
		m = Moment{v.state.AsOf, t.Entries, last.N}
		return err
	})
	return m, err
}
