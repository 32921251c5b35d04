package store

import (
	"errors"
	"fmt"

	"go.etcd.io/bbolt"
)

// errUnchanged ends a transaction of change that has nothing to write: the file
// is not touched, so that a start and a stop work on a disk that is full.
var errUnchanged = errors.New("nothing to write")

// change runs f in a write transaction of its own, outside Record. An error of f
// is returned as it is and nothing was written; one of the disk has ErrStopped
// in its chain, since nobody knows what is written.
func change(db *bbolt.DB, f func(*bbolt.Tx) error) error {
	var refused error
	err := db.Update(func(tx *bbolt.Tx) error {
		refused = f(tx)
		return refused
	})
	switch {
	case errors.Is(refused, errUnchanged):
		return nil
	case refused != nil:
		return refused
	}
	return stopped(err)
}

// stopped makes an error of the disk one after which nothing may be recorded.
func stopped(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrStopped, err)
}
