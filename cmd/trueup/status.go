package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/trueup/trueup/internal/report"
)

func newStatusCommand(e env) *cobra.Command {
	var from watching
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Where the worker stands: position, pending, outbox, parked, timers, versions",
		Long: `Shows where the worker stands. With pending and outbox at 0, everything
published so far is applied and out.`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return from.answer(cmd, func(ctx context.Context, r report.Reader) (any, error) { return r.Status(ctx) })
		},
	}
	from.flags(cmd, e)
	return cmd
}
