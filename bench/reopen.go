package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/trueup/trueup/internal/demo"
	"github.com/trueup/trueup/store"
)

// restart measures a worker that is started again with a large ledger, and what
// it costs until the accounts are at hand again.
func restart(ctx context.Context, b *bench) (out finding, err error) {
	// So many accounts that their import fills the file.
	accounts, size := sized(b, 350_000, 10_000), sized(b, int64(1<<30), 30_000_000)
	r, err := newRestarts(ctx, b, accounts)
	defer func() { err = errors.Join(err, r.close()) }()
	if err != nil {
		return out, err
	}
	if err := r.grow(ctx, size); err != nil {
		return out, err
	}
	debug.FreeOSMemory() // what the company was made up in
	before, err := r.status()
	if err != nil {
		return out, err
	}
	b.say("restart: a ledger of %d facts in %d bytes", before.Facts, before.FileBytes)
	var warm, cold []back
	for n := range b.studyRounds() + 1 {
		for i := range 2 {
			chilled := (i+n)%2 == 1
			if chilled {
				if err := r.chill(); err != nil {
					return out, err
				}
			}
			took, err := r.start(ctx)
			if err != nil {
				return out, err
			}
			switch {
			case n == 0: // it publishes what was recorded without it
			case chilled:
				cold = append(cold, took)
			default:
				warm = append(warm, took)
			}
		}
	}
	after, err := r.status()
	if err != nil {
		return out, err
	}
	if n := r.events; after.Facts != before.Facts+uint64(n) || after.Entries < before.Entries+int64(n) { //nolint:gosec // a count
		return out, fmt.Errorf("%d facts and %d entries are in the file, want %d and at least %d", after.Facts, after.Entries, before.Facts+uint64(n), before.Entries+int64(n)) //nolint:gosec // a count
	}
	out.Figures = restartFigures(warm, cold)
	more, err := r.atHand(b)
	out.Figures = append(out.Figures, more...)
	out.Notes = []string{
		fmt.Sprintf("a ledger of %d facts in %.2f GiB; until the adjustment of an event that waits in the stream is stored in the output stream. "+
			"Cold: the file's pages are out of the system's cache.", before.Facts, float64(before.FileBytes)/(1<<30)),
		"The ledger is opened, and all of its pages looked at, before the worker turns to the broker.",
	}
	return out, err
}

func restartFigures(warm, cold []back) []figure {
	each := func(of []back, value func(back) float64) (out []float64) {
		for _, x := range of {
			out = append(out, value(x))
		}
		return out
	}
	started, answered := func(x back) float64 { return x.started }, func(x back) float64 { return x.answered }
	return []figure{
		figureOf("first adjustment after the broker answers, warm", "s", each(warm, answered)).under(restartGoal),
		figureOf("after the program is started, warm", "s", each(warm, started)).under(restartGoal),
		figureOf("first adjustment after the broker answers, cold", "s", each(cold, answered)),
		figureOf("after the program is started, cold", "s", each(cold, started)),
	}
}

// status is where the ledger stands while no worker has it.
func (r *restarts) status() (st store.Status, err error) {
	s, err := store.Open(r.ledger(), store.Options{ReadOnly: true, Plan: readPlan, Codec: codec{}})
	if err != nil {
		return st, err
	}
	err = s.View(func(v *store.View) (err error) {
		st, err = v.Status()
		return err
	})
	return st, errors.Join(err, s.Close())
}

// atHand measures events of accounts that are looked at for the first time
// since the ledger was opened, and of the same accounts once more.
func (r *restarts) atHand(b *bench) (out []figure, err error) {
	var first, again [2][]float64
	for n := range b.studyRounds() + 1 {
		cold, warm, err := r.touch(n, min(recordBatch, r.w.Accounts/(b.studyRounds()+1)))
		if err != nil {
			return nil, err
		}
		if n > 0 {
			first[0], first[1] = append(first[0], cold.wall()), append(first[1], cold.cpu())
			again[0], again[1] = append(again[0], warm.wall()), append(again[1], warm.cpu())
		}
	}
	return []figure{
		figureOf("an event of an account not at hand, by the clock", "µs", first[0]), figureOf("an event of an account not at hand, CPU", "µs", first[1]),
		figureOf("an event of an account at hand, by the clock", "µs", again[0]), figureOf("an event of an account at hand, CPU", "µs", again[1]),
	}, nil
}

// touch opens the ledger and records a score of each of some accounts, twice.
func (r *restarts) touch(n, accounts int) (cold, warm cost, err error) {
	f, err := openFiling(r.ledger(), nil)
	if err != nil {
		return cold, warm, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	at, err := f.AsOf()
	if err != nil {
		return cold, warm, err
	}
	scores := func(after time.Duration) (cost, error) {
		var of []demo.Arrival
		for i := range accounts {
			a := &busy{id: fmt.Sprintf("acct-%05d", n*accounts+i+1)}
			at := at.Add(after)
			of = append(of, demo.Arrival{Event: a.score(fmt.Sprintf("touch-%d-%d-%s", n, i, after), 0, at), Recorded: at})
		}
		batch, err := f.arrivals(of)
		if err != nil {
			return cost{}, err
		}
		return f.take(batch)
	}
	if _, err := scoresOfNobody(f, at.Add(time.Second)); err != nil { // the tenant's own facts are read first
		return cold, warm, err
	}
	if cold, err = scores(2 * time.Second); err != nil {
		return cold, warm, err
	}
	if warm, err = scores(3 * time.Second); err == nil && f.got.Applied != 2*accounts+1 {
		err = fmt.Errorf("%d events of accounts were applied, want %d", f.got.Applied, 2*accounts+1)
	}
	return cold, warm, err
}

// scoresOfNobody records a score of an account that nothing else is known of.
func scoresOfNobody(f *filing, at time.Time) (cost, error) {
	a := &busy{id: "nobody"}
	id := "touch-" + at.Format(time.RFC3339Nano)
	batch, err := f.arrivals([]demo.Arrival{{Event: a.score(id, 0, at), Recorded: at}})
	if err != nil {
		return cost{}, err
	}
	return f.take(batch)
}
