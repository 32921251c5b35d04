package store

import (
	"slices"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/domain/tenant"
)

// replan takes the plans given into a ledger that nothing has come to yet: a
// first start that failed must not fix them.
func (s *Store) replan() error {
	if s.opts.ReadOnly || len(s.opts.Plans) == 0 {
		return nil
	}
	return s.update(func(tx *bbolt.Tx) error {
		meta := in(tx, bMeta)
		for _, k := range [][]byte{kPosition, kState} {
			if used, err := meta.has(k); err != nil {
				return err
			} else if used {
				return errUnchanged
			}
		}
		if name, err := meta.get(kTenant); err != nil {
			return err
		} else if string(name) != s.opts.Tenant {
			return errUnchanged // for start to refuse
		}
		if err := in(tx, bPlans).clear(); err != nil {
			return err
		}
		return putPlans(tx, s.opts)
	})
}

func putPlans(tx *bbolt.Tx, o Options) error {
	for _, p := range o.Plans {
		form, err := encode(planForm{p.Hash[:], o.Codec.PlanText(p)})
		if err != nil {
			return err
		}
		if err := in(tx, bPlans).put(planKey(p), form); err != nil {
			return err
		}
	}
	return nil
}

func planKey(p *plan.Plan) []byte { return key(p.Name, uint32(p.Version)) } //nolint:gosec // versions are from 1

// readPlans takes the plans given and holds them against those in the file, or
// reads those in the file where none are given.
func (s *Store) readPlans(tx *bbolt.Tx) error {
	var kept []*plan.Plan
	hashes := map[string][32]byte{}
	err := in(tx, bPlans).walk(nil, func(k, v []byte) error {
		f, err := decodePlan(v)
		if err != nil {
			return err
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
