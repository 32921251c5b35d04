package tenant

import (
	"cmp"
	"maps"
	"slices"

	"github.com/trueup/trueup/domain/event"
)

// prints are the fingerprints of a scope's facts by identity: a sorted list for
// the few that most scopes have, a map for many.
type prints struct {
	few  []print
	many map[event.Identity]Sum // nil: few
}

type print struct {
	event.Identity
	sum Sum
}

// mostFew is how many a list takes.
const mostFew = 64

func (p *prints) search(id event.Identity) (int, bool) {
	return slices.BinarySearchFunc(p.few, id, func(a print, b event.Identity) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Source, b.Source))
	})
}

func (p *prints) find(id event.Identity) (Sum, bool) {
	if p.many != nil {
		sum, ok := p.many[id]
		return sum, ok
	}
	if i, ok := p.search(id); ok {
		return p.few[i].sum, true
	}
	return Sum{}, false
}

func (p *prints) put(id event.Identity, sum Sum) {
	if p.many == nil && len(p.few) == mostFew {
		p.many = make(map[event.Identity]Sum, 2*mostFew)
		for _, f := range p.few {
			p.many[f.Identity] = f.sum
		}
		p.few = nil
	}
	if p.many != nil {
		p.many[id] = sum
		return
	}
	i, ok := p.search(id)
	if !ok {
		if len(p.few) == cap(p.few) {
			p.few = append(make([]print, 0, len(p.few)+2), p.few...) // there are many accounts
		}
		p.few = slices.Insert(p.few, i, print{Identity: id})
	}
	p.few[i].sum = sum
}

func (p *prints) len() int { return len(p.few) + len(p.many) }

func (p *prints) equal(o *prints) bool {
	return slices.Equal(p.few, o.few) && maps.Equal(p.many, o.many)
}
