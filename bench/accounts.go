package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
)

const (
	accountsGoal = 4
	memoryGoal   = 1 << 10 // MiB
)

// ledgerOf is a company's ledger in a process of its own, and what it cost.
type ledgerOf struct {
	accounts int
	servant  *servant
	made     answer
	setup    answer
	rounds   []answer
	settled  answer
}

func (b *bench) startLedger(ctx context.Context, accounts, events int) (l *ledgerOf, err error) {
	dir := b.w.path(fmt.Sprintf("accounts-%d", accounts))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	l = &ledgerOf{accounts: accounts}
	o := order{Do: "make", Dir: dir, Seed: b.o.seed, Accounts: accounts, Events: events}
	maker, err := startServant(ctx, "company")
	if err != nil {
		return nil, err
	}
	if l.made, err = maker.ask(o); err != nil {
		return nil, errors.Join(err, maker.stop())
	}
	if err := maker.stop(); err != nil {
		return nil, err
	}
	b.say("accounts: %d accounts are made up", accounts)
	if l.servant, err = startServant(ctx, "ledger"); err != nil {
		return nil, err
	}
	o.Do, o.Setup = "open", l.made.Setup
	if l.setup, err = l.servant.ask(o); err != nil {
		return nil, errors.Join(err, l.servant.stop())
	}
	b.say("accounts: %d accounts are set up by %d events in %.0f s", accounts, l.made.Setup, l.setup.Cost.Wall.Seconds())
	return l, nil
}

// manyAccounts measures how the cost of an event and the memory grow with the
// accounts there are.
func manyAccounts(ctx context.Context, b *bench) (out finding, err error) {
	if b.o.largest < 1 {
		return out, errors.New("-largest is from 1")
	}
	sizes := slices.DeleteFunc([]int{1000, 10_000, 100_000, 1_000_000}, func(n int) bool { return n >= b.o.largest })
	sizes = sized(b, append(sizes, b.o.largest), []int{300, 3000})
	rounds, events := b.studyRounds(), sized(b, 8, 1)*recordBatch
	var all []*ledgerOf
	defer func() {
		for _, l := range all {
			err = errors.Join(err, l.servant.stop())
		}
		for _, n := range sizes {
			err = errors.Join(err, b.discard(fmt.Sprintf("accounts-%d", n)))
		}
	}()
	for _, n := range sizes {
		l, err := b.startLedger(ctx, n, (rounds+1)*events)
		if err != nil {
			return out, err
		}
		all = append(all, l)
	}
	for n := range rounds + 1 {
		for i := range all {
			l := all[(i+n)%len(all)]
			a, err := l.servant.ask(order{Do: "record", Events: events})
			if err != nil {
				return out, err
			}
			l.rounds = append(l.rounds, a)
		}
	}
	for _, l := range all {
		if l.settled, err = l.servant.ask(order{Do: "settle"}); err != nil {
			return out, err
		}
		b.say("accounts: %d books of %d accounts are settled in %.1f s", l.settled.Dirty, l.accounts, l.settled.Cost.Wall.Seconds())
		if err := l.end(); err != nil {
			return out, err
		}
	}
	accountsFindings(&out, all, events)
	return out, nil
}

// end is the oracle.
func (l *ledgerOf) end() error {
	a, err := l.servant.ask(order{Do: "close"})
	if err != nil {
		return err
	}
	if got := a.Filed.Applied + a.Filed.Duplicates + a.Filed.Rejected; got != l.made.Setup+l.made.Live || a.Filed.Rejected > 2 {
		return fmt.Errorf("of %d events of %d accounts %+v were taken, want all, and at most two rejected", l.made.Setup+l.made.Live, l.accounts, a.Filed)
	}
	return nil
}

// accountsFindings leaves out the round that warmed up.
func accountsFindings(out *finding, all []*ledgerOf, events int) {
	const x, y, plot = "accounts", "µs per event", "cost per event by accounts"
	wall := curve{Plot: plot, Name: "by the clock", X: x, Y: y, LogX: true, LogY: true}
	cpu := curve{Plot: plot, Name: "CPU", X: x, Y: y, LogX: true, LogY: true}
	memory := curve{Plot: "anonymous memory by accounts", Name: "at most, while measured", X: x, Y: "MiB", LogX: true}
	books := curve{Plot: "settling of books by accounts", Name: "a payee's book", X: x, Y: "µs of CPU", LogX: true, LogY: true}
	last := all[len(all)-1]
	for _, l := range all {
		add := func(c *curve, what, unit string, value func(answer) float64) figure {
			f := figureOf(fmt.Sprintf("%d accounts, %s", l.accounts, what), unit, l.over(value))
			c.Points = append(c.Points, [2]float64{float64(l.accounts), f.Median})
			return f
		}
		anon := add(&memory, "anonymous memory", "MiB", func(a answer) float64 { return mib(a.Peak) })
		if l == last {
			anon = anon.judged(fmt.Sprintf("< %d", memoryGoal), anon.High < memoryGoal)
		}
		settled := figureOf(fmt.Sprintf("%d accounts, a payee's book settled, CPU", l.accounts), "µs", []float64{l.settled.Cost.cpu()})
		books.Points = append(books.Points, [2]float64{float64(l.accounts), settled.Median})
		out.Figures = append(out.Figures, add(&wall, "by the clock", y, wallOf), add(&cpu, "CPU", y, cpuOf), anon, settled)
		out.Notes = append(out.Notes, fmt.Sprintf("%d accounts: %d events of setup at %.0f events/s; %.0f %% of the events measured are scores; anonymous memory at most %.0f MiB, the setup's larger batches included.",
			l.accounts, l.made.Setup, 1e6/l.setup.Cost.wall(), 100*float64(l.made.Scores)/float64(l.made.Live), mib(max(l.setup.Peak, l.most()))))
	}
	out.Figures = append(out.Figures, last.against(all[0], "by the clock", wallOf), last.against(all[0], "CPU", cpuOf))
	out.Curves = []curve{wall, cpu, memory, books}
	out.Notes = append(out.Notes, fmt.Sprintf("rounds of %d events right after the import, in batches of %d; each ledger in a process of its own that made it, with a cache of 550,000 facts. "+
		"Files of up to %d accounts were derived again at the end, larger ones counted. "+
		"The books of payees whose accounts changed are settled at midnight, or when the stream is quiet. The rounds of small companies take many days and have it in them; a round of a large one is a part of a day.", events, recordBatch, verifiedUpTo))
}

func wallOf(a answer) float64 { return a.Cost.wall() }
func cpuOf(a answer) float64  { return a.Cost.cpu() }
func mib(n int64) float64     { return float64(n) / (1 << 20) }

// over gives a value of each measured round.
func (l *ledgerOf) over(value func(answer) float64) (out []float64) {
	for _, a := range l.rounds[1:] {
		out = append(out, value(a))
	}
	return out
}

// against is how many times as much events cost as those of few accounts.
func (l *ledgerOf) against(few *ledgerOf, what string, value func(answer) float64) figure {
	ratios, less := l.over(value), few.over(value)
	for n := range ratios {
		ratios[n] /= less[n]
	}
	return figureOf(fmt.Sprintf("%d accounts ÷ %d, %s", l.accounts, few.accounts, what), "×", ratios).under(accountsGoal)
}

func (l *ledgerOf) most() (n int64) {
	for _, a := range l.rounds {
		n = max(n, a.Peak)
	}
	return n
}
