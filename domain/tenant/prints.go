package tenant

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"math/bits"
	"slices"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/event"
)

// prints are the fingerprints of a scope's facts by identity: a sorted list for
// the few that most scopes have, a map for many. Neither has pointers, so that
// there is nothing in them for the collector to follow.
type prints struct {
	few  []print
	many map[name]mark // nil: few
}

// print is what is kept at hand of a fact: its name and the mark of its content.
type print struct {
	name name
	mark mark
}

// name stands for an identity: the first eight bytes of SHA-256 over it. Two of
// one scope share a name once in 2^64 pairs, and then the later is refused.
type name uint64

// mark stands for a content: the first eight bytes of its fingerprint.
type mark uint64

func nameOf(id event.Identity) name {
	var room [128]byte
	b := append(binary.AppendUvarint(room[:0], uint64(len(id.Source))), id.Source...)
	sum := sha256.Sum256(append(b, id.ID...))
	return name(binary.BigEndian.Uint64(sum[:]))
}

func markOf(sum Sum) mark { return mark(binary.BigEndian.Uint64(sum[:])) }

func printOf(id event.Identity, sum Sum) print { return print{nameOf(id), markOf(sum)} }

// mostFew is how many a list takes.
const mostFew = 512

// search is where a name is in the list, or would be. Names are spread evenly,
// so it is near its share of the list.
func (p *prints) search(n name) (int, bool) {
	near, _ := bits.Mul64(uint64(n), uint64(len(p.few)))
	i := int(near)
	for i > 0 && p.few[i-1].name >= n {
		i--
	}
	for i < len(p.few) && p.few[i].name < n {
		i++
	}
	return i, i < len(p.few) && p.few[i].name == n
}

func (p *prints) find(n name) (mark, bool) {
	if p.many != nil {
		m, ok := p.many[n]
		return m, ok
	}
	if i, ok := p.search(n); ok {
		return p.few[i].mark, true
	}
	return 0, false
}

// known refuses an input that a scope already holds one of the same identity of,
// and otherwise gives its fingerprint.
func (p *prints) known(in Input) (print, error) {
	id := in.Event.Head().Identity
	as := printOf(id, in.Sum)
	switch was, ok := p.find(as.name); {
	case !ok:
		return as, nil
	case was == as.mark:
		return as, domain.Errorf(domain.Duplicate, "event %s of %s is known", id.ID, id.Source)
	}
	return as, refusef("conflict", "id %q of source %q is already taken by an event with other content; the first one stands", id.ID, id.Source)
}

func (p *prints) put(f print) {
	if p.many == nil && len(p.few) == mostFew {
		p.many = make(map[name]mark, 2*mostFew)
		for _, f := range p.few {
			p.many[f.name] = f.mark
		}
		p.few = nil
	}
	if p.many != nil {
		p.many[f.name] = f.mark
		return
	}
	i, ok := p.search(f.name)
	if !ok {
		if n := len(p.few); n == cap(p.few) {
			p.few = append(make([]print, 0, n+n/2+4), p.few...) // there are many accounts: little to spare
		}
		p.few = slices.Insert(p.few, i, f)
	}
	p.few[i].mark = f.mark
}

func (p *prints) len() int { return len(p.few) + len(p.many) }

func (p *prints) equal(o *prints) bool {
	return slices.Equal(p.few, o.few) && maps.Equal(p.many, o.many)
}
