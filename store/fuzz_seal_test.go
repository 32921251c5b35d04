package store

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/tenant"
)

// ofLedger adds every record of the kept ledger of this layout as a seed.
func ofLedger(f *testing.F, add func(name string, k, v []byte)) {
	f.Helper()
	s := opened(f, copyOf(f, oldLedger), readOnly())
	err := s.read(func(tx *bbolt.Tx) error {
		for _, name := range buckets {
			n := 0
			err := in(tx, name).walk(nil, func(k, v []byte) error {
				if n++; n <= 8 {
					add(string(name), bytes.Clone(k), bytes.Clone(v))
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		f.Fatal(err)
	}
}

// FuzzRecord reads records of every bucket as a verification does.
func FuzzRecord(f *testing.F) {
	ofLedger(f, func(name string, k, v []byte) {
		if err := readRecord(name, k, v); err != nil {
			f.Errorf("record %q of %s: %v", k, name, err)
		}
		f.Add(name, k, v)
		f.Add(name, k[:len(k)/2], v[:len(v)/2])
	})
	f.Fuzz(func(t *testing.T, name string, k, v []byte) {
		if err := readRecord(name, k, v); err != nil && domain.KindOf(err) != domain.Corrupt {
			t.Fatalf("record %q of %s: %v, which is %v, want corrupt", k, name, err, domain.KindOf(err))
		}
	})
}

// FuzzSeal holds that a sealed record reads as what was sealed, under its own
// name and key alone, and that anything else is refused.
func FuzzSeal(f *testing.F) {
	ofLedger(f, func(name string, k, v []byte) { f.Add([]byte(name), k, v, uint32(len(k))) }) //nolint:gosec // short
	f.Fuzz(func(t *testing.T, name, k, v []byte, bit uint32) {
		stored := binary.BigEndian.AppendUint32(bytes.Clone(v), seal(name, k, v))
		if got, err := unsealed(name, k, stored); err != nil || got == nil || !bytes.Equal(got, v) {
			t.Fatalf("%q, sealed, reads as %q, %v", v, got, err)
		}
		if w, err := weightOf(k, stored); err != nil || w == 0 {
			t.Fatalf("a record weighs %d, %v", w, err)
		}
		bit %= uint32(len(stored)) * 8 //nolint:gosec // short
		stored[bit/8] ^= 1 << (bit % 8)
		if _, err := unsealed(name, k, stored); domain.KindOf(err) != domain.Corrupt {
			t.Fatalf("bit %d of %q was flipped: %v, want that it is corrupt", bit, stored, err)
		}
		_, _ = unsealed(name, k, v) // of any length
	})
}

func FuzzTimer(f *testing.F) {
	ofLedger(f, func(name string, k, _ []byte) {
		if name == "timers" {
			f.Add(k)
		}
	})
	f.Fuzz(func(t *testing.T, k []byte) {
		timer, err := decodeTimer(k)
		if err == nil && (timer.Kind > tenant.SweepOn || !bytes.Equal(timerKey(timer), k)) {
			t.Fatalf("decodeTimer(%q) = %+v, whose key is %q", k, timer, timerKey(timer))
		}
	})
}

func FuzzTick(f *testing.F) {
	ofLedger(f, func(name string, k, _ []byte) {
		if name == "ticks" {
			f.Add(k)
		}
	})
	f.Fuzz(func(t *testing.T, k []byte) {
		if tick, err := decodeTick(k); err == nil && !bytes.Equal(tickKey(tick), k) {
			t.Fatalf("decodeTick(%q) = %+v, whose key is %q", k, tick, tickKey(tick))
		}
	})
}

// FuzzPages changes bytes of a small ledger file: its pages are read to an end,
// and what is wrong is corrupt.
func FuzzPages(f *testing.F) {
	path := filepath.Join(f.TempDir(), "l.db")
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{PageSize: 1024, NoSync: true, NoFreelistSync: true})
	if err != nil {
		f.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range buckets {
			if _, err := tx.CreateBucket(name); err != nil {
				return err
			}
		}
		for n := range uint64(100) {
			if err := in(tx, bFacts).appended(key(n), bytes.Repeat([]byte{1}, 60)); err != nil {
				return err
			}
		}
		return in(tx, bOut).appended(key(uint64(1)), make([]byte, 3000))
	})
	if err != nil || db.Close() != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	m := newestMeta(bytes.NewReader(whole), 1024)
	walk := func(b []byte) error {
		p := pages{f: bytes.NewReader(b), size: 1024, high: m.high}
		if err := p.all(m.root); err != nil {
			return err
		}
		return p.freelist(binary.BigEndian.Uint64(b[len(b)-8:])) // any page
	}
	for id := range m.high {
		f.Add(uint32(id*1024), []byte{byte(id + 1)}) //nolint:gosec // small
		f.Add(uint32(id*1024+8), []byte{1, 0, 255, 255, 1})
		f.Add(uint32(id*1024+16), []byte{0, 0, 0, 0, 255, 255, 255, 255})
	}
	f.Fuzz(func(t *testing.T, at uint32, patch []byte) {
		b := bytes.Clone(whole)
		copy(b[int(at)%len(b):], patch)
		if err := walk(b); err != nil && domain.KindOf(err) != domain.Corrupt {
			t.Fatalf("%v, which is %v, want corrupt", err, domain.KindOf(err))
		}
		for n := range uint64(2) {
			_, _ = readMeta(bytes.NewReader(b), n, 1024)
		}
	})
}

// BenchmarkPut is what seals cost: a record put as bbolt does and as we do.
func BenchmarkPut(b *testing.B) {
	v := bytes.Repeat([]byte("value "), 50)
	for name, put := range map[string]func(*bbolt.Tx, []byte) error{
		"bbolt": func(tx *bbolt.Tx, k []byte) error { return tx.Bucket(bCredits).Put(k, bytes.Clone(v)) },
		"put":   func(tx *bbolt.Tx, k []byte) error { return in(tx, bCredits).put(k, bytes.Clone(v)) },
		"add":   func(tx *bbolt.Tx, k []byte) error { return in(tx, bCredits).add(k, bytes.Clone(v)) },
	} {
		b.Run(name, func(b *testing.B) {
			db, err := bbolt.Open(filepath.Join(b.TempDir(), "l.db"), 0o600, &bbolt.Options{NoSync: true, NoFreelistSync: true})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			for n := uint64(0); b.Loop(); {
				err := db.Update(func(tx *bbolt.Tx) error {
					if _, err := tx.CreateBucketIfNotExists(bCredits); err != nil {
						return err
					}
					for range 10_240 { // a batch
						n++
						if err := put(tx, key(n*0x9E3779B97F4A7C15)); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
