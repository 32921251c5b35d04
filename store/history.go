package store

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/tenant"
)

// history is what came to a ledger, in one transaction.
type history struct {
	View
	facts, n uint64 // how many there are, and how many were taken
	ticks    []keptTick
	parked   []announced // those to come
	upgraded bool        // by a release that kept less, or settled otherwise
}

// keptTick is a tick as it is kept, and how many facts came before it.
type keptTick struct {
	at    time.Time
	facts uint64
	id    event.Identity
}

// announced is a parked input, the number of the output that announced it, and
// how many facts came before it, where that is known.
type announced struct {
	id       string
	at       time.Time
	n, facts uint64
	known    bool
}

// replayed is an input that came before.
type replayed struct {
	tenant.Input
	tick bool
}

// next is the fact or tick that came next, nil at the end.
func (h *history) next() (*replayed, error) {
	if len(h.ticks) > 0 && (h.ticks[0].facts <= h.n || h.n >= h.facts) {
		t := h.ticks[0]
		return &replayed{tenant.Input{Event: event.Ticked{Header: event.Header{Identity: t.id}}, Arrived: t.at}, true}, nil
	}
	if h.n >= h.facts {
		return nil, nil
	}
	stored, err := in(h.tx, bFacts).get(key(h.n + 1))
	if err != nil {
		return nil, err
	}
	arrived, sum, canonical, err := decodeFact(stored)
	if err != nil {
		return nil, fmt.Errorf("fact %d: %w", h.n+1, err)
	}
	canonical = bytes.Clone(canonical)
	ev, err := h.codec.Fact(canonical)
	if err != nil {
		return nil, domain.Errorf(domain.Corrupt, "fact %d: %w", h.n+1, err)
	}
	return &replayed{tenant.Input{Event: ev, Canonical: canonical, Sum: sum, Arrived: arrived}, false}, nil
}

// output is a message of the out log.
func (h *history) output(n uint64) (tenant.Message, error) {
	stored, err := in(h.tx, bOut).get(key(n))
	if err != nil {
		return tenant.Message{}, err
	}
	o, err := decodeOut(key(n), stored)
	return o.Message, err
}

func tickKey(t keptTick) []byte { return key(t.at, t.facts, t.id.Source, []byte(t.id.ID)) }

func decodeTick(k []byte) (keptTick, error) {
	if len(k) < 16 {
		return keptTick{}, domain.Errorf(domain.Corrupt, "stored tick has a malformed key %q", k)
	}
	source, id, ok := bytes.Cut(k[16:], []byte{0})
	if !ok {
		return keptTick{}, domain.Errorf(domain.Corrupt, "stored tick has a malformed key %q", k)
	}
	return keptTick{
		at: unsortable(binary.BigEndian.Uint64(k)), facts: binary.BigEndian.Uint64(k[8:]), id: event.Identity{Source: string(source), ID: string(id)},
	}, nil
}

// readHistory reads what came to a ledger, but for the facts, which are read
// one after another.
func readHistory(tx *bbolt.Tx, reads, writes Codec) (*history, error) {
	state, err := readState(tx)
	if err != nil {
		return nil, err
	}
	h := &history{View: View{records: records{tx: tx, codec: reads}, state: state}}
	if h.facts, err = lastFact(tx); err != nil {
		return nil, err
	}
	if h.upgraded, err = in(tx, bMeta).has(kUpgraded); err != nil {
		return nil, err
	}
	if h.upgraded && (state.Sweep != nil || len(state.Dirty) > 0) {
		return nil, domain.Errorf(domain.Invalid, "an earlier release began this ledger, and not all of it is settled by the rules of this one yet: let a worker be still, then replay")
	}
	err = h.prefixed(bTicks, nil, func(k, _ []byte) error {
		t, err := decodeTick(k)
		h.ticks = append(h.ticks, t)
		return err
	})
	if err != nil {
		return nil, err
	}
	return h, h.readParked(writes)
}

// readParked finds where in the out log the parked inputs were announced.
func (h *history) readParked(c Codec) error {
	by := map[string]int{} // the id of the announcement → where it is in parked
	err := h.prefixed(bParked, nil, func(k, b []byte) error {
		p, err := decodeParked(k, b)
		if err != nil {
			return err
		}
		m, err := c.Rejected(p)
		by[m.ID] = len(h.parked)
		h.parked = append(h.parked, announced{id: p.ID, at: p.At, facts: p.Facts, known: p.Facts > 0 || !h.upgraded})
		return err
	})
	if err != nil || len(by) == 0 {
		return err
	}
	err = h.prefixed(bOut, nil, func(k, b []byte) error {
		o, err := decodeOut(k, b)
		if i, ok := by[o.ID]; ok {
			h.parked[i].n = o.N
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, p := range h.parked {
		if p.n == 0 {
			return domain.Errorf(domain.Corrupt, "no output announces that %s was parked", p.id)
		}
	}
	slices.SortFunc(h.parked, func(a, b announced) int { return cmp.Compare(a.n, b.n) })
	return nil
}

// markUpgraded notes that a ledger that has heard something was begun by an
// earlier release, which kept less of what came than a replay needs.
func markUpgraded(tx *bbolt.Tx, _ Codec) error {
	used, err := in(tx, bMeta).has(kState)
	if err != nil || !used {
		return err
	}
	from, err := layoutOf(tx)
	if err != nil {
		return err
	}
	return in(tx, bMeta).put(kUpgraded, binary.BigEndian.AppendUint32(nil, from))
}
