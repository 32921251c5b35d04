package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/trueup/trueup/internal/report"
)

func newEffectCommand(e env) *cobra.Command {
	var from reading
	var source string
	cmd := &cobra.Command{
		Use:   "effect ID",
		Short: "What a plan version, or any other event, moved: whom, and by how much",
		Long: `Sums everything that was posted because of one event, by payee, period and
component. ID is the event's id. A plan given to a worker at its start has the
plan's own, NAME@VERSION; of an event of another source, name it with --source.

A quarter that was locked already keeps its lines: what a version changes there
is posted in the period that is open, about the quarter it changes.`,
		Example: `  trueup effect acme@2
  trueup effect fx-2027-03-31 --source treasury --format csv`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: from.complete(planVersions),
		RunE: func(cmd *cobra.Command, args []string) error {
			return from.answer(cmd, func(ctx context.Context, r report.Reader) (any, error) {
				return report.EffectOf(ctx, r, report.Cause{Source: source, ID: args[0]})
			})
		},
	}
	from.flags(cmd, e)
	cmd.Flags().StringVar(&source, "source", planSource, "`SOURCE` of the event")
	return cmd
}
