package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/trueup/trueup/domain"
)

// errInUse says that another process has the file.
var errInUse = errors.New("is in use by another process")

// openFile opens a file whose pages are what they must be.
func openFile(path string, readOnly bool) (*bbolt.DB, error) {
	db, err := openBolt(path, true)
	if err != nil {
		return nil, err
	}
	if err := examine(db); err != nil {
		return nil, errors.Join(fmt.Errorf("ledger %s: %w", path, err), db.Close())
	}
	if readOnly {
		return db, nil
	}
	if err := db.Close(); err != nil {
		return nil, fmt.Errorf("ledger %s: %w", path, err)
	}
	return openBolt(path, false)
}

func openBolt(path string, readOnly bool) (*bbolt.DB, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout: lockWait, ReadOnly: readOnly, NoFreelistSync: true, FreelistType: bbolt.FreelistMapType,
		InitialMmapSize: 1 << 30, // address space, not memory: a read transaction must not block a growing file
	})
	var unopened *fs.PathError
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, fmt.Errorf("ledger %s %w", path, errInUse)
	case errors.As(err, &unopened) && unopened.Op == "open":
		return nil, fmt.Errorf("ledger %s: %w", path, unopened.Err) // nobody has looked into it
	case err != nil:
		return nil, domain.Errorf(domain.Corrupt, "ledger %s: %w", path, err)
	}
	return db, nil
}

// create makes the file whole: under another name, synced, then renamed.
func create(path string, o Options) (err error) {
	if len(o.Plans) == 0 {
		return errors.New("a new ledger needs a plan")
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	temp := path + ".new"
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	db, err := openBolt(temp, false)
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bbolt.Tx) error { return lay(tx, o) })
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	return syncDir(dir)
}

// lay makes the bucket tree and writes down whose ledger it is.
func lay(tx *bbolt.Tx, o Options) error {
	for _, name := range buckets {
		if _, err := tx.CreateBucket(name); err != nil {
			return err
		}
	}
	meta := in(tx, bMeta)
	if err := meta.put(kVersion, binary.BigEndian.AppendUint32(nil, layoutVersion)); err != nil {
		return err
	}
	if err := meta.put(kTenant, []byte(o.Tenant)); err != nil {
		return err
	}
	return putPlans(tx, o)
}

func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the operator's own folder
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
