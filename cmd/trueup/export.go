package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/trueup/trueup/internal/report"
)

func newExportCommand(e env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export",
		Short: "The ledger for other programs",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newExportJournalCommand(e))
	return cmd
}

func newExportJournalCommand(e env) *cobra.Command {
	var from reading
	var period string
	cmd := &cobra.Command{
		Use:   "journal [PAYEE]",
		Short: "Every entry in the order posted, for hledger, a spreadsheet or a program",
		Long: `Writes every entry, payee by payee in the order posted. In hledger's form each
is a transaction of two postings, dated when it took effect and tagged with the
period it was posted in; in csv a row; in json an element of one array, on a
line of its own. What is read is the ledger of one moment.

In hledger's form names may not hold just anything: bytes other than letters,
digits and -_.~@/+ are written %XX there, so "Ann Lee" is Ann%20Lee.`,
		Example: `  trueup export journal > all.journal && hledger -f all.journal balance
  trueup export journal csm-1 --period 2027-Q1 --format csv`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: from.complete(payees),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := statementFilter(args, period)
			if err != nil {
				return err
			}
			return from.with(cmd, func(ctx context.Context, r report.Reader) error {
				out, err := report.NewJournalWriter(cmd.OutOrStdout(), from.format)
				if err != nil {
					return err
				}
				if err := r.Journal(ctx, f, out.Write); err != nil {
					return errors.Join(err, out.Flush())
				}
				return out.Close()
			})
		},
	}
	from.sourceFlags(cmd, e)
	addFormatFlagOf(cmd, &from.format, report.JournalFormats())
	from.periodFlag(cmd, &period)
	return cmd
}
