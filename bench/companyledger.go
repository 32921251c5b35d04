package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"time"

	"github.com/trueup/trueup/domain/tenant"
	"github.com/trueup/trueup/internal/demo"
	"github.com/trueup/trueup/store"
)

// accountsCache is how many facts these ledgers keep at hand, as with "--cache
// 550000": a worker then stays under 1 GiB, however many accounts there are.
const accountsCache = 550_000

// verifiedUpTo is up to how many accounts a file is derived again at the end;
// of more it is counted only.
const verifiedUpTo = 10_000

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
	last  time.Time // arrival
	all   bool      // it is verified at the end
}

func (l *companyLedger) do(ctx context.Context, o order) (answer, error) {
	switch o.Do {
	case "open":
		return l.open(ctx, o)
	case "record":
		return l.record(o.Events)
	case "settle":
		return l.settle()
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
	asWorker(accountsCache)
	if l.file, err = openFilingWith(filepath.Join(o.Dir, "accounts.db"), company.Plans(), accountsCache); err != nil {
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
		l.last = arrival.Arrived
		a.Cost, batch = a.Cost.add(c), nil
	}
	a.Peak, l.file.peak = l.file.peak, 0
	return a, nil
}

// settle lets the clock tick, which settles the books that waited for a quiet
// moment: in a stream that never is quiet that moment is midnight.
func (l *companyLedger) settle() (a answer, err error) {
	err = l.file.View(func(v *store.View) error {
		a.Dirty = len(v.State().Dirty)
		return nil
	})
	if err != nil {
		return a, err
	}
	tick, err := l.file.tick(l.last)
	if err != nil {
		return a, err
	}
	a.Cost, err = l.file.take([]tenant.Arrival{tick})
	a.Cost.Events = a.Dirty // books, here
	a.Peak, l.file.peak = l.file.peak, 0
	return a, err
}
