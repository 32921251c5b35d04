package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

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
	broken      error // why nothing more may be recorded
	wrote       chan struct{}
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
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
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
	s := &Store{db: db, opts: o, wrote: make(chan struct{}, 1)}
	for _, step := range []func() error{s.migrate, s.replan, s.start} {
		if err := step(); err != nil {
			return nil, errors.Join(fmt.Errorf("ledger %s: %w", path, err), db.Close())
		}
	}
	return s, nil
}

func openFile(path string, readOnly bool) (*bbolt.DB, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout: lockWait, ReadOnly: readOnly, NoFreelistSync: true, FreelistType: bbolt.FreelistMapType,
		InitialMmapSize: 1 << 30, // address space, not memory: a read transaction must not block a growing file
	})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, fmt.Errorf("ledger %s is in use by another process", path)
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
	db, err := openFile(temp, false)
	if err != nil {
		return err
	}
	err = change(db, func(tx *bbolt.Tx) error { return lay(tx, o) })
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return stopped(err)
	}
	return stopped(syncDir(dir))
}

// replan takes the plans given into a ledger that nothing has come to yet: a
// first start that failed must not fix them.
func (s *Store) replan() error {
	if s.opts.ReadOnly || len(s.opts.Plans) == 0 {
		return nil
	}
	return change(s.db, func(tx *bbolt.Tx) error {
		meta := tx.Bucket(bMeta)
		if meta == nil || tx.Bucket(bPlans) == nil || meta.Get(kPosition) != nil || meta.Get(kState) != nil || string(meta.Get(kTenant)) != s.opts.Tenant {
			return errUnchanged // used before, or for start to refuse
		}
		if err := tx.DeleteBucket(bPlans); err != nil {
			return err
		}
		if _, err := tx.CreateBucket(bPlans); err != nil {
			return err
		}
		return putPlans(tx, s.opts)
	})
}

// lay makes the bucket tree and writes down whose ledger it is.
func lay(tx *bbolt.Tx, o Options) error {
	for _, name := range buckets {
		if _, err := tx.CreateBucket(name); err != nil {
			return err
		}
	}
	meta := tx.Bucket(bMeta)
	if err := meta.Put(kVersion, binary.BigEndian.AppendUint32(nil, layoutVersion)); err != nil {
		return err
	}
	if err := meta.Put(kTenant, []byte(o.Tenant)); err != nil {
		return err
	}
	return putPlans(tx, o)
}

func putPlans(tx *bbolt.Tx, o Options) error {
	for _, p := range o.Plans {
		form, err := encode(planForm{p.Hash[:], o.Codec.PlanText(p)})
		if err != nil {
			return err
		}
		if err := tx.Bucket(bPlans).Put(planKey(p), form); err != nil {
			return err
		}
	}
	return nil
}

func planKey(p *plan.Plan) []byte { return key(p.Name, uint32(p.Version)) } //nolint:gosec // versions are from 1

func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the operator's own folder
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// start checks whose ledger the file is and readies the engine.
func (s *Store) start() error {
	return s.db.View(func(tx *bbolt.Tx) error {
		if err := checkLayout(tx); err != nil {
			return err
		}
		meta := tx.Bucket(bMeta)
		if name := string(meta.Get(kTenant)); s.opts.Tenant == "" {
			s.opts.Tenant = name
		} else if name != s.opts.Tenant {
			return domain.Errorf(domain.Invalid, "the file is the ledger of tenant %q, not of %q", name, s.opts.Tenant)
		}
		if err := s.readPlans(tx); err != nil {
			return err
		}
		state, err := readState(tx)
		if err != nil {
			return err
		}
		if b := meta.Get(kConfirmed); len(b) == 8 {
			s.confirmed.Store(binary.BigEndian.Uint64(b))
		}
		s.engine, err = tenant.New(s.opts.Tenant, s.plans, s.opts.Plan, state, s.opts.Cache)
		return err
	})
}

// checkLayout refuses a file of another layout, or that is no ledger.
func checkLayout(tx *bbolt.Tx) error {
	if meta := tx.Bucket(bMeta); meta != nil {
		switch v := meta.Get(kVersion); {
		case len(v) == 4 && binary.BigEndian.Uint32(v) < layoutVersion:
			return domain.Errorf(domain.Invalid, "layout version %x is not %d: an earlier release wrote it, and a worker of this one brings it up when it is started", v, layoutVersion)
		case len(v) != 4 || binary.BigEndian.Uint32(v) != layoutVersion:
			return domain.Errorf(domain.Invalid, "layout version %x is not %d: it was written by another release", v, layoutVersion)
		}
	}
	for _, name := range buckets {
		if tx.Bucket(name) == nil {
			return domain.Errorf(domain.Corrupt, "bucket %s is missing: this is not a trueup ledger", name)
		}
	}
	return nil
}

// readPlans takes the plans given and holds them against those in the file, or
// reads those in the file where none are given.
func (s *Store) readPlans(tx *bbolt.Tx) error {
	var kept []*plan.Plan
	hashes := map[string][32]byte{}
	err := tx.Bucket(bPlans).ForEach(func(k, v []byte) error {
		var f planForm
		if err := decode(v, &f); err != nil {
			return err
		}
		if len(f.Hash) != 32 {
			return domain.Errorf(domain.Corrupt, "stored plan %q is malformed", k)
		}
		hashes[string(k)] = [32]byte(f.Hash)
		p, err := s.opts.Plan(f.Text)
		if err != nil {
			return domain.Errorf(domain.Corrupt, "stored plan %q: %w", k, err)
		}
		if p.Hash != hashes[string(k)] {
			return domain.Errorf(domain.Corrupt, "stored plan %s is not what its hash says", p.ID())
		}
		kept = append(kept, p)
		return nil
	})
	if err != nil {
		return err
	}
	// The ledger keeps the plans it was made with; the others are to be published.
	for _, p := range s.opts.Plans {
		switch h, ok := hashes[string(planKey(p))]; {
		case !ok:
			s.unpublished = append(s.unpublished, p)
		case h != p.Hash:
			return domain.Errorf(domain.Invalid, "plan %s differs from the one this ledger has under that version: a change is a new version", p.ID())
		}
	}
	s.plans, _ = plan.NewSet(kept...)
	return nil
}

// Unpublished lists the plans given that the ledger was not made with and that
// were not published to it since: to be in force they must be.
func (s *Store) Unpublished() ([]*plan.Plan, error) {
	known, err := s.Published()
	if err != nil {
		return nil, err
	}
	var out []*plan.Plan
	for _, p := range s.unpublished {
		i := slices.IndexFunc(known, func(k *plan.Plan) bool { return k.ID() == p.ID() })
		switch {
		case i < 0:
			out = append(out, p)
		case known[i].Hash != p.Hash:
			return nil, domain.Errorf(domain.Invalid, "plan %s differs from the one this ledger has under that version: a change is a new version", p.ID())
		}
	}
	if _, problems := plan.NewSet(append(slices.Clone([]*plan.Plan(known)), out...)...); len(problems) > 0 {
		return nil, domain.Errorf(domain.Invalid, "%s", problems[0])
	}
	return out, nil
}

// Published are all plan versions: those the ledger was made with and those
// that were published to it since.
func (s *Store) Published() (plans plan.Set, err error) {
	err = s.View(func(v *View) error {
		e, err := tenant.New(s.opts.Tenant, s.plans, s.opts.Plan, v.state, 1)
		if err != nil {
			return err
		}
		look, err := e.LookAt(v)
		if err == nil {
			plans = look.Plans()
		}
		return err
	})
	return plans, err
}

// Plans are the plan versions the ledger was made with; more may have been
// published since.
func (s *Store) Plans() plan.Set { return s.plans }

// Tenant is whose ledger it is.
func (s *Store) Tenant() string { return s.opts.Tenant }

// Wrote is sent to, at most once in advance, when outputs were recorded.
func (s *Store) Wrote() <-chan struct{} { return s.wrote }

// Close keeps how far the outputs are confirmed and lets go of the file.
func (s *Store) Close() error {
	var err error
	if s.broken == nil && !s.opts.ReadOnly {
		err = change(s.db, func(tx *bbolt.Tx) error {
			confirmed := binary.BigEndian.AppendUint64(nil, s.confirmed.Load())
			if bytes.Equal(tx.Bucket(bMeta).Get(kConfirmed), confirmed) {
				return errUnchanged
			}
			return tx.Bucket(bMeta).Put(kConfirmed, confirmed)
		})
	}
	return errors.Join(err, s.db.Close())
}
