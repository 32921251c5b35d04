package main

import (
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/trueup/trueup/internal/report"
	"github.com/trueup/trueup/internal/scenario"
)

func newSimulateCommand(e env) *cobra.Command {
	var plans []string
	var events, asOf, tenantName, format string
	cmd := &cobra.Command{
		Use:   "simulate --events FILE --as-of DATE [--plan FILE]...",
		Short: "Print the statements that events come to: no broker, no database",
		Long: `Plays NDJSON of CloudEvents through the plans on a fake clock and prints the
statements as of a date (its end in the plan's time zone) or an instant. An
event arrives at its recordedtime, or else when it happened. Events that cannot
be applied are listed as rejected; the others are not affected.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if events == "" || asOf == "" {
				return usagef("--events and --as-of are needed")
			}
			doc, err := simulate(e, plans, events, asOf, tenantName)
			if err != nil {
				return err
			}
			return report.Render(cmd.OutOrStdout(), format, doc)
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&plans, "plan", nil, "plan file; may be given several times (default: the built-in plan)")
	f.StringVar(&events, "events", "", "NDJSON of CloudEvents; - is standard input")
	f.StringVar(&asOf, "as-of", "", "the date or instant to come to")
	f.StringVar(&tenantName, "tenant", "default", "the tenant the events are of")
	addFormatFlag(cmd, &format)
	_ = cmd.MarkFlagFilename("plan", "yaml", "yml")
	_ = cmd.MarkFlagFilename("events", "ndjson", "jsonl")
	return cmd
}

func simulate(e env, planFiles []string, events, asOf, tenantName string) (*report.Document, error) {
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
	played, err := scenario.Play(tenantName, plans, arrivals, at)
	if err != nil {
		return nil, err
	}
	return played.Document()
}

// openEvents opens a file of events, or standard input for "-".
func openEvents(e env, name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(e.stdin), nil
	}
	return os.Open(name) //nolint:gosec // the file the user named
}
