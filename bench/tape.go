package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"time"

	"github.com/trueup/trueup/domain/event"
)

// The buckets of store/layout.go, as one byte on the tape.
const (
	bMeta byte = iota
	bFacts
	bFactsOf
	bLedger
	bEntriesOf
	bEntryIDs
	bPayees
	bRefs
	bForeign
	bNotices
	bFlags
	bCredits
	bEpisodes
	bTimers
	bLocks
	bStatements
	bOut
	bParked
)

var bucketNames = []string{
	"meta", "facts", "facts_of", "ledger", "entries_of", "entry_ids", "payees", "refs", "foreign", "notices", "flags", "credits", "episodes",
	"timers", "locks", "statements", "out", "parked",
}

const (
	mean     = -1 // a value of the mean size in our file
	factHead = 25 // bytes before the canonical event
	outHead  = 35 // bytes of an out log value before subject, id and body, their lengths included
	deleted  = 0x80
)

// operation is one put or delete.
type operation struct {
	bucket byte
	del    bool
	key    []byte
	size   int // of the value, or mean
}

// operations are what one event does to the store.
type operations struct {
	outs int
	ops  []operation
}

// key joins parts as store/layout.go does.
func key(parts ...any) []byte {
	k := make([]byte, 0, 48)
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			k = append(append(k, p...), 0)
		case uint64:
			k = binary.BigEndian.AppendUint64(k, p)
		case uint32:
			k = binary.BigEndian.AppendUint32(k, p)
		case byte:
			k = append(k, p)
		case time.Time:
			k = binary.BigEndian.AppendUint64(k, uint64(p.UnixNano())^1<<63) //nolint:gosec // the bits are what is wanted
		case event.Scope:
			switch {
			case p.Account != "":
				k = append(append(k, 'a'), p.Account...)
			case p.Payee != "":
				k = append(append(k, 'p'), p.Payee...)
			default:
				k = append(k, 't')
			}
			k = append(k, 0)
		case []byte:
			k = append(k, p...)
		default:
			panic("a key of a type that keys are not made of")
		}
	}
	return k
}

func big(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// tapeWriter writes what events do to a file, one after another.
type tapeWriter struct {
	f *os.File
	w *bufio.Writer
	b []byte
}

func newTapeWriter(path string) (*tapeWriter, error) {
	f, err := os.Create(path)
	return &tapeWriter{f: f, w: bufio.NewWriterSize(f, 1<<20)}, err
}

func (t *tapeWriter) write(o operations) error {
	b := binary.AppendUvarint(t.b[:0], uint64(o.outs)) //nolint:gosec // a count
	b = binary.AppendUvarint(b, uint64(len(o.ops)))
	for _, op := range o.ops {
		bucket := op.bucket
		if op.del {
			bucket |= deleted
		}
		b = binary.AppendUvarint(append(b, bucket), uint64(len(op.key)))
		b = binary.AppendUvarint(append(b, op.key...), uint64(op.size+1)) //nolint:gosec // from -1
	}
	t.b = b
	_, err := t.w.Write(b)
	return err
}

func (t *tapeWriter) close() error { return errors.Join(t.w.Flush(), t.f.Close()) }

// readTape gives what n events after the first skip do.
func readTape(path string, skip, n int, yield func(operations) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 1<<20)
	for i := range skip + n {
		o, err := readOperations(r)
		if err != nil {
			return err
		}
		if i < skip {
			continue
		}
		if err := yield(o); err != nil {
			return err
		}
	}
	return nil
}

func readOperations(r *bufio.Reader) (o operations, err error) {
	outs, err := binary.ReadUvarint(r)
	if err != nil {
		return o, err
	}
	n, err := binary.ReadUvarint(r)
	if err != nil {
		return o, err
	}
	o.outs, o.ops = int(outs), make([]operation, n) //nolint:gosec // a count
	for i := range o.ops {
		bucket, err := r.ReadByte()
		if err != nil {
			return o, err
		}
		size, err := binary.ReadUvarint(r)
		if err != nil {
			return o, err
		}
		op := operation{bucket: bucket &^ deleted, del: bucket&deleted != 0, key: make([]byte, size)}
		if _, err := io.ReadFull(r, op.key); err != nil {
			return o, err
		}
		if size, err = binary.ReadUvarint(r); err != nil {
			return o, err
		}
		op.size = int(size) - 1 //nolint:gosec // written from an int
		o.ops[i] = op
	}
	return o, nil
}
