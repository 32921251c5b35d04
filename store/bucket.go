package store

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain"
)

// Every record carries a seal: four bytes after its value, the CRC32C of its
// bucket's name, its key and its value. The sum of a bucket's seals is kept as
// the bucket's sequence, which is in another page than its records: so a record
// that has rotten is found when it is read, and one that has vanished, or an
// older page in the place of a newer one, when the bucket is summed up again.
// All that this package reads and writes goes through here.
const sealSize = 4

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// seal is the seal of a record. The key's length is in it, so that its bytes
// cannot be taken for the value's.
func seal(name, k, v []byte) uint32 {
	sum := crc32.Update(uint32(len(k)), castagnoli, name) //nolint:gosec // keys are up to 32 KiB
	return crc32.Update(crc32.Update(sum, castagnoli, k), castagnoli, v)
}

// weight is what a record of a seal adds to its bucket's sum, never 0.
func weight(seal uint32) uint64 { return 1<<32 | uint64(seal) }

// unsealed checks a record's seal and gives its value, never nil. There is no
// room behind it.
func unsealed(name, k, stored []byte) ([]byte, error) {
	v, tail, err := cut(stored, sealSize)
	if err != nil || binary.BigEndian.Uint32(tail) != seal(name, k, v) {
		return nil, domain.Errorf(domain.Corrupt, "record %q of %s is not what was written", k, name)
	}
	return v, nil
}

// bucket is a top bucket in a transaction.
type bucket struct {
	tx   *bbolt.Tx
	name []byte
}

func in(tx *bbolt.Tx, name []byte) bucket { return bucket{tx, name} }

// guard turns a panic of bbolt over a damaged page, or a fault in its memory
// (see readable), into an error. It is deferred around calls of bbolt alone: a
// bug of ours is to be seen as what it is.
func guard(what []byte, err *error) {
	if r := recover(); r != nil {
		*err = domain.Errorf(domain.Corrupt, "pages of %s are damaged: %v", what, r)
	}
}

// raw is the bucket as bbolt has it.
func (b bucket) raw() (*bbolt.Bucket, error) {
	raw := b.tx.Bucket(b.name) // which it remembers
	if raw == nil {
		return nil, domain.Errorf(domain.Corrupt, "bucket %s is missing: this is not a trueup ledger", b.name)
	}
	return raw, nil
}

// get is the value of a key; nil where it is not there. It is the
// transaction's memory.
func (b bucket) get(k []byte) (v []byte, err error) {
	defer guard(b.name, &err)
	raw, err := b.raw()
	if err != nil {
		return nil, err
	}
	stored := raw.Get(k)
	if stored == nil {
		return nil, nil
	}
	return unsealed(b.name, k, stored)
}

// has reports whether a key is there.
func (b bucket) has(k []byte) (bool, error) {
	v, err := b.get(k)
	return v != nil, err
}

// put keeps a record, over the one of its key if there is one. The key is copied;
// the value is the bucket's from then on, and its seal is written into the room
// behind it where there is room.
func (b bucket) put(k, v []byte) (err error) {
	defer guard(b.name, &err)
	raw, err := b.raw()
	if err != nil {
		return err
	}
	before, err := weightOf(k, raw.Get(k))
	if err != nil {
		return err
	}
	return b.keep(raw, k, v, before)
}

// add keeps a record whose key is new, which the caller knows.
func (b bucket) add(k, v []byte) (err error) {
	defer guard(b.name, &err)
	raw, err := b.raw()
	if err != nil {
		return err
	}
	return b.keep(raw, k, v, 0)
}

// replace keeps a record over one that was just read.
func (b bucket) replace(k, old, v []byte) (err error) {
	defer guard(b.name, &err)
	raw, err := b.raw()
	if err != nil {
		return err
	}
	return b.keep(raw, k, v, weight(seal(b.name, k, old)))
}

// appended keeps a record whose key comes after all there are: pages are filled
// to the brim.
func (b bucket) appended(k, v []byte) (err error) {
	defer guard(b.name, &err)
	raw, err := b.raw()
	if err != nil {
		return err
	}
	raw.FillPercent = 0.95
	return b.keep(raw, k, v, 0)
}

func (b bucket) keep(raw *bbolt.Bucket, k, v []byte, before uint64) error {
	s := seal(b.name, k, v)
	if err := raw.Put(k, binary.BigEndian.AppendUint32(v, s)); err != nil {
		return err
	}
	return raw.SetSequence(raw.Sequence() + weight(s) - before)
}

// weightOf is what a stored record adds to its bucket's sum; 0 for none.
func weightOf(k, stored []byte) (uint64, error) {
	if stored == nil {
		return 0, nil
	}
	_, tail, err := cut(stored, sealSize)
	if err != nil {
		return 0, domain.Errorf(domain.Corrupt, "record %q has no seal", k)
	}
	return weight(binary.BigEndian.Uint32(tail)), nil
}

// drop deletes a key, if it is there.
func (b bucket) drop(k []byte) (err error) {
	defer guard(b.name, &err)
	raw, err := b.raw()
	if err != nil {
		return err
	}
	c := raw.Cursor()
	at, stored := c.Seek(k)
	if !bytes.Equal(at, k) {
		return nil
	}
	gone, err := weightOf(k, stored)
	if err != nil {
		return err
	}
	if err := c.Delete(); err != nil {
		return err
	}
	return raw.SetSequence(raw.Sequence() - gone)
}

// clear makes the bucket anew, with nothing in it.
func (b bucket) clear() (err error) {
	defer guard(b.name, &err)
	if err := b.tx.DeleteBucket(b.name); err != nil {
		return err
	}
	_, err = b.tx.CreateBucket(b.name)
	return err
}

// walk goes through the records whose keys start with a prefix, in the order of
// their keys.
func (b bucket) walk(prefix []byte, yield func(k, v []byte) error) error {
	c := b.cursor()
	for ok := c.seek(prefix); ok && bytes.HasPrefix(c.k, prefix); ok = c.next() {
		if err := yield(c.k, c.v); err != nil {
			return err
		}
	}
	return c.err
}

// cursor reads records in the order of their keys. Where a move reports false
// it stands past the end, or err is set.
type cursor struct {
	b    bucket
	c    *bbolt.Cursor
	k, v []byte
	err  error
}

func (b bucket) cursor() *cursor { return &cursor{b: b} }

func (c *cursor) seek(k []byte) bool {
	return c.move(func(b *bbolt.Cursor) ([]byte, []byte) { return b.Seek(k) })
}

// before moves to the last record whose key is less than one.
func (c *cursor) before(k []byte) bool {
	return c.move(func(b *bbolt.Cursor) ([]byte, []byte) {
		if at, _ := b.Seek(k); at == nil {
			return b.Last()
		}
		return b.Prev()
	})
}

func (c *cursor) first() bool { return c.move((*bbolt.Cursor).First) }
func (c *cursor) last() bool  { return c.move((*bbolt.Cursor).Last) }
func (c *cursor) next() bool  { return c.move((*bbolt.Cursor).Next) }

func (c *cursor) move(to func(*bbolt.Cursor) (k, v []byte)) bool {
	c.k, c.v, c.err = c.moved(to)
	return c.k != nil && c.err == nil
}

func (c *cursor) moved(to func(*bbolt.Cursor) (k, v []byte)) (k, v []byte, err error) {
	defer guard(c.b.name, &err)
	if c.c == nil {
		raw, err := c.b.raw()
		if err != nil {
			return nil, nil, err
		}
		c.c = raw.Cursor()
	}
	k, v = to(c.c)
	if k == nil {
		return nil, nil, nil
	}
	v, err = unsealed(c.b.name, k, v)
	return k, v, err
}
