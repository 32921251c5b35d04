package store

import (
	"bytes"
	"context"
	"slices"
	"sync"

	"github.com/trueup/trueup/domain"
	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/tenant"
)

// A Summary answers for the whole ledger without reading all of it each time:
// it keeps at hand what payees' entries add up to, their own facts, the
// episodes, the flags and the frozen statements, and brings that up to the
// moment it is asked about. Of a ledger it reads the entries after the last it
// has seen, of everything else the records whose seals are not what they were.
// Many may ask at once.
type Summary struct {
	store *Store

	mu         sync.Mutex // held while a view is begun and caught up with, so that what is at hand never goes back
	payees     *mirror[*ledger.Sum]
	episodes   *mirror[tenant.Episode]
	flags      *mirror[tenant.Flag]
	statements *mirror[tenant.Statement]
	parked     *mirror[string] // codes of what waits; empty for what does not

	told sync.Map // of event.PayeeID: *toldFacts
}

// toldFacts are a payee's own facts; mark is the sum of the weights of their
// runs in the index.
type toldFacts struct {
	mark  uint64
	facts []toldFact
}

type toldFact struct {
	event.Event
	sum tenant.Sum
}

// NewSummary has nothing at hand yet.
func NewSummary(s *Store) *Summary {
	return &Summary{
		store: s, payees: &mirror[*ledger.Sum]{}, episodes: &mirror[tenant.Episode]{}, flags: &mirror[tenant.Flag]{}, statements: &mirror[tenant.Statement]{},
		parked: &mirror[string]{},
	}
}

// Summed is a View with what a Summary keeps at hand of the same moment.
type Summed struct {
	*View
	of         *Summary
	payees     *mirror[*ledger.Sum]
	episodes   *mirror[tenant.Episode]
	flags      *mirror[tenant.Flag]
	statements *mirror[tenant.Statement]
}

// View reads the ledger at one moment, as Store.View does.
func (s *Summary) View(read func(*Summed) error) error {
	s.mu.Lock()
	unlock := sync.OnceFunc(s.mu.Unlock)
	defer unlock()
	return s.store.View(func(v *View) error {
		if err := s.catchUp(v); err != nil {
			return err
		}
		now := &Summed{v, s, s.payees, s.episodes, s.flags, s.statements}
		unlock()
		return read(now)
	})
}

func (s *Summary) catchUp(v *View) error {
	payees, err := s.payees.caughtUp(in(v.tx, bPayees), s.sumIn(v))
	if err != nil {
		return err
	}
	episodes, err := s.episodes.caughtUp(in(v.tx, bEpisodes), func(k, b []byte, _ *tenant.Episode) (tenant.Episode, error) { return decodeEpisode(k, b) })
	if err != nil {
		return err
	}
	flags, err := s.flags.caughtUp(in(v.tx, bFlags), func(k, b []byte, _ *tenant.Flag) (tenant.Flag, error) { return decodeFlag(k, b) })
	if err != nil {
		return err
	}
	statements, err := s.statements.caughtUp(in(v.tx, bStatements), func(k, b []byte, _ *tenant.Statement) (tenant.Statement, error) {
		return decodeStatementAt(k, b)
	})
	if err != nil {
		return err
	}
	s.payees, s.episodes, s.flags, s.statements = payees, episodes, flags, statements
	return nil
}

// sumIn is how a payee's sum is made in a view of the ledger: what it was, and
// the entries since.
func (s *Summary) sumIn(v *View) func(k, b []byte, was **ledger.Sum) (*ledger.Sum, error) {
	home := s.store.plans[0]
	return func(k, b []byte, was **ledger.Sum) (*ledger.Sum, error) {
		payee := event.PayeeID(k)
		at := ledger.Account{Payee: payee}
		var err error
		if len(b) > 0 {
			if at, err = decodeLedger(payee, b); err != nil {
				return nil, err
			}
		}
		sum := &ledger.Sum{}
		if was != nil {
			sum = (*was).Clone()
		}
		from := sum.Seq + 1
		sum.Account = at
		prefix := key(payee)
		c := in(v.tx, bLedger).cursor()
		for ok := c.seek(key(payee, from)); ok && bytes.HasPrefix(c.k, prefix); ok = c.next() {
			e, err := decodeEntry(c.k, c.v)
			if err != nil {
				return nil, err
			}
			if err := sum.Add(e, home.Periods.Calendar, home.Zone); err != nil {
				return nil, err
			}
		}
		return sum, c.err
	}
}

// warmStep is about how many entries are read in one view by Warm.
const warmStep = 4096

// Warm reads the ledgers in short views, so that the first question need not
// wait for all of them to be. It says how many payees it has read.
func (s *Summary) Warm(ctx context.Context, progress func(payees int)) error {
	var list []mirrored[*ledger.Sum]
	for from, done := []byte{}, false; !done; {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := s.store.View(func(v *View) error {
			b := in(v.tx, bPayees)
			read, c := s.sumIn(v), b.cursor()
			ok := c.seek(from)
			for n := uint64(0); ok && n < warmStep; ok = c.next() {
				sum, err := read(c.k, c.v, nil)
				if err != nil {
					return err
				}
				list = append(list, mirrored[*ledger.Sum]{bytes.Clone(c.k), seal(b.name, c.k, c.v), sum})
				n += sum.Seq + 1
			}
			from, done = bytes.Clone(c.k), !ok
			return c.err
		})
		if err != nil {
			return err
		}
		progress(len(list))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.payees.read {
		s.payees = &mirror[*ledger.Sum]{list: list}
	}
	return nil
}

// Sums goes through every payee known, by id. What it yields must not be
// changed.
func (v *Summed) Sums(yield func(*ledger.Sum) error) error {
	for _, p := range v.payees.list {
		if err := yield(p.of); err != nil {
			return err
		}
	}
	return nil
}

// Payees lists every payee known, sorted.
func (v *Summed) Payees() ([]event.PayeeID, error) {
	out := make([]event.PayeeID, len(v.payees.list))
	for i, p := range v.payees.list {
		out[i] = p.of.Payee
	}
	return out, nil
}

// AllEpisodes goes through every episode by account and opening.
func (v *Summed) AllEpisodes(yield func(tenant.Episode) error) error {
	for _, e := range v.episodes.list {
		if err := yield(e.of); err != nil {
			return err
		}
	}
	return nil
}

// AllFlags goes through every flag that is raised.
func (v *Summed) AllFlags(yield func(tenant.Flag) error) error {
	for _, f := range v.flags.list {
		if err := yield(f.of); err != nil {
			return err
		}
	}
	return nil
}

// Statements lists a quarter's frozen statements by payee, as last locked.
func (v *Summed) Statements(q civil.Quarter) ([]tenant.Statement, error) {
	var out []tenant.Statement
	i, _ := slices.BinarySearchFunc(v.statements.list, key(q), func(m mirrored[tenant.Statement], k []byte) int { return bytes.Compare(m.key, k) })
	for _, m := range v.statements.list[i:] {
		if m.of.Period != q {
			break
		}
		if n := len(out); n > 0 && out[n-1].Payee == m.of.Payee {
			out[n-1] = m.of // a later lock's
			continue
		}
		out = append(out, m.of)
	}
	return out, nil
}

// Facts goes through the facts of a scope in the order of their arrival; those
// of payees, of whom every list asks, are kept at hand.
func (v *Summed) Facts(of event.Scope, yield func(event.Event, tenant.Sum) error) error {
	if of.Payee == "" {
		return v.View.Facts(of, yield)
	}
	told, err := v.toldOf(of)
	if err != nil {
		return err
	}
	for _, f := range told.facts {
		if err := yield(f.Event, f.sum); err != nil {
			return err
		}
	}
	return nil
}

func (v *Summed) toldOf(of event.Scope) (*toldFacts, error) {
	now := &toldFacts{}
	err := v.prefixed(bFactsOf, key(of), func(k, b []byte) error {
		now.mark += weight(seal(bFactsOf, k, b))
		return nil
	})
	if err != nil {
		return nil, err
	}
	if had, ok := v.of.told.Load(of.Payee); ok && had.(*toldFacts).mark == now.mark {
		return had.(*toldFacts), nil
	}
	err = v.View.Facts(of, func(ev event.Event, sum tenant.Sum) error {
		now.facts = append(now.facts, toldFact{ev, sum})
		return nil
	})
	v.of.told.Store(of.Payee, now) // facts are only ever added, so that an older one is found out
	return now, err
}

// InputsAfter goes through the facts that came after a number of them, in order
// of their arrival and up to a number at once, and says up to which it went.
// They come without their canonical form.
func (v *View) InputsAfter(n uint64, most int, yield func(tenant.Input) error) (uint64, error) {
	c := in(v.tx, bFacts).cursor()
	for ok := c.seek(key(n + 1)); ok && most > 0; ok = c.next() {
		arrived, sum, canonical, err := decodeFact(c.v)
		if err != nil {
			return n, err
		}
		ev, err := v.codec.Fact(canonical)
		if err != nil {
			return n, domain.Errorf(domain.Corrupt, "fact %d: %w", lastUint64(c.k), err)
		}
		if err := yield(tenant.Input{Event: ev, Sum: sum, Arrived: arrived}); err != nil {
			return n, err
		}
		n = lastUint64(c.k)
		most--
	}
	return n, c.err
}

// Commit numbers the transaction that wrote what the view reads: of two views
// with one number and one State.AsOf all else is the same too.
func (v *View) Commit() int { return v.tx.ID() }

// LastFact is how many facts there are.
func (v *View) LastFact() (uint64, error) { return lastFact(v.tx) }
