package store

import (
	"cmp"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain/tenant"
)

const (
	checkpointEvery = 4096 // messages between checkpoints
	checkpointsKept = 32
)

func positionOf(p tenant.Position) positionForm {
	return positionForm{p.Created.UnixNano(), p.Seq, p.Time.UnixNano()}
}

func readPosition(b []byte) (tenant.Position, error) {
	var f positionForm
	if err := decode(b, &f); err != nil {
		return tenant.Position{}, err
	}
	return tenant.Position{Created: time.Unix(0, f.Created).UTC(), Seq: f.Seq, Time: time.Unix(0, f.Time).UTC()}, nil
}

// keptPosition is the position in the file, if there is one.
func keptPosition(tx *bbolt.Tx) (p tenant.Position, there bool, err error) {
	v, err := in(tx, bMeta).get(kPosition)
	if v == nil || err != nil {
		return p, false, err
	}
	p, err = readPosition(v)
	return p, err == nil, err
}

// putPosition keeps where the input stands, and now and then a checkpoint.
func putPosition(tx *bbolt.Tx, p tenant.Position) error {
	form, err := encode(positionOf(p))
	if err != nil {
		return err
	}
	meta, checkpoints := in(tx, bMeta), in(tx, bCheckpoints)
	last, there, err := keptPosition(tx)
	if err != nil {
		return err
	}
	if there && last.Seq/checkpointEvery != p.Seq/checkpointEvery {
		old, err := encode(positionOf(last))
		if err != nil {
			return err
		}
		if err := checkpoints.put(key(last.Seq), old); err != nil {
			return err
		}
		if err := trimCheckpoints(checkpoints); err != nil {
			return err
		}
	}
	return meta.put(kPosition, form)
}

// trimCheckpoints drops the oldest of more than are kept. The oldest is not the
// one with the lowest number: a stream made anew counts from 1 again.
func trimCheckpoints(b bucket) error {
	kept, err := readCheckpoints(b)
	if err != nil {
		return err
	}
	for ; len(kept) > checkpointsKept; kept = kept[:len(kept)-1] {
		if err := b.drop(key(kept[len(kept)-1].Seq)); err != nil {
			return err
		}
	}
	return nil
}

// readCheckpoints lists the checkpoints, the newest first.
func readCheckpoints(b bucket) ([]tenant.Position, error) {
	var out []tenant.Position
	err := b.walk(nil, func(_, v []byte) error {
		p, err := readPosition(v)
		out = append(out, p)
		return err
	})
	slices.SortStableFunc(out, func(p, q tenant.Position) int { return cmp.Or(q.Time.Compare(p.Time), cmp.Compare(q.Seq, p.Seq)) })
	return out, err
}

// Positions lists where the input stands and stood, the newest first; none
// before the first input.
func (s *Store) Positions() ([]tenant.Position, error) {
	var out []tenant.Position
	err := s.read(func(tx *bbolt.Tx) error {
		p, there, err := keptPosition(tx)
		if err != nil {
			return err
		}
		if u := s.unwrittenIn(tx); u != nil {
			p = u.position
		}
		if there {
			out = append(out, p)
		}
		checkpoints, err := readCheckpoints(in(tx, bCheckpoints))
		out = append(out, checkpoints...)
		return err
	})
	return out, err
}
