package store

import (
	"bytes"
	"encoding/binary"
	"errors"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/event"
)

// The index of facts says which facts a scope has, in runs: the key of a record
// ends with the number of the first fact of a run, and its value says of each
// fact after it how much larger its number is than the one before, as uvarints.
// An event's scope is a place of its own in the index, so that the leaf it is in
// is read and written for it alone: the fewer records are in it and the fewer
// leaves there are, the less that costs.

// runSize is the size of a value at which a run has ended.
const runSize = 256

// index adds a fact, the newest of all, to the index of its scope.
func (r *recording) index(scope event.Scope, n uint64) error {
	of := in(r.tx, bFactsOf)
	r.key = appendKey(r.key[:0], scope, ^uint64(0))
	c := of.cursor()
	found := c.before(r.key)
	if c.err != nil {
		return c.err
	}
	found = found && sameScope(c.k, r.key)
	last := uint64(0)
	if found {
		var err error
		if last, err = lastOfRun(c.k, c.v); err != nil {
			return err
		}
	}
	switch {
	case n <= last:
		return domain.Errorf(domain.Corrupt, "fact %d is indexed after fact %d", n, last)
	case !found || len(c.v) >= runSize:
		binary.BigEndian.PutUint64(r.key[len(r.key)-8:], n)
		return of.add(r.key, nil)
	}
	v := append(make([]byte, 0, len(c.v)+binary.MaxVarintLen64+sealSize), c.v...)
	return of.replace(c.k, c.v, binary.AppendUvarint(v, n-last))
}

// sameScope reports whether two keys of the index are of one scope.
func sameScope(a, b []byte) bool {
	return len(a) == len(b) && len(a) >= 8 && bytes.Equal(a[:len(a)-8], b[:len(b)-8])
}

// eachOfRun goes through the numbers of a run.
func eachOfRun(k, v []byte, yield func(n uint64) error) error {
	_, first, err := cut(k, 8)
	if err != nil {
		return err
	}
	for n := binary.BigEndian.Uint64(first); ; {
		if err := yield(n); err != nil || len(v) == 0 {
			return err
		}
		more, size := binary.Uvarint(v)
		if size <= 0 || more == 0 || n+more < n {
			return domain.Errorf(domain.Corrupt, "stored run of facts %q is malformed", k)
		}
		n, v = n+more, v[size:]
	}
}

func lastOfRun(k, v []byte) (last uint64, err error) {
	err = eachOfRun(k, v, func(n uint64) error { last = n; return nil })
	return last, err
}

// indexed reports whether the index of a scope has a fact.
func indexed(of bucket, scope event.Scope, fact uint64) (there bool, err error) {
	k := key(scope, fact+1)
	c := of.cursor()
	if c.before(k) && sameScope(c.k, k) {
		err = eachOfRun(c.k, c.v, func(n uint64) error { there = there || n == fact; return nil })
	}
	return there, errors.Join(err, c.err)
}
