package tenant

import "github.com/trueup/trueup/domain/event"

// cache keeps accounts at hand up to a weight. Where they weigh more it goes
// round them and lets go of those that were not asked for since it came by last.
// The weight is facts, so the bound holds for many small accounts and for few
// large ones.
type cache struct {
	limit  int
	weight int
	held   map[event.AccountID]*accountRecord
	round  []*accountRecord // those held, and for a while some that were dropped
	hand   int

	hits, misses uint64 // of get

	call   int                                // how often pins were taken away
	pinned map[event.AccountID]*accountRecord // those that were let go in spite of a pin; nil: none
}

// cacheMark is what a cache notes of an account.
type cacheMark struct {
	weight int
	held   bool
	asked  bool // since the hand came by
	pinned int  // the call it was pinned in last
}

// ownWeight is what an account weighs without any facts, in facts.
const ownWeight = 8

func newCache(limit int) cache {
	return cache{limit: limit, call: 1, held: map[event.AccountID]*accountRecord{}}
}

// get is an account that is at hand, or nil.
func (c *cache) get(id event.AccountID) *accountRecord {
	if r := c.held[id]; r != nil {
		r.mark.asked = true
		c.hits++
		return r
	}
	if r := c.pinned[id]; r != nil {
		c.hits++
		return r
	}
	c.misses++
	return nil
}

// pin keeps an account at hand, whatever they weigh, until unpin.
func (c *cache) pin(r *accountRecord) {
	r.mark.pinned = c.call
	if !r.mark.held {
		c.keep(r)
	}
}

func (c *cache) unpin() {
	c.call++
	c.pinned = nil
}

func (c *cache) keep(r *accountRecord) {
	if c.pinned == nil {
		c.pinned = map[event.AccountID]*accountRecord{}
	}
	c.pinned[r.id] = r
}

func (c *cache) put(id event.AccountID, r *accountRecord) {
	c.drop(id)
	c.held[id] = r
	c.round = append(c.round, r)
	r.mark = cacheMark{weight: r.seen.len() + ownWeight, held: true, asked: true}
	c.weight += r.mark.weight
	for c.weight > c.limit && len(c.held) > 1 {
		c.step(r)
	}
	for len(c.round) > 2*len(c.held)+64 { // dropped ones must not pile up
		c.step(r)
	}
}

// grew says that an account at hand has one more fact.
func (c *cache) grew(r *accountRecord) {
	if r.mark.held {
		r.mark.weight++
		c.weight++
	}
}

// step moves the hand by one account, and lets go of it if nobody asked for it
// and there are too many; one stays.
func (c *cache) step(stays *accountRecord) {
	if c.hand >= len(c.round) {
		c.hand = 0
	}
	r := c.round[c.hand]
	held := r.mark.held
	if held && (r == stays || r.mark.asked || c.weight <= c.limit) {
		r.mark.asked = false
		c.hand++
		return
	}
	if held {
		if r.mark.pinned == c.call {
			c.keep(r)
		}
		c.drop(r.id)
	}
	last := len(c.round) - 1
	c.round[c.hand], c.round[last] = c.round[last], nil
	c.round = c.round[:last]
}

func (c *cache) drop(id event.AccountID) {
	if r := c.held[id]; r != nil {
		delete(c.held, id)
		c.weight -= r.mark.weight
		r.mark.held = false
	}
}
