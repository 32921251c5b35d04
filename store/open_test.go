package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/planfile"
)

// laid makes an empty ledger file, closed, and changes it.
func laid(t *testing.T, change func(*bbolt.Tx) error) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "l.db")
	s := opened(t, path, options(planfile.Default()))
	if change != nil {
		edit(t, s, change)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// used lays a ledger that something has come to.
func used(t *testing.T, change func(*bbolt.Tx) error) string {
	t.Helper()
	return laid(t, func(tx *bbolt.Tx) error {
		if err := putPosition(tx, tenant.Position{Created: created, Seq: 1, Time: created}); err != nil || change == nil {
			return err
		}
		return change(tx)
	})
}

// A first start that failed, or was called with the wrong plan, does not fix
// the plans: a ledger that nothing has come to takes others.
func TestAnUnusedLedgerTakesOtherPlans(t *testing.T) {
	path := laid(t, nil)
	o := options(otherwise(1, 0))
	for range 2 {
		s := opened(t, path, o)
		if got := s.Plans()[0].Version; got != 2 {
			t.Errorf("the ledger is kept by version %d, want 2", got)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A start and a stop with nothing to write down leave the file alone: a disk
// that is full, or about to fail, is not written to without need.
func TestAStartAndAStopWriteNothing(t *testing.T) {
	path := used(t, nil)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := opened(t, path, options(planfile.Default())).Close(); err != nil {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, before) {
		t.Errorf("the file was changed (%v)", err)
	}
}

// otherwise is the default plan under another version or with another hash.
func otherwise(version int, hash byte) plan.Set {
	p := *planfile.Default()[0]
	p.Version += version
	p.Hash = sha256.Sum256(planfile.Canonical(&p))
	p.Hash[0] ^= hash
	return plan.Set{&p}
}

func TestOpenRefuses(t *testing.T) {
	plain := options(planfile.Default())
	with := func(change func(*Options)) Options {
		o := plain
		change(&o)
		return o
	}
	file := func(t *testing.T, b []byte) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), "l.db")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	put := func(k, v []byte) func(*bbolt.Tx) error {
		return func(tx *bbolt.Tx) error { return in(tx, bMeta).put(k, v) }
	}
	for _, tt := range []struct {
		name string
		path func(*testing.T) string
		o    Options
		kind domain.Kind
		want string
	}{
		{"text", func(t *testing.T) string { return file(t, bytes.Repeat([]byte("no ledger\n"), 2000)) }, plain, domain.Corrupt, "invalid database"},
		{"a few bytes", func(t *testing.T) string { return file(t, []byte("x")) }, plain, domain.Corrupt, ""},
		{"a folder", func(t *testing.T) string { return t.TempDir() }, plain, domain.Transient, "is a directory"},
		{
			"another tenant", func(t *testing.T) string { return laid(t, nil) }, with(func(o *Options) { o.Tenant = "other" }), domain.Invalid,
			`is the ledger of tenant "acme", not of "other"`,
		},
		{
			"a bucket is missing", func(t *testing.T) string {
				return laid(t, func(tx *bbolt.Tx) error { return tx.DeleteBucket(bTimers) })
			}, plain, domain.Corrupt, "bucket timers is missing",
		},
		{
			"a later layout", func(t *testing.T) string {
				return laid(t, put(kVersion, binary.BigEndian.AppendUint32(nil, layoutVersion+1)))
			}, plain, domain.Invalid,
			"layout version 5 is not 4",
		},
		{"no layout", func(t *testing.T) string { return laid(t, put(kVersion, nil)) }, plain, domain.Invalid, "layout version"},
		{"a bad state", func(t *testing.T) string { return laid(t, put(kState, []byte("\x01{"))) }, plain, domain.Corrupt, "stored *store.stateForm"},
		{
			"an earlier layout, read only", func(t *testing.T) string { return copyOf(t, "testdata/v1.db") }, with(func(o *Options) { o.ReadOnly, o.Plans = true, nil }),
			domain.Invalid, "layout version 1 is not 4: an earlier release wrote it",
		},
		{
			"an earlier layout, and not what it was", func(t *testing.T) string {
				path := copyOf(t, "testdata/v1.db")
				behind(t, path, func(tx *bbolt.Tx) error {
					k, v := tx.Bucket(bLedger).Cursor().First() // which has no seal
					return tx.Bucket(bLedger).Put(bytes.Clone(k), bytes.Replace(v, []byte(`"minor":`), []byte(`"minor":1`), 1))
				})
				return path
			}, with(func(o *Options) { o.Plans = nil }), domain.Corrupt, "bring layout version 1 up to 4: the ledger of",
		},
		{
			"the same version with other content", func(t *testing.T) string { return used(t, nil) },
			with(func(o *Options) { o.Plans = otherwise(0, 1) }), domain.Invalid, "a change is a new version",
		},
		{
			"a plan whose text was changed", func(t *testing.T) string {
				return laid(t, func(tx *bbolt.Tx) error {
					k, v := first(t, tx, bPlans, "")
					return in(tx, bPlans).put(k, bytes.Replace(v, []byte("window_days: 90"), []byte("window_days: 10"), 1))
				})
			}, with(func(o *Options) { o.Plans = nil }), domain.Corrupt, "is not what its hash says",
		},
		{
			"a plan that cannot be read", func(t *testing.T) string {
				return laid(t, func(tx *bbolt.Tx) error {
					k, v := first(t, tx, bPlans, "")
					return in(tx, bPlans).put(k, bytes.Replace(v, []byte("version: 1"), []byte("version: x"), 1))
				})
			}, with(func(o *Options) { o.Plans = nil }), domain.Corrupt, "stored plan",
		},
		{
			"read only, and not there", func(t *testing.T) string { return filepath.Join(t.TempDir(), "l.db") },
			with(func(o *Options) { o.ReadOnly, o.Plans = true, nil }), domain.Transient, "does not exist",
		},
		{
			"new, without a plan", func(t *testing.T) string { return filepath.Join(t.TempDir(), "l.db") },
			with(func(o *Options) { o.Plans = nil }), domain.Transient, "a new ledger needs a plan",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := tt.path(t)
			s, err := Open(path, tt.o)
			if err == nil {
				_ = s.Close()
				t.Fatal("Open() = nil, want an error")
			}
			text := err.Error()
			if !strings.Contains(text, tt.want) || strings.Count(text, path) == 0 || strings.Contains(text, "\n") || domain.KindOf(err) != tt.kind {
				t.Errorf("Open() = %q (%v), want one line that names the file and has %q (%v)", text, domain.KindOf(err), tt.want, tt.kind)
			}
		})
	}
}

// A ledger keeps the plans it was made with, however many are given; those it
// does not have are to be published.
func TestUnpublished(t *testing.T) {
	path := used(t, nil)
	second := otherwise(1, 0)[0]
	second.EffectiveFrom++
	second.Hash = sha256.Sum256(planfile.Canonical(second))
	for _, tt := range []struct {
		name string
		give plan.Set
		want plan.Set
	}{
		{"none", nil, nil},
		{"its own", planfile.Default(), nil},
		{"one more", plan.Set{planfile.Default()[0], second}, plan.Set{second}},
		{"another alone", plan.Set{second}, plan.Set{second}},
	} {
		s := opened(t, path, options(tt.give))
		got, err := s.Unpublished()
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: Unpublished() = %v, %v, want %v", tt.name, got, err, tt.want)
		}
		if n := len(s.Plans()); n != 1 {
			t.Errorf("%s: the ledger has %d plans, want the one it was made with", tt.name, n)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// One worker at a time; readers wait for it, and may be many without it.
func TestOpenInUse(t *testing.T) {
	path := laid(t, nil)
	readOnly := options(nil)
	readOnly.ReadOnly = true
	worker := opened(t, path, options(planfile.Default()))
	for _, o := range []Options{options(planfile.Default()), readOnly} {
		if _, err := Open(path, o); err == nil || !strings.Contains(err.Error(), "is in use by another process") {
			t.Errorf("Open(read only %v) of an open ledger = %v, want that it is in use", o.ReadOnly, err)
		}
	}
	if err := worker.Close(); err != nil {
		t.Fatal(err)
	}
	one, two := opened(t, path, readOnly), opened(t, path, readOnly)
	if one.Tenant() != tenantName || two.Plans()[0].ID() != planfile.Default()[0].ID() {
		t.Errorf("read as the ledger of %q with %v", one.Tenant(), two.Plans())
	}
	if _, err := one.Record(nil); err == nil {
		t.Error("Record() in a file opened for reading = nil, want an error")
	}
}

// A new file is whole or not there, and nobody else's to read.
func TestCreate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	path := filepath.Join(dir, "l.db")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	// What a creation that was cut short left is no obstacle.
	if err := os.WriteFile(path+".new", []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := opened(t, path, options(planfile.Default()))
	clean(t, s)
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Errorf("ReadDir() = %v, %v, want the ledger alone", files, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("Stat() = %v, %v, want mode 0600", info.Mode(), err)
	}
	if at, err := s.AsOf(); err != nil || !at.IsZero() {
		t.Errorf("AsOf() = %v, %v, want zero", at, err)
	}
	if list, err := s.Positions(); err != nil || len(list) != 0 {
		t.Errorf("Positions() = %v, %v, want none", list, err)
	}
	if w, err := s.Waiting(); err != nil || w != (Waiting{}) {
		t.Errorf("Waiting() = %+v, %v, want nothing", w, err)
	}
}

// Reading, verifying included, leaves every byte of the file as it was.
func TestReadingChangesNothing(t *testing.T) {
	path := copyOf(t, oldLedger)
	if err := opened(t, path, options(nil)).Close(); err != nil { // which brings it up
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	o := options(nil)
	o.ReadOnly = true
	s := opened(t, path, o)
	clean(t, s)
	_ = summary(t, s)
	if _, err := s.Outputs(0, 10); err != nil {
		t.Error(err)
	}
	if _, err := s.Waiting(); err != nil {
		t.Error(err)
	}
	if err := s.View(func(v *View) error { _, err := v.Parked(""); return err }); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file was changed by reading it (%v)", err)
	}
	if files, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*")); len(files) != 1 {
		t.Errorf("reading left %v", fmt.Sprint(files))
	}
}
