package main

import (
	"bufio"
	"context"

	"github.com/spf13/cobra"

	"github.com/trueup/trueup/internal/pages"
	"github.com/trueup/trueup/internal/report"
)

// html is statements to be printed.
const html = "html"

func newExportStatementsCommand(e env) *cobra.Command {
	var from reading
	var period string
	cmd := &cobra.Command{
		Use:   "statements [PAYEE]",
		Short: "Statements as rows, as JSON, or as a file of HTML to be printed",
		Long: `Writes the statements of all payees, or of one: in csv a row for every line, in
json the document that "trueup statement" prints, in html one file to be printed,
each payee from a page of their own. It has all it needs in it.`,
		Example: `  trueup export statements --period 2027-Q1 --format html > q1.html`,
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := statementFilter(args, period)
			if err != nil {
				return err
			}
			return from.with(cmd, func(ctx context.Context, r report.Reader) error {
				doc, err := r.Statement(ctx, f)
				if err != nil {
					return err
				}
				if from.format != html {
					return report.Render(cmd.OutOrStdout(), from.format, doc)
				}
				out := bufio.NewWriter(cmd.OutOrStdout())
				if err := pages.Print(out, doc); err != nil {
					return err
				}
				return out.Flush()
			})
		},
	}
	cmd.ValidArgsFunction = from.complete(payees)
	from.sourceFlags(cmd, e)
	addFormatFlagOf(cmd, &from.format, []string{report.CSV, report.JSON, html})
	from.periodFlag(cmd, &period)
	return cmd
}
