package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// spread is a median and what it lies between.
type spread struct{ median, low, high float64 }

func spreadOf(of []float64) spread {
	of = slices.DeleteFunc(slices.Clone(of), func(x float64) bool { return x == 0 })
	if len(of) == 0 {
		return spread{}
	}
	slices.Sort(of)
	mid := of[len(of)/2]
	if len(of)%2 == 0 {
		mid = (mid + of[len(of)/2-1]) / 2
	}
	return spread{mid, of[0], of[len(of)-1]}
}

func (s spread) text(format string) string {
	if s.median == 0 {
		return "none"
	}
	return fmt.Sprintf(format+" ("+format+"–"+format+")", s.median, s.low, s.high)
}

// over is the spread of a number over the measured rounds.
func (r results) over(of func(round) float64) spread {
	var all []float64
	for _, round := range r.Rounds[1:] {
		all = append(all, of(round))
	}
	return spreadOf(all)
}

// per is a contender's median of a number per event.
func (r results) per(name string, of func(usResult) float64) float64 {
	return r.over(func(r round) float64 {
		if r.rate(name) == 0 {
			return 0
		}
		return of(r.Of[name]) / float64(r.Of[name].Events)
	}).median
}

func ratio(a, b string) func(round) float64 {
	return func(r round) float64 {
		if r.rate(b) == 0 {
			return 0
		}
		return r.rate(a) / r.rate(b)
	}
}

func printResults(out io.Writer, r results) {
	w := r.Workload
	fmt.Fprintf(out, "machine   %d cores, %s, load average %s, %s available\n", r.Machine.Cores, r.Machine.Go, r.Machine.Load, r.Machine.Memory)
	fmt.Fprintf(out, "disk      write of 4 KiB with fdatasync: %v at the start, %s µs in the rounds (%s)\n", r.Machine.Fsync.Round(time.Microsecond),
		r.over(func(r round) float64 { return float64(r.Fsync) / 1e3 }).text("%.0f"), "medians of 200")
	fmt.Fprintf(out, "workload  seed %d, %d accounts; %d events of setup, then %d measured (%d for the usual way), %d bytes and %.3f outputs each\n",
		w.Seed, w.Accounts, w.Setup, w.Events, w.Usual, w.BodySize/int64(w.Events), float64(w.Outs)/float64(w.Events))
	fmt.Fprintf(out, "rounds    %d, after one that warmed up\n\n", len(r.Rounds)-1)

	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\tevents/s, median (min–max)\tµs CPU/event\tserver µs CPU/event\tbytes to disk/event\tserver bytes/event\tevents/commit\t")
	for _, name := range names {
		if r.Missing[name] != "" {
			continue
		}
		per := func(of func(usResult) float64) float64 { return r.per(name, of) }
		commits := "?"
		if n := per(func(u usResult) float64 { return float64(u.Commits) }); n > 0 {
			commits = fmt.Sprintf("%.0f", 1/n)
		} else if name == nameUs && r.Profile != nil && r.Profile.Batches > 0 {
			commits = fmt.Sprintf("%.0f", float64(w.Events)/float64(r.Profile.Batches))
		}
		fmt.Fprintf(t, "%s\t%s\t%.0f\t%.0f\t%.0f\t%.0f\t%s\t\n", name, r.over(func(r round) float64 { return r.rate(name) }).text("%.0f"),
			per(func(u usResult) float64 { return float64(u.CPU+u.Database.CPU) / 1e3 }), per(func(u usResult) float64 { return float64(u.ServerCPU) / 1e3 }),
			per(func(u usResult) float64 { return float64(u.Written + u.Database.Written) }), per(func(u usResult) float64 { return float64(u.ServerWritten) }), commits)
	}
	_ = t.Flush()
	fmt.Fprintf(out, "\nus ÷ the usual way   %s   (goal 8, then 12)\n", r.over(ratio(nameUs, nameUsual)).text("%.2f"))
	fmt.Fprintf(out, "us ÷ the floor       %s   (goal 0.70)\n", r.over(ratio(nameUs, nameFloor)).text("%.2f"))
	printPeers(out, r)
	for i, round := range r.Rounds {
		for _, name := range names {
			if why, ok := round.Wrong[name]; ok {
				fmt.Fprintf(out, "round %d: %s has no number: %s\n", i, name, why)
			}
		}
	}
	if us := r.Rounds[len(r.Rounds)-1].Of[nameUs]; us.Peak != "" {
		fmt.Fprintf(out, "us: resident memory at most %s; setup at %.0f events/s\n", us.Peak, float64(w.Setup)/us.Setup.Seconds())
	}
	printPuts(out, w)
	if r.Profile != nil {
		printProfile(out, r.Profile, w.Events)
	}
}

func printPuts(out io.Writer, w *workload) {
	total := 0
	var each []string
	for _, name := range slices.Sorted(maps.Keys(w.Puts)) {
		n := w.Puts[name]
		if name != "(deletes)" {
			total += n
		}
		each = append(each, fmt.Sprintf("%s %.3f", name, float64(n)/float64(w.Events)))
	}
	fmt.Fprintf(out, "puts per event: %.2f, and 4 per commit (%s); timers fired %d\n", float64(total)/float64(w.Events), strings.Join(each, ", "), w.Timers)
}

func printProfile(out io.Writer, p *profiled, events int) {
	per := func(d time.Duration) float64 { return float64(d) / 1e3 / float64(events) }
	share := func(d, of time.Duration) float64 { return 100 * float64(d) / float64(of) }
	fmt.Fprintf(out, "\nwhere our time goes (one more run, in-process): %v for the events measured, %.0f events/s\n", p.Wall.Round(time.Millisecond), float64(events)/p.Wall.Seconds())
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "the one writer:\tµs/event\tshare of wall\n")
	for _, line := range []struct {
		name string
		d    time.Duration
	}{
		{"rules, puts, forms", p.Record - p.Spill - p.Write},
		{"commit: spill and rebalance", p.Spill},
		{"commit: write and fdatasync", p.Write},
		{"  of that 2 × calibrated fdatasync", p.Fsyncs},
		{"waiting for inputs, acknowledging", p.Wall - p.Record},
	} {
		fmt.Fprintf(t, "  %s\t%.1f\t%.0f %%\n", line.name, per(line.d), share(line.d, p.Wall))
	}
	fmt.Fprintf(t, "CPU by part:\tµs/event\tshare of CPU (%.2f cores)\n", float64(p.CPU)/float64(p.Wall))
	for _, part := range p.Parts[:min(16, len(p.Parts))] {
		fmt.Fprintf(t, "  %s\t%.1f\t%.0f %%\n", part.Name, per(part.CPU), share(part.CPU, p.CPU))
	}
	fmt.Fprintf(t, "CPU by package of the function that ran:\t\t\n")
	for _, part := range p.Leaves[:min(12, len(p.Leaves))] {
		fmt.Fprintf(t, "  %s\t%.1f\t%.0f %%\n", part.Name, per(part.CPU), share(part.CPU, p.CPU))
	}
	_ = t.Flush()
	if p.File != "" {
		fmt.Fprintf(out, "profile: %s (go tool pprof)\n", p.File)
	}
}
