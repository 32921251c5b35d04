package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// study measures one row of "Speed and size" beside the end-to-end rounds. It
// uses the programs and the server of the run, and files and streams of its own.
type study struct {
	name string // for -only
	goal string
	find func(context.Context, *bench) (finding, error)
}

// studies are all of them, in the order in which they run.
var studies = []study{
	{"idle latency", "p99 < 20 × one fdatasync", findIdle},
	{"open loop", "latency at 10, 50 and 80 % of our own maximum", findOpen},
	{"duplicates", "no fsync when a batch holds nothing new", findDuplicates},
	{"hash chain", "at most 10 % of what a transaction costs", findChain},
	{"contention", "where goroutines wait, and where each written byte goes", findContention},
	{"fold", "150,000 events/s per core for the fold in memory", foldInMemory},
	{"facts", "cost per event < 2 × from 10 to 10,000 facts per account", factsPerAccount},
	{"accounts", "cost per event < 4 × from 1,000 to 1,000,000 accounts, which take less than 1 GiB of anonymous memory", manyAccounts},
	{"restart", "a ledger of 1 GiB: first event applied < 1 s after the broker answers", restart},
	{"timers", "1,000,000 pending timers: ready in < 2 s, and 20,000 due at once fired in < 2 s", pendingTimers},
}

// finding is what a study found.
type finding struct {
	Study   string        `json:"study"`
	Goal    string        `json:"goal"`
	Load    string        `json:"load_average"` // when it began
	Fsync   time.Duration `json:"fsync_ns"`     // calibrated when it began
	Figures []figure      `json:"figures"`
	Curves  []curve       `json:"curves,omitempty"`
	Notes   []string      `json:"notes,omitempty"` // what a reader must know to take the figures rightly
}

// figure is one measured number: the median of several rounds and what it lies
// between.
type figure struct {
	Name   string  `json:"name"`
	Unit   string  `json:"unit"`
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	Rounds int     `json:"rounds"`
	Goal   string  `json:"goal,omitempty"`
	Met    *bool   `json:"met,omitempty"` // nil: no goal is set for it
}

// curve is for a plot: points of one contender or quantity. Curves of a study
// with the same Plot are drawn together.
type curve struct {
	Plot   string       `json:"plot"`
	Name   string       `json:"name"`
	X      string       `json:"x"` // what is along the axis, with its unit
	Y      string       `json:"y"`
	LogX   bool         `json:"log_x,omitempty"`
	LogY   bool         `json:"log_y,omitempty"`
	Points [][2]float64 `json:"points"`
}

// figureOf sums up rounds.
func figureOf(name, unit string, rounds []float64) figure {
	s := spreadOf(rounds)
	return figure{Name: name, Unit: unit, Median: s.median, Low: s.low, High: s.high, Rounds: len(rounds)}
}

// under sets a goal that the median has to stay under.
func (f figure) under(most float64) figure {
	return f.judged(fmt.Sprintf("< %g", most), f.Median < most)
}

// atLeast sets a goal that the median has to reach.
func (f figure) atLeast(least float64) figure {
	return f.judged(fmt.Sprintf("≥ %g", least), f.Median >= least)
}

func (f figure) judged(goal string, met bool) figure {
	f.Goal, f.Met = goal, &met
	return f
}

// study runs the studies that were asked for. One that fails has no figures and
// keeps no other from running.
func (b *bench) study(ctx context.Context) (out []finding, failed error) {
	for _, s := range studies {
		if !b.o.wants(s.name) {
			continue
		}
		b.say("study: %s", s.name)
		began := load()
		fsync, err := calibrate(b.w.Dir)
		if err != nil {
			return out, err
		}
		f, err := s.find(ctx, b)
		if ctx.Err() != nil {
			return out, ctx.Err()
		}
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("study %s: %w", s.name, err))
			f = finding{Notes: []string{"no figures: " + err.Error()}}
			b.say("study: %s: %v", s.name, err)
		}
		f.Study, f.Goal, f.Load, f.Fsync = s.name, s.goal, began, fsync
		out = append(out, f)
	}
	return out, failed
}

// wants reports whether a part of the run was asked for by name; without
// -only all are.
func (o options) wants(name string) bool { return len(o.only) == 0 || slices.Contains(o.only, name) }

func printFindings(out io.Writer, findings []finding) {
	for _, f := range findings {
		fmt.Fprintf(out, "\n%s   (goal: %s; load %s, fdatasync %v)\n", f.Study, f.Goal, f.Load, f.Fsync.Round(time.Microsecond))
		t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		for _, x := range f.Figures {
			met := ""
			if x.Met != nil {
				met = map[bool]string{true: "met", false: "NOT met"}[*x.Met]
			}
			fmt.Fprintf(t, "  %s\t%.4g %s\t(%.4g–%.4g, %d rounds)\t%s\t%s\n", x.Name, x.Median, x.Unit, x.Low, x.High, x.Rounds, x.Goal, met)
		}
		_ = t.Flush()
		for _, n := range f.Notes {
			fmt.Fprintf(out, "  %s\n", strings.ReplaceAll(n, "\n", "\n  "))
		}
	}
}
