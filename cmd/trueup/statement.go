package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/trueup/trueup/domain/civil"
	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/report"
)

func newStatementCommand(e env) *cobra.Command {
	var from reading
	var period string
	cmd := &cobra.Command{
		Use:   "statement [PAYEE]",
		Short: "What payees have earned, quarter by quarter, line by line",
		Example: `  trueup statement csm-1 --period 2027-Q1
  trueup statement --format csv > lines.csv`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: from.complete(payees),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := statementFilter(args, period)
			if err != nil {
				return err
			}
			return from.answer(cmd, func(ctx context.Context, r report.Reader) (any, error) { return r.Statement(ctx, f) })
		},
	}
	from.flags(cmd, e)
	from.periodFlag(cmd, &period)
	return cmd
}

// periodFlag gives cmd the flag for one quarter only.
func (r *reading) periodFlag(cmd *cobra.Command, period *string) {
	cmd.Flags().StringVar(period, "period", "", "only this `QUARTER`, such as 2027-Q1")
	r.completeFlag(cmd, "period", periods)
}

func statementFilter(args []string, period string) (report.Filter, error) {
	var f report.Filter
	if len(args) > 0 {
		if args[0] == "" {
			return f, usagef("the payee has no name")
		}
		f.Payee = event.PayeeID(args[0])
	}
	if period != "" {
		q, err := civil.ParseQuarter(period)
		if err != nil {
			return f, usagef("--period: %w", err)
		}
		f.Period = &q
	}
	return f, nil
}
