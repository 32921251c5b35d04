package store

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/tenant"
)

// fire lets every timer due by an instant fire, in order.
func (r *recording) fire(until time.Time) error {
	for n := 0; ; n++ {
		t, due, err := r.firstTimer(until)
		if err != nil || !due {
			return err
		}
		if err := r.settle(); err != nil {
			return err
		}
		if n == 0 {
			r.unfired = len(r.messages)
		}
		c, err := r.store.engine.Fire(r.records, t)
		if err == nil {
			r.out.Timers++
			err = errors.Join(r.hand(c, event.Identity{}), r.settle())
		}
		if err == nil {
			err = r.fired(t)
		}
		if err != nil {
			return fmt.Errorf("timer of %s due %s: %w", t.ID, t.Due.Format(time.RFC3339), err)
		}
	}
}

// firstTimer is the first timer, if it is due by an instant. It is looked for
// again when it has fired or was cleared.
func (r *recording) firstTimer(until time.Time) (tenant.Timer, bool, error) {
	if r.first == nil {
		t, _, err := r.reads.FirstTimer(time.Time{})
		if err != nil {
			return t, false, err
		}
		r.first = &t
	}
	return *r.first, *r.first != (tenant.Timer{}) && !r.first.Due.After(until), nil
}

// expect says which timer is the first after some were cleared and set.
func (r *recording) expect(c *tenant.Changes) {
	if r.first == nil {
		return
	}
	if slices.Contains(c.Clear, *r.first) {
		r.first = nil
		return
	}
	for _, t := range c.Set {
		if *r.first == (tenant.Timer{}) || t.Compare(*r.first) < 0 {
			*r.first = t
		}
	}
}
