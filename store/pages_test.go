package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain"
)

// Whatever bbolt writes is found to be whole, after every commit: records of
// all sizes, put, changed and deleted in any order, in buckets from empty to
// three levels deep; also where bbolt's own tools wrote the list of free pages.
func TestPagesAsBboltWritesThem(t *testing.T) {
	rng := rand.New(rand.NewPCG(seedOf(t), 5))
	commits := 150
	if long() {
		commits = 3000
	}
	for _, noFreelistSync := range []bool{true, false} {
		path := filepath.Join(t.TempDir(), "l.db")
		var kept [3][][]byte
		for n := range commits {
			db, err := bbolt.Open(path, 0o600, &bbolt.Options{PageSize: 1024, NoSync: true, NoFreelistSync: noFreelistSync})
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				err = db.Update(func(tx *bbolt.Tx) error { return shuffle(tx, rng, &kept, n) })
				if err != nil {
					t.Fatal(err)
				}
				if err := examine(db); err != nil {
					t.Fatalf("after %d commits: %v", n, err)
				}
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// shuffle puts and deletes some records in each of a few buckets.
func shuffle(tx *bbolt.Tx, rng *rand.Rand, kept *[3][][]byte, round int) error {
	for i := range kept {
		b, err := tx.CreateBucketIfNotExists([]byte{'a' + byte(i)})
		if err != nil {
			return err
		}
		grow := rng.IntN(3) > 0
		for range rng.IntN(20 << (2 * i)) {
			if list := kept[i]; len(list) > 0 && (!grow || rng.IntN(4) == 0) {
				at := rng.IntN(len(list))
				if err := b.Delete(list[at]); err != nil {
					return err
				}
				kept[i] = append(list[:at], list[at+1:]...)
				continue
			}
			k := binary.BigEndian.AppendUint32(nil, rng.Uint32())
			if rng.IntN(2) == 0 {
				k = append(k, bytes.Repeat([]byte{'k'}, rng.IntN(100))...)
			}
			kept[i] = append(kept[i], k)
			size := rng.IntN(200)
			if rng.IntN(50) == 0 {
				size = rng.IntN(20_000)
			}
			if err := b.Put(k, make([]byte, size)); err != nil {
				return err
			}
		}
		if err := b.SetSequence(uint64(round)); err != nil { //nolint:gosec // above zero
			return err
		}
	}
	return nil
}

// Pages that bbolt would panic over, or go round in circles in, are refused.
func TestPagesRefused(t *testing.T) {
	whole := copyOf(t, oldLedger)
	_, kinds, size := usedPages(t, whole)
	branch, leaf := kinds[branchPage]*size, kinds[leafPage]*size
	put := func(n int, at int64, v uint64) func(*os.File) error {
		return func(f *os.File) error {
			b := native.AppendUint64(nil, v)
			_, err := f.WriteAt(b[:n], at)
			return err
		}
	}
	for _, tt := range []struct {
		name string
		edit func(*os.File) error
		want string
	}{
		{"a branch that leads to itself", put(8, branch+pageHeader+8, uint64(kinds[branchPage])), "it is in two places"},
		{"a branch that leads out of the file", put(8, branch+pageHeader+8, 1<<40), "it is not in the file"},
		{"a branch of no kind", put(2, branch+8, 8), "it is not the page it should be"},
		{"a branch that leads nowhere", put(2, branch+10, 0), ""},
		{"a leaf with more elements", put(2, leaf+10, 60_000), "elements do not fit"},
		{"a leaf that goes on after the file", put(4, leaf+12, 1<<31), "are not in the file"},
		{"a leaf that goes on", put(4, leaf+12, 1), ""},
		{"a key outside the page", put(4, leaf+pageHeader+4, 1<<30), "is malformed"},
		{"a value outside the page", put(4, leaf+pageHeader+12, 1<<30), "is malformed"},
		{"a file that ends too early", func(f *os.File) error { return f.Truncate(branch) }, "EOF"},
		{"both meta pages", func(f *os.File) error {
			if err := put(8, size+pageHeader+16, 1<<20)(f); err != nil {
				return err
			}
			return put(8, pageHeader+16, 1<<20)(f)
		}, "checksum error"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := copyOf(t, whole)
			f, err := os.OpenFile(path, os.O_RDWR, 0) //nolint:gosec // a test's own file
			if err != nil {
				t.Fatal(err)
			}
			if err := tt.edit(f); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			for _, o := range []Options{readOnly(), options(nil)} {
				s, err := Open(path, o)
				if err == nil {
					_ = s.Close()
					t.Fatal("Open() = nil, want an error")
				}
				if domain.KindOf(err) != domain.Corrupt || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
					t.Errorf("Open() = %q (%v), want one line with %q that is corrupt", err, domain.KindOf(err), tt.want)
				}
			}
		})
	}
}

// twoMetas is a file both of whose meta pages speak of a ledger, and the size of
// a page.
func twoMetas(t *testing.T) (path string, size int64) {
	t.Helper()
	path = copyOf(t, oldLedger)
	s := opened(t, path, options(nil))
	s.Confirm(1)
	if err := s.Close(); err != nil { // with a commit more
		t.Fatal(err)
	}
	_, _, size = usedPages(t, path)
	return path, size
}

// A meta page of which nothing is what was written, as a loss of power may leave
// it, is all that is found: the ledger goes by the other one.
func TestAMetaPageOfGarbage(t *testing.T) {
	for page := range int64(2) {
		path, size := twoMetas(t)
		f, err := os.OpenFile(path, os.O_RDWR, 0) //nolint:gosec // a test's own file
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt(bytes.Repeat([]byte{0xc3}, 512), page*size); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		v, err := opened(t, path, readOnly()).Verify(nil)
		if want := fmt.Sprintf("meta page %d is damaged", page); err != nil || len(v.Problems) != 1 || !strings.HasPrefix(v.Problems[0], want) {
			t.Errorf("Verify() = %q, %v, want %q", v.Problems, err, want)
		}
	}
}

// A meta page that is not whole, as after a loss of power amid a commit, keeps
// no worker from opening the file, but does not go unnoticed; the next commit
// writes it anew.
func TestADamagedMetaPageIsNoticed(t *testing.T) {
	for page := range int64(2) {
		path, size := twoMetas(t)
		flip(t, path, page*size+pageHeader+40, 3)
		s := opened(t, path, readOnly())
		if got := s.Noticed(); len(got) != 1 || !strings.Contains(got[0], "is damaged") {
			t.Errorf("Noticed() = %q, want the damaged page", got)
		}
		if v, err := s.Verify(nil); err != nil || len(v.Problems) != 1 {
			t.Errorf("Verify() = %q, %v, want the damaged page", v.Problems, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = opened(t, path, options(nil))
		if got := s.Noticed(); len(got) != 1 {
			t.Errorf("Noticed() by a worker = %q, want the damaged page", got)
		}
		s.Confirm(2)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		clean(t, opened(t, path, readOnly()))
	}
}
