package store

import (
	"bytes"
	"encoding/binary"
	"os"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
)

// metaPages reads both meta pages: bbolt goes by the one that is whole, and
// says nothing. No transaction writes one meanwhile.
func (s *Store) metaPages() (problems []string, err error) {
	if !s.opts.ReadOnly {
		tx, err := s.db.Begin(true)
		if err != nil {
			return nil, err
		}
		defer func() { _ = tx.Rollback() }()
	}
	err = withFile(s.db, func(f *os.File) error {
		for n := range uint64(2) {
			m, err := readMeta(f, n, s.db.Info().PageSize)
			if err == nil && !m.headed {
				err = domain.Errorf(domain.Corrupt, "meta page %d has a damaged header", n)
			}
			if err != nil {
				problems = append(problems, err.Error())
			}
		}
		return nil
	})
	return problems, err
}

// pages reads every page of the transaction as bytes, and has bbolt check them
// where that finds nothing.
func (v *verifier) pages(db *bbolt.DB) error {
	size := db.Info().PageSize
	err := withFile(db, func(f *os.File) error {
		p := pages{f: f, size: size, high: uint64(v.tx.Size()) / uint64(size)} //nolint:gosec // sizes
		return p.all(uint64(v.tx.Cursor().Bucket().Root()))
	})
	if err != nil {
		return err
	}
	if len(v.out.Problems) > 0 {
		return nil // bbolt's check goes through the meta pages, and breaks off at one that is not whole
	}
	for err := range v.tx.Check() {
		v.problemf("pages: %v", err)
	}
	return nil
}

// everyRecord reads every record of every bucket: its seal, its order, its form,
// and that no more and no less are there than were written.
func (v *verifier) everyRecord() error {
	for _, name := range buckets {
		if err := v.bucket(name); err != nil {
			v.problemf("%v", err)
		}
	}
	return v.tx.ForEach(func(name []byte, _ *bbolt.Bucket) error {
		if !slices.ContainsFunc(buckets, func(known []byte) bool { return bytes.Equal(known, name) }) {
			v.problemf("bucket %q is not of this layout", name)
		}
		return nil
	})
}

func (v *verifier) bucket(name []byte) error {
	b := in(v.tx, name)
	raw, err := b.raw()
	if err != nil {
		return err
	}
	c := b.cursor()
	var last []byte
	sum := uint64(0)
	for ok := c.first(); ok || c.k != nil; ok = c.next() {
		switch {
		case c.err != nil:
			v.problemf("%v", c.err)
		case last != nil && bytes.Compare(c.k, last) <= 0:
			v.problemf("record %q of %s is out of order", c.k, name)
		default:
			if err := readRecord(string(name), c.k, c.v); err != nil {
				v.problemf("record %q of %s: %v", c.k, name, err)
			}
			sum += weight(seal(name, c.k, c.v))
		}
		last = append(last[:0], c.k...)
		v.out.Records++
		v.progress("records", v.out.Records)
	}
	if c.err == nil && sum != raw.Sequence() {
		v.problemf("records of %s are missing, or are not the last that were written", name)
	}
	return c.err
}

// readRecord reads a record as whoever uses it does.
func readRecord(bucket string, k, v []byte) (err error) {
	if !hasValue[bucket] && len(v) != 0 {
		return domain.Errorf(domain.Corrupt, "it has a value")
	}
	switch bucket {
	case "meta":
		return readMetaRecord(string(k), v)
	case "plans":
		_, err = decodePlan(v)
	case "checkpoints":
		_, err = readPosition(v)
	case "facts":
		_, _, _, err = decodeFact(v)
	case "facts_of":
		_, err = lastOfRun(k, v)
	case "ledger":
		_, err = decodeEntry(k, v)
	case "payees":
		_, err = decodeLedger(event.PayeeID(k), v)
	case "credits":
		_, err = readForm[creditForm](v)
	case "episodes":
		_, err = decodeEpisode(k, v)
	case "notices":
		_, err = decodeNotice(k)
	case "flags":
		_, err = decodeFlag(k, v)
	case "timers":
		_, err = decodeTimer(k)
	case "ticks":
		_, err = decodeTick(k)
	case "locks":
		_, err = readForm[lockForm](v)
	case "statements":
		if len(k) < 4 {
			return domain.Errorf(domain.Corrupt, "its key is malformed")
		}
		_, err = decodeStatement(event.PayeeID(k[4:]), civil.Quarter(binary.BigEndian.Uint32(k)), v) //nolint:gosec // written from a Quarter
	case "out":
		_, err = decodeOut(k, v)
	case "parked":
		_, err = decodeParked(k, v)
	case "entry_ids":
		if len(k) != 16 || len(v) < 9 {
			err = domain.Errorf(domain.Corrupt, "it is malformed")
		}
	}
	return err
}

// hasValue names the buckets whose records are more than their keys.
var hasValue = map[string]bool{
	"meta": true, "plans": true, "checkpoints": true, "facts": true, "facts_of": true, "ledger": true, "entry_ids": true, "payees": true, "credits": true,
	"episodes": true, "flags": true, "locks": true, "statements": true, "out": true, "parked": true,
}

func readMetaRecord(k string, v []byte) (err error) {
	size := -1
	switch k {
	case string(kVersion), string(kUpgraded):
		size = 4
	case string(kConfirmed):
		size = 8
	case string(kTenant):
		size = max(1, len(v))
	case string(kState):
		_, err = decodeState(v)
	case string(kPosition):
		_, err = readPosition(v)
	case string(kTotals):
		_, err = readForm[totals](v)
	default:
		err = domain.Errorf(domain.Corrupt, "it is not of this layout")
	}
	if size >= 0 && len(v) != size {
		err = domain.Errorf(domain.Corrupt, "it is malformed")
	}
	return err
}

// readForm decodes a form that says all there is to say.
func readForm[F any](v []byte) (form F, err error) { return form, decode(v, &form) }

func decodePlan(v []byte) (planForm, error) {
	f, err := readForm[planForm](v)
	if err == nil && len(f.Hash) != 32 {
		err = domain.Errorf(domain.Corrupt, "stored plan is malformed")
	}
	return f, err
}
