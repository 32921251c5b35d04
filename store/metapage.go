package store

import (
	"fmt"
	"hash/fnv"
	"io"

	"github.com/trueup/trueup/domain"
)

// meta is what one of the two meta pages says.
type meta struct {
	root, freelist, high, txid uint64
	headed                     bool // its page says that it is one, which bbolt does not look at
}

// readMeta reads a meta page as bbolt does.
func readMeta(f io.ReaderAt, n uint64, pageSize int) (meta, error) {
	b := make([]byte, pageHeader+metaSize)
	if _, err := f.ReadAt(b, int64(n)*int64(pageSize)); err != nil { //nolint:gosec // 0 or 1
		return meta{}, fmt.Errorf("meta page %d: %w", n, err)
	}
	h, m := b[:pageHeader], b[pageHeader:]
	sum := fnv.New64a()
	_, _ = sum.Write(m[:metaSize-8])
	if native.Uint32(m) != metaMagic || native.Uint32(m[4:]) != metaVersion || native.Uint32(m[8:]) != uint32(pageSize) || //nolint:gosec // bbolt's
		native.Uint64(m[56:]) != sum.Sum64() {
		return meta{}, domain.Errorf(domain.Corrupt, "meta page %d is damaged: bbolt goes by the other one, perhaps of the transaction before", n)
	}
	return meta{
		root: native.Uint64(m[16:]), freelist: native.Uint64(m[32:]), high: native.Uint64(m[40:]), txid: native.Uint64(m[48:]),
		headed: native.Uint64(h) == n && native.Uint16(h[8:]) == metaPage && native.Uint16(h[10:]) == 0 && native.Uint32(h[12:]) == 0,
	}, nil
}

// newestMeta is the meta page that bbolt goes by, which it has found.
func newestMeta(f io.ReaderAt, pageSize int) (newest meta) {
	for n := range uint64(2) {
		if m, err := readMeta(f, n, pageSize); err == nil && (newest.root == 0 || m.txid > newest.txid) {
			newest = m
		}
	}
	return newest
}
