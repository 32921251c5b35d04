package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/trueup/trueup/internal/demo"
)

// A batch has crowdSize accounts of one size, and perAccount events of each:
// as many accounts at every size, so that as many pages change.
const (
	crowdSize  = 64
	perAccount = recordBatch / crowdSize
	factsGoal  = 2
)

// factsOf is the accounts of one size and what batches of theirs cost.
type factsOf struct {
	size    int
	crowds  []crowd
	next    int // batches so far
	news    []cost
	late    []cost
	reuse   int // batches a crowd takes part in
	batches int // a round
}

// newFactsOf has as many accounts as are needed for none to grow by much: of
// small ones each takes part in one batch, in the middle of which it has as
// many facts as its size says.
func newFactsOf(size, rounds, batches int) *factsOf {
	f := &factsOf{size: size, batches: batches, reuse: max(size/10/perAccount, 1)}
	total := (rounds + 1) * batches
	for n := 0; n*f.reuse < total; n++ {
		g := crowd{facts: max(size-perAccount/2, 2)}
		for i := range crowdSize {
			g.accounts = append(g.accounts, newBusy(size, n*crowdSize+i, g.facts))
		}
		f.crowds = append(f.crowds, g)
	}
	return f
}

// round measures a round's batches of events newer than all before, and one of
// events that are older than the newest.
func (f *factsOf) round(file *filing, now *time.Time) error {
	var news cost
	for range f.batches {
		var batch []demo.Arrival
		g := f.crowds[f.next/f.reuse]
		f.next++
		for range perAccount {
			*now = now.Add(time.Second)
			for _, a := range g.accounts {
				batch = append(batch, a.next(*now))
			}
		}
		c, err := f.take(file, batch)
		if err != nil {
			return err
		}
		news = news.add(c)
	}
	f.news = append(f.news, news)
	*now = now.Add(busyTold + time.Second)
	var batch []demo.Arrival
	for _, a := range f.crowds[(f.next-1)/f.reuse].accounts {
		batch = append(batch, a.late(len(f.late), *now))
	}
	c, err := f.take(file, batch)
	f.late = append(f.late, c)
	return err
}

func (f *factsOf) take(file *filing, of []demo.Arrival) (cost, error) {
	batch, err := file.arrivals(of)
	if err != nil {
		return cost{}, err
	}
	applied := file.got.Applied
	c, err := file.take(batch)
	if err == nil && file.got.Applied != applied+len(batch) {
		err = fmt.Errorf("of %d events %d were applied", len(batch), file.got.Applied-applied)
	}
	return c, err
}

// factsPerAccount measures how the cost of an event grows with the facts its
// account has.
func factsPerAccount(ctx context.Context, b *bench) (out finding, err error) {
	sizes := sized(b, []int{10, 100, 1000, 10_000}, []int{10, 100, 1000})
	rounds, batches := b.studyRounds(), sized(b, 4, 1)
	var all []*factsOf
	var groups []crowd
	for _, size := range sizes {
		f := newFactsOf(size, rounds, batches)
		all, groups = append(all, f), append(groups, f.crowds...)
	}
	file, err := openFiling(b.w.path("facts.db"), b.w.company().Plans())
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, file.Close(), b.discard("facts.db")) }()
	if err := file.fill(ctx, bodiesOf(histories(groups))); err != nil {
		return out, err
	}
	b.say("facts: %d facts are in the file", file.got.Applied)
	now := busyUntil.Add(24 * time.Hour)
	for n := range rounds + 1 {
		for i := range all {
			if err := all[(i+n)%len(all)].round(file, &now); err != nil {
				return out, err
			}
		}
	}
	if err := file.verified(); err != nil {
		return out, err
	}
	out.Figures, out.Curves = factsFigures(all)
	out.Notes = []string{fmt.Sprintf("batches of %d events: %d accounts of one size, %d events of each; all %d facts in one file, every account in the cache. "+
		"Late events are recorded %d at a time, so more of their wall time is the sync.", recordBatch, crowdSize, perAccount, file.got.Applied, crowdSize)}
	return out, nil
}

// factsFigures leaves out the round that warmed up.
func factsFigures(all []*factsOf) (figures []figure, curves []curve) {
	const plot, x, y = "cost per event by facts of its account", "facts of the account", "µs per event"
	wall := curve{Plot: plot, Name: "newest, by the clock", X: x, Y: y, LogX: true, LogY: true}
	cpu := curve{Plot: plot, Name: "newest, CPU", X: x, Y: y, LogX: true, LogY: true}
	late := curve{Plot: plot, Name: "older than the newest, CPU", X: x, Y: y, LogX: true, LogY: true}
	ratios := map[string][]float64{}
	first, last := all[0], all[len(all)-1]
	for n := range first.news[1:] {
		small, large := first.news[n+1], last.news[n+1]
		ratios["clock"], ratios["cpu"] = append(ratios["clock"], large.wall()/small.wall()), append(ratios["cpu"], large.cpu()/small.cpu())
	}
	for _, f := range all {
		each := func(of []cost, value func(cost) float64) (out []float64) {
			for _, c := range of[1:] {
				out = append(out, value(c))
			}
			return out
		}
		for _, of := range []struct {
			name   string
			rounds []float64
			c      *curve
		}{
			{"newest event, by the clock", each(f.news, cost.wall), &wall},
			{"newest event, CPU", each(f.news, cost.cpu), &cpu},
			{"older event, CPU", each(f.late, cost.cpu), &late},
		} {
			x := figureOf(fmt.Sprintf("%s, %d facts", of.name, f.size), "µs", of.rounds)
			figures = append(figures, x)
			of.c.Points = append(of.c.Points, [2]float64{float64(f.size), x.Median})
		}
	}
	what := fmt.Sprintf("%d facts ÷ %d", last.size, first.size)
	return append(figures,
		figureOf(what+", by the clock", "×", ratios["clock"]).under(factsGoal),
		figureOf(what+", CPU", "×", ratios["cpu"]).under(factsGoal)), []curve{wall, cpu, late}
}
