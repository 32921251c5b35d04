package main

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// The storm: the same events again and again under new message ids, which the
// broker does not know for repeats.
const (
	stormAccounts = 1500
	stormEvents   = 20_000
	stormTimes    = 10
	// stormGoal allows that the position is written down now and then: one
	// commit, which is two fdatasyncs, for ten full batches of repeats.
	stormGoal = 0.2
)

// stormRound is what a storm came to.
type stormRound struct {
	events  float64
	elapsed time.Duration
	used    used
	server  used
	commits float64
}

// findDuplicates measures what it costs to find out that there is nothing new.
func findDuplicates(ctx context.Context, b *bench) (f finding, err error) {
	s, err := b.script(true, b.sized(stormAccounts), b.sized(stormEvents), mix)
	if err != nil {
		return f, err
	}
	l, err := b.openLab(ctx, s, s.setup)
	if err != nil {
		return f, err
	}
	defer func() { err = cmp.Or(err, l.close()) }()
	// The first time all of it is news.
	if err := l.with(ctx, true, func(*process) error { return l.publish(ctx, s.measured) }); err != nil {
		return f, err
	}
	var rounds []stormRound
	for n := range b.studyRounds() {
		r, err := l.storm(ctx, fmt.Sprint(n))
		if err != nil {
			return f, err
		}
		rounds = append(rounds, r)
		b.say("round %d: %.0f events/s, %.0f commits and %d bytes to disk for %.0f repeats", n+1, r.events/r.elapsed.Seconds(), r.commits, r.used.written, r.events)
	}
	return stormFinding(s, rounds), nil
}

// storm publishes the repeats while there is no worker, and measures one that
// reads them, from the end of the first time on: its caches are warm then. The
// oracle is the same as before the storm: no entry and no output more.
func (l *lab) storm(ctx context.Context, round string) (r stormRound, err error) {
	first, err := l.last(ctx)
	if err != nil {
		return r, err
	}
	for n := range stormTimes {
		again := slices.Clone(l.script.measured)
		for i := range again {
			again[i].msg.ID = fmt.Sprintf("storm-%s-%d-%d", round, n, i)
		}
		if err := l.publish(ctx, again); err != nil {
			return r, err
		}
	}
	last, err := l.last(ctx)
	if want := first + uint64(stormTimes*len(l.script.measured)); err == nil && last != want {
		err = fmt.Errorf("the stream ends at %d, want %d: the broker dropped repeats", last, want)
	}
	if err != nil {
		return r, err
	}
	worker, answers, err := startWorker(l.bin, l.w, l.w.path("us"))
	if err != nil {
		return r, err
	}
	r, err = l.watchStorm(ctx, worker, first+uint64(len(l.script.measured)), last)
	if err == nil {
		err = settled(ctx, answers)
	}
	if err := cmp.Or(err, worker.stop()); err != nil {
		return r, err
	}
	return r, checkOurs(ctx, l.w, l.conn, l.script.want)
}

func (l *lab) watchStorm(ctx context.Context, worker *process, from, to uint64) (r stormRound, err error) {
	file := filepath.Join(l.w.path("us"), tenantName+".db")
	look := func(seq uint64) (at reached, u, server used, commits uint64, err error) {
		if at, err = await(ctx, worker, l.conn, seq); err != nil {
			return at, u, server, 0, err
		}
		commits, err = commitsOf(file)
		return at, usageOf(worker.pid()), usageOf(l.server.pid()), commits, err
	}
	began, before, serverBefore, commitsBefore, err := look(from)
	if err != nil {
		return r, err
	}
	ended, after, serverAfter, commitsAfter, err := look(to)
	if err != nil {
		return r, err
	}
	r.events, r.elapsed, r.commits = float64(ended.seq-began.seq), ended.at.Sub(began.at), float64(commitsAfter-commitsBefore)
	r.used = used{cpu: after.cpu - before.cpu, written: after.written - before.written}
	r.server = used{cpu: serverAfter.cpu - serverBefore.cpu, written: serverAfter.written - serverBefore.written}
	if r.events == 0 {
		return r, fmt.Errorf("the storm was over before it was looked at: take more events")
	}
	return r, nil
}

// commitsOf is how many transactions a bbolt file has seen: the greater number
// of its two meta pages. It can be read while a worker has the file.
func commitsOf(path string) (uint64, error) {
	const head, txid, page = 16, 48, 4096 // of a page; of the number, in its meta; of a page on this platform
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	var most uint64
	for _, at := range []int64{0, page} {
		b := make([]byte, 8)
		if _, err := f.ReadAt(b, at+head+txid); err != nil {
			return 0, err
		}
		most = max(most, binary.NativeEndian.Uint64(b))
	}
	return most, nil
}

func stormFinding(s *script, rounds []stormRound) finding {
	per := func(name, unit string, of func(stormRound) float64) figure {
		var all []float64
		for _, r := range rounds {
			all = append(all, of(r))
		}
		return counted(name, unit, all)
	}
	const syncs = 2 // of a commit: its pages, then its meta page
	return finding{
		Figures: []figure{
			per("repeats taken", "events/s", func(r stormRound) float64 { return r.events / r.elapsed.Seconds() }),
			per("processor time of the worker", "µs/event", func(r stormRound) float64 { return float64(r.used.cpu.Microseconds()) / r.events }),
			per("processor time of the server", "µs/event", func(r stormRound) float64 { return float64(r.server.cpu.Microseconds()) / r.events }),
			per("commits", "/1,000 events", func(r stormRound) float64 { return 1000 * r.commits / r.events }),
			per("fdatasyncs of the ledger", "/1,000 events", func(r stormRound) float64 { return syncs * 1000 * r.commits / r.events }).under(stormGoal),
			per("bytes to disk by the worker", "B/event", func(r stormRound) float64 { return float64(r.used.written) / r.events }),
			per("bytes to disk by the server", "B/event", func(r stormRound) float64 { return float64(r.server.written) / r.events }),
		},
		Notes: []string{
			fmt.Sprintf("%d events of a made-up company's mix, applied once and then sent %d times more under new message ids; the real program reads them\nfrom the stream. The first of the %d times warms its caches and is not counted.", len(s.measured), stormTimes, stormTimes),
			"Commits are the difference of the transaction number in the ledger's meta pages; each is two fdatasyncs (bbolt: pages, then meta page).\nThe goal leaves room for one commit in ten full batches, so that the position may be written down now and then.",
		},
	}
}

// counted sums up rounds of something that may well be zero.
func counted(name, unit string, rounds []float64) figure {
	sorted := slices.Sorted(slices.Values(rounds))
	mid := sorted[len(sorted)/2]
	if len(sorted)%2 == 0 {
		mid = (mid + sorted[len(sorted)/2-1]) / 2
	}
	return figure{Name: name, Unit: unit, Median: mid, Low: sorted[0], High: sorted[len(sorted)-1], Rounds: len(sorted)}
}
