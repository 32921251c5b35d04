package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain"
)

// bbolt trusts its pages: a damaged one can make it panic in a goroutine of its
// own, read outside the file, or go in circles. So the file is read here first,
// as bytes, and bbolt is let at it only where every page is what it must be.
// Numbers in pages are as the machine has them.
const (
	pageHeader   = 16 // id u64, flags u16, count u16, overflow u32
	pageElement  = 16 // leaf: flags, pos, ksize, vsize u32; branch: pos, ksize u32, page u64
	bucketHeader = 16 // root page u64, sequence u64; an inline page follows where the root is 0
	metaSize     = 64 // magic, version, page size, flags u32; root, sequence, freelist, high, txid, checksum u64

	branchPage   = 1
	leafPage     = 2
	metaPage     = 4
	freelistPage = 16

	metaMagic   = 0xED0CDAED
	metaVersion = 2
	noFreelist  = ^uint64(0)
)

var native = binary.NativeEndian

// examine reads all pages of a file that bbolt has opened for reading, as the
// newest transaction has them.
func examine(db *bbolt.DB) error {
	return withFile(db, func(f *os.File) error {
		size := db.Info().PageSize
		m := newestMeta(f, size)
		if m.root == 0 {
			return domain.Errorf(domain.Corrupt, "no meta page is whole")
		}
		p := pages{f: f, size: size, high: m.high}
		if err := p.all(m.root); err != nil {
			return err
		}
		return p.freelist(m.freelist)
	})
}

func withFile(db *bbolt.DB, read func(*os.File) error) error {
	f, err := os.Open(db.Path())
	if err != nil {
		return err
	}
	return errors.Join(read(f), f.Close())
}

// pages walks the page tree of one transaction.
type pages struct {
	f    io.ReaderAt
	size int
	high uint64 // the first page past those there are
	seen []bool
	leaf []byte // of the leaf under way
	last []byte // the key before
}

// all walks every bucket.
func (p *pages) all(root uint64) error {
	const most = 1 << 36 // pages: more than any file has
	if p.high > most {
		return p.bad(root, "the file cannot have %d pages", p.high)
	}
	p.seen = make([]bool, p.high)
	type top struct {
		name, header []byte
	}
	var tops []top
	err := p.tree(root, nil, nil, func(id uint64, flags uint32, k, v []byte) error {
		if flags != 1 || len(v) < bucketHeader {
			return p.bad(id, "%q is no bucket", k)
		}
		tops = append(tops, top{bytes.Clone(k), bytes.Clone(v)})
		return nil
	})
	if err != nil {
		return err
	}
	for _, t := range tops {
		p.last = p.last[:0]
		switch child := native.Uint64(t.header); {
		case child == 0:
			err = p.page(0, t.header[bucketHeader:], nil, nil, p.record)
		case len(t.header) != bucketHeader:
			err = p.bad(root, "bucket %q is malformed", t.name)
		default:
			err = p.tree(child, nil, nil, p.record)
		}
		if err != nil {
			return fmt.Errorf("bucket %q: %w", t.name, err)
		}
	}
	return nil
}

// each is told of the elements of leaves.
type each func(id uint64, flags uint32, k, v []byte) error

// record refuses what is no record: buckets hold no buckets.
func (p *pages) record(id uint64, flags uint32, k, _ []byte) error {
	if flags != 0 {
		return p.bad(id, "%q is no record", k)
	}
	return nil
}

func (p *pages) bad(id uint64, format string, args ...any) error {
	return domain.Errorf(domain.Corrupt, "page %d: "+format, append([]any{id}, args...)...)
}

// claim takes the pages of a node, each of which belongs to one.
func (p *pages) claim(id uint64, overflow uint32) error {
	if end := id + uint64(overflow); id < 2 || end >= p.high || end < id {
		return p.bad(id, "it and %d more are not in the file", overflow)
	}
	for n := id; n <= id+uint64(overflow); n++ {
		if p.seen[n] {
			return p.bad(n, "it is in two places")
		}
		p.seen[n] = true
	}
	return nil
}

// tree walks the node at a page and those below it, whose keys are from lo,
// which is the first of them where there is a node above, and below hi. bbolt
// finds a node in the one above by its first key when it writes it.
func (p *pages) tree(id uint64, lo, hi []byte, yield each) error {
	var h [pageHeader]byte
	if id < 2 || id >= p.high {
		return p.bad(id, "it is not in the file")
	}
	if _, err := p.f.ReadAt(h[:], int64(id)*int64(p.size)); err != nil { //nolint:gosec // within the file
		return p.bad(id, "%w", err)
	}
	overflow := native.Uint32(h[12:])
	if err := p.claim(id, overflow); err != nil {
		return err
	}
	n := (int(overflow) + 1) * p.size
	branch := native.Uint16(h[8:]) == branchPage
	var b []byte
	if branch { // which is needed while its children are read
		b = make([]byte, n)
	} else {
		p.leaf = slices.Grow(p.leaf[:0], n)[:n]
		b = p.leaf
	}
	if _, err := p.f.ReadAt(b, int64(id)*int64(p.size)); err != nil { //nolint:gosec // as above
		return p.bad(id, "%w", err)
	}
	if branch {
		return p.branch(id, b, lo, hi, yield)
	}
	return p.page(id, b, lo, hi, yield)
}

// elements checks a node's header and gives the number of its elements.
func (p *pages) elements(id uint64, b []byte, flags uint16) (int, error) {
	if len(b) < pageHeader || native.Uint64(b) != id || native.Uint16(b[8:]) != flags {
		return 0, p.bad(id, "it is not the page it should be")
	}
	count := int(native.Uint16(b[10:]))
	if pageHeader+count*pageElement > len(b) {
		return 0, p.bad(id, "%d elements do not fit", count)
	}
	return count, nil
}

// full checks that a node's elements fill it: bbolt writes them one after the
// other, into as many pages as they need.
func (p *pages) full(id uint64, b []byte, end int) error {
	need, overflow := end, 0 // of one that is inline
	if id != 0 {
		overflow = (end - 1) / p.size
		need = (overflow + 1) * p.size
	}
	if need != len(b) || int(native.Uint32(b[12:])) != overflow {
		return p.bad(id, "%d bytes are in %d", end, len(b))
	}
	return nil
}

// key takes the key that starts at a place of a node.
func (p *pages) key(id uint64, b []byte, element, pos, at, size, more int) ([]byte, error) {
	if element+pos != at || size == 0 || at+size > len(b) || at+size+more > len(b) {
		return nil, p.bad(id, "the element at %d is malformed", element)
	}
	return b[at : at+size], nil
}

func (p *pages) branch(id uint64, b, lo, hi []byte, yield each) error {
	count, err := p.elements(id, b, branchPage)
	if err != nil {
		return err
	}
	if count == 0 {
		return p.bad(id, "it leads nowhere")
	}
	keys, at := make([][]byte, count), pageHeader+count*pageElement
	for i := range keys {
		e := b[pageHeader+i*pageElement:]
		if keys[i], err = p.key(id, b, pageHeader+i*pageElement, int(native.Uint32(e)), at, int(native.Uint32(e[4:])), 0); err != nil {
			return err
		}
		at += len(keys[i])
	}
	if err := p.full(id, b, at); err != nil {
		return err
	}
	for i, k := range keys {
		below := hi
		if i+1 < count {
			below = keys[i+1]
		}
		if i == 0 && lo != nil && !bytes.Equal(k, lo) || below != nil && bytes.Compare(k, below) >= 0 {
			return p.bad(id, "key %q is out of order", k)
		}
		if err := p.tree(native.Uint64(b[pageHeader+i*pageElement+8:]), k, below, yield); err != nil {
			return err
		}
	}
	return nil
}

// page walks a leaf.
func (p *pages) page(id uint64, b, lo, hi []byte, yield each) error {
	count, err := p.elements(id, b, leafPage)
	if err != nil {
		return err
	}
	if count == 0 && lo != nil {
		return p.bad(id, "it is empty")
	}
	at := pageHeader + count*pageElement
	for i := range count {
		e := b[pageHeader+i*pageElement:]
		ksize, vsize := int(native.Uint32(e[8:])), int(native.Uint32(e[12:]))
		k, err := p.key(id, b, pageHeader+i*pageElement, int(native.Uint32(e[4:])), at, ksize, vsize)
		if err != nil {
			return err
		}
		if len(p.last) > 0 && bytes.Compare(k, p.last) <= 0 || i == 0 && lo != nil && !bytes.Equal(k, lo) || hi != nil && bytes.Compare(k, hi) >= 0 {
			return p.bad(id, "key %q is out of order", k)
		}
		p.last = append(p.last[:0], k...)
		at += ksize + vsize
		if err := yield(id, native.Uint32(e), k, b[at-vsize:at]); err != nil {
			return err
		}
	}
	return p.full(id, b, at)
}

// freelist checks the list of free pages, which this release does not write but
// bbolt's own tools do.
func (p *pages) freelist(id uint64) error {
	if id == noFreelist {
		return nil
	}
	var h [pageHeader]byte
	if id < 2 || id >= p.high {
		return p.bad(id, "it is not in the file")
	}
	if _, err := p.f.ReadAt(h[:], int64(id)*int64(p.size)); err != nil { //nolint:gosec // within the file
		return p.bad(id, "%w", err)
	}
	count, overflow := int(native.Uint16(h[10:])), native.Uint32(h[12:])
	if err := p.claim(id, overflow); err != nil {
		return err
	}
	b := make([]byte, (int(overflow)+1)*p.size)
	if _, err := p.f.ReadAt(b, int64(id)*int64(p.size)); err != nil { //nolint:gosec // as above
		return p.bad(id, "%w", err)
	}
	list := b[pageHeader:]
	if count == 0xFFFF { // the number does not fit
		count, list = int(native.Uint64(list)), list[8:] //nolint:gosec // held against the list's length
	}
	if native.Uint64(b) != id || native.Uint16(b[8:]) != freelistPage || count < 0 || count > len(list)/8 {
		return p.bad(id, "it is not the list of free pages")
	}
	for i := range count {
		if free := native.Uint64(list[i*8:]); free < 2 || free >= p.high || p.seen[free] {
			return p.bad(id, "page %d is not free", free)
		}
	}
	return nil
}
