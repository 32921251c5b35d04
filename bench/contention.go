package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"runtime/pprof"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/google/pprof/profile"
	"go.etcd.io/bbolt"
)

// Contention and written bytes are measured in runs of their own, with every
// wait recorded, which slows them: nothing here is a speed.
const (
	contentionAccounts = 1500
	contentionEvents   = 20_000
	contentionPlaces   = 10 // to be told
)

// contentionRound is what one run came to.
type contentionRound struct {
	events          float64
	in              int64 // bytes of the events
	pages, grown    int64 // allocated by commits for what they write; more of the file
	commits         float64
	written         int64 // to the disk, by this process
	blocked, locked map[string]time.Duration
	switches        float64
	runnable        []time.Duration  // waits of goroutines that could run: p50, p99, p99.9
	mean            map[string]int   // bytes of a value, by bucket
	alone           map[string]int64 // bytes of pages that a bucket's puts alone make, by bucket
}

// findContention runs the worker's parts in this process with block and mutex
// profiles on, and adds up what they write.
func findContention(ctx context.Context, b *bench) (f finding, err error) {
	s, err := b.script(false, b.sized(contentionAccounts), b.sized(contentionEvents), mix)
	if err != nil {
		return f, err
	}
	var rounds []contentionRound
	for n := range b.studyRounds() {
		r, err := b.contentionRound(ctx, s)
		if err != nil {
			return f, err
		}
		rounds = append(rounds, r)
		b.say("round %d: %.0f events in %.0f commits, %d bytes in pages", n+1, r.events, r.commits, r.pages)
	}
	return contentionFinding(s, rounds), nil
}

// contentionRound records the setup first, so that only what is measured comes
// through the broker.
func (b *bench) contentionRound(ctx context.Context, s *script) (r contentionRound, err error) {
	l, err := b.openLab(ctx, s, s.measured)
	if err != nil {
		return r, err
	}
	defer func() { err = cmp.Or(err, l.close()) }()
	l.w.Setup = 0
	path := filepath.Join(l.w.Dir, tenantName+".db")
	st, err := s.openScripted(path)
	if err != nil {
		return r, err
	}
	setup, err := arrivals(s.setup, 0)
	if err == nil {
		err = recordAll(st, setup)
	}
	if err != nil {
		return r, errors.Join(err, st.Close())
	}
	rec := &watched{Store: st, w: l.w, db: dbOf(st), done: make(chan struct{})}
	before, err := r.begin(rec.db, path)
	if err == nil {
		err = pipeline(ctx, l.w, rec)
	}
	if err == nil {
		err = r.end(before, rec.db, path)
	}
	if err == nil {
		err = s.hold(st)
	}
	if err := errors.Join(err, st.Close()); err != nil {
		return r, err
	}
	r.events, r.in = float64(len(s.measured)), s.w.BodySize
	if r.mean, err = meanSizes(path); err != nil {
		return r, err
	}
	r.alone, err = s.pagesByBucket(l.w.Dir, r.mean, rec.sizes)
	return r, err
}

// waits is where the counters stood when a run began.
type waits struct {
	blocked, locked map[string]time.Duration
	runnable        *metrics.Float64Histogram
	usage           used
	switches        int64
	stats           bbolt.TxStats
	size            int64
	commits         uint64
}

func (r *contentionRound) begin(db *bbolt.DB, path string) (w waits, err error) {
	runtime.SetBlockProfileRate(1)
	runtime.SetMutexProfileFraction(1)
	w.blocked, w.locked, w.runnable, w.switches, err = counters()
	w.usage, w.stats = usage(), db.Stats().TxStats
	info, statErr := os.Stat(path)
	if statErr == nil {
		w.size = info.Size()
	}
	var commitsErr error
	w.commits, commitsErr = commitsOf(path)
	return w, errors.Join(err, statErr, commitsErr)
}

func (r *contentionRound) end(before waits, db *bbolt.DB, path string) error {
	after := waits{usage: usage(), stats: db.Stats().TxStats}
	var err error
	after.blocked, after.locked, after.runnable, after.switches, err = counters()
	runtime.SetBlockProfileRate(0)
	runtime.SetMutexProfileFraction(0)
	info, statErr := os.Stat(path)
	commits, commitsErr := commitsOf(path)
	if err := errors.Join(err, statErr, commitsErr); err != nil {
		return err
	}
	stats := after.stats.Sub(&before.stats)
	r.pages, r.grown = stats.GetPageAlloc(), info.Size()-before.size
	r.commits = float64(commits - before.commits)
	r.written = after.usage.written - before.usage.written
	r.switches = float64(after.switches - before.switches)
	r.blocked, r.locked = since(after.blocked, before.blocked), since(after.locked, before.locked)
	for _, p := range []float64{50, 99, 99.9} {
		r.runnable = append(r.runnable, quantile(after.runnable, before.runnable, p))
	}
	return nil
}

// counters are the profiles by place, the scheduler's histogram, and how often
// the kernel switched from one of our threads to another.
func counters() (blocked, locked map[string]time.Duration, runnable *metrics.Float64Histogram, switches int64, err error) {
	sample := []metrics.Sample{{Name: "/sched/latencies:seconds"}}
	metrics.Read(sample)
	var u syscall.Rusage
	err = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	blocked, blockErr := placesOf("block")
	locked, lockErr := placesOf("mutex")
	return blocked, locked, sample[0].Value.Float64Histogram(), u.Nvcsw + u.Nivcsw, errors.Join(err, blockErr, lockErr)
}

// placesOf sums up the delays of a profile by the first function on the stack
// that is not the runtime's.
func placesOf(name string) (map[string]time.Duration, error) {
	var b bytes.Buffer
	if err := pprof.Lookup(name).WriteTo(&b, 0); err != nil {
		return nil, err
	}
	p, err := profile.ParseData(b.Bytes())
	if err != nil {
		return nil, err
	}
	out := map[string]time.Duration{}
	for _, s := range p.Sample {
		out[placeOf(s)] += time.Duration(s.Value[len(s.Value)-1]) // contentions, then their delay
	}
	return out, nil
}

func placeOf(s *profile.Sample) string {
	var first string
	for _, l := range s.Location {
		for _, line := range l.Line {
			name := line.Function.Name
			if first = cmp.Or(first, name); strings.HasPrefix(name, "runtime.") || strings.HasPrefix(name, "sync.") || strings.HasPrefix(name, "internal/") {
				continue
			}
			return strings.ReplaceAll(name[strings.LastIndexByte(name, '/')+1:], "%2e", ".")
		}
	}
	return first
}

func since(after, before map[string]time.Duration) map[string]time.Duration {
	out := map[string]time.Duration{}
	for place, d := range after {
		if d -= before[place]; d > 0 {
			out[place] = d
		}
	}
	return out
}

// quantile is the upper bound of the bucket in which a percentile of what came
// between two readings of a histogram lies.
func quantile(after, before *metrics.Float64Histogram, p float64) time.Duration {
	var total, seen uint64
	for i := range after.Counts {
		total += after.Counts[i] - before.Counts[i]
	}
	for i := range after.Counts {
		if seen += after.Counts[i] - before.Counts[i]; float64(seen) >= p/100*float64(total) {
			return time.Duration(after.Buckets[i+1] * float64(time.Second))
		}
	}
	return 0
}

func contentionFinding(s *script, rounds []contentionRound) finding {
	per := func(name, unit string, of func(contentionRound) float64) figure {
		var all []float64
		for _, r := range rounds {
			all = append(all, of(r))
		}
		return counted(name, unit, all)
	}
	each := func(of func(contentionRound) int64) func(contentionRound) float64 {
		return func(r contentionRound) float64 { return float64(of(r)) / r.events }
	}
	put := func(r contentionRound) int64 {
		sum := int64(0)
		for name, p := range s.puts {
			sum += p.size(r.mean[name])
		}
		return sum
	}
	f := finding{Figures: []figure{
		per("bytes of an event as it comes", "B/event", each(func(r contentionRound) int64 { return r.in })),
		per("bytes put into the ledger, keys and values", "B/event", each(put)),
		per("bytes of pages that the commits allocated to write", "B/event", each(func(r contentionRound) int64 { return r.pages })),
		per("bytes to the disk, by the process", "B/event", each(func(r contentionRound) int64 { return r.written })),
		per("bytes that the file grew by", "B/event", each(func(r contentionRound) int64 { return r.grown })),
		per("write amplification: pages over bytes put", "×", func(r contentionRound) float64 { return float64(r.pages) / float64(put(r)) }),
		per("events a commit", "events", func(r contentionRound) float64 { return r.events / r.commits }),
		per("waits for mutexes", "µs/event", func(r contentionRound) float64 { return inMicros(total(r.locked)) / r.events }),
		per("context switches", "/event", func(r contentionRound) float64 { return r.switches / r.events }),
		per("a goroutine that can run waits, p50", "µs", func(r contentionRound) float64 { return inMicros(r.runnable[0]) }),
		per("a goroutine that can run waits, p99", "µs", func(r contentionRound) float64 { return inMicros(r.runnable[1]) }),
		per("a goroutine that can run waits, p99.9", "µs", func(r contentionRound) float64 { return inMicros(r.runnable[2]) }),
	}}
	f.Figures = append(f.Figures, bucketFigures(s, "put into ", rounds, func(r contentionRound, name string) int64 { return s.puts[name].size(r.mean[name]) })...)
	f.Figures = append(f.Figures, bucketFigures(s, "pages written for ", rounds, func(r contentionRound, name string) int64 { return r.alone[name] })...)
	f.Notes = []string{
		places("most waited for, mutexes", rounds, func(r contentionRound) map[string]time.Duration { return r.locked }),
		places("most blocked, channels and mutexes, which is waiting for work too", rounds, func(r contentionRound) map[string]time.Duration { return r.blocked }),
		"In this process, with every wait recorded: no speeds. The setup is in the file before. Bytes put are the keys and values as the fold\ncounts them, values of no known size by their mean in the file; seals of four bytes included.",
		"bbolt counts pages of the whole file. Those of a bucket are of a file that has only this bucket's puts, in the same commits; what is not\nin the sum is the page of the bucket meta and the tree of buckets. Less than half a byte is not listed.",
	}
	return f
}

func total(of map[string]time.Duration) (sum time.Duration) {
	for _, d := range of {
		sum += d
	}
	return sum
}

// places tells the first of the medians of a profile by place.
func places(title string, rounds []contentionRound, of func(contentionRound) map[string]time.Duration) string {
	by := map[string][]float64{}
	for i, r := range rounds {
		for place, d := range of(r) {
			if by[place] == nil {
				by[place] = make([]float64, len(rounds))
			}
			by[place][i] = inMicros(d) / r.events
		}
	}
	var all []figure
	for place, of := range by {
		all = append(all, counted(place, "µs/event", of))
	}
	slices.SortFunc(all, func(a, b figure) int { return cmp.Or(cmp.Compare(b.Median, a.Median), cmp.Compare(a.Name, b.Name)) })
	var b strings.Builder
	b.WriteString(title + ":")
	for _, f := range all[:min(len(all), contentionPlaces)] {
		fmt.Fprintf(&b, "\n  %8.2f µs/event  %s", f.Median, f.Name)
	}
	return b.String()
}
