package store

import (
	"bytes"
	"cmp"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain"
)

// readHistory reads what came to a ledger, but for the facts, which are read
// one after another.
func readHistory(tx *bbolt.Tx, reads, writes Codec) (*history, error) {
	state, err := readState(tx)
	if err != nil {
		return nil, err
	}
	h := &history{View: View{records{tx, reads}, state}}
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
		h.parked = append(h.parked, announced{id: p.ID, at: p.At})
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
	meta := in(tx, bMeta)
	if heard, err := meta.has(kState); err != nil || !heard {
		return err
	}
	from, err := meta.get(kVersion)
	if err != nil {
		return err
	}
	return meta.put(kUpgraded, bytes.Clone(from))
}
