package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/domain/tenant"
)

// Codec is how the store reads what it keeps and writes what goes out. It
// knows the wire, which the store does not.
type Codec interface {
	// Fact reads a canonical event back.
	Fact(canonical []byte) (event.Event, error)
	// Sum is the fingerprint of a canonical event, worked out afresh.
	Sum(canonical []byte) (tenant.Sum, error)
	// Again decodes the bytes of a parked input anew.
	Again(p Parked) (tenant.Input, error)
	// Outcome writes an outcome as a message.
	Outcome(o tenant.Outcome) (tenant.Message, error)
	// Rejected writes the announcement of a parked input.
	Rejected(p Parked) (tenant.Message, error)
	// PlanText is a plan's canonical form, kept so that every entry's rule book
	// can be read for ever.
	PlanText(p *plan.Plan) string
}

// Options say how a ledger file is opened.
type Options struct {
	Tenant string
	Plans  plan.Set // for a new file, or as a check; nil: those the file has, read by Plan
	// Plan reads a plan document: those the file has, and those that are published.
	Plan  tenant.Parser
	Codec Codec
	Cache int // facts of accounts to keep at hand; 0: tenant.DefaultCache
	// Committing, if set, is told of every transaction of Record.
	Committing Committing
	// ReadOnly opens for reading only; several may read a file no worker has open.
	ReadOnly bool
}

// Store is a tenant's ledger file. One goroutine may Record while many read.
type Store struct {
	db          *bbolt.DB
	opts        Options
	plans       plan.Set
	unpublished []*plan.Plan // given, and not among those the file was made with
	engine      *tenant.Engine
	putting     *putting
	broken      error                 // why nothing more may be recorded
	halted      atomic.Pointer[error] // that, for others than who records
	wrote       chan struct{}
	changed     signal
	noticed     []string
	unfolded    int // inputs since an account was derived afresh
	// unwritten is what came after the last commit and changed nothing; nil: nothing
	// did.
	unwritten atomic.Pointer[unwritten]
	// confirmed is how far the broker is known to have the outputs.
	confirmed atomic.Uint64
}

// ErrStopped is in the chain of errors after which nothing may be recorded: a
// commit of unknown outcome, or an assertion that failed. The file is to be
// opened again.
var ErrStopped = errors.New("stopped to protect the ledger")

// lockWait is how long Open waits for another worker to let go of the file.
const lockWait = time.Second

// Open opens a ledger file, and makes it where there is none.
func Open(path string, o Options) (*Store, error) {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return nil, fmt.Errorf("ledger %s is a directory", path)
	case errors.Is(err, fs.ErrNotExist):
		if o.ReadOnly {
			return nil, fmt.Errorf("ledger %s does not exist", path)
		}
		if err := create(path, o); err != nil {
			return nil, fmt.Errorf("create ledger %s: %w", path, err)
		}
	}
	db, err := openFile(path, o.ReadOnly)
	if err != nil {
		return nil, err
	}
	s := &Store{db: db, opts: o, wrote: make(chan struct{}, 1), putting: newPutting()}
	for _, step := range []func() error{s.notice, s.migrate, s.check, s.replan, s.start} {
		if err := step(); err != nil {
			return nil, errors.Join(fmt.Errorf("ledger %s: %w", path, err), db.Close())
		}
	}
	return s, nil
}

// notice remembers a meta page that is damaged before the next commit writes it
// anew.
func (s *Store) notice() (err error) {
	s.noticed, err = s.metaPages()
	return err
}

// Noticed lists what was wrong with the file when it was opened and did not
// keep it from being: a meta page that was not whole, as after a loss of power
// amid a commit, so that the ledger may have gone on from the commit before.
func (s *Store) Noticed() []string { return s.noticed }

// read runs f in a read transaction. A fault in the file's memory, as where the
// disk cannot read it, is an error and not the end of the process (see guard).
func (s *Store) read(f func(*bbolt.Tx) error) error {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	return s.db.View(f)
}

// update runs f in a write transaction, as read does.
func (s *Store) update(f func(*bbolt.Tx) error) error {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	return change(s.db, f)
}

// check refuses a file of another layout, or that is no ledger.
func (s *Store) check() error { return s.read(checkLayout) }

// start checks whose ledger the file is and readies the engine.
func (s *Store) start() error {
	return s.read(func(tx *bbolt.Tx) error {
		meta := in(tx, bMeta)
		name, err := meta.get(kTenant)
		if err != nil {
			return err
		}
		if s.opts.Tenant == "" {
			s.opts.Tenant = string(name)
		} else if string(name) != s.opts.Tenant {
			return domain.Errorf(domain.Invalid, "the file is the ledger of tenant %q, not of %q", name, s.opts.Tenant)
		}
		if err := s.readPlans(tx); err != nil {
			return err
		}
		state, err := readState(tx)
		if err != nil {
			return err
		}
		b, err := meta.get(kConfirmed)
		if err != nil {
			return err
		}
		if len(b) == 8 {
			s.confirmed.Store(binary.BigEndian.Uint64(b))
		}
		s.engine, err = tenant.New(s.opts.Tenant, s.plans, s.opts.Plan, state, s.opts.Cache)
		return err
	})
}

func checkLayout(tx *bbolt.Tx) error {
	version, err := layoutOf(tx)
	switch {
	case err != nil:
		return err
	case version > 0 && version < layoutVersion:
		return domain.Errorf(domain.Invalid, "layout version %d is not %d: an earlier release wrote it, and a worker of this one brings it up when it is started", version, layoutVersion)
	case version != layoutVersion:
		return domain.Errorf(domain.Invalid, "layout version %d is not %d: it was written by another release", version, layoutVersion)
	}
	for _, name := range buckets {
		if _, err := in(tx, name).raw(); err != nil {
			return err
		}
	}
	return nil
}

// layoutOf is the version of a file's layout, 0 where it names none. Until
// version 3 records had no seal, by which the others are told from them.
func layoutOf(tx *bbolt.Tx) (version uint32, err error) {
	defer guard(bMeta, &err)
	raw, err := in(tx, bMeta).raw()
	if err != nil {
		return 0, err
	}
	v := raw.Get(kVersion)
	if len(v) == 4+sealSize {
		v, err = unsealed(bMeta, kVersion, v)
	}
	if len(v) != 4 || err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint32(v), nil
}

// Tenant is whose ledger it is.
func (s *Store) Tenant() string { return s.opts.Tenant }

// Wrote is sent to, at most once in advance, when outputs were recorded.
func (s *Store) Wrote() <-chan struct{} { return s.wrote }

// Close keeps where the input stands and how far the outputs are confirmed, and lets go of the file. Of a
// store that has stopped it writes nothing, and says again why.
func (s *Store) Close() error {
	err := s.broken
	if err == nil && !s.opts.ReadOnly {
		err = s.update(func(tx *bbolt.Tx) error {
			confirmed := binary.BigEndian.AppendUint64(nil, s.confirmed.Load())
			kept, err := in(tx, bMeta).get(kConfirmed)
			if err != nil {
				return err
			}
			caught, err := s.catchUp(tx)
			if err != nil {
				return err
			}
			if !caught && bytes.Equal(kept, confirmed) {
				return errUnchanged
			}
			return in(tx, bMeta).put(kConfirmed, confirmed)
		})
	}
	return errors.Join(err, s.db.Close())
}
