package tenant

import "github.com/trueup/trueup/domain/event"

// cache keeps accounts at hand up to a weight, in two generations: an account
// that was not asked for during one generation is let go. The weight is facts,
// so the bound holds for many small accounts and for few large ones.
type cache struct {
	limit      int
	weight     int
	young, old map[event.AccountID]*accountRecord
}

func newCache(limit int) cache {
	return cache{limit: limit, young: map[event.AccountID]*accountRecord{}}
}

func (c *cache) get(id event.AccountID) *accountRecord {
	if r, ok := c.young[id]; ok {
		return r
	}
	r, ok := c.old[id]
	if !ok {
		return nil
	}
	delete(c.old, id)
	c.put(id, r)
	return r
}

func (c *cache) put(id event.AccountID, r *accountRecord) {
	// An account weighs its facts and what it weighs without any.
	if c.weight += r.seen.len() + 4; c.weight > c.limit/2 {
		c.old, c.young, c.weight = c.young, map[event.AccountID]*accountRecord{}, r.seen.len()+4
	}
	c.young[id] = r
}

func (c *cache) grew() { c.weight++ }

func (c *cache) drop(id event.AccountID) {
	delete(c.young, id)
	delete(c.old, id)
}
