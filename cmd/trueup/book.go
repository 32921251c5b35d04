package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/trueup/trueup/domain/event"
	"github.com/trueup/trueup/internal/report"
)

func newBookCommand(e env) *cobra.Command {
	var from reading
	var period string
	cmd := &cobra.Command{
		Use:   "book PAYEE",
		Short: "A payee's accounts, what they measure, and what to look at",
		Long: `Shows a payee's book in the quarter that runs, or in another: the accounts with
their ARR and health, the measures that pay looks at and those that inform, the
mix by segment and health, and the flags that are raised. A manager's book is
that of the reports too, a pod's that of its members.`,
		Example:           "  trueup book csm-1 --period 2027-Q1",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: from.complete(payees),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := statementFilter(args, period)
			if err != nil {
				return err
			}
			return from.answer(cmd, func(ctx context.Context, r report.Reader) (any, error) { return r.Book(ctx, f) })
		},
	}
	from.flags(cmd, e)
	from.periodFlag(cmd, &period)
	return cmd
}

func newFlagsCommand(e env) *cobra.Command {
	var from reading
	var payee, account, period string
	cmd := &cobra.Command{
		Use:               "flags",
		Short:             "What a person should look at: advice that never changes pay",
		Example:           "  trueup flags --payee csm-1",
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := statementFilter(nil, period)
			if err != nil {
				return err
			}
			f.Payee, f.Account = event.PayeeID(payee), event.AccountID(account)
			return from.answer(cmd, func(ctx context.Context, r report.Reader) (any, error) { return r.Raised(ctx, f) })
		},
	}
	from.flags(cmd, e)
	cmd.Flags().StringVar(&payee, "payee", "", "only those of this `PAYEE`")
	cmd.Flags().StringVar(&account, "account", "", "only those of this `ACCOUNT`")
	from.completeFlag(cmd, "payee", payees)
	from.periodFlag(cmd, &period)
	return cmd
}
