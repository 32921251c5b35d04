package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"

	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/demo"
)

const (
	accountsGoal = 4
	memoryGoal   = 1 << 10 // MiB
	// verifiedUpTo is up to how many accounts a file is derived again at the
	// end; of more it is counted only.
	verifiedUpTo = 10_000
)

func init() {
	servants["company"] = makeCompany
	servants["ledger"] = new(companyLedger).do
}

// makeCompany writes the setup of a company and the events after it to a file,
// in a process of its own, for a large company takes much memory to make up.
func makeCompany(ctx context.Context, o order) (a answer, err error) {
	f, err := os.Create(filepath.Join(o.Dir, "events.ndjson"))
	if err != nil {
		return a, err
	}
	out := bufio.NewWriterSize(f, 1<<20)
	company := (&workload{Seed: o.Seed, Accounts: o.Accounts}).company()
	begins := company.From.Start(company.Plans()[0].Zone).Add(importEnds)
	for arrival := range company.Events() {
		if arrival.Recorded.Before(begins) {
			a.Setup++
		} else if a.Live++; arrival.Event.Head().Type == "crm.health.scored.v1" {
			a.Scores++
		}
		if err := writeLine(out, arrival); err != nil {
			return a, err
		}
		if a.Live == o.Events || ctx.Err() != nil {
			break
		}
	}
	if a.Live < o.Events {
		err = fmt.Errorf("the company's year has %d events after its import, not %d", a.Live, o.Events)
	}
	return a, errors.Join(err, out.Flush(), f.Close(), ctx.Err())
}

func writeLine(out *bufio.Writer, a demo.Arrival) error {
	body, err := demo.Line(a)
	if err != nil {
		return err
	}
	_, err = out.Write(append(body, '\n'))
	return err
}

// companyLedger is a ledger that is given such a file, bit by bit.
type companyLedger struct {
	file  *filing
	from  *os.File
	lines *bufio.Scanner
	all   bool // it is verified at the end
}

func (l *companyLedger) do(ctx context.Context, o order) (answer, error) {
	switch o.Do {
	case "open":
		return l.open(ctx, o)
	case "record":
		return l.record(o.Events)
	case "close":
		check := l.file.counted
		if l.all {
			check = l.file.verified
		}
		return answer{Filed: l.file.got}, errors.Join(check(), l.file.Close(), l.from.Close())
	}
	return answer{}, fmt.Errorf("%q is no order", o.Do)
}

// open makes the ledger and records the setup.
func (l *companyLedger) open(ctx context.Context, o order) (a answer, err error) {
	l.all = o.Accounts <= verifiedUpTo
	if l.from, err = os.Open(filepath.Join(o.Dir, "events.ndjson")); err != nil {
		return a, err
	}
	l.lines = bufio.NewScanner(l.from)
	l.lines.Buffer(make([]byte, 1<<16), 1<<20)
	company := (&workload{Seed: o.Seed, Accounts: o.Accounts}).company()
	if l.file, err = openFiling(filepath.Join(o.Dir, "accounts.db"), company.Plans()); err != nil {
		return a, err
	}
	l.file.batch = 4 * recordBatch // larger ones would show in the memory
	before := spentNow()
	if err := l.file.fill(ctx, l.next(o.Setup)); err != nil {
		return a, err
	}
	a.Cost, a.Peak = spentNow().since(before), l.file.peak
	a.Cost.Events, l.file.peak = o.Setup, 0
	info, err := os.Stat(l.file.path)
	if err == nil {
		a.FileBytes = info.Size()
	}
	return a, err
}

// next gives the next lines of the file.
func (l *companyLedger) next(n int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for range n {
			if !l.lines.Scan() {
				yield(nil, errors.Join(errors.New("the file of events ends too soon"), l.lines.Err()))
				return
			}
			if !yield([]byte(l.lines.Text()), nil) {
				return
			}
		}
	}
}

// record records the next events, decoded beforehand, as batches of a worker.
func (l *companyLedger) record(n int) (a answer, err error) {
	var batch []tenant.Arrival
	left := n
	for body, err := range l.next(n) {
		if err != nil {
			return a, err
		}
		arrival, err := l.file.arrival(body)
		if err != nil {
			return a, err
		}
		if batch = append(batch, arrival); len(batch) < min(recordBatch, left) {
			continue
		}
		c, err := l.file.take(batch)
		if err != nil {
			return a, err
		}
		left -= len(batch)
		a.Cost, batch = a.Cost.add(c), nil
	}
	a.Peak, l.file.peak = l.file.peak, 0
	return a, nil
}

// ledgerOf is a company's ledger in a process of its own, and what it cost.
type ledgerOf struct {
	accounts int
	servant  *servant
	made     answer
	setup    answer
	rounds   []answer
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
	const x = "accounts"
	wall := curve{Plot: "cost per event by accounts", Name: "by the clock", X: x, Y: "µs per event", LogX: true, LogY: true}
	cpu := curve{Plot: wall.Plot, Name: "CPU", X: x, Y: wall.Y, LogX: true, LogY: true}
	memory := curve{Plot: "anonymous memory by accounts", Name: "at most, while measured", X: x, Y: "MiB", LogX: true}
	first, last := all[0], all[len(all)-1]
	over := func(l *ledgerOf, value func(answer) float64) (out []float64) {
		for _, a := range l.rounds[1:] {
			out = append(out, value(a))
		}
		return out
	}
	ofWall, ofCPU := func(a answer) float64 { return a.Cost.wall() }, func(a answer) float64 { return a.Cost.cpu() }
	peak := func(a answer) float64 { return float64(a.Peak) / (1 << 20) }
	for _, l := range all {
		for _, of := range []struct {
			name, unit string
			rounds     []float64
			c          *curve
		}{
			{"by the clock", "µs per event", over(l, ofWall), &wall}, {"CPU", "µs per event", over(l, ofCPU), &cpu}, {"anonymous memory", "MiB", over(l, peak), &memory},
		} {
			f := figureOf(fmt.Sprintf("%d accounts, %s", l.accounts, of.name), of.unit, of.rounds)
			of.c.Points = append(of.c.Points, [2]float64{float64(l.accounts), f.Median})
			if of.c == &memory && l == last {
				f = f.judged(fmt.Sprintf("< %d", memoryGoal), f.High < memoryGoal)
			}
			out.Figures = append(out.Figures, f)
		}
		out.Notes = append(out.Notes, fmt.Sprintf("%d accounts: %d events of setup at %.0f events/s; %.0f %% of the events measured are scores; anonymous memory at most %.0f MiB, the setup's larger batches included.",
			l.accounts, l.made.Setup, 1e6/l.setup.Cost.wall(), 100*float64(l.made.Scores)/float64(l.made.Live), float64(max(l.setup.Peak, l.most()))/(1<<20)))
	}
	for _, of := range []struct {
		name  string
		value func(answer) float64
	}{{"by the clock", ofWall}, {"CPU", ofCPU}} {
		var ratios []float64
		few, many := over(first, of.value), over(last, of.value)
		for n := range few {
			ratios = append(ratios, many[n]/few[n])
		}
		out.Figures = append(out.Figures, figureOf(fmt.Sprintf("%d accounts ÷ %d, %s", last.accounts, first.accounts, of.name), "×", ratios).under(accountsGoal))
	}
	out.Curves = []curve{wall, cpu, memory}
	out.Notes = append(out.Notes, fmt.Sprintf("rounds of %d events right after the import, in batches of %d; each ledger in a process of its own that made it, with the default cache. "+
		"Files of up to %d accounts were derived again at the end, larger ones counted.", events, recordBatch, verifiedUpTo))
}

func (l *ledgerOf) most() (n int64) {
	for _, a := range l.rounds {
		n = max(n, a.Peak)
	}
	return n
}
