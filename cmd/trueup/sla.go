package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/report"
)

func newSLACommand(e env) *cobra.Command {
	var from watching
	var status, payee string
	statuses := report.EpisodeStatuses()
	cmd := &cobra.Command{
		Use:               "sla",
		Short:             "Risk interventions and their deadlines, the soonest first",
		Example:           "  trueup sla --status breached\n  trueup sla --watch",
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if status != "" && !slices.Contains(statuses, status) {
				return usagef("--status: %q is not one of %s", status, strings.Join(statuses, ", "))
			}
			f := report.Filter{Payee: event.PayeeID(payee), Status: status}
			return from.answer(cmd, func(ctx context.Context, r report.Reader) (any, error) {
				episodes, err := r.SLA(ctx, f)
				return report.Soonest(episodes, f), err
			})
		},
	}
	from.flags(cmd, e)
	cmd.Flags().StringVar(&status, "status", "", "only episodes that are `STATUS`: "+strings.Join(statuses, ", "))
	cmd.Flags().StringVar(&payee, "payee", "", "only those of this `PAYEE`")
	completeFrom(cmd, "status", statuses)
	from.completeFlag(cmd, "payee", payees)
	return cmd
}
