package main

import (
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/scenario"
)

func newSimulateCommand(e env) *cobra.Command {
	var plans []string
	var events, asOf, tenantName, format, journal string
	cmd := &cobra.Command{
		Use:   "simulate --events FILE --as-of DATE [--plan FILE]...",
		Short: "Print the statements that events come to: no broker, no database",
		Long: `Plays NDJSON of CloudEvents through the plans on a fake clock and prints the
statements as of a date (its end in the plan's time zone) or an instant. An
event arrives at its recordedtime, or else when it happened. Events that cannot
be applied are listed as rejected; the others are not affected.

With --journal the entries are written too, for hledger.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if events == "" || asOf == "" {
				return usagef("--events and --as-of are needed")
			}
			if journal == "-" || journal == "" && cmd.Flags().Changed("journal") {
				return usagef("--journal %q names no file", journal)
			}
			boundMemory(e, 0)
			stop := newProgress(cmd.ErrOrStderr()).waiting("playing the events")
			played, err := simulate(e, plans, events, asOf, tenantName)
			stop()
			if err != nil {
				return err
			}
			doc, err := played.Document()
			if err != nil {
				return err
			}
			if journal != "" {
				if err := writeJournal(journal, played); err != nil {
					return err
				}
			}
			from := reading{format: format, getenv: e.getenv}
			return from.show(cmd, doc)
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&plans, "plan", nil, "plan file; may be given several times (default: the built-in plan)")
	f.StringVar(&events, "events", "", "NDJSON of CloudEvents; - is standard input")
	f.StringVar(&asOf, "as-of", "", "the date or instant to come to")
	f.StringVar(&tenantName, "tenant", "default", "the tenant the events are of")
	f.StringVar(&journal, "journal", "", "write the entries to `FILE`, in hledger's form")
	addFormatFlag(cmd, &format)
	_ = cmd.MarkFlagFilename("plan", "yaml", "yml")
	_ = cmd.MarkFlagFilename("events", "ndjson", "jsonl")
	return cmd
}

func simulate(e env, planFiles []string, events, asOf, tenantName string) (*scenario.Played, error) {
	plans, err := loadPlans(planFiles)
	if err != nil {
		return nil, err
	}
	at, err := parseAsOf(asOf, plans[0].Zone)
	if err != nil {
		return nil, err
	}
	arrivals, err := readArrivals(e, events, tenantName)
	if err != nil {
		return nil, err
	}
	return scenario.Play(tenantName, plans, arrivals, at)
}

// writeJournal writes what was played to a file, over one that is there.
func writeJournal(path string, played *scenario.Played) (err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) //nolint:gosec // the file the user named
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	out, err := report.NewJournalWriter(f, report.Hledger)
	if err != nil {
		return err
	}
	if err := report.Journal(played, report.Filter{}, out.Write); err != nil {
		return err
	}
	return out.Close()
}

// openEvents opens a file of events, or standard input for "-".
func openEvents(e env, name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(e.stdin), nil
	}
	return os.Open(name) //nolint:gosec // the file the user named
}
