package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/domain/ledger"
	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/store"
)

// What the hash chain costs is measured on a company's usual mix, and on what
// makes the most entries: churns that claw back many deals at once.
const (
	chainAccounts = 1500
	chainEvents   = 20_000
	heavyAccounts = 1000
	heavyDeals    = 20 // booked on each of the accounts, just before
	chainGoal     = 10 // percent
	hashAtLeast   = 200 * time.Millisecond
)

// chainRound is what one round of one mix came to.
type chainRound struct {
	events, entries, outs float64
	wall, cpu             time.Duration // of Record
	ledger, out           time.Duration // processor time of the same hashes
}

// findChain measures the hashes of a run alone, over the same entries and
// outputs, as a share of the transactions that made them.
func findChain(_ context.Context, b *bench) (f finding, err error) {
	usual, err := b.script(false, b.sized(chainAccounts), b.sized(chainEvents), mix)
	if err != nil {
		return f, err
	}
	heavy, err := b.script(false, b.sized(heavyAccounts), b.sized(heavyAccounts), churns)
	if err != nil {
		return f, err
	}
	scripts := []struct {
		name string
		of   *script
	}{{"usual mix", usual}, {"payout-heavy", heavy}}
	rounds := map[string][]chainRound{}
	for n := range b.studyRounds() {
		for i := range scripts {
			s := scripts[(i+n)%len(scripts)]
			r, err := b.chainRound(s.of)
			if err != nil {
				return f, fmt.Errorf("%s: %w", s.name, err)
			}
			rounds[s.name] = append(rounds[s.name], r)
			b.say("round %d: %s: %.2f entries/event, hashes %v of %v", n+1, s.name, r.entries/r.events, r.ledger+r.out, r.cpu)
		}
	}
	for _, s := range scripts {
		f.Figures = append(f.Figures, chainFigures(s.name, rounds[s.name])...)
	}
	f.Notes = []string{
		"The transactions run in this process, without the broker: what else an event costs would make the share smaller. The hashes are those of the\nrun, timed alone: each entry's chain hash twice, as the engine makes and the store checks it, and the out log's, over the real bytes.",
		fmt.Sprintf("Payout-heavy: each event is the churn of an account, just after %d deals were booked on it.", heavyDeals),
		"Processor time is of the whole process, its garbage collector included, for both.",
	}
	return f, nil
}

// chainRound records a script into a file of its own and then makes the hashes
// of what was measured again.
func (b *bench) chainRound(s *script) (r chainRound, err error) {
	dir, err := os.MkdirTemp(b.w.Dir, "chain")
	if err != nil {
		return r, err
	}
	defer func() { err = cmp.Or(err, os.RemoveAll(dir)) }()
	st, err := s.openScripted(filepath.Join(dir, tenantName+".db"))
	if err != nil {
		return r, err
	}
	defer func() { err = cmp.Or(err, st.Close()) }()
	setup, err := arrivals(s.setup, 0)
	if err != nil {
		return r, err
	}
	measured, err := arrivals(s.measured, uint64(len(setup)))
	if err != nil {
		return r, err
	}
	if err := recordAll(st, setup); err != nil {
		return r, err
	}
	before, err := st.LastOutput()
	if err != nil {
		return r, err
	}
	heads, err := headsOf(st)
	if err != nil {
		return r, err
	}
	runtime.GC()
	start, cpu := time.Now(), processor()
	if err := recordAll(st, measured); err != nil {
		return r, err
	}
	r.wall, r.cpu, r.events = time.Since(start), processor()-cpu, float64(len(measured))
	if err := r.hashes(st, heads, before); err != nil {
		return r, err
	}
	return r, s.hold(st)
}

// headsOf is how many entries each payee has.
func headsOf(st *store.Store) (map[event.PayeeID]uint64, error) {
	heads := map[event.PayeeID]uint64{}
	return heads, st.View(func(v *store.View) error {
		now, err := standings(v)
		for id, at := range now {
			heads[id] = at.Seq
		}
		return err
	})
}

// hashes times the hashes of the entries after the heads and of the outputs
// after a number, and checks that they are the same.
func (r *chainRound) hashes(st *store.Store, heads map[event.PayeeID]uint64, after uint64) error {
	var entries []*ledger.Entry
	var before [][32]byte // of each
	err := st.View(func(v *store.View) error {
		ids, err := v.Payees()
		for _, id := range ids {
			var last [32]byte
			err = errors.Join(err, v.EntriesOf(id, func(e *ledger.Entry) error {
				if e.Seq > heads[id] {
					entries, before = append(entries, e), append(before, last)
				}
				last = e.Hash
				return nil
			}))
		}
		return err
	})
	if err != nil {
		return err
	}
	last, err := st.LastOutput()
	if err != nil {
		return err
	}
	outs, err := st.Outputs(after, int(last-after)) //nolint:gosec // a count
	if err != nil {
		return err
	}
	hash, ok, err := st.OutputHash(after)
	if err != nil || !ok {
		return cmp.Or(err, errors.New("the out log does not reach its own middle"))
	}
	r.entries, r.outs = float64(len(entries)), float64(len(outs))
	r.ledger, err = timed(func() error {
		for range 2 {
			for i, e := range entries {
				if e.ChainHash(before[i]) != e.Hash {
					return fmt.Errorf("entry %s has another hash", e.ID)
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	payloads := make([][]byte, len(outs))
	for i, o := range outs {
		payloads[i] = outPayload(o)
	}
	r.out, err = timed(func() error {
		at := hash
		for i, o := range outs {
			if at = hashOut(at, payloads[i]); at != o.Hash {
				return fmt.Errorf("output %d has another hash", o.N)
			}
		}
		return nil
	})
	return err
}

// outPayload is what the store hashes of an output, and hashOut how.
func outPayload(o tenant.Output) []byte {
	b := binary.AppendUvarint(nil, uint64(len(o.Subject)))
	b = binary.AppendUvarint(append(b, o.Subject...), uint64(len(o.ID)))
	return append(append(b, o.ID...), o.Body...)
}

func hashOut(before [32]byte, payload []byte) [32]byte {
	h := sha256.New()
	h.Write(before[:])
	h.Write(payload)
	return [32]byte(h.Sum(nil))
}

// timed is the processor time of one call, by as many as it takes.
func timed(f func() error) (time.Duration, error) {
	runtime.GC()
	start, calls := processor(), 0
	for {
		if err := f(); err != nil {
			return 0, err
		}
		calls++
		if took := processor() - start; took >= hashAtLeast {
			return took / time.Duration(calls), nil
		}
	}
}

func chainFigures(mix string, rounds []chainRound) []figure {
	per := func(name, unit string, of func(chainRound) float64) figure {
		var all []float64
		for _, r := range rounds {
			all = append(all, of(r))
		}
		return counted(mix+": "+name, unit, all)
	}
	hashes := func(r chainRound) float64 { return float64(r.ledger + r.out) }
	return []figure{
		per("entries", "/event", func(r chainRound) float64 { return r.entries / r.events }),
		per("outputs", "/event", func(r chainRound) float64 { return r.outs / r.events }),
		per("Record, wall", "µs/event", func(r chainRound) float64 { return inMicros(r.wall) / r.events }),
		per("Record, processor", "µs/event", func(r chainRound) float64 { return inMicros(r.cpu) / r.events }),
		per("hashes of an entry, both", "µs", func(r chainRound) float64 { return inMicros(r.ledger) / max(r.entries, 1) }),
		per("hash of an output", "µs", func(r chainRound) float64 { return inMicros(r.out) / max(r.outs, 1) }),
		per("hashes, of Record's processor time", "%", func(r chainRound) float64 { return 100 * hashes(r) / float64(r.cpu) }).under(chainGoal),
		per("hashes, of Record's wall time", "%", func(r chainRound) float64 { return 100 * hashes(r) / float64(r.wall) }).under(chainGoal),
	}
}

func inMicros(d time.Duration) float64 { return float64(d) / 1e3 }
