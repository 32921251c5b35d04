package store

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain"
)

func long() bool { return os.Getenv("TRUEUP_TORTURE") == "long" }

func seedOf(t *testing.T) uint64 {
	t.Helper()
	seed := uint64(1)
	if s := os.Getenv("TRUEUP_SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatalf("TRUEUP_SEED: %v", err)
		}
		seed = n
	}
	t.Logf("seed %d", seed)
	return seed
}

// readOnly are options that only read.
func readOnly() Options {
	o := options(nil)
	o.ReadOnly = true
	return o
}

// usedPages lists the pages of a ledger file that its newest transaction is
// made of, both meta pages among them, by what they are.
func usedPages(t *testing.T, path string) (all []int64, kinds map[uint16]int64, size int64) {
	t.Helper()
	s := opened(t, path, readOnly())
	defer func() { _ = s.Close() }()
	size = int64(s.db.Info().PageSize)
	all, kinds = []int64{0, 1}, map[uint16]int64{}
	err := s.read(func(tx *bbolt.Tx) error {
		return withFile(s.db, func(f *os.File) error {
			p := pages{f: f, size: int(size), high: uint64(tx.Size() / size)}
			err := p.all(uint64(tx.Cursor().Bucket().Root()))
			for id, seen := range p.seen {
				if !seen {
					continue
				}
				all = append(all, int64(id))
				var h [pageHeader]byte
				_, readErr := f.ReadAt(h[:], int64(id)*size)
				kinds[native.Uint16(h[8:])] = int64(id)
				err = errors.Join(err, readErr)
			}
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return all, kinds, size
}

// content is all that can be read of a ledger: record by record, and key by key.
func content(s *Store, keys map[string][]string) (map[string]string, error) {
	out := map[string]string{}
	return out, s.read(func(tx *bbolt.Tx) error {
		for _, name := range buckets {
			b := in(tx, name)
			err := b.walk(nil, func(k, v []byte) error { out[fmt.Sprintf("%s/%x", name, k)] = string(v); return nil })
			if err != nil {
				return err
			}
			for _, k := range keys[string(name)] {
				v, err := b.get([]byte(k))
				if err != nil {
					return err
				}
				out[fmt.Sprintf("%s at %x", name, k)] = fmt.Sprintf("%v %s", v != nil, v)
			}
		}
		return nil
	})
}

// keysOf lists the keys of every bucket.
func keysOf(t *testing.T, s *Store) map[string][]string {
	t.Helper()
	keys := map[string][]string{}
	err := s.read(func(tx *bbolt.Tx) error {
		for _, name := range buckets {
			err := in(tx, name).walk(nil, func(k, _ []byte) error { keys[string(name)] = append(keys[string(name)], string(k)); return nil })
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// flip changes one bit of a file, or changes it back.
func flip(t *testing.T, path string, at int64, bit int) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0) //nolint:gosec // a test's own file
	if err != nil {
		t.Fatal(err)
	}
	var b [1]byte
	_, err = f.ReadAt(b[:], at)
	b[0] ^= 1 << bit
	_, writeErr := f.WriteAt(b[:], at)
	if err := errors.Join(err, writeErr, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// reports is what opening and verifying a file says of it, "" for nothing, and
// what is in it.
func reports(t *testing.T, path string, keys map[string][]string, verify func(*Store) ([]string, error)) (said string, has map[string]string) {
	t.Helper()
	s, err := Open(path, readOnly())
	if err != nil {
		if kind := domain.KindOf(err); kind != domain.Corrupt && kind != domain.Invalid || strings.Contains(err.Error(), "\n") {
			t.Errorf("Open() = %q (%v), want one line, and that it is corrupt", err, kind)
		}
		return err.Error(), nil
	}
	defer func() { _ = s.Close() }()
	has, err = content(s, keys)
	if err != nil {
		has = nil
	}
	problems, err := verify(s)
	if err != nil {
		problems = append(problems, err.Error())
	}
	return strings.Join(problems, "; "), has
}

func verified(s *Store) ([]string, error) {
	v, err := s.Verify(nil)
	return v.Problems, err
}

// same reports whether two contents are one.
func same(a, b map[string]string) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range b {
		if got, ok := a[k]; !ok || got != v {
			return false
		}
	}
	return true
}

// Whatever bit of the pages in use is flipped: what is read is what was
// written, or a verification tells; and nothing panics, also where the file is
// opened to go on with it.
func TestEveryFlipIsFound(t *testing.T) {
	flips := 60
	if long() {
		flips = 1000
	}
	rng := rand.New(rand.NewPCG(seedOf(t), 23))
	path := copyOf(t, oldLedger)
	used, _, size := usedPages(t, path)
	s := opened(t, path, readOnly())
	keys := keysOf(t, s)
	want, err := content(s, keys)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if said, has := reports(t, path, keys, verified); said != "" || !same(has, want) {
		t.Fatalf("before anything is flipped: %s", said)
	}
	found, harmless := 0, 0
	for range flips {
		page := used[rng.IntN(len(used))]
		at, bit := page*size+rng.Int64N(size), rng.IntN(8)
		flip(t, path, at, bit)
		said, has := reports(t, path, keys, verified)
		switch {
		case said != "":
			found++
		case same(has, want):
			harmless++
		default:
			t.Errorf("bit %d of byte %d of page %d was flipped: the ledger says something else, and nothing tells", bit, at-page*size, page)
		}
		written := copyOf(t, path)
		if w, err := Open(written, options(nil)); err == nil {
			_ = w.Close()
		}
		if err := os.Remove(written); err != nil {
			t.Fatal(err)
		}
		flip(t, path, at, bit)
	}
	t.Logf("%d flips were found, %d were of nothing that is read", found, harmless)
	if found < flips/2 {
		t.Errorf("%d of %d flips were found, want most", found, flips)
	}
}

// Each byte in use of both meta pages, of a page that leads to others and of one
// with records.
func TestEveryByteOfAPage(t *testing.T) {
	step := int64(29)
	if long() {
		step = 1
	}
	path := copyOf(t, oldLedger)
	_, kinds, size := usedPages(t, path)
	s := opened(t, path, readOnly())
	keys := keysOf(t, s)
	want, err := content(s, keys)
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if kinds[branchPage] == 0 || kinds[leafPage] == 0 {
		t.Fatalf("pages %v, want a branch and a leaf", kinds)
	}
	records := func(s *Store) ([]string, error) {
		problems, err := s.metaPages()
		if err != nil {
			return nil, err
		}
		v := verifier{progress: func(string, int) {}}
		err = s.read(func(tx *bbolt.Tx) error {
			v.View = &View{records: records{tx: tx, codec: s.opts.Codec}}
			return v.everyRecord()
		})
		return append(problems, v.out.Problems...), err
	}
	for name, page := range map[string]int64{"meta 0": 0, "meta 1": 1, "branch": kinds[branchPage], "leaf": kinds[leafPage]} {
		body := bytes.TrimRight(b[page*size:(page+1)*size], "\x00")
		end := int64(len(body)) // what follows is not in use
		if page < 2 {
			end = pageHeader + metaSize
		}
		for i := int64(0); i < end; i += step {
			bit := int(i % 8)
			flip(t, path, page*size+i, bit)
			said, has := reports(t, path, keys, records)
			flip(t, path, page*size+i, bit)
			if said != "" {
				continue
			}
			if !same(has, want) {
				t.Errorf("%s: bit %d of byte %d changes what is read, and nothing tells", name, bit, i)
			}
			t.Errorf("%s: bit %d of byte %d can change unseen", name, bit, i)
		}
		t.Logf("%s: %d bytes are in use", name, end)
	}
}
