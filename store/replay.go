package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"go.etcd.io/bbolt"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/tenant"
)

// ReplayOptions say how a ledger is derived again.
type ReplayOptions struct {
	// Codec writes what leaves, under the name of the ledger's tenant, and decodes
	// parked inputs that were retried.
	Codec Codec
	Batch int // inputs to a transaction; 0: as many as a worker's
	// Progress hears how many of the facts are replayed; its error ends the
	// replay. It may be nil.
	Progress func(done, of uint64) error
}

const replayBatch = 1024

// Replay derives the ledger again into a new file, from nothing but what came
// to it, and holds everything that is derived against what is kept, record by
// record. What came to it:
//
//   - the facts, in the order and at the instants of their arrival;
//   - the ticks of the clock that settled something, between the same facts;
//   - the parked inputs, where the out log announces them, with the reason that
//     was given then: what was refused is a part of the history. A retry decides
//     again whether the input can be applied.
//
// Repeats, and ticks that settled nothing, leave no trace but the instant of the
// last one, which is taken as it is kept.
//
// Not compared are the position in the input stream, its checkpoints and how far
// the outputs are confirmed: they tell of the broker, not of the ledger. A new
// file has none of them: a worker that is started on one reads the whole stream
// again and finds that it knows it.
//
// Records that cannot be read are told as differences, but for those that say
// what came: from a file whose derived records are damaged comes a whole one.
//
// Of a ledger that an earlier release began, the ticks until the upgrade are not
// known, and it was settled by earlier rules: its payees are compared by what
// their entries come to, which does not depend on either.
func (s *Store) Replay(into string, o ReplayOptions) (out Replayed, err error) {
	if o.Batch == 0 {
		o.Batch = replayBatch
	}
	if o.Progress == nil {
		o.Progress = func(uint64, uint64) error { return nil }
	}
	if _, err := os.Lstat(into); err == nil {
		return out, fmt.Errorf("%s exists", into)
	}
	again, err := Open(into, Options{Tenant: s.opts.Tenant, Plans: s.plans, Plan: s.opts.Plan, Codec: o.Codec, Cache: s.opts.Cache})
	if err != nil {
		return out, err
	}
	again.db.NoSync, again.db.NoGrowSync = true, true // a crash loses what can be made again
	defer func() { err = errors.Join(err, again.db.Sync(), again.db.Close()) }()
	err = s.read(func(tx *bbolt.Tx) error {
		h, err := readHistory(tx, s.opts.Codec, o.Codec)
		if err != nil {
			return err
		}
		p := replaying{history: h, into: again, opts: o}
		if err := p.all(); err != nil {
			return err
		}
		out, err = p.compare()
		return err
	})
	return out, err
}

// replaying is a replay under way.
type replaying struct {
	*history
	into    *Store
	opts    ReplayOptions
	r       *recording // the transaction under way
	outs    uint64     // outputs before it
	refused []Difference
}

// all replays the whole history, if there is one.
func (p *replaying) all() error {
	if used, err := in(p.tx, bMeta).has(kState); err != nil || !used {
		return err
	}
	for more := true; more; {
		p.r = &recording{store: p.into}
		var err error
		if p.outs, err = p.into.LastOutput(); err != nil {
			return err
		}
		err = p.into.transact(p.r, func() error {
			for i := 0; i < p.opts.Batch && more; i++ {
				if more, err = p.step(); err != nil {
					return err
				}
			}
			return nil
		})
		if err == nil {
			err = p.opts.Progress(p.n, p.facts)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// step takes what came next; more reports whether there was anything.
func (p *replaying) step() (more bool, err error) {
	next, err := p.next()
	if err != nil {
		return false, err
	}
	if len(p.parked) > 0 {
		if here, err := p.parkHere(next); here || err != nil {
			return true, err
		}
	}
	switch {
	case next == nil:
		return false, p.end()
	case next.tick:
		p.ticks = p.ticks[1:]
		return true, p.arrive(next.Input, "tick "+next.Event.Head().ID)
	}
	return true, p.fact(next.Input)
}

// parkHere parks the next parked input if it came before what comes next.
func (p *replaying) parkHere(next *replayed) (bool, error) {
	q := p.parked[0]
	e, until := p.into.engine, p.state.AsOf
	if next != nil {
		until = next.Arrived
	}
	// A played clock that had not been told the time parks by the broker's.
	at := q.at
	if at.After(until) {
		at = until
	}
	if err := p.r.fire(e.Arrival(at)); err != nil {
		return false, err
	}
	if !p.before(q, next) {
		return false, nil
	}
	p.parked = p.parked[1:]
	e.Advance(at)
	was, _, err := getParked(p.tx, q.id)
	if err != nil {
		return false, err
	}
	was.State, was.Tries, was.By, was.Note = StateParked, 1, "", ""
	m, err := p.output(q.n)
	if err != nil {
		return false, err
	}
	p.r.messages = append(p.r.messages, m)
	return true, putParked(p.r.tx, was)
}

// before reports whether a parked input came before what comes next: after fewer
// facts; beside a tick, and where the number of facts is not known, at an earlier
// instant, or as the next that was announced.
func (p *replaying) before(q announced, next *replayed) bool {
	switch {
	case next == nil:
		return true
	case q.known && q.facts != p.n:
		return q.facts < p.n
	case q.known && !next.tick:
		return true
	}
	return q.at.Before(next.Arrived) || q.n <= p.outs+uint64(len(p.r.messages))+1
}

// fact replays the next fact. A retry brings forth others, which are not
// replayed by themselves.
func (p *replaying) fact(input tenant.Input) error {
	before, err := lastFact(p.r.tx)
	if err != nil {
		return err
	}
	p.n++
	if err := p.arrive(input, fmt.Sprintf("fact %d", p.n)); err != nil {
		return err
	}
	after, err := lastFact(p.r.tx)
	for n := before + 2; n <= after && p.n < p.facts && err == nil; n++ {
		var same bool
		if same, err = p.sameFact(p.n+1, n); !same {
			break
		}
		p.n++
	}
	return err
}

// sameFact reports whether a fact is one of the replay's.
func (p *replaying) sameFact(n, again uint64) (bool, error) {
	a, err := in(p.tx, bFacts).get(key(n))
	if err != nil {
		return false, err
	}
	b, err := in(p.r.tx, bFacts).get(key(again))
	return bytes.Equal(a, b), err
}

// arrive applies an input, as Record does; one that is refused now was not then.
func (p *replaying) arrive(input tenant.Input, what string) error {
	e := p.into.engine
	input.Arrived = e.Arrival(input.Arrived)
	if err := p.r.fire(input.Arrived); err != nil {
		return err
	}
	refusal, err := p.r.apply(input)
	err = errors.Join(err, p.r.settle())
	if err != nil {
		return fmt.Errorf("replay %s: %w", what, err)
	}
	if refusal != nil {
		e.Advance(input.Arrived)
		if len(p.refused) < differencesTold {
			p.refused = append(p.refused, Difference{What: "facts", Text: fmt.Sprintf("%s was applied and is refused now: %v", what, refusal)})
		}
	}
	return nil
}

// end brings the clock to where it stands: what came last may have left no
// other trace. What waits in the ledger that is replayed waits here too.
func (p *replaying) end() error {
	e := p.into.engine
	for {
		t, due, err := p.r.records.FirstTimer(p.state.AsOf)
		if err != nil {
			return err
		}
		if !due {
			break
		}
		if waits, err := in(p.tx, bTimers).has(timerKey(t)); err != nil {
			return err
		} else if waits {
			break
		}
		if err := p.r.fire(t.Due); err != nil {
			return err
		}
	}
	if p.upgraded && len(e.State().Dirty) > 0 {
		tick := event.Ticked{Header: event.Header{Identity: event.Identity{Source: "trueup/replay", ID: "end"}}}
		if err := p.arrive(tenant.Input{Event: tick, Arrived: p.state.AsOf}, "the last tick"); err != nil {
			return err
		}
	}
	e.Advance(p.state.AsOf)
	return nil
}
