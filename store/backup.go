package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
)

// snapshotMark is in the names of the files that snapshots are written to.
const snapshotMark = ".snapshot-"

// Snapshot is the ledger file of this moment, to be read from its start and
// closed. It is copied to a file beside the ledger first, so that whoever reads
// it slowly holds no pages of the ledger; that file has no name any more where
// the system allows it, so that no end of the process leaves it behind.
func (s *Store) Snapshot() (*os.File, error) {
	path := s.db.Path()
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+snapshotMark+"*")
	if err != nil {
		return nil, fmt.Errorf("snapshot of ledger %s: %w", path, err)
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(fmt.Errorf("snapshot of ledger %s: %w", path, err), f.Close())
	}
	if err := s.db.View(func(tx *bbolt.Tx) error { return copyTo(f, tx) }); err != nil {
		return nil, errors.Join(fmt.Errorf("snapshot of ledger %s: %w", path, err), f.Close())
	}
	return f, nil
}

// copyTo copies the file as a transaction sees it, and goes back to the start.
func copyTo(to *os.File, tx *bbolt.Tx) error {
	if _, err := tx.WriteTo(to); err != nil {
		return err
	}
	_, err := to.Seek(0, 0)
	return err
}

// RemoveSnapshots removes what a snapshot that was broken off left beside a
// ledger. Only who has the ledger open for writing may call it.
func RemoveSnapshots(path string) error {
	left, err := filepath.Glob(globbed(path) + snapshotMark + "*")
	for _, name := range left {
		err = errors.Join(err, os.Remove(name))
	}
	return err
}

// globbed is a pattern for a path itself.
func globbed(path string) string {
	out := make([]rune, 0, len(path))
	for _, r := range path {
		if r == '*' || r == '?' || r == '[' || r == '\\' {
			out = append(out, '\\')
		}
		out = append(out, r)
	}
	return string(out)
}

// CopyFile copies the ledger file at a path, of any layout, as no worker has it
// open. It does not look into it.
func CopyFile(path string, to *os.File) error {
	if err := Readable(path); err != nil {
		return err
	}
	db, err := openFile(path, true)
	if err != nil {
		return err
	}
	return errors.Join(db.View(func(tx *bbolt.Tx) error { return copyTo(to, tx) }), db.Close())
}

// Readable reports why the file at a path cannot be read at all: what is wrong
// with the path is not wrong with the ledger.
func Readable(path string) error {
	f, err := os.Open(path) //nolint:gosec // the operator's own file
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("ledger %s does not exist", path)
	case err != nil:
		return err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a file", path)
	}
	return errors.Join(err, f.Close())
}

// Hold keeps every worker from opening a ledger file, until the function it
// gives is called. A file that no worker could open, or that is not there, needs
// no holding.
func Hold(path string) (release func() error, err error) {
	none := func() error { return nil }
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return none, nil
	} else if err != nil {
		return none, err
	}
	db, err := openFile(path, true)
	switch {
	case errors.Is(err, errInUse):
		return none, err
	case err != nil:
		return none, nil //nolint:nilerr // damaged: to be replaced all the more
	}
	return db.Close, nil
}

// Place gives a file that was written and synced its name, for good. Where it
// must not replace another, one that came meanwhile is an error.
func Place(temp, path string, replace bool) error {
	if !replace {
		err := os.Link(temp, path)
		if err == nil {
			return errors.Join(os.Remove(temp), syncDir(filepath.Dir(path)))
		}
		if _, statErr := os.Lstat(path); statErr == nil {
			return fmt.Errorf("%s exists", path)
		} // else the file system has no links
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// Unused reports whether a file may be replaced: an error says that a process
// has it open as its ledger.
func Unused(path string) error {
	release, err := Hold(path)
	return errors.Join(err, release())
}
