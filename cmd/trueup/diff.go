package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/plan"
	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/scenario"
)

// diffing is what plan diff is told.
type diffing struct {
	events, asOf, tenant string
	with                 []string
}

func newPlanDiffCommand(e env) *cobra.Command {
	var as reading
	var d diffing
	cmd := &cobra.Command{
		Use:   "diff OLD NEW --events FILE [--as-of DATE] [--with FILE]...",
		Short: "What the same events come to under two plans, payee by payee",
		Long: `Plays the events once under OLD and once under NEW, and shows for each payee and
component what is earned, held, payable and paid under each, and the difference.
OLD and NEW are plan files or presets; several are separated by commas. --with
names plans that are the same on both sides, such as the account executives'.

An enrolment that names a plan finds it by its name: two plans that are to be
compared for one payee have one name, or the enrolment names none.`,
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: plansOrPresets(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if d.events == "" {
				return usagef("--events is needed")
			}
			boundMemory(e, 0)
			doc, err := d.diff(e, args[0], args[1])
			if err != nil {
				return toldMistakes(cmd, err)
			}
			return as.show(cmd, doc)
		},
	}
	f := cmd.Flags()
	f.StringVar(&d.events, "events", "", "NDJSON of CloudEvents; - is standard input")
	f.StringVar(&d.asOf, "as-of", "", "the date or instant to come to (default: the day of the last event)")
	f.StringVar(&d.tenant, "tenant", "default", "the tenant the events are of")
	f.StringArrayVar(&d.with, "with", nil, "plan file or preset on both sides; may be given several times")
	addFormatFlag(cmd, &as.format)
	_ = cmd.MarkFlagFilename("events", "ndjson", "jsonl")
	_ = cmd.RegisterFlagCompletionFunc("with", func(cmd *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return plansOrPresets(0)(cmd, nil, typed)
	})
	return cmd
}

func (d diffing) diff(e env, before, after string) (*report.PlanDiff, error) {
	had, err := d.plans(before)
	if err != nil {
		return nil, err
	}
	has, err := d.plans(after)
	if err != nil {
		return nil, err
	}
	var until time.Time
	if d.asOf != "" {
		if until, err = parseAsOf(d.asOf, has[0].Zone); err != nil {
			return nil, err
		}
	}
	arrivals, err := readArrivals(e, d.events, d.tenant)
	if err != nil {
		return nil, err
	}
	if until.IsZero() {
		last := slices.MaxFunc(append(arrivals, scenario.Arrival{}), func(a, b scenario.Arrival) int { return a.Arrived.Compare(b.Arrived) })
		if last.Arrived.IsZero() {
			return nil, fmt.Errorf("%s has no event: give --as-of", d.events)
		}
		until = civil.In(last.Arrived, has[0].Zone).End(has[0].Zone)
	}
	var sides [2]report.Side
	for i, set := range []plan.Set{had, has} {
		played, err := scenario.Play(d.tenant, set, arrivals, until)
		if err != nil {
			return nil, err
		}
		sides[i] = report.Side{Setting: played.Setting, Source: played}
	}
	return report.Diff(sides[0], sides[1])
}

// plans are those of one side.
func (d diffing) plans(names string) (plan.Set, error) {
	return plansOf(append(strings.Split(names, ","), d.with...)...)
}

// readArrivals reads a file of events, or standard input for "-", in the order
// they are played in.
func readArrivals(e env, events, tenantName string) ([]scenario.Arrival, error) {
	in, err := openEvents(e, events)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	arrivals, err := scenario.Read(in, tenantName)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", events, err)
	}
	scenario.Sort(arrivals)
	return arrivals, nil
}
