package store

import "bytes"

// mirror is a bucket's records as they were last read, in the order of their
// keys. It never changes: one that is brought up to date is another, and shares
// what stayed.
type mirror[T any] struct {
	read bool
	sum  uint64 // the bucket's: while it stays, nothing changed
	list []mirrored[T]
}

// mirrored is a record as it was read. Its seal tells whether it still is so.
type mirrored[T any] struct {
	key  []byte
	seal uint32
	of   T
}

// caughtUp is the mirror of a bucket as it stands now. Only records that
// changed are decoded; was is what a record was, nil where it is new.
func (m *mirror[T]) caughtUp(b bucket, decode func(k, v []byte, was *T) (T, error)) (*mirror[T], error) {
	raw, err := b.raw()
	if err != nil {
		return nil, err
	}
	now := &mirror[T]{read: true, sum: raw.Sequence()}
	if m.read && m.sum == now.sum {
		return m, nil
	}
	had := m.list
	err = b.walk(nil, func(k, v []byte) error {
		for len(had) > 0 && bytes.Compare(had[0].key, k) < 0 {
			had = had[1:]
		}
		one := mirrored[T]{seal: seal(b.name, k, v)}
		var was *T
		if len(had) > 0 && bytes.Equal(had[0].key, k) {
			if had[0].seal == one.seal {
				now.list = append(now.list, had[0])
				return nil
			}
			one.key, was = had[0].key, &had[0].of
		} else {
			one.key = bytes.Clone(k)
		}
		of, err := decode(k, v, was)
		one.of = of
		now.list = append(now.list, one)
		return err
	})
	return now, err
}
